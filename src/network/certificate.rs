//! What a person needs to know of a certificate: its names, its issuer, its validity, and why it is not trusted.

use super::direct;
use crate::domain::{CertificateDetails, Distrust, Fingerprint};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

/// SHA-256 of a certificate in DER form.
pub(super) fn fingerprint(der: &[u8]) -> Fingerprint {
    Fingerprint(Sha256::digest(der).into())
}

/// The facts of a certificate, and why the usual check for `host` fails. `why` is the TLS library's reason, which debug.log has.
pub(super) fn details(der: &[u8], host: &str, why: &str) -> CertificateDetails {
    let fingerprint = fingerprint(der);
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return CertificateDetails {
            subject: "(unreadable)".to_owned(),
            issuer: "(unreadable)".to_owned(),
            valid_from: String::new(),
            valid_until: String::new(),
            fingerprint,
            distrust: Distrust::Unreadable,
        };
    };
    let names = names(&certificate);
    let common = |name: &x509_parser::x509::X509Name<'_>| {
        name.iter_common_name().next().and_then(|name| name.as_str().ok()).map(printable)
    };
    let subject = common(certificate.subject()).or_else(|| names.first().cloned());
    let issuer = common(certificate.issuer()).unwrap_or_else(|| printable(&certificate.issuer().to_string()));
    let day = |time: &x509_parser::time::ASN1Time| {
        chrono::DateTime::from_timestamp(time.timestamp(), 0)
            .map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
    };
    let validity = certificate.validity();
    let (valid_from, valid_until) = (day(&validity.not_before), day(&validity.not_after));
    let now = chrono::Utc::now().timestamp();
    let distrust = if validity.not_after.timestamp() < now {
        Distrust::Expired { on: valid_until.clone() }
    } else if validity.not_before.timestamp() > now {
        Distrust::NotYetValid { before: valid_from.clone() }
    } else if certificate.subject() == certificate.issuer() {
        Distrust::SelfSigned
    } else if !names.iter().any(|name| covers(name, host)) {
        Distrust::OtherHosts { names: names.clone(), host: host.to_owned() }
    } else if why.is_empty() || why.contains("unable to get") {
        Distrust::UnknownIssuer { issuer: issuer.clone() }
    } else {
        Distrust::NotVerified { issuer: issuer.clone() }
    };
    CertificateDetails {
        subject: subject.unwrap_or_else(|| "(no name)".to_owned()),
        issuer,
        valid_from,
        valid_until,
        fingerprint,
        distrust,
    }
}

/// The DNS names and IP addresses a certificate is for, at most twenty.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::SubjectAlternativeName(alternative) = extension.parsed_extension() else { continue };
        for name in &alternative.general_names {
            match name {
                GeneralName::DNSName(name) => names.push(printable(name)),
                GeneralName::IPAddress(bytes) => names.extend(ip(bytes)),
                _ => {}
            }
        }
    }
    names.truncate(20);
    names
}

fn ip(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
    let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string());
    v4.or_else(|_| v6()).ok()
}

/// Whether a name of a certificate covers the host (RFC 9525: a star matches exactly one label). Only explains a failure.
fn covers(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), direct::ascii_name(host).to_ascii_lowercase());
    match name.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent == rest),
        None => name == host,
    }
}

fn printable(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
