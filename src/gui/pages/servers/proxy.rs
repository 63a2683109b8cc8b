//! The proxy for all servers, as filled in. Its address must not hold a password, because the address is shown and remembered.

use super::super::super::widgets::field::Field;
use crate::domain::Secret;
use crate::migrate::Proxy;
use egui::Ui;
use zeroize::Zeroizing;

/// The tooltip that explains the proxy in the environment.
const ENVIRONMENT: &str =
    "The environment variables ALL_PROXY and HTTPS_PROXY name a proxy for all programs that are started with them.";

/// The proxy, as filled in.
#[derive(Debug, Clone, Default)]
pub struct ProxyForm {
    /// Its address; empty for the one in the environment, `none` for no proxy.
    pub address: String,
    /// The user's password there; it is wiped with the page and never saved.
    pub password: Zeroizing<String>,
}

impl ProxyForm {
    /// The proxy, if there is one. The error is a sentence that shows nothing of the address.
    pub fn read(&self) -> Result<Option<Proxy>, String> {
        let typed = self.address.trim();
        if typed.is_empty() {
            let named = Proxy::from_environment();
            return named.map_err(|error| format!("{error} Type the proxy here, or 'none'."));
        }
        if typed.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let proxy = Proxy::parse(typed)?;
        if !proxy.password().is_empty() {
            return Err(
                "Leave the password out of the address: write USER@HOST:PORT, and type the password below.".into()
            );
        }
        let password = Secret::new(self.password.as_str());
        Ok(Some(if proxy.user().is_empty() { proxy } else { proxy.with_password(password) }))
    }

    /// The address to remember; empty if it cannot be read, because a password may be anywhere in it.
    pub fn kept(&self) -> &str {
        if self.read().is_ok() { self.address.trim() } else { "" }
    }

    /// Draws it and returns whether anything changed.
    pub fn show(&mut self, ui: &mut Ui) -> bool {
        let read = self.read();
        let mut changed = Field::new("proxy", "Proxy for all servers")
            .hint("socks5://proxy.example.com:1080")
            .wrong(read.as_ref().err().map(String::as_str))
            .note(Some(
                "Leave this empty to use the proxy in this program's environment, if any. Type 'none' for no proxy.",
            ))
            .show(ui, &mut self.address)
            .on_hover_text(ENVIRONMENT)
            .changed();
        let wants_password = !self.address.trim().is_empty()
            && read.is_ok_and(|proxy| proxy.is_some_and(|proxy| !proxy.user().is_empty()));
        if wants_password {
            changed |=
                Field::new("proxy password", "Proxy password").password().show(ui, &mut *self.password).changed();
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(address: &str) -> ProxyForm {
        ProxyForm { address: address.into(), password: String::from("geheim").into() }
    }

    #[test]
    fn a_password_comes_from_its_own_field_and_an_address_with_one_is_refused_and_not_kept() {
        let proxy = typed("socks5://ann@proxy.example:1080").read().unwrap().unwrap();
        assert_eq!((proxy.user(), proxy.password().reveal()), ("ann", "geheim"));
        assert_eq!(typed("socks5://ann@proxy.example:1080").kept(), "socks5://ann@proxy.example:1080");
        for wrong in ["socks5://ann:hunter2@proxy.example:1080", "socks4://ann:hunter2@proxy.example", "hunter2"] {
            let form = typed(wrong);
            assert!(!form.read().unwrap_err().contains("hunter2"));
            assert_eq!(form.kept(), "");
        }
        assert_eq!(typed(" None ").read(), Ok(None));
    }
}
