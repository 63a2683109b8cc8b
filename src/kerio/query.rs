//! Lists that are requested with a query (SearchQuery: docs/kerio-connect.md, C1).

use super::error::KerioError;
use super::rpc::list;
use super::session::Session;
use serde_json::{Value, json};

/// What to request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Query<'a> {
    /// The fields of each item; all when empty.
    pub(super) fields: &'a [&'a str],
    /// A field and the text that it must equal.
    pub(super) equals: Option<(&'a str, &'a str)>,
    /// The domain of the items, for a method that needs one.
    pub(super) domain: Option<&'a str>,
}

/// All items that a `*.get` method returns for a query, requested in portions if the server answers so.
pub(super) fn all(session: &Session, method: &str, query: Query<'_>) -> Result<Vec<Value>, KerioError> {
    const MOST_PORTIONS: usize = 1000;
    let conditions: Vec<Value> = query
        .equals
        .iter()
        .map(|(field, value)| json!({"fieldName": field, "comparator": "Eq", "value": value}))
        .collect();
    let mut items = Vec::new();
    for _ in 0..MOST_PORTIONS {
        let search = json!({
            "fields": query.fields,
            "conditions": conditions,
            "combining": "And",
            "start": items.len(),
            "limit": -1,
            "orderBy": [],
        });
        let mut params = json!({"query": search});
        if let Some(domain) = query.domain {
            params["domainId"] = json!(domain);
        }
        let result = session.call(method, params)?;
        let portion = list(&result, "list");
        items.extend_from_slice(portion);
        let total = result.get("totalItems").and_then(Value::as_u64).unwrap_or_default();
        if portion.is_empty() || items.len() as u64 >= total {
            break;
        }
    }
    Ok(items)
}
