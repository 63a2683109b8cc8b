//! What a column of a list can hold, and a person's choice of it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Meaning {
    /// The mail address on the source.
    Address,
    /// The name to sign in with on the source, where it is not the address.
    Login,
    /// The password on the source.
    Password,
    /// The person's whole name.
    FullName,
    /// The person's first name.
    FirstName,
    /// The person's last name.
    LastName,
    /// The address on the target, where it is another.
    Target,
    /// What comes before the @ of the address, where the domain has a column of its own.
    LocalPart,
    /// What comes after the @.
    Domain,
    /// Something that this program does not use.
    NotUsed,
}

impl Meaning {
    /// All of them, in the order in which a person chooses.
    pub const ALL: [Self; 10] = [
        Self::Address,
        Self::Login,
        Self::Password,
        Self::FullName,
        Self::FirstName,
        Self::LastName,
        Self::Target,
        Self::LocalPart,
        Self::Domain,
        Self::NotUsed,
    ];

    /// Its name for a person.
    pub fn label(self) -> &'static str {
        match self {
            Self::Address => "Address",
            Self::Login => "Sign-in name",
            Self::Password => "Password",
            Self::FullName => "Full name",
            Self::FirstName => "First name",
            Self::LastName => "Last name",
            Self::Target => "Target address",
            Self::LocalPart => "Part before the @",
            Self::Domain => "Domain",
            Self::NotUsed => "Not used",
        }
    }

    /// Its word in `--columns` and in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Login => "login",
            Self::Password => "password",
            Self::FullName => "name",
            Self::FirstName => "first-name",
            Self::LastName => "last-name",
            Self::Target => "target",
            Self::LocalPart => "local-part",
            Self::Domain => "domain",
            Self::NotUsed => "-",
        }
    }

    /// The label inside a sentence.
    pub(super) fn in_sentence(self) -> String {
        let label = self.label();
        label[..1].to_lowercase() + &label[1..]
    }
}

/// The meanings of a list's columns in their order, as a person chose them: `address,login,password,name,-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(Vec<Meaning>);

/// Why meanings cannot be a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayoutError {
    /// More than one column has it.
    Twice(Meaning),
    /// Neither one column nor two hold the address.
    NoAddress,
    /// The address is in one column and in two.
    AddressTwice,
    /// A word that is not a meaning.
    Unknown(String),
}

/// A sentence.
impl fmt::Display for LayoutError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(meaning) => write!(formatter, "Only one column can be the {}.", meaning.in_sentence()),
            Self::NoAddress => formatter.write_str("One column must be the address."),
            Self::AddressTwice => formatter
                .write_str("The address is either in one column or in two, the part before the @ and the domain."),
            Self::Unknown(word) => {
                let words: Vec<&str> = Meaning::ALL.iter().map(|meaning| meaning.word()).collect();
                write!(formatter, "'{word}' is not a meaning of a column; write {}", words.join(", "))
            }
        }
    }
}

impl std::error::Error for LayoutError {}

impl Layout {
    /// A choice that can be used: it says where the address is, and gives no meaning twice.
    pub fn new(meanings: Vec<Meaning>) -> Result<Self, LayoutError> {
        let has = |meaning| meanings.contains(&meaning);
        let twice = |meaning: &Meaning| meanings.iter().filter(|other| *other == meaning).count() > 1;
        let used = Meaning::ALL.into_iter().filter(|meaning| *meaning != Meaning::NotUsed);
        if let Some(meaning) = used.into_iter().find(twice) {
            return Err(LayoutError::Twice(meaning));
        }
        if !(has(Meaning::Address) || has(Meaning::LocalPart) && has(Meaning::Domain)) {
            return Err(LayoutError::NoAddress);
        }
        if has(Meaning::Address) && (has(Meaning::LocalPart) || has(Meaning::Domain)) {
            return Err(LayoutError::AddressTwice);
        }
        Ok(Self(meanings))
    }

    /// Reads words such as `address,login,password,name,-`.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let meaning = |word: &str| {
            let word = word.trim().to_lowercase();
            let known = Meaning::ALL.into_iter().find(|meaning| meaning.word() == word);
            known.ok_or(LayoutError::Unknown(word))
        };
        Self::new(text.split(',').map(meaning).collect::<Result<_, _>>()?)
    }

    /// The meanings, from the first column to the last.
    pub fn meanings(&self) -> &[Meaning] {
        &self.0
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|meaning| meaning.word()).collect();
        formatter.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_it_is_read() {
        for text in
            ["address,login,password,name,-", "local-part,domain,password", "target,first-name,last-name,address"]
        {
            assert_eq!(Layout::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Layout::parse(" Address , PASSWORD").unwrap().to_string(), "address,password");
    }

    #[test]
    fn a_choice_that_leaves_something_open_is_refused() {
        for (text, what) in [
            ("password,name", "must be the address"),
            ("address,password,password", "Only one column can be the password"),
            ("address,secret", "'secret' is not a meaning"),
            ("address,local-part,domain", "either in one column or in two"),
            ("local-part,password", "must be the address"),
            ("", "'' is not a meaning"),
        ] {
            assert!(Layout::parse(text).unwrap_err().to_string().contains(what), "{text}");
        }
    }
}
