//! Takes registered secrets out of a text, in every form in which they travel.
//!
//! Thousands of secrets are looked for at once: the first four octets of each are looked up at every place of the text, and two
//! of them in a bit map before that, so that a line costs about one look per octet however many accounts a run has.

use crate::domain::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use std::borrow::Cow;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// A secret shorter than this is not looked for: it would be found in half of all words, and the gaps would tell it.
const SHORTEST: usize = 4;

/// So many octets lead to the secrets that begin with them.
const START: usize = 4;

/// The secrets that no text may show.
pub(super) struct SecretFilter {
    /// Which pairs of octets begin a secret.
    pairs: Vec<bool>,
    /// The forms by their first octets, longest first.
    forms: HashMap<[u8; START], Vec<Zeroizing<String>>>,
}

impl Default for SecretFilter {
    fn default() -> Self {
        Self { pairs: vec![false; 1 << 16], forms: HashMap::new() }
    }
}

impl SecretFilter {
    /// What stands in a secret's place.
    const GAP: &str = "…";

    /// Registers a secret and the name it is sent with.
    pub(super) fn add(&mut self, name: &str, secret: &Secret) {
        let text = secret.reveal();
        if text.is_empty() {
            return;
        }
        // SASL PLAIN (RFC 4616), with and without an authorization identity.
        for identity in ["", name] {
            self.add_form(base64(format!("{identity}\0{name}\0{text}").as_bytes()));
        }
        if text.chars().count() < SHORTEST {
            return;
        }
        // LOGIN as a SASL mechanism; then as IMAP, JSON and Rust's Debug write it between quotes.
        self.add_form(base64(text.as_bytes()));
        self.add_form(Zeroizing::new(text.replace('\\', "\\\\").replace('"', "\\\"")));
        self.add_form(Zeroizing::new(text.escape_debug().to_string()));
        if let Ok(json) = serde_json::to_string(text).map(Zeroizing::new) {
            self.add_form(Zeroizing::new(json[1..json.len() - 1].to_owned()));
        }
        self.add_form(Zeroizing::new(text.to_owned()));
    }

    fn add_form(&mut self, form: Zeroizing<String>) {
        let Some(start) = form.as_bytes().first_chunk::<START>() else { return };
        self.pairs[pair(start)] = true;
        let alike = self.forms.entry(*start).or_default();
        let place = alike.partition_point(|other| (other.len(), form.as_str()) > (form.len(), other.as_str()));
        if alike.get(place) != Some(&form) {
            alike.insert(place, form);
        }
    }

    /// The text without any secret.
    pub(super) fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let octets = text.as_bytes();
        let mut clean = String::new();
        let (mut copied, mut at) = (0, 0);
        while let Some(start) = octets[at..].first_chunk::<START>() {
            let found = self.pairs[pair(start)].then(|| self.forms.get(start)).flatten();
            match found.and_then(|forms| forms.iter().find(|form| octets[at..].starts_with(form.as_bytes()))) {
                Some(form) => {
                    clean.push_str(&text[copied..at]);
                    clean.push_str(Self::GAP);
                    at += form.len();
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }
}

fn pair(start: &[u8; START]) -> usize {
    usize::from(u16::from_be_bytes([start[0], start[1]]))
}

/// Base64 (RFC 4648) without the padding, which is no secret.
fn base64(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(secrets: &[&str]) -> SecretFilter {
        let mut filter = SecretFilter::default();
        for secret in secrets {
            filter.add("ann@example.com", &Secret::new(*secret));
        }
        filter
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form_it_travels_in() {
        let filter = filter(&["pa\"ss\\wörd"]);
        for text in [
            "LOGIN ann \"pa\\\"ss\\\\wörd\"",
            "raw pa\"ss\\wörd.",
            "AUTHENTICATE PLAIN AGFubkBleGFtcGxlLmNvbQBwYSJzc1x3w7ZyZA==",
            "cGEic3Ncd8O2cmQ=",
            &format!("{:?}", "pa\"ss\\wörd"),
            &serde_json::to_string("pa\"ss\\wörd").unwrap(),
        ] {
            let clean = filter.clean(text);
            assert!(clean.contains('…') && !clean.contains("ss") && !clean.contains("cGE"), "{clean}");
        }
    }

    #[test]
    fn the_longest_of_several_secrets_is_taken_out() {
        let filter = filter(&["secret", "secret1234", "secret12"]);
        assert_eq!(filter.clean("a secret1234, secret12, secret1 secre"), "a …, …, …1 secre");
    }

    #[test]
    fn a_text_without_secrets_stays_as_it_is() {
        assert!(matches!(filter(&["hunter2"]).clean("nothing to see: hunter, ü"), Cow::Borrowed(_)));
        assert_eq!(filter(&["abc", ""]).clean("abc"), "abc");
    }

    #[test]
    fn five_thousand_secrets_do_not_slow_a_line_down() {
        let secrets: Vec<String> = (0..5000).map(|n| format!("{:x}-secret", n * 7919)).collect();
        let filter = filter(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
        let line = "UID FETCH 1:500 (UID RFC822.SIZE FLAGS INTERNALDATE) ".repeat(20_000);
        let started = std::time::Instant::now();
        assert!(matches!(filter.clean(&line), Cow::Borrowed(_)));
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?} for a megabyte", started.elapsed());
    }
}
