//! The engine with Kerio Connect as its target: the stand-in's administration before an embedded IMAP server.

use crate::embedded::stage::{Stage, problems};
use crate::standin::{answers, free_port, sign_in};
use kimt::domain::{ProblemKind, Security, Sign};
use kimt::migrate::{self, Servers, TargetKind};
use kimt::progress::{Event, RunKind, RunState, Verdict};
use kimt::rehearsal::{ImapOptions, ImapService};
use kimt::report::words;
use std::time::Duration;

/// A source with one mailbox, and Kerio Connect without it; `port` is to be set while migrating.
fn stage(port: Option<u16>) -> Stage {
    let mut stage = Stage::kerio(&["ann@new.example"]);
    stage.target.port = port;
    stage
}

/// The events of a run with its end.
fn run(stage: &Stage, kind: RunKind) -> (RunState, Vec<Event>) {
    let state = stage.run(kind);
    (state, std::mem::take(&mut *stage.events.lock().unwrap()))
}

fn imap_port(stage: &Stage) -> u16 {
    stage.administration().service_port(ImapService::Imap)
}

#[test]
fn a_mailbox_comes_to_kerio_connect_on_a_port_of_its_own() {
    let wanted = free_port();
    let mut stage = stage(Some(wanted));
    let before = imap_port(&stage);
    let (state, events) = run(&stage, RunKind::Migrate);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, problems(&state));
    assert_eq!(state.tally.copied.messages, 20);
    let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let changed = at(&|event| matches!(event, Event::PortChanged { to, .. } if *to == wanted));
    let domain = at(&|event| matches!(event, Event::DomainCreated { domain } if domain == "new.example"));
    let user = at(&|event| matches!(event, Event::UserCreated { .. }));
    let restored = at(&|event| matches!(event, Event::PortRestored { port, .. } if *port == before));
    assert!(changed < domain && domain < user && user < restored);
    assert!(answers(before) && !answers(wanted));
    assert_eq!(migrate::pending_port_restore(&stage.folder.path().join("state")), Ok(None));
    assert_eq!(stage.administration().open_sessions(), 0);
    // A second run finds everything.
    stage.target.port = None;
    let (state, events) = run(&stage, RunKind::Migrate);
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0));
    assert!(!events.iter().any(|event| matches!(event, Event::UserCreated { .. } | Event::PortChanged { .. })));
}

#[test]
fn a_new_user_who_cannot_sign_in_for_some_seconds_is_waited_for() {
    let stage = stage(None);
    let server = &stage.target.server;
    server.set_options(ImapOptions { sign_in_delay: Duration::from_millis(2500), ..server.options() });
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?} {:#?}", state.problems, problems(&state));
    assert_eq!(state.tally.copied.messages, 20);
}

#[test]
fn a_comparison_without_a_record_misses_no_deleted_flag_which_kerio_connect_does_not_keep() {
    let stage = stage(None);
    stage.source.store().set_flags("ann@new.example", "INBOX", 1, &["\\Seen", "\\Deleted"]).unwrap();
    assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    // Another flag is missed.
    stage.source.store().set_flags("ann@new.example", "INBOX", 1, &["\\Flagged", "\\Deleted"]).unwrap();
    assert_ne!(stage.run(RunKind::Verify).verdict(), Verdict::AllComplete);
}

#[test]
fn a_check_changes_nothing() {
    let stage = stage(Some(free_port()));
    let before = imap_port(&stage);
    let state = stage.run(RunKind::Check);
    assert!(state.problems.is_empty(), "{:#?}", state.problems);
    assert_eq!((imap_port(&stage), stage.administration().users().len()), (before, 0));
    assert_eq!(stage.administration().domains().len(), 1);
}

#[test]
fn a_check_counts_the_free_seats_against_those_who_need_one() {
    let stage = stage(None);
    let checked = |seats: Option<u32>| {
        stage.administration().change(|behaviour| behaviour.licence_users = seats);
        words::missing_seats(&stage.run(RunKind::Check))
    };
    assert_eq!(checked(None), None);
    assert_eq!(checked(Some(60)), None);
    let new = stage.run(RunKind::Check).accounts.len() as u64;
    let said = checked(Some(0)).unwrap();
    assert!(said.starts_with(&format!("No free licence seat for {}", words::counted(new, "new user"))), "{said}");
}

