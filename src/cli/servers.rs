//! The options about servers, which many commands share, and how what arrived is compared.

use super::connections::ConnectionArguments;
use super::remembered::Taken;
use super::sign_in::{SourceSignInArguments, TargetSignInArguments};
use crate::domain::{Fingerprint, Security, ServerAddress};
use crate::migrate::Verify;
use crate::migration::ServerSettings;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "Servers")]
pub(super) struct ServersArguments {
    /// The IMAP server to read mail from
    #[arg(long, value_name = "HOST[:PORT]", value_parser = ServerAddress::parse)]
    pub(super) source: Option<ServerAddress>,
    /// How the connection to the source is protected: tls (port 993), starttls or plain (port 143) [default: tls]
    ///
    /// STARTTLS never falls back to clear text. 'plain' to another computer needs --allow-cleartext-passwords.
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) source_security: Option<Protection>,
    /// Trust exactly this certificate of the source (SHA-256) if the usual check fails; colons and case do not matter
    #[arg(long, value_name = "SHA256HEX", value_parser = Fingerprint::parse)]
    pub(super) source_fingerprint: Option<Fingerprint>,
    /// The server to write mail to
    ///
    /// With --target-kind kerio a PORT means: set Kerio Connect's IMAP service (with tls: the Secure IMAP service) to this port before
    /// the migration, and back afterwards.
    #[arg(long, value_name = "HOST[:PORT]", value_parser = ServerAddress::parse)]
    pub(super) target: Option<ServerAddress>,
    /// How the connection to the target is protected: tls (port 993), starttls or plain (port 143) [default: tls]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) target_security: Option<Protection>,
    /// Trust exactly this certificate of the target (SHA-256) if the usual check fails
    #[arg(long, value_name = "SHA256HEX", value_parser = Fingerprint::parse)]
    pub(super) target_fingerprint: Option<Fingerprint>,
    /// What the target is: Kerio Connect, or any IMAP server whose accounts exist already [default: kerio]
    #[arg(long, value_enum, value_name = "KIND")]
    pub(super) target_kind: Option<Kind>,
    #[command(flatten)]
    pub(super) source_sign_in: SourceSignInArguments,
    #[command(flatten)]
    pub(super) target_sign_in: TargetSignInArguments,
    #[command(flatten)]
    pub(super) administrator: AdministratorArguments,
    /// A file with further certificate authorities (PEM); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Vec<PathBuf>,
    /// Agree that passwords cross the network in clear text ('plain' to another computer)
    #[arg(long)]
    pub(super) allow_cleartext_passwords: bool,
    #[command(flatten)]
    pub(super) connections: ConnectionArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Servers")]
pub(super) struct AdministratorArguments {
    /// Kerio Connect's administration (default: the target's host, port 4040)
    #[arg(long, value_name = "https://HOST[:PORT]")]
    pub(super) admin_url: Option<String>,
    /// Kerio Connect's administrator; user@domain outside the primary domain
    ///
    /// The password comes from --admin-password-file or the environment variable KIMT_ADMIN_PASSWORD; otherwise kimt asks for it.
    #[arg(long, value_name = "NAME")]
    pub(super) admin_user: Option<String>,
    /// A file whose first line is the administrator's password; takes precedence over KIMT_ADMIN_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(super) admin_password_file: Option<PathBuf>,
    /// Trust exactly this certificate of the administration (SHA-256) if the usual check fails
    ///
    /// Not needed if the administration shows the same certificate as another server on that host whose fingerprint is given.
    #[arg(long, value_name = "SHA256HEX", value_parser = Fingerprint::parse)]
    pub(super) admin_fingerprint: Option<Fingerprint>,
}

impl ServersArguments {
    /// Takes from the last run how the servers are reached, where that was not typed.
    pub(super) fn take_from(&mut self, settings: &ServerSettings, taken: &mut Taken) {
        let kind = if settings.administration.is_some() { Kind::Kerio } else { Kind::Imap };
        taken.choice("source-security", &mut self.source_security, settings.source.security.into());
        taken.choice("target-security", &mut self.target_security, settings.target.security.into());
        taken.choice("target-kind", &mut self.target_kind, kind);
        self.source_sign_in.take_from(&settings.source, taken);
        let is_kerio = self.target_kind == Some(Kind::Kerio);
        self.target_sign_in.take_from(&settings.target, !is_kerio, taken);
        let Some(administration) = settings.administration.as_ref().filter(|_| is_kerio) else { return };
        let usual = self.target.as_ref().map(|target| ServerAddress { host: target.host.clone(), port: Some(4040) });
        let address = ServerAddress::parse(&administration.address).ok();
        let address = address.map(|it| ServerAddress { port: it.port.or(Some(4040)), ..it });
        let url = address.filter(|it| Some(it) != usual.as_ref()).map(|address| format!("https://{address}"));
        let shown = url.clone().unwrap_or_default();
        taken.value("admin-url", &mut self.administrator.admin_url, url, &shown);
        let user = Some(administration.user.clone()).filter(|user| !user.is_empty());
        taken.value("admin-user", &mut self.administrator.admin_user, user, &administration.user);
    }
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Protection {
    #[default]
    Tls,
    #[value(name = "starttls")]
    StartTls,
    Plain,
}

impl From<Protection> for Security {
    fn from(protection: Protection) -> Self {
        match protection {
            Protection::Tls => Security::Tls,
            Protection::StartTls => Security::StartTls,
            Protection::Plain => Security::Plain,
        }
    }
}

impl From<Security> for Protection {
    fn from(security: Security) -> Self {
        match security {
            Security::Tls => Protection::Tls,
            Security::StartTls => Protection::StartTls,
            Security::Plain => Protection::Plain,
        }
    }
}

/// What the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Kind {
    #[default]
    Kerio,
    Imap,
}

/// How a migration compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Comparison {
    Content,
    Size,
    None,
}

impl From<Comparison> for Verify {
    fn from(comparison: Comparison) -> Self {
        match comparison {
            Comparison::Content => Verify::Content,
            Comparison::Size => Verify::Size,
            Comparison::None => Verify::None,
        }
    }
}
