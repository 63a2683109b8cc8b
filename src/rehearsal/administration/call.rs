//! One call of the administration API: from request body to answer body (JSON-RPC 2.0; docs/kerio-connect.md, A2, A4, A7, A8).

use super::behaviour::{Behaviour, RightsRefusal, Role};
use super::directory::{Directory, SignIn};
use super::refusal::Refusal;
use super::services::Services;
use super::session::{Opened, Sessions};
use super::{Core, domains, product, users};
use crate::domain::Secret;
use crate::rehearsal::MailService;
use serde_json::{Value, json};
use std::sync::Arc;

/// Everything that a stand-in knows.
pub(super) struct State {
    pub(super) behaviour: Behaviour,
    pub(super) directory: Directory,
    pub(super) services: Services,
    pub(super) sessions: Sessions,
    pub(super) calls: Vec<String>,
    pub(super) steps: u64,
    pub(super) cut_at: Option<u64>,
}

impl State {
    /// A server without domains.
    pub(super) fn new(services: Services, administrator: String, password: Secret, behaviour: Behaviour) -> Self {
        let sessions = Sessions::new(administrator, password);
        let (directory, calls) = (Directory::default(), Vec::new());
        Self { behaviour, directory, services, sessions, calls, steps: 0, cut_at: None }
    }

    /// Takes the next step; returns whether to cut the connection there.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        self.cut_at == Some(self.steps)
    }
}

/// A well-formed call.
pub(super) struct Call {
    id: Value,
    /// `Interface.method`.
    pub(super) method: String,
    params: Value,
}

/// The session's cookie and token in a request.
pub(super) struct Credentials<'a> {
    pub(super) cookie: Option<&'a str>,
    pub(super) token: Option<&'a str>,
}

/// The outcome of an executed call.
pub(super) struct Executed {
    /// The answer's body.
    pub(super) body: Value,
    /// The session that it opened.
    pub(super) opened: Option<Opened>,
}

