//! The options of connections: proxy, client certificates, limits of rate and number.

use super::password::{self, PasswordRequest};
use crate::domain::read_rate;
use crate::migrate::{ClientCertificate, ConnectionLimits, Proxy};
use clap::Args;
use std::path::PathBuf;

/// The proxy of all connections.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub(super) struct ProxyArguments {
    /// Reach all servers through a proxy: socks5://[USER@]HOST:PORT or http://[USER@]HOST:PORT (CONNECT), or 'none'
    ///
    /// Without this option, kimt uses ALL_PROXY or HTTPS_PROXY of the environment, except for the hosts in NO_PROXY. The proxy looks
    /// up the servers' names. kimt never reaches servers on this computer through a proxy.
    ///
    /// The password of USER comes from --proxy-password-file or the environment variable KIMT_PROXY_PASSWORD; otherwise kimt asks for it.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// A file whose first line is the user's password at the proxy; takes precedence over KIMT_PROXY_PASSWORD
    #[arg(long, value_name = "FILE")]
    proxy_password_file: Option<PathBuf>,
}

/// The options of all connections.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connections")]
pub(super) struct ConnectionArguments {
    #[command(flatten)]
    proxy: ProxyArguments,
    /// A certificate with its key, for a source that asks clients for one (PKCS #12: .p12 or .pfx)
    ///
    /// The password of the file comes from --source-client-certificate-password-file or the environment variable
    /// KIMT_SOURCE_CERTIFICATE_PASSWORD; otherwise kimt asks for it.
    #[arg(long, value_name = "FILE")]
    source_client_certificate: Option<PathBuf>,
    /// A file whose first line is that password; takes precedence over KIMT_SOURCE_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE", requires = "source_client_certificate")]
    source_client_certificate_password_file: Option<PathBuf>,
    /// The same for the target, with KIMT_TARGET_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE")]
    target_client_certificate: Option<PathBuf>,
    /// A file whose first line is that password; takes precedence over KIMT_TARGET_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE", requires = "target_client_certificate")]
    target_client_certificate_password_file: Option<PathBuf>,
    /// Speed limit for the source, over all connections together, such as '5 MB/s' or '20 Mbit/s'
    #[arg(long, value_name = "RATE", value_parser = read_rate)]
    max_rate_source: Option<u64>,
    /// The same for the target, including what is read back for checking
    #[arg(long, value_name = "RATE", value_parser = read_rate)]
    max_rate_target: Option<u64>,
    /// Maximum number of connections to the source; each mailbox needs one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_connections_source: Option<u32>,
    /// The same for the target; each mailbox needs one, and uses a second for checking and, if it is large, a third for sending, if free
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_connections_target: Option<u32>,
}

impl ProxyArguments {
    /// The proxy as typed, else the one of the environment. The error is a sentence without a password.
    pub(super) fn read(self) -> Result<Option<Proxy>, String> {
        let Some(typed) = self.proxy else { return Proxy::from_environment() };
        if typed.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let proxy = Proxy::parse(&typed).map_err(|error| format!("--proxy: {error}"))?;
        if !proxy.password().is_empty() {
            return Err("--proxy: Leave the password out: others can see it in the list of processes. Set \
                        KIMT_PROXY_PASSWORD or give --proxy-password-file."
                .to_owned());
        }
        if proxy.user().is_empty() {
            return Ok(Some(proxy));
        }
        let password = password::find(&PasswordRequest {
            file: self.proxy_password_file.as_deref(),
            variable: "KIMT_PROXY_PASSWORD",
            whose: &format!("user {} at the proxy", proxy.user()),
            option: "--proxy-password-file",
        })?;
        Ok(Some(proxy.with_password(password)))
    }
}

impl ConnectionArguments {
    /// The proxy, and the limits of the connections to the source and to the target.
    pub(super) fn read(self) -> Result<(Option<Proxy>, ConnectionLimits, ConnectionLimits), String> {
        let proxy = self.proxy.read()?;
        let certificate = |file: Option<PathBuf>, password_file: Option<PathBuf>, variable, side| {
            let found = file.map(|file| {
                let password = password::find(&PasswordRequest {
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
