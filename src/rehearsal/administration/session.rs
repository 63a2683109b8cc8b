//! Administrators' sessions (docs/kerio-connect.md, A3, A6, A9, B1 to B3): signing in, cookie and token, and the end.

use super::behaviour::{Behaviour, Login, Role};
use super::refusal::{Refusal, member, text};
use crate::domain::Secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The cookie that names the session.
pub(super) const SESSION_COOKIE: &str = "SESSION_CONNECT_WEBADMIN";
/// The cookie that repeats the token.
pub(super) const TOKEN_COOKIE: &str = "TOKEN_CONNECT_WEBADMIN";

/// How long an address is blocked after too many refused logins.
const BLOCK: Duration = Duration::from_secs(300);

/// A session that has just begun.
pub(super) struct Opened {
    pub(super) cookie: String,
    pub(super) token: String,
}

/// All sessions.
pub(super) struct Sessions {
    administrator: String,
    password: Secret,
    open: BTreeMap<String, (String, Instant)>,
    refused: u32,
    blocked_until: Option<Instant>,
}

impl Sessions {
    /// One administrator, and no session yet.
    pub(super) fn new(administrator: String, password: Secret) -> Self {
        Self { administrator, password, open: BTreeMap::new(), refused: 0, blocked_until: None }
    }

    /// `Session.login`. The administrator's name may carry the domain `primary`.
    pub(super) fn login(
        &mut self,
        params: &Value,
        primary: Option<&str>,
        behaviour: &Behaviour,
    ) -> Result<Opened, Refusal> {
        let (name, password) = (text(params, "userName")?, text(params, "password")?);
        let application = member(params, "application")?;
        for part in ["name", "vendor", "version"] {
            text(application, part)?;
        }
        let refused = Refusal::new(1000, "Login failed. Invalid user name or password.");
        if self.blocked_until.is_some_and(|end| end > Instant::now()) {
            return Err(refused);
        }
        match behaviour.login {
            Login::Checked => {}
            Login::RefusedWith(code) => return Err(Refusal::new(code, "Login failed. Invalid user name or password.")),
            Login::SecondFactor => {
                return Err(Refusal::new(1000, "Two-factor authentication is required for user %1.").about(&[name]));
            }
        }
        let own = primary.map(|domain| format!("{}@{domain}", self.administrator));
        let known =
            self.administrator.eq_ignore_ascii_case(name) || own.is_some_and(|own| own.eq_ignore_ascii_case(name));
        if !known || self.password != Secret::new(password) {
            self.refused += 1;
            if behaviour.failed_logins_to_block.is_some_and(|limit| self.refused >= limit) {
                self.blocked_until = Some(Instant::now() + BLOCK);
            }
            return Err(refused);
        }
        self.refused = 0;
        let opened = Opened { cookie: random_digits(), token: random_digits() };
        self.open.insert(opened.cookie.clone(), (opened.token.clone(), Instant::now()));
        Ok(opened)
    }

    /// Whether cookie and token belong to an open session; the call keeps it alive.
    pub(super) fn admit(&mut self, cookie: Option<&str>, token: Option<&str>, idle: Duration) -> Result<(), Refusal> {
        let expired = || Refusal::new(-32001, "Session expired.");
        let session = cookie.and_then(|cookie| self.open.get_mut(cookie)).ok_or_else(expired)?;
        if session.1.elapsed() > idle || token != Some(session.0.as_str()) {
            return Err(expired());
        }
        session.1 = Instant::now();
        Ok(())
    }

    /// `Session.logout`.
    pub(super) fn logout(&mut self, cookie: Option<&str>) {
        if let Some(cookie) = cookie {
            self.open.remove(cookie);
        }
    }

    /// Ends every session now.
    pub(super) fn expire(&mut self) {
        self.open.clear();
    }

    /// The number of open sessions.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// `Session.whoAmI`.
    pub(super) fn who(&self, role: Role) -> Value {
        let role_name = match role {
            Role::FullAdmin => "FullAdmin",
            Role::BuiltInAdmin => "BuiltInAdmin",
            Role::AccountAdmin => "AccountAdmin",
            Role::Auditor => "Auditor",
        };
        json!({ "userDetails": {
            "id": "", "domainId": "", "loginName": self.administrator, "fullName": "Administrator",
            "effectiveRole": { "userRole": role_name, "publicFolderRight": true, "archiveFolderRight": true },
        }})
    }
}

/// 64 hexadecimal digits.
fn random_digits() -> String {
    (0..4).map(|_| format!("{:016x}", fastrand::u64(..))).collect()
}
