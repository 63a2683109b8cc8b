//! How an embedded IMAP server behaves: what it offers, and which peculiarities of real servers it imitates. A letter with a number refers
//! to docs/kerio-connect.md.

use super::super::certificate::ServerCertificate;
use std::sync::Arc;
use std::time::Duration;

/// What a server offers (D8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Only IMAP4rev1 (RFC 3501): literals always wait, and the client does not learn the UID of an appended message.
    Bare,
    /// What most servers offer: UIDPLUS, LITERAL-, NAMESPACE, SPECIAL-USE, CHILDREN, UNSELECT, IDLE, ID, QUOTA.
    Typical,
    /// Also LITERAL+, CONDSTORE, MOVE, MULTIAPPEND, LIST-EXTENDED, LIST-STATUS, STATUS=SIZE, SASL-IR, ENABLE, COMPRESS=DEFLATE.
    Rich,
}

const BARE: [&str; 1] = ["IMAP4rev1"];
/// What typical and rich servers add.
const TYPICAL: [&str; 8] = ["UIDPLUS", "NAMESPACE", "SPECIAL-USE", "CHILDREN", "UNSELECT", "IDLE", "ID", "QUOTA"];
/// What only a rich server adds.
const RICH: [&str; 9] = [
    "CONDSTORE",
    "MOVE",
    "MULTIAPPEND",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "STATUS=SIZE",
    "SASL-IR",
    "ENABLE",
    "COMPRESS=DEFLATE",
];

/// Kerio Connect's peculiarities (D1 to D7).
#[derive(Debug, Clone, Default)]
pub struct KerioWays {
    /// The password of master authentication (X-MASTERAUTH, X-SETUSER), of which only 24 characters count; none disables it.
    pub master_password: Option<String>,
    /// Whether the greeting hides name and version.
    pub hides_name: bool,
}

/// Which dates APPEND refuses with BAD "Malformed date parameter" (D11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateRefusal {
    /// Only malformed ones.
    #[default]
    None,
    /// Days below 10 with a leading space.
    SpacePadded,
    /// Days below 10 with a leading zero.
    ZeroPadded,
    /// Every date.
    All,
}

/// How a server keeps the messages that it gets by APPEND.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    /// As they were sent.
    #[default]
    AsSent,
    /// With a trace field of its own before the others (RFC 5321, section 4.4).
    WithTraceField,
    /// Without the line end of the last line.
    WithoutLastLineEnd,
    /// With the date of their arrival instead of the one that was sent.
    WithoutDate,
    /// With a line of its own at the end of the text.
    WithDisclaimer,
}

impl Keeping {
    /// The content that is stored for this one.
    pub fn stored(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::AsSent | Self::WithoutDate => content.to_vec(),
            Self::WithTraceField => [b"Received: from migration by store\r\n", content].concat(),
            Self::WithDisclaimer => [content, b"Scanned by store\r\n"].concat(),
            Self::WithoutLastLineEnd => content.strip_suffix(b"\r\n").unwrap_or(content).to_vec(),
        }
    }
}

