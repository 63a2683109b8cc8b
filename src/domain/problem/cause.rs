//! Why a connection failed: reasons as data, and the one place where they are said in English.

use super::foreign::Foreign;
use super::{Distrust, MailServerFault};
use crate::domain::Fingerprint;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a connection could not be made, or was lost. Its `Display` is a clause: no capital letter, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Cause {
    /// The host's name has no address.
    NameNotFound {
        /// The name.
        host: String,
    },
    /// Nothing listens on the port.
    NothingListens,
    /// No answer in time.
    NoAnswer,
    /// An HTTP request had no answer within its limit.
    NoAnswerWithin {
        /// The limit in seconds.
        seconds: u64,
    },
    /// There is no route, or this computer forbids the connection.
    NotConnected {
        /// What the system says.
        why: String,
    },
    /// The same, where macOS 15 and later ask the user to allow connections to computers nearby.
    LocalNetworkNotAllowed {
        /// What the system says.
        why: String,
    },
    /// The connection was lost.
    Lost {
        /// What the system says.
        why: String,
    },
    /// The mail server did not do what the protocol asks.
    MailServer {
        /// What it did.
        fault: MailServerFault,
    },
    /// The certificate cannot be verified.
    CertificateUntrusted {
        /// Why.
        why: Distrust,
        /// Its fingerprint.
        fingerprint: Fingerprint,
    },
    /// The certificate is not the one that is trusted.
    CertificateChanged {
        /// The trusted one.
        trusted: Fingerprint,
        /// The one that the server shows.
        shown: Fingerprint,
    },
    /// Encryption could not be started.
    Handshake {
        /// Why.
        fault: HandshakeFault,
    },
    /// The proxy does not connect to the server.
    Proxy {
        /// The proxy's address, without user and password.
        proxy: String,
        /// Why.
        fault: ProxyFault,
    },
    /// A file with certificates cannot be used.
    CertificateFile {
        /// The file.
        path: String,
        /// Why.
        fault: CertificateFileFault,
    },
}

/// Why encryption could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandshakeFault {
    /// What answers is not TLS.
    NotTls,
    /// Nothing newer than TLS 1.1 is offered.
    TooOld,
    /// The server wants a client certificate, or another one.
    ClientCertificate,
    /// The server shows no certificate.
    NoCertificate,
    /// The server closed the connection.
    Closed,
    /// Anything else.
    NoAgreement,
}

/// Why a proxy makes no tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ProxyFault {
    /// No connection to the proxy can be made.
    Unreachable {
        /// Why.
        cause: Box<Cause>,
    },
    /// The connection to the proxy failed.
    Failed {
        /// How.
        cause: Box<Cause>,
    },
    /// It wants a user and a password.
    WantsUser,
    /// It takes no user and password.
    TakesNoUser,
    /// It refused them.
    UserRefused,
    /// They are longer than SOCKS5 can send.
    UserTooLong,
    /// It does not speak SOCKS5.
    NotSocks,
    /// It does not speak HTTP.
    NotHttp,
    /// The server's name is longer than SOCKS5 can send.
    NameTooLong,
    /// The server's name has characters that cannot be sent.
    NameNotSendable,
    /// Its answer cannot be understood.
    Unreadable,
    /// Its answer does not end.
    Endless,
    /// Its rules forbid the connection.
    Forbidden,
    /// It has no route.
    NoNetwork,
    /// It does not reach the server, or does not find its name.
    NoServer,
    /// The server refused its connection.
    NothingListens,
    /// The server did not answer it.
    NoAnswer,
    /// It gives no reason.
    NotMade,
    /// It answered with this HTTP status.
    Status {
        /// The status.
        status: u16,
    },
}

/// Why a file with certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum CertificateFileFault {
    /// The system cannot read it, or the TLS library does not understand it.
    Unreadable {
        /// What the system or the library says.
        why: String,
    },
    /// It holds no certificate in PEM form.
    NoPem,
    /// It is not in PKCS #12 form (RFC 7292).
    NotPkcs12,
    /// It is in PKCS #12 form and cannot be opened.
    WrongPassword {
        /// What the library says.
        why: String,
        /// Whether this system refuses the default form of OpenSSL 3 in the same way, as many versions of macOS do.
        or_newer_form: bool,
    },
}

impl Foreign for Cause {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::NameNotFound { host: text }
            | Self::NotConnected { why: text }
            | Self::LocalNetworkNotAllowed { why: text }
            | Self::Lost { why: text } => each(text),
            Self::MailServer { fault } => fault.each_foreign(each),
            Self::CertificateUntrusted { why, .. } => why.each_foreign(each),
            Self::Proxy { proxy, fault } => {
                each(proxy);
                fault.each_foreign(each);
            }
            Self::CertificateFile { path, fault } => {
                each(path);
                fault.each_foreign(each);
            }
            Self::NothingListens
            | Self::NoAnswer
            | Self::NoAnswerWithin { .. }
            | Self::CertificateChanged { .. }
            | Self::Handshake { .. } => {}
        }
    }
}

impl Foreign for ProxyFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Unreachable { cause } | Self::Failed { cause } => cause.each_foreign(each),
            Self::WantsUser
            | Self::TakesNoUser
            | Self::UserRefused
            | Self::UserTooLong
            | Self::NotSocks
            | Self::NotHttp
            | Self::NameTooLong
            | Self::NameNotSendable
            | Self::Unreadable
            | Self::Endless
            | Self::Forbidden
            | Self::NoNetwork
            | Self::NoServer
            | Self::NothingListens
            | Self::NoAnswer
            | Self::NotMade
            | Self::Status { .. } => {}
        }
    }
}

