//! The stand-in's side of Digest (RFC 7616). A nonce serves a few requests, then it is stale.

use super::store::Store;
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// How many requests a nonce serves.
const GOOD_FOR: usize = 7;

/// The nonce for the request with this number.
pub(super) fn nonce(request: usize) -> String {
    format!("nonce/{}", request / GOOD_FOR)
}

/// The server's challenge.
pub(super) fn challenge(algorithm: &str, nonce: &str, is_stale: bool) -> String {
    format!(
        "Digest realm=\"Kerio \\\"Connect\\\"\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", opaque=\"o\", stale={is_stale}"
    )
}

/// The user whose password this header proves, and the nonce.
pub(super) fn user(header: &str, method: &str, algorithm: &str, store: &Store) -> Option<(String, String)> {
    let header = header.strip_prefix("Digest ")?;
    let of = |name: &str| {
        let begin = header.find(&format!("{name}="))? + name.len() + 1;
        let value = header.get(begin..)?;
        Some(match value.strip_prefix('"') {
            Some(quoted) => quoted.split("\", ").next()?.trim_end_matches('"').to_owned(),
            None => value.split([',', ' ']).next()?.to_owned(),
        })
    };
    let hash = |text: String| -> String {
        let bytes = if algorithm == "MD5" { Md5::digest(text).to_vec() } else { Sha256::digest(text).to_vec() };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let (user, nonce) = (of("username")?, of("nonce")?);
    let known = hash(format!("{user}:Kerio \"Connect\":{}", store.password(&user)?.reveal()));
    let asked = hash(format!("{method}:{}", of("uri")?));
    let proof = hash(format!("{known}:{nonce}:{}:{}:auth:{asked}", of("nc")?, of(" cnonce")?));
    (of("response")? == proof && of("opaque")? == "o").then_some((user, nonce))
}