/// All options of a server. Start from a constructor and change the fields that matter.
#[derive(Clone)]
pub struct ImapOptions {
    /// What the server offers.
    pub profile: Profile,
    /// Capabilities of the profile that the server lacks, such as `UIDPLUS`.
    pub without: Vec<&'static str>,
    /// Set if the server behaves like Kerio Connect.
    pub kerio: Option<KerioWays>,
    /// Whether it has Gmail's X-GM-EXT-1: messages with the same content are one message in several folders.
    pub gmail: bool,
    /// The text after `* OK`; none for the usual one.
    pub greeting: Option<String>,
    /// Whether unencrypted listeners offer STARTTLS.
    pub starttls: bool,
    /// Whether sign-in requires encryption (D7).
    pub encryption_required: bool,
    /// The prefix of a user's own folders in NAMESPACE, such as `INBOX.`; the store's names must have it.
    pub personal_prefix: String,
    /// How long a new user cannot sign in (E6).
    pub sign_in_delay: Duration,
    /// This many refused passwords within a minute block this computer for [`ImapOptions::block_for`] (A9).
    pub block_after_failures: Option<u32>,
    /// How long a block lasts.
    pub block_for: Duration,
    /// The most connections at a time; further ones get `* BYE`.
    pub most_connections: Option<usize>,
    /// Every connection is cut after this many commands.
    pub drop_after_commands: Option<u64>,
    /// The largest accepted message, in bytes.
    pub append_limit: u64,
    /// Which dates APPEND refuses.
    pub date_refusal: DateRefusal,
    /// How it keeps what it gets.
    pub keeping: Keeping,
    /// The certificate; none for [`ServerCertificate::shared`].
    pub certificate: Option<Arc<ServerCertificate>>,
}

impl ImapOptions {
    /// A server with this profile and no peculiarities.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            without: Vec::new(),
            kerio: None,
            gmail: false,
            greeting: None,
            starttls: true,
            encryption_required: false,
            personal_prefix: String::new(),
            sign_in_delay: Duration::ZERO,
            block_after_failures: None,
            block_for: Duration::from_secs(300),
            most_connections: None,
            drop_after_commands: None,
            append_limit: 2 << 30,
            date_refusal: DateRefusal::None,
            keeping: Keeping::AsSent,
            certificate: None,
        }
    }

    /// Kerio Connect's IMAP service; give its store [`crate::rehearsal::Layout::KERIO`].
    pub fn kerio(profile: Profile) -> Self {
        Self { kerio: Some(KerioWays::default()), block_after_failures: Some(10), ..Self::new(profile) }
    }

    /// The text of the greeting.
    pub(super) fn greeting(&self) -> String {
        match (&self.greeting, &self.kerio) {
            (Some(greeting), _) => greeting.clone(),
            (None, Some(KerioWays { hides_name: true, .. })) => "IMAP4rev1 server ready".to_owned(),
            (None, Some(_)) => "Kerio Connect 10.0.8 IMAP4rev1 server ready".to_owned(),
            (None, None) => "KIMT rehearsal server ready".to_owned(),
        }
    }

    /// The answer to ID (RFC 2971).
    pub(super) fn id(&self) -> &'static str {
        match self.kerio {
            Some(_) => r#"("name" "Kerio Connect" "version" "10.0.8")"#,
            None => r#"("name" "KIMT rehearsal server")"#,
        }
    }

    /// Whether a command or extension is offered, by the name of its capability.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.always().any(|offered| offered == capability)
    }

    fn always(&self) -> impl Iterator<Item = &'static str> {
        let words: &[&[&str]] = match self.profile {
            Profile::Bare => &[&BARE],
            Profile::Typical => &[&BARE, &["LITERAL-"], &TYPICAL],
            Profile::Rich => &[&BARE, &["LITERAL+"], &TYPICAL, &RICH],
        };
        words.iter().copied().flatten().copied().filter(|word| !self.without.contains(word))
    }

    /// The words after CAPABILITY.
    pub(super) fn capabilities(&self, encrypted: bool, signed_in: bool) -> String {
        let mut words: Vec<String> = self.always().map(str::to_owned).collect();
        if self.gmail {
            words.push("X-GM-EXT-1".to_owned());
        }
        if self.profile == Profile::Rich {
            words.push(format!("APPENDLIMIT={}", self.append_limit));
        }
        if !signed_in {
            if self.starttls && !encrypted {
                words.push("STARTTLS".to_owned());
            }
            if self.encryption_required && !encrypted {
                words.push("LOGINDISABLED".to_owned());
            } else if self.profile > Profile::Bare {
                words.push("AUTH=PLAIN".to_owned());
            }
        }
        words.join(" ")
    }
}