impl Call {
    /// Reads a request's body. The error is the body of the answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, Value> {
        let request: Value = serde_json::from_slice(body)
            .map_err(|_| envelope(&Value::Null, Err(Refusal::new(-32700, "Parse error."))))?;
        let id = request.get("id").cloned().unwrap_or(Value::Null);
        let method = request.get("method").and_then(Value::as_str);
        let versioned = request.get("jsonrpc").and_then(Value::as_str) == Some("2.0");
        match (method, versioned && (id.is_i64() || id.is_u64())) {
            (Some(method), true) => {
                let params = request.get("params").filter(|params| !params.is_null()).cloned();
                Ok(Self { id, method: method.to_owned(), params: params.unwrap_or_else(|| json!({})) })
            }
            _ => Err(envelope(&id, Err(Refusal::new(-32600, "Invalid Request.")))),
        }
    }

    /// The answer to a call that is refused without being executed.
    pub(super) fn refused(&self, code: i64, message: &str) -> Value {
        envelope(&self.id, Err(Refusal::new(code, message)))
    }

    /// Executes it.
    pub(super) fn execute(&self, core: &Core, credentials: &Credentials<'_>) -> Executed {
        let mut opened = None;
        let mut sign_ins = Vec::new();
        let (result, delay) = {
            let mut state = core.state();
            let result = self.perform(&mut state, &*core.mail, credentials, &mut opened, &mut sign_ins);
            (result, state.behaviour.sign_in_delay)
        };
        let mail = core.mail.clone();
        if delay.is_zero() {
            create_all(&mail, &sign_ins);
        } else if !sign_ins.is_empty() {
            let later = std::thread::Builder::new().spawn(move || {
                std::thread::sleep(delay);
                create_all(&mail, &sign_ins);
            });
            if let Err(error) = later {
                log::error!("new users were not made: {error}");
            }
        }
        Executed { body: envelope(&self.id, result), opened }
    }

    fn perform(
        &self,
        state: &mut State,
        mail: &dyn MailService,
        credentials: &Credentials<'_>,
        opened: &mut Option<Opened>,
        sign_ins: &mut Vec<SignIn>,
    ) -> Result<Value, Refusal> {
        let (method, params) = (self.method.as_str(), &self.params);
        let behaviour = state.behaviour.clone();
        if method == "Session.login" {
            let primary =
                state.directory.domains.iter().find(|domain| domain.primary).map(|domain| domain.name.as_str());
            let session = state.sessions.login(params, primary, &behaviour)?;
            let token = session.token.clone();
            *opened = Some(session);
            return Ok(json!({ "token": token }));
        }
        state.sessions.admit(credentials.cookie, credentials.token, behaviour.session_idle)?;
        if !may(behaviour.role, method) {
            return Err(match behaviour.rights_refusal {
                RightsRefusal::AccessDenied => Refusal::new(1004, "Access denied."),
                RightsRefusal::DatabaseError => Refusal::new(1000, "internal database error"),
                RightsRefusal::SessionExpired => {
                    Refusal::new(-32001, "User %1 does not have administrator rights").about(&["Anonymous"])
                }
            });
        }
        let (directory, services) = (&mut state.directory, &mut state.services);
        match method {
            "Session.whoAmI" => Ok(state.sessions.who(behaviour.role)),
            "Session.getDomain" => domains::own(directory),
            "Session.logout" => {
                state.sessions.logout(credentials.cookie);
                Ok(json!({ "redirectUrl": "https://localhost:4040/admin/login" }))
            }
            "Domains.get" => domains::get(directory, params),
            "Domains.create" => domains::create(directory, params),
            "Domains.getSettings" => Ok(domains::settings()),
            "Domains.getUserCountInfo" => domains::user_count(directory, params, &behaviour),
            "Server.findEntityByEmail" => domains::find_entity(directory, params),
            "Users.get" => users::get(directory, params, mail),
            "Users.create" => {
                let (result, created) = users::create(directory, params, &behaviour)?;
                *sign_ins = created;
                Ok(result)
            }
            "Users.set" => users::set(directory, params),
            "Users.getMailboxCount" => Ok(users::count(directory)),
            "Services.get" => Ok(services.get(&behaviour)),
            "Services.set" => services.set(params, mail, &behaviour),
            "Services.start" | "Services.restart" => services.start_one(params, mail, &behaviour),
            "Services.stop" => services.stop_one(params, mail),
            other => product::answer(other, &behaviour).ok_or_else(|| Refusal::new(-32601, "Method not found.")),
        }
    }
}

fn create_all(mail: &Arc<dyn MailService>, sign_ins: &[SignIn]) {
    for sign_in in sign_ins {
        if let Err(error) = mail.create_user(&sign_in.names, sign_in.password.reveal()) {
            log::error!("the mail store did not take a new user: {error}");
        }
    }
}

/// What a role may call (B2, E3).
fn may(role: Role, method: &str) -> bool {
    let changes_services = method.starts_with("Services.") && method != "Services.get";
    match role {
        Role::FullAdmin | Role::BuiltInAdmin => true,
        Role::AccountAdmin => !(changes_services || method == "Domains.create"),
        Role::Auditor => {
            let of_directory =
                ["Domains.", "Users.", "Server.findEntity"].iter().any(|start| method.starts_with(start));
            !(changes_services || of_directory)
        }
    }
}

fn envelope(id: &Value, result: Result<Value, Refusal>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(refusal) => json!({ "jsonrpc": "2.0", "id": id, "error": refusal.of_call() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_another_version_or_without_a_number_is_invalid() {
        let code = |body: &str| Call::read(body.as_bytes()).err().map(|answer| answer["error"]["code"].as_i64());
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"Session.whoAmI"}"#), None);
        for invalid in [
            r#"{"id":1,"method":"Session.whoAmI"}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"Session.whoAmI"}"#,
            r#"{"jsonrpc":"2.0","method":"Session.whoAmI"}"#,
            r#"{"jsonrpc":"2.0","id":"one","method":"Session.whoAmI"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
        ] {
            assert_eq!(code(invalid), Some(Some(-32600)), "{invalid}");
        }
        assert_eq!(code("{"), Some(Some(-32700)));
    }
}