#[test]
fn a_port_left_changed_by_a_crash_is_found_and_put_back_by_the_next_start() {
    let (stage, wanted) = (stage(None), free_port());
    let (before, folder) = (imap_port(&stage), stage.folder.path());
    sign_in(stage.administration()).change_imap_port(Security::StartTls, wanted, &answers, folder).unwrap();
    let pending = migrate::pending_port_restore(folder).unwrap().unwrap();
    assert_eq!((pending.host.as_str(), pending.from, pending.to), ("127.0.0.1", before, wanted));
    assert_eq!(pending.administration_port, stage.administration().port());
    // Another server's note is not this one's.
    let other = self::stage(None);
    assert_eq!(migrate::restore_port(&other.servers(), folder).unwrap(), None);
    let restored = migrate::restore_port(&stage.servers(), folder).unwrap().unwrap();
    assert_eq!((restored.port, imap_port(&stage)), (before, before));
    assert_eq!(migrate::pending_port_restore(folder), Ok(None));
}

#[test]
fn a_damaged_note_of_a_port_is_named_is_not_overwritten_and_no_further_port_is_changed() {
    let (stage, wanted) = (stage(None), free_port());
    let (before, folder) = (imap_port(&stage), stage.folder.path());
    sign_in(stage.administration()).change_imap_port(Security::StartTls, wanted, &answers, folder).unwrap();
    let is_note = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "json");
    let note = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(is_note).unwrap();
    let text = std::fs::read_to_string(&note).unwrap();
    let damaged = text.replace(&format!("\"from\": {before}"), &format!("\"from\": {}", before ^ 1));
    assert_ne!(text, damaged);
    std::fs::write(&note, &damaged).unwrap();
    let other = free_port();
    let refused = sign_in(stage.administration()).change_imap_port(Security::StartTls, other, &answers, folder);
    let name = note.file_name().unwrap().to_str().unwrap();
    for problem in [
        refused.unwrap_err().problem(None),
        migrate::restore_port(&stage.servers(), folder).unwrap_err(),
        migrate::pending_port_restore(folder).unwrap_err(),
    ] {
        assert_eq!(problem.kind, ProblemKind::PortNotRestored);
        assert!(problem.to_string().contains(name) && problem.to_string().contains("delete the file"), "{problem}");
    }
    assert_eq!((std::fs::read_to_string(&note).unwrap(), imap_port(&stage)), (damaged, wanted));
}

#[test]
fn a_test_of_the_target_lists_what_was_found() {
    let wanted = free_port();
    let stage = stage(Some(wanted));
    stage.administration().change(|behaviour| {
        behaviour.licence_users = Some(25);
        behaviour.licence_days = -1;
    });
    let findings = migrate::test_target(&stage.servers(), stage.folder.path());
    let text: Vec<String> = findings.iter().map(words::finding).collect();
    let said = |part: &str| assert!(text.iter().any(|line| line.contains(part)), "{part}: {text:#?}");
    // Two services, two certificates: each problem says whose it is.
    said("Administration: certificate trusted by its fingerprint");
    said("IMAP: certificate trusted by its fingerprint");
    said("IMAP: offers the sign-in with passwords");
    said("Kerio Connect 1");
    said("Signed in with full rights (FullAdmin)");
    said("25 licence seats free (0 of 25 used)");
    said("The licence has expired");
    said(&format!("runs on port {}; during the migration it is set to {wanted}", imap_port(&stage)));
    assert!(findings.iter().all(|finding| finding.sign() != Sign::Bad), "{text:#?}");
    assert_eq!(stage.administration().users().len(), 0);
}

/// The servers, where the user has not said which certificate of the administration to trust.
fn without_trust(stage: &Stage) -> Servers {
    let mut servers = stage.servers();
    if let TargetKind::Kerio(administration) = &mut servers.target_kind {
        administration.fingerprint = None;
    }
    servers
}

#[test]
fn an_unknown_certificate_of_the_administration_is_shown_for_a_decision() {
    let stage = stage(None);
    let servers = without_trust(&stage);
    let findings = migrate::test_target(&servers, stage.folder.path());
    let doubt = findings[0].certificate.clone().unwrap();
    assert_eq!(findings[0].problem().unwrap().kind, ProblemKind::CertificateUnknown);
    assert_eq!(
        (doubt.port, doubt.details.fingerprint),
        (stage.administration().port(), stage.administration().fingerprint())
    );
    migrate::trust(stage.folder.path(), &doubt).unwrap();
    let findings = migrate::test_target(&servers, stage.folder.path());
    assert!(findings.iter().all(|finding| finding.sign() != Sign::Bad), "{findings:#?}");
}
