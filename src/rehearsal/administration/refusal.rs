//! Errors in the administration API's form (docs/kerio-connect.md, A7, A8, B30), and reading a call's parameters.

use serde_json::{Value, json};

/// A refusal of a whole call, or of one of its inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: i64,
    message: String,
    parameters: Vec<String>,
}

impl Refusal {
    /// A refusal with this text.
    pub(super) fn new(code: i64, message: &str) -> Self {
        Self { code, message: message.to_owned(), parameters: Vec::new() }
    }

    /// Adds the values for `%1`, `%2` and so on in its text.
    pub(super) fn about(mut self, parameters: &[&str]) -> Self {
        self.parameters = parameters.iter().map(|&text| text.to_owned()).collect();
        self
    }

    /// A parameter that is missing or of the wrong type.
    pub(super) fn bad_parameter(name: &str) -> Self {
        Self::new(-32602, "Invalid params: %1").about(&[name])
    }

    /// Something that does not exist.
    pub(super) fn no_such(what: &str) -> Self {
        Self::new(1002, "%1 does not exist.").about(&[what])
    }

    /// The member `error` of an answer.
    pub(super) fn of_call(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "data": { "messageParameters": self.message_parameters() } })
    }

    /// An element of `errors[]`.
    pub(super) fn of_input(&self, index: usize) -> Value {
        json!({ "inputIndex": index, "code": self.code, "message": self.message,
                "messageParameters": self.message_parameters() })
    }

    fn message_parameters(&self) -> Value {
        json!({ "positionalParameters": self.parameters, "plurality": 1 })
    }
}

/// A required member.
pub(super) fn member<'a>(object: &'a Value, name: &str) -> Result<&'a Value, Refusal> {
    object.get(name).ok_or_else(|| Refusal::bad_parameter(name))
}

/// A required text.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    member(object, name)?.as_str().ok_or_else(|| Refusal::bad_parameter(name))
}

/// An optional text.
pub(super) fn optional_text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    match object.get(name) {
        None => Ok(""),
        Some(value) => value.as_str().ok_or_else(|| Refusal::bad_parameter(name)),
    }
}

/// A required list.
pub(super) fn list<'a>(object: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    member(object, name)?.as_array().map(Vec::as_slice).ok_or_else(|| Refusal::bad_parameter(name))
}
