//! What the lines to the servers go through and how many they may be: proxy, client certificates, limits of rate and number.

use super::password::{self, Wanted};
use crate::migrate::{ClientCertificate, ConnectionLimits, Proxy};
use clap::Args;
use std::path::PathBuf;

/// The proxy, of all lines.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub(super) struct ProxyArguments {
    /// Reach all servers through a proxy: socks5://[USER@]HOST:PORT or http://[USER@]HOST:PORT (CONNECT), or 'none'
    ///
    /// Without this the environment's ALL_PROXY, then HTTPS_PROXY is used, but not for what NO_PROXY names. The proxy looks the servers'
    /// names up. Servers on this computer are never reached through a proxy.
    ///
    /// The password of USER comes from the environment variable KIMT_PROXY_PASSWORD or --proxy-password-file, or is asked for.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// A file whose first line is the password of the user at the proxy; comes before KIMT_PROXY_PASSWORD
    #[arg(long, value_name = "FILE")]
    proxy_password_file: Option<PathBuf>,
}

/// All lines.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub(super) struct ConnectionArguments {
    #[command(flatten)]
    proxy: ProxyArguments,
    /// A certificate with its key, for a source that asks its clients for one (PKCS #12: .p12 or .pfx)
    ///
    /// The password of the file comes from the environment variable KIMT_SOURCE_CERTIFICATE_PASSWORD or
    /// --source-client-certificate-password-file, or is asked for.
    #[arg(long, value_name = "FILE")]
    source_client_certificate: Option<PathBuf>,
    /// A file whose first line is that password; comes before KIMT_SOURCE_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE", requires = "source_client_certificate")]
    source_client_certificate_password_file: Option<PathBuf>,
    /// The same for the target, with KIMT_TARGET_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE")]
    target_client_certificate: Option<PathBuf>,
    /// A file whose first line is that password; comes before KIMT_TARGET_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE", requires = "target_client_certificate")]
    target_client_certificate_password_file: Option<PathBuf>,
    /// Read from and write to the source no faster than this, all connections together, as in '5 MB/s' or '20 Mbit/s'
    #[arg(long, value_name = "RATE", value_parser = ConnectionLimits::read_rate)]
    max_rate_source: Option<u64>,
    /// The same for the target; what is read back for checking counts too
    #[arg(long, value_name = "RATE", value_parser = ConnectionLimits::read_rate)]
    max_rate_target: Option<u64>,
    /// At most so many connections to the source at a time; a mailbox needs one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_connections_source: Option<u32>,
    /// The same for the target; a mailbox needs one, uses a second for checking when that is free, and a large mailbox a third for sending
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_connections_target: Option<u32>,
}

impl ProxyArguments {
    /// The proxy as typed, else that of the environment. The error is a sentence without a password.
    pub(super) fn read(self) -> Result<Option<Proxy>, String> {
        let Some(typed) = self.proxy else { return Proxy::from_environment() };
        if typed.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let proxy = Proxy::parse(&typed).map_err(|error| format!("--proxy: {error}"))?;
        if !proxy.password().is_empty() {
            return Err("--proxy: Leave the password out, others could see it in the list of processes. Set \
                        KIMT_PROXY_PASSWORD, or give --proxy-password-file."
                .to_owned());
        }
        if proxy.user().is_empty() {
            return Ok(Some(proxy));
        }
        let password = password::find(&Wanted {
            file: self.proxy_password_file.as_deref(),
            variable: "KIMT_PROXY_PASSWORD",
            whose: &format!("user {} at the proxy", proxy.user()),
            option: "--proxy-password-file",
        })?;
        Ok(Some(proxy.with_password(password)))
    }
}

impl ConnectionArguments {
    /// The proxy, and what holds for the lines to the source and to the target.
    pub(super) fn read(self) -> Result<(Option<Proxy>, ConnectionLimits, ConnectionLimits), String> {
        let proxy = self.proxy.read()?;
        let certificate = |file: Option<PathBuf>, password_file: Option<PathBuf>, variable, side| {
            let found = file.map(|file| {
                let password = password::find(&Wanted {
                    file: password_file.as_deref(),
                    variable,
                    whose: &format!("{side}'s client certificate"),
                    option: &format!("--{side}-client-certificate-password-file"),
                })?;
                Ok::<_, String>(ClientCertificate { file, password })
            });
            found.transpose()
        };
        let source = ConnectionLimits {
            client_certificate: certificate(
                self.source_client_certificate,
                self.source_client_certificate_password_file,
                "KIMT_SOURCE_CERTIFICATE_PASSWORD",
                "source",
            )?,
            max_rate: self.max_rate_source,
            max_connections: self.max_connections_source,
        };
        let target = ConnectionLimits {
            client_certificate: certificate(
                self.target_client_certificate,
                self.target_client_certificate_password_file,
                "KIMT_TARGET_CERTIFICATE_PASSWORD",
                "target",
            )?,
            max_rate: self.max_rate_target,
            max_connections: self.max_connections_target,
        };
        Ok((proxy, source, target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_proxys_address_is_refused_and_not_repeated() {
        let typed = |url: &str| ProxyArguments { proxy: Some(url.to_owned()), proxy_password_file: None }.read();
        let error = typed("socks5://ann:geheim@proxy.example:1080").unwrap_err();
        assert!(error.contains("Leave the password out") && !error.contains("geheim"), "{error}");
        assert_eq!(typed("None"), Ok(None));
        assert_eq!(typed("http://proxy.example:3128").unwrap().unwrap().to_string(), "http://proxy.example:3128");
    }
}
