//! The administrator's session (docs/kerio-connect.md, A6, A9, B1, B3): sign-in, one renewal when it expires, sign-out.
//!
//! Promises that a refused sign-in is never repeated: after ten of them, or three by one account, Kerio Connect blocks this computer for
//! minutes, and every worker would try again. Shared by all workers; none waits for another's call, only for a sign-in.

use super::endpoint::AdministrationEndpoint;
use super::error::{KerioError, Refusal};
use super::rpc::{Pass, Rpc, text};
use crate::domain::{AdministrationFault, Secret};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A signed-in administrator.
pub(super) struct Session {
    rpc: Rpc,
    user: String,
    password: Secret,
    /// How long a call may take.
    limit: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pass: Pass,
    /// Counts the sign-ins, so that workers who find the same session expired renew it once.
    generation: u64,
    refused: Option<Refusal>,
}

impl Session {
    /// Signs in.
    pub(super) fn open(endpoint: AdministrationEndpoint, user: &str, password: &Secret) -> Result<Self, KerioError> {
        let session = Self {
            limit: endpoint.limits.connect + endpoint.limits.read,
            rpc: Rpc::new(endpoint),
            user: user.to_owned(),
            password: password.clone(),
            state: Mutex::default(),
        };
        session.renewed(0)?;
        Ok(session)
    }

    /// Where it is signed in.
    pub(super) fn endpoint(&self) -> &AdministrationEndpoint {
        &self.rpc.endpoint
    }

    /// Calls a method. If the session has expired, signs in again once and repeats the call, which was not carried out.
    pub(super) fn call(&self, method: &str, params: Value) -> Result<Value, KerioError> {
        let (pass, generation) = {
            let state = self.state();
            (state.pass.clone(), state.generation)
        };
        let (answer, generation) = match self.rpc.call(method, &params, &pass, self.limit) {
            Err(KerioError::NoSession(_)) => {
                let (pass, generation) = self.renewed(generation)?;
                (self.rpc.call(method, &params, &pass, self.limit)?, generation)
            }
            answer => (answer?, generation),
        };
        let mut state = self.state();
        if state.generation == generation {
            state.pass.keep(&answer.cookies);
        }
        Ok(answer.result)
    }

    /// A pass newer than that of `generation`, by a new sign-in unless another worker was faster.
    fn renewed(&self, generation: u64) -> Result<(Pass, u64), KerioError> {
        let mut state = self.state();
        if let Some(refusal) = &state.refused {
            return Err(KerioError::SignInRefused(refusal.clone()));
        }
        if state.generation == generation {
            match self.sign_in() {
                Ok(pass) => {
                    state.pass = pass;
                    state.generation += 1;
                }
                Err(KerioError::SignInRefused(refusal)) => {
                    state.refused = Some(refusal.clone());
                    return Err(KerioError::SignInRefused(refusal));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((state.pass.clone(), state.generation))
    }

    fn sign_in(&self) -> Result<Pass, KerioError> {
        let params = json!({
            "userName": self.user,
            "password": self.password.reveal(),
            "application": {"name": "KIMT", "vendor": "KIMT", "version": env!("CARGO_PKG_VERSION")},
        });
        // Any refusal of this call counts: the code of a refused sign-in is not documented.
        let answer = match self.rpc.call("Session.login", &params, &Pass::default(), self.limit) {
            Err(KerioError::Refused(refusal) | KerioError::NoSession(refusal)) => {
                return Err(KerioError::SignInRefused(refusal));
            }
            answer => answer?,
        };
        let mut pass = Pass::new(Secret::new(text(&answer.result, "token")));
        pass.keep(&answer.cookies);
        if pass.token.is_empty() {
            return Err(KerioError::NotTheApi(AdministrationFault::NoToken));
        }
        Ok(pass)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    /// Signs out. If the server does not answer, the session expires by itself.
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        let pass = std::mem::take(&mut self.state().pass);
        if !pass.token.is_empty() {
            let _ = self.rpc.call("Session.logout", &json!({}), &pass, PATIENCE.min(self.limit));
        }
    }
}
