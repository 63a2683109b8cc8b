//! Bodies of which it is not certain that they are what was requested: parts, and bodies without a UID.

/// What a body is that the server calls a part of the message, `BODY[]<0>`, although all of it was requested.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// It is shorter than the message.
    Short,
    /// The size of the message must be requested.
    Unknown,
}

impl Part {
    /// Judges it by the size of the message, if `sized` says that the size was requested. A server that then gives none is believed.
    pub(super) fn of(octets: u64, size: Option<u64>, sized: bool) -> Self {
        match size {
            Some(size) if octets < size => Part::Short,
            None if !sized => Part::Unknown,
            _ => Part::Whole,
        }
    }
}

/// A body without a UID in the answer to a single command for a single message.
#[derive(Debug, Default)]
pub(super) enum Nameless {
    #[default]
    None,
    Kept(Vec<u8>),
    /// It was too large to keep, and this long.
    Large(u64),
    /// More than one came, so nobody knows which was requested.
    Several,
}

impl Nameless {
    pub(super) fn and(&mut self, other: Nameless) {
        *self = if matches!(self, Nameless::None) { other } else { Nameless::Several };
    }
}
