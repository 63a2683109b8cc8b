//! Mailboxes arrive unchanged, whatever the two servers offer.

use super::*;
use kimt::progress::Verdict;
use kimt::rehearsal::{Profile, wire_name};

/// Migrates, and makes sure of everything that must hold then; `named` tells how a source folder is called on the target.
fn migrate_and_compare(source: &End, target: &End, named: impl Fn(&str) -> String) {
    let folder = scratch();
    let before = source.server.store().snapshot(ANN).unwrap();
    let state = run(request(RunKind::Migrate, source, target, folder.path()));
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, state.accounts[0].problems);
    assert_eq!(state.tally.copied.messages as usize, before.messages());
    assert_eq!(state.tally.checked.messages as usize, before.messages());
    assert!(source.server.store().snapshot(ANN).unwrap() == before, "the source was changed");
    assert_eq!(source.server.store().changes_seen(ANN).unwrap(), [""; 0]);
    let after = target.server.store().snapshot(ANN).unwrap();
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

    let again = run(request(RunKind::Migrate, source, target, folder.path()));
    assert_eq!(
        (again.verdict(), again.tally.copied.messages),
        (Verdict::AllComplete, 0),
        "{:#?}",
        again.accounts[0].problems
    );
    assert!(target.server.store().snapshot(ANN).unwrap() == after, "the second run changed the target");
    let verified = run(request(RunKind::Verify, source, target, folder.path()));
    assert_eq!(verified.verdict(), Verdict::AllComplete, "{:#?}", verified.accounts[0].problems);
}

fn same(name: &str) -> String {
    name.to_owned()
}

fn between(source: Profile, target: Profile, security: Security) {
    let from = store(Layout::SLASH);
    fill(&from);
    let source = End::start(from, ImapOptions::new(source), security);
    let target = End::start(store(Layout::SLASH), ImapOptions::new(target), security);
    migrate_and_compare(&source, &target, same);
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
    migrate_and_compare(&source, &target, named);
}

#[test]
fn names_travel_as_the_servers_expect_them() {
    let from = store(Layout::SLASH);
    from.create_folder(ANN, "Проекты/2024").unwrap();
    let source = End::start(from, ImapOptions::new(Profile::Bare), Security::Tls);
    let target = End::start(store(Layout::DOT), ImapOptions::new(Profile::Rich), Security::Tls);
    let folder = scratch();
    run(request(RunKind::Migrate, &source, &target, folder.path()));
    let folders = target.server.store().snapshot(ANN).unwrap().folders;
    assert!(folders.contains_key(&wire_name("Проекты.2024")), "{:?}", folders.keys());
}