impl Foreign for CertificateFileFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Unreadable { why } | Self::WrongPassword { why, .. } => each(why),
            Self::NoPem | Self::NotPkcs12 => {}
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::NameNotFound { host } => write!(formatter, "the name {host} was not found"),
            Cause::NothingListens => formatter.write_str("the connection was refused; nothing listens on that port"),
            Cause::NoAnswer => formatter.write_str("there was no answer in time"),
            Cause::NoAnswerWithin { seconds } => {
                write!(formatter, "a request was not answered within {seconds} seconds")
            }
            Cause::NotConnected { why } => write!(formatter, "no connection could be made ({why})"),
            Cause::LocalNetworkNotAllowed { why } => write!(
                formatter,
                "no connection could be made ({why}); make sure that System Settings, Privacy & Security, Local Network \
                 allows this program"
            ),
            Cause::Lost { why } => write!(formatter, "the connection was lost ({why})"),
            Cause::MailServer { fault } => fault.fmt(formatter),
            Cause::CertificateUntrusted { why, fingerprint } => {
                write!(formatter, "{why}; its SHA-256 fingerprint is {fingerprint}")
            }
            Cause::CertificateChanged { trusted, shown } => {
                write!(formatter, "the trusted one is {trusted}, the server shows {shown}")
            }
            Cause::Handshake { fault } => write!(formatter, "encryption could not be started: {fault}"),
            Cause::Proxy { proxy, fault } => write!(formatter, "the proxy {proxy} does not connect: {fault}"),
            Cause::CertificateFile { path, fault } => write!(formatter, "{path}: {fault}"),
        }
    }
}

impl fmt::Display for HandshakeFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            HandshakeFault::NotTls => "this port does not speak SSL",
            HandshakeFault::TooOld => "the server offers only encryption older than TLS 1.2",
            HandshakeFault::ClientCertificate => {
                "the server requires a client certificate, or does not accept the one it got"
            }
            HandshakeFault::NoCertificate => "the server shows no certificate",
            HandshakeFault::Closed => "the server closed the connection",
            HandshakeFault::NoAgreement => "the server and this computer do not agree on it",
        })
    }
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ProxyFault::Unreachable { cause } => return write!(formatter, "it cannot be reached: {cause}"),
            ProxyFault::Failed { cause } => return write!(formatter, "{cause}"),
            ProxyFault::Status { status } => return write!(formatter, "it answered with status {status}"),
            ProxyFault::WantsUser => "it requires a user and a password",
            ProxyFault::TakesNoUser => "it does not accept a user and a password",
            ProxyFault::UserRefused => "it refused the user or the password",
            ProxyFault::UserTooLong => "user and password are too long for it",
            ProxyFault::NotSocks => "it is not a SOCKS5 proxy",
            ProxyFault::NotHttp => "it is not an HTTP proxy",
            ProxyFault::NameTooLong => "the server's name is too long for it",
            ProxyFault::NameNotSendable => "the server's name cannot be sent to it",
            ProxyFault::Unreadable => "its answer cannot be read",
            ProxyFault::Endless => "its answer does not end",
            ProxyFault::Forbidden => "its rules do not allow this connection",
            ProxyFault::NoNetwork => "it cannot reach the server's network",
            ProxyFault::NoServer => "it cannot reach the server, or does not know its name",
            ProxyFault::NothingListens => "the server refused its connection; nothing listens on that port",
            ProxyFault::NoAnswer => "the server did not answer it in time",
            ProxyFault::NotMade => "it could not make the connection",
        })
    }
}

impl fmt::Display for CertificateFileFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { why } => formatter.write_str(why),
            Self::NoPem => formatter.write_str("it holds no certificate in PEM form"),
            Self::NotPkcs12 => formatter.write_str(
                "it does not hold a certificate with its key in one file, as .p12 and .pfx files do (PKCS #12)",
            ),
            Self::WrongPassword { why, or_newer_form } => {
                let newer = if *or_newer_form {
                    ", or made in a form that this macOS does not read (openssl pkcs12 -export -legacy makes the older one)"
                } else {
                    ""
                };
                write!(formatter, "it cannot be opened: the password is wrong{newer}, or the file is damaged ({why})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Problem, ProblemKind, Side};

    #[test]
    fn a_cause_is_data_in_an_event_and_a_clause_in_a_sentence() {
        let lost = Cause::Lost { why: "reset\u{202e}".to_owned() };
        let fault = ProxyFault::Unreachable { cause: Box::new(lost) };
        let problem = Problem::new(ProblemKind::Unreachable).on(Side::Source);
        let problem = problem.caused_by(Cause::Proxy { proxy: "socks5://proxy:1080".to_owned(), fault });
        let text = serde_json::to_string(&problem).unwrap();
        assert!(text.contains("\"kind\":\"lost\"") && !text.contains("cannot be reached"), "{text}");
        assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
        let details = "the proxy socks5://proxy:1080 does not connect: it cannot be reached: the connection was lost (reset\u{fffd})";
        assert!(problem.words.is_empty() && problem.details() == details, "{}", problem.details());
    }
}
