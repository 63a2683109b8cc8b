//! `SearchQuery` (docs/kerio-connect.md, C1): which records of a list, in which order, with which fields.

use super::refusal::{Refusal, list, text};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// A record of a list, such as a user.
pub type Record = Map<String, Value>;

/// Answers a query over records: `list` holds at most `limit` of them from `start` on, `totalItems` counts all that match.
pub(super) fn answer(query: &Value, records: Vec<Record>, quick: &[&str]) -> Result<Value, Refusal> {
    if !query.is_object() {
        return Err(Refusal::bad_parameter("query"));
    }
    let mut matching = Vec::new();
    for record in records {
        if matches(query, &record, quick)? {
            matching.push(record);
        }
    }
    let orders = if query.get("orderBy").is_some() { list(query, "orderBy")? } else { &[] };
    for order in orders.iter().rev() {
        let column = text(order, "columnName")?;
        let down = order.get("direction").and_then(Value::as_str) == Some("Desc");
        matching.sort_by(|left, right| {
            let ascending = compare(left.get(column), right.get(column));
            if down { ascending.reverse() } else { ascending }
        });
    }
    let number = |name: &str| query.get(name).and_then(Value::as_i64);
    let start = usize::try_from(number("start").unwrap_or(0)).map_err(|_| Refusal::bad_parameter("start"))?;
    let limit = usize::try_from(number("limit").unwrap_or(-1)).unwrap_or(usize::MAX);
    let total = matching.len();
    let page: Vec<Record> = matching.into_iter().skip(start).take(limit).map(|record| chosen(query, record)).collect();
    Ok(json!({ "list": page, "totalItems": total }))
}

fn matches(query: &Value, record: &Record, quick: &[&str]) -> Result<bool, Refusal> {
    let conditions = if query.get("conditions").is_some() { list(query, "conditions")? } else { &[] };
    let any = query.get("combining").and_then(Value::as_str) == Some("Or");
    let mut holds = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let (field, value) = (text(condition, "fieldName")?, text(condition, "value")?);
        let comparator = condition.get("comparator").and_then(Value::as_str).unwrap_or("Eq");
        holds.push(if field == "QUICKSEARCH" {
            quick.iter().any(|field| condition_holds("Like", record.get(*field), value).unwrap_or(false))
        } else {
            condition_holds(comparator, record.get(field), value)?
        });
    }
    Ok(holds.is_empty() || if any { holds.contains(&true) } else { !holds.contains(&false) })
}

fn condition_holds(comparator: &str, found: Option<&Value>, wanted: &str) -> Result<bool, Refusal> {
    let found = plain(found).to_lowercase();
    let wanted = wanted.to_lowercase();
    let order = found.cmp(&wanted);
    Ok(match comparator {
        "Eq" => order == Ordering::Equal,
        "NotEq" => order != Ordering::Equal,
        "LessThan" => order == Ordering::Less,
        "LessEq" => order != Ordering::Greater,
        "GreaterThan" => order == Ordering::Greater,
        "GreaterEq" => order != Ordering::Less,
        "Like" => found.contains(wanted.trim_matches('%')),
        _ => return Err(Refusal::bad_parameter("comparator")),
    })
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    plain(left).to_lowercase().cmp(&plain(right).to_lowercase())
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The requested fields, and always the id.
fn chosen(query: &Value, mut record: Record) -> Record {
    let fields: Vec<&str> =
        query.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if !fields.is_empty() {
        record.retain(|name, _| name == "id" || fields.contains(&name.as_str()));
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: Value) -> (Vec<String>, u64) {
        let record =
            |name: &str, age: u32| json!({ "id": name, "name": name, "age": age }).as_object().unwrap().clone();
        let records = vec![record("Ben", 3), record("ann", 1), record("Cleo", 2)];
        let answer = answer(&query, records, &["name"]).unwrap();
        let names = answer["list"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned());
        (names.collect(), answer["totalItems"].as_u64().unwrap())
    }

    #[test]
    fn an_empty_query_finds_everything() {
        assert_eq!(names(json!({})), (vec!["Ben".into(), "ann".into(), "Cleo".into()], 3));
    }

    #[test]
    fn conditions_order_and_pages_are_kept() {
        let two = json!({ "conditions": [{ "fieldName": "name", "comparator": "Eq", "value": "ANN" },
                                         { "fieldName": "QUICKSEARCH", "comparator": "Like", "value": "le" }],
                          "combining": "Or" });
        assert_eq!(names(two.clone()), (vec!["ann".into(), "Cleo".into()], 2));
        let mut one = two;
        one["combining"] = json!("And");
        assert_eq!(names(one), (vec![], 0));
        let page = json!({ "orderBy": [{ "columnName": "name", "direction": "Desc" }], "start": 1, "limit": 1 });
        assert_eq!(names(page), (vec!["Ben".into()], 3));
    }

    #[test]
    fn only_the_fields_that_were_asked_for_are_answered() {
        let record = json!({ "id": "1", "name": "a", "age": 1 }).as_object().unwrap().clone();
        let answer = answer(&json!({ "fields": ["age"] }), vec![record], &[]).unwrap();
        assert_eq!(answer["list"][0], json!({ "id": "1", "age": 1 }));
    }
}
