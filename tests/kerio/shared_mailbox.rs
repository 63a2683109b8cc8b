//! Accounts that would use one mailbox are refused before anything is read.

use crate::embedded::stage::{Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::administration::Domain;

/// Two people who are one to Kerio Connect, because the second domain is another name of the first; and one who has her own mailbox.
fn stage() -> Stage {
    let stage = Stage::kerio(&["ann@new.example", "ann@alias.example", "ben@new.example"]);
    let mut domain = Domain::named("new.example");
    domain.aliases.push("alias.example".to_owned());
    stage.administration().add_domain(domain).unwrap();
    stage
}

fn assert_two_refused(state: &RunState) {
    assert_eq!(kinds(state), [ProblemKind::MailboxShared].into(), "{:#?}", problems(state));
    let reported = problems(state).join("\n");
    for part in ["line 1 and line 2 (ann@alias.example)", "line 2 and line 1 (ann@new.example)", "on the target"] {
        assert!(reported.contains(part), "{reported}");
    }
}

#[test]
fn a_person_and_the_same_name_in_an_alias_of_the_domain_are_refused_and_the_others_are_migrated() {
    let stage = stage();
    assert_two_refused(&stage.run(RunKind::Check));
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::SomeIncomplete);
    assert_two_refused(&state);
    let users: Vec<String> = stage.administration().users().into_iter().map(|user| user.login_name).collect();
    assert_eq!(users, ["ben"]);
    assert_eq!(state.tally.copied.messages, 20);
}

#[test]
fn two_lines_that_mean_one_mailbox_on_purpose_are_both_migrated_into_it() {
    let stage = stage();
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.options.shared_mailboxes = true;
    request.options.jobs = 1;
    let state = stage.finish(request);
    assert!(!kinds(&state).contains(&ProblemKind::MailboxShared), "{:#?}", problems(&state));
    let there = stage.target.store().snapshot("ann@new.example").unwrap();
    assert_eq!(there.folder("INBOX").unwrap().messages.len(), 40, "{:#?}", problems(&state));
}
