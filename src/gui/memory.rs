//! Fills in the window from the settings, and keeps what was typed for the next start, but never a password.

use super::pages::servers::{GroupwareForm, ServersPage};
use crate::domain::list::Layout;
use crate::domain::{Security, ServerAddress};
use crate::settings::{Appearance, Settings};
use egui::{Context, ThemePreference};

/// Fills in page 1 from the settings.
pub fn recall(settings: &Settings, page: &mut ServersPage) {
    page.source.address = settings.source.clone();
    page.source.ssl = settings.source_security == Security::Tls;
    page.target.address = settings.target.clone();
    page.target.ssl = settings.target_security == Security::Tls;
    page.other_imap = !settings.target_is_kerio;
    page.administrator.name = settings.administrator.clone();
    let port = ServerAddress::parse(&settings.administration).ok().and_then(|address| address.port);
    page.administrator.port = port.map_or_else(String::new, |port| port.to_string());
    page.jobs = settings.jobs.to_string();
    page.source_more.kept = settings.source_more.clone();
    page.target_more.kept = settings.target_more.clone();
    page.proxy.address = settings.proxy.clone();
    page.rules = settings.rules.clone();
    page.groupware = GroupwareForm {
        on: settings.groupware,
        source: settings.source_dav.clone(),
        target: settings.target_dav.clone(),
    };
}

/// Copies page 1 and the window's look into the settings.
pub fn remember(settings: &mut Settings, page: &ServersPage, context: &Context) {
    // The consent to clear text holds for one start and is never remembered.
    let security = |ssl| if ssl { Security::Tls } else { Security::StartTls };
    let typed = |connection: &super::pages::servers::Connection| {
        connection.parsed().map_or_else(|| connection.address.trim().to_owned(), |address| address.to_string())
    };
    settings.source = typed(&page.source);
    settings.source_security = security(page.source.ssl);
    settings.target = typed(&page.target);
    settings.target_security = security(page.target.ssl);
    settings.target_is_kerio = !page.other_imap;
    settings.administrator = page.administrator.name.trim().to_owned();
    settings.administration = match (page.target.parsed(), page.administrator.port()) {
        (Some(target), Some(port)) => ServerAddress { host: target.host, port: Some(port) }.to_string(),
        _ => String::new(),
    };
    // An unusable number does not replace a usable one.
    settings.jobs = page.jobs().unwrap_or(settings.jobs);
    settings.source_more = page.source_more.kept.clone();
    settings.target_more = page.target_more.kept.clone();
    settings.proxy = page.proxy.kept().to_owned();
    settings.rules = page.rules.clone();
    settings.groupware = page.groupware.on;
    settings.source_dav = page.groupware.source.trim().to_owned();
    settings.target_dav = page.groupware.target.trim().to_owned();
    settings.appearance = match context.options(|options| options.theme_preference) {
        ThemePreference::System => Appearance::System,
        ThemePreference::Light => Appearance::Light,
        ThemePreference::Dark => Appearance::Dark,
    };
    settings.zoom = context.zoom_factor();
    settings.window_size = context
        .input(|input| input.viewport().inner_rect.map(|rect| (rect.width(), rect.height())).or(settings.window_size));
}

/// The columns that were chosen for each header; an entry that cannot be read is left out.
pub fn columns(settings: &Settings) -> Vec<(String, Layout)> {
    let known = settings.list_columns.iter();
    known.filter_map(|list| Some((list.header.clone(), Layout::parse(&list.columns).ok()?))).collect()
}

/// Gives the window its earlier look.
pub fn dress(settings: &Settings, context: &Context) {
    context.set_theme(match settings.appearance {
        Appearance::System => ThemePreference::System,
        Appearance::Light => ThemePreference::Light,
        Appearance::Dark => ThemePreference::Dark,
    });
    context.set_zoom_factor(settings.zoom);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Way;

    #[test]
    fn what_was_typed_comes_back_and_the_password_does_not() {
        let mut page = ServersPage::default();
        page.source.address = "mail.example.com".into();
        page.source.port = "1993".into();
        page.target.address = "10.1.0.5:8143".into();
        page.target.ssl = false;
        page.target.agreed = true;
        page.administrator.name = "admin".into();
        page.administrator.password = String::from("hunter2").into();
        page.administrator.port = "4041".into();
        page.jobs = "7".into();
        page.source_more.kept.way = Way::Master;
        page.source_more.kept.master = "boss".into();
        page.source_more.password = String::from("hunter2").into();
        page.target_more.kept.max_rate = "5 MB/s".into();
        page.target_more.kept.client_certificate = "/keys/own.p12".into();
        page.target_more.certificate_password = String::from("hunter2").into();
        page.rules = "exclude Trash\nnot ready".into();
        page.groupware.on = true;
        page.groupware.source = "https://cloud.example.com/dav/".into();
        page.proxy.address = "socks5://ann@proxy.example:1080".into();
        page.proxy.password = String::from("hunter2").into();
        let mut settings = Settings::default();
        remember(&mut settings, &page, &Context::default());
        assert!(!serde_json::to_string(&settings).unwrap().contains("hunter2"));
        let mut again = ServersPage::default();
        recall(&settings, &mut again);
        assert_eq!(again.source.parsed(), page.source.parsed());
        assert_eq!(again.target.address, "10.1.0.5:8143");
        assert_eq!((again.target.ssl, again.target.agreed), (false, false));
        assert_eq!((again.administrator.port.as_str(), again.jobs()), ("4041", Ok(7)));
        assert!(again.administrator.password.is_empty());
        assert_eq!(
            (&again.source_more.kept, &again.target_more.kept),
            (&page.source_more.kept, &page.target_more.kept)
        );
        assert_eq!((&again.rules, &again.proxy.address), (&page.rules, &page.proxy.address));
        assert_eq!(again.groupware, page.groupware);
        assert!(again.source_more.password.is_empty() && again.proxy.password.is_empty());
        assert!(again.target_more.certificate_password.is_empty());
        page.proxy.address = "socks5://ann:hunter2@proxy.example:1080".into();
        remember(&mut settings, &page, &Context::default());
        assert_eq!(settings.proxy, "");
    }
}
