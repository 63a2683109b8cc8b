//! Mailboxes arrive unchanged, whatever the two servers offer.

use super::*;
use kimt::rehearsal::wire_name;

/// Migrates, and makes sure of everything that must hold then; `named` says how a source folder is called on the target.
fn migrate_and_compare(stage: &Stage, named: impl Fn(&str) -> String) {
    let before = stage.source.mail();
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, problems(&state));
    assert_eq!(state.tally.copied.messages as usize, before.messages());
    assert_eq!(state.tally.checked.messages as usize, before.messages());
    assert!(stage.source.mail() == before, "the source was changed");
    assert_eq!(stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
    let after = stage.target.mail();
    for (name, there) in &before.folders {
        let name = named(std::str::from_utf8(name).unwrap());
        let here = after
            .folders
            .get(name.as_bytes())
            .unwrap_or_else(|| panic!("{name} is missing: {:?}", after.folders.keys()));
        assert!(here.contents() == there.contents(), "{name} is not the same");
        assert!(here.subscribed || !there.subscribed, "{name} is not subscribed");
    }
    assert_eq!(after.messages(), before.messages());

    let again = stage.migrate();
    assert_eq!((again.verdict(), again.tally.copied.messages), (Verdict::AllComplete, 0), "{:#?}", problems(&again));
    assert!(stage.target.mail() == after, "the second run changed the target");
    let verified = stage.run(RunKind::Verify);
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", problems(&verified));
}

fn same(name: &str) -> String {
    name.to_owned()
}

fn between(source: Profile, target: Profile, security: Security) {
    let end = |profile| End::start(store(Layout::SLASH), ImapOptions::new(profile), security);
    let stage = Stage::of(end(source), end(target));
    fill(stage.source.store());
    migrate_and_compare(&stage, same);
}

#[test]
fn a_mailbox_arrives_unchanged_between_bare_servers() {
    between(Profile::Bare, Profile::Bare, Security::Plain);
}

#[test]
fn a_mailbox_arrives_unchanged_between_typical_servers() {
    between(Profile::Typical, Profile::Typical, Security::StartTls);
}

#[test]
fn a_mailbox_arrives_unchanged_between_rich_servers() {
    between(Profile::Rich, Profile::Rich, Security::Tls);
}

#[test]
fn a_mailbox_arrives_unchanged_from_a_server_with_dots_and_a_prefix_in_kerio() {
    let from = store(Layout::DOT);
    fill(&from);
    let source = End::start(
        from,
        ImapOptions { personal_prefix: "INBOX.".to_owned(), ..ImapOptions::new(Profile::Typical) },
        Security::Tls,
    );
    let target = End::start(store(Layout::KERIO), ImapOptions::kerio(Profile::Typical), Security::StartTls);
    let named = |name: &str| match name.strip_prefix("INBOX.") {
        Some("Sent") => "Sent Items".to_owned(),
        Some(own) => own.replace('.', "/"),
        None => name.to_owned(),
    };
    migrate_and_compare(&Stage::of(source, target), named);
}

#[test]
fn names_travel_as_the_servers_expect_them() {
    let from = store(Layout::SLASH);
    from.create_folder(ANN, "Проекты/2024").unwrap();
    let source = End::start(from, ImapOptions::new(Profile::Bare), Security::Tls);
    let target = End::start(store(Layout::DOT), ImapOptions::new(Profile::Rich), Security::Tls);
    let stage = Stage::of(source, target);
    stage.migrate();
    let folders = stage.target.mail().folders;
    assert!(folders.contains_key(&wire_name("Проекты.2024")), "{:?}", folders.keys());
}
