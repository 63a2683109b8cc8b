//! The calls of `Users` (docs/kerio-connect.md, B9, B17 to B19).

use super::behaviour::Behaviour;
use super::directory::{Directory, SignIn, User, change};
use super::query;
use super::refusal::{Refusal, list, member, optional_text, text};
use crate::domain::Secret;
use crate::rehearsal::MailService;
use serde_json::{Value, json};

/// `Users.get`. Includes what each mailbox holds, if the mail store says so.
pub(super) fn get(directory: &Directory, params: &Value, mail: &dyn MailService) -> Result<Value, Refusal> {
    let domain = directory.domain(text(params, "domainId")?)?;
    let record = |user: &User| {
        let mut record = user.record.clone();
        if let Some(used) = mail.used(&format!("{}@{}", user.login_name, domain.name)) {
            record.insert("consumedSize".to_owned(), json!({ "value": used.bytes, "units": "Bytes" }));
            record.insert("consumedItems".to_owned(), json!(used.messages));
        }
        record
    };
    let records = directory.users.iter().filter(|user| user.domain_id == domain.id).map(record).collect();
    query::answer(member(params, "query")?, records, &["loginName", "fullName", "description"])
}

/// `Users.create`; also returns who can sign in from now on.
pub(super) fn create(
    directory: &mut Directory,
    params: &Value,
    behaviour: &Behaviour,
) -> Result<(Value, Vec<SignIn>), Refusal> {
    let users = list(params, "users")?;
    for user in users {
        text(user, "domainId")?;
        text(user, "loginName")?;
        optional_text(user, "password")?;
        optional_text(user, "fullName")?;
    }
    let (mut errors, mut created, mut sign_ins) = (Vec::new(), Vec::new(), Vec::new());
    for (index, user) in users.iter().enumerate() {
        let (domain_id, login_name) = (text(user, "domainId")?, text(user, "loginName")?);
        let (password, full_name) = (optional_text(user, "password")?, optional_text(user, "fullName")?);
        match directory.admit(domain_id, login_name, password, full_name, behaviour)? {
            Err(refusal) => errors.push(refusal.of_input(index)),
            Ok(()) => {
                let (id, sign_in) = directory.add_user(domain_id, login_name, Secret::new(password), user);
                created.push(json!({ "inputIndex": index, "id": id }));
                sign_ins.push(sign_in);
            }
        }
    }
    Ok((json!({ "errors": errors, "result": created }), sign_ins))
}

/// `Users.set`: changes the record and the stored password; the mail store keeps its own.
pub(super) fn set(directory: &mut Directory, params: &Value) -> Result<Value, Refusal> {
    let pattern = member(params, "pattern")?;
    let mut errors = Vec::new();
    for (index, id) in list(params, "userIds")?.iter().enumerate() {
        match directory.users.iter_mut().find(|user| Some(user.id.as_str()) == id.as_str()) {
            None => errors.push(Refusal::no_such("User").of_input(index)),
            Some(user) => {
                change(&mut user.record, pattern);
                if let Some(password) = pattern.get("password").and_then(Value::as_str) {
                    user.password = Secret::new(password);
                }
            }
        }
    }
    Ok(json!({ "errors": errors }))
}

/// `Users.getMailboxCount`.
pub(super) fn count(directory: &Directory) -> Value {
    json!({ "count": { "active": directory.seats_taken(), "total": directory.users.len() } })
}
