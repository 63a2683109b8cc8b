//! The calls of `Domains` (docs/kerio-connect.md, B10, B14 to B16), `Session.getDomain` (B4) and `Server.findEntityByEmail` (B22).

use super::behaviour::Behaviour;
use super::directory::{Directory, Domain};
use super::query;
use super::refusal::{Refusal, list, member, text};
use serde_json::{Value, json};

/// `Domains.get`.
pub(super) fn get(directory: &Directory, params: &Value) -> Result<Value, Refusal> {
    let records = directory.domains.iter().map(Domain::record).collect();
    query::answer(member(params, "query")?, records, &["name", "description"])
}

/// `Domains.create`.
pub(super) fn create(directory: &mut Directory, params: &Value) -> Result<Value, Refusal> {
    let (mut errors, mut created) = (Vec::new(), Vec::new());
    let wanted: Vec<&str> =
        list(params, "domains")?.iter().map(|domain| text(domain, "name")).collect::<Result<_, _>>()?;
    for (index, name) in wanted.into_iter().enumerate() {
        match directory.add_domain(Domain::named(name)) {
            Ok(id) => created.push(json!({ "inputIndex": index, "id": id })),
            Err(refusal) => errors.push(refusal.of_input(index)),
        }
    }
    Ok(json!({ "errors": errors, "result": created }))
}

/// `Domains.getSettings`.
pub(super) fn settings() -> Value {
    json!({ "setting": { "hostname": "connect.localhost", "publicFoldersPerDomain": false, "serverId": "keriodb://server/1" } })
}

/// `Domains.getUserCountInfo`: the stricter of the domain's limit and the licence's.
pub(super) fn user_count(directory: &Directory, params: &Value, behaviour: &Behaviour) -> Result<Value, Refusal> {
    let domain = directory.domain(text(params, "domainId")?)?;
    let current = directory.seats_taken_in(&domain.id);
    let (limit, kind) = match (domain.user_limit, behaviour.licence_users) {
        (Some(own), Some(licence)) if own < licence => (Some(own), "DomainLimit"),
        (Some(own), None) => (Some(own), "DomainLimit"),
        (_, licence) => (licence, "LicenseLimit"),
    };
    let number = limit.unwrap_or_default();
    let allowed = json!({ "isUnlimited": limit.is_none(), "allowedUsers": number, "limit": number, "limitType": kind });
    Ok(json!({ "countInfo": { "currentUsers": current, "allowedUsers": allowed } }))
}

/// `Session.getDomain`: the primary domain, as the administrator's own.
pub(super) fn own(directory: &Directory) -> Result<Value, Refusal> {
    let domain = directory.domains.iter().find(|domain| domain.primary);
    let mut record = domain.ok_or_else(|| Refusal::no_such("Domain"))?.record();
    record.retain(|name, _| matches!(name.as_str(), "id" | "name" | "description") || name.starts_with("password"));
    Ok(json!({ "domain": record }))
}

/// `Server.findEntityByEmail`.
pub(super) fn find_entity(directory: &Directory, params: &Value) -> Result<Value, Refusal> {
    member(params, "updatedEntity")?;
    let domain = directory.domain(text(params, "domainId")?)?;
    let mut entities = Vec::new();
    for address in list(params, "addresses")? {
        let local = address.as_str().ok_or_else(|| Refusal::bad_parameter("addresses"))?;
        if let Some((kind, name)) = directory.owner_of(&domain.id, local) {
            entities.push(
                json!({ "kind": kind, "name": name, "collisionAddress": local, "win": true, "isPattern": false }),
            );
        }
    }
    Ok(json!({ "entities": entities }))
}
