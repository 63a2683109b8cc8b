//! The decoded parts of a message that matter for items.

/// A part of a message that may hold items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemPart {
    /// Its media type in lower case, such as `text/calendar`.
    pub(super) media_type: String,
    /// Its decoded text.
    pub(super) text: String,
}

/// A part of a message that an item may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attachment {
    /// Its Content-ID without brackets.
    pub(super) content_id: String,
    /// Its file name.
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

impl Attachment {
    /// Whether a text refers to it.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        [&self.content_id, &self.name].into_iter().any(|name| !name.is_empty() && text.contains(name.as_str()))
    }
}
