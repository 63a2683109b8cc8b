//! Servers with manners of their own: what they refuse, how much they take, when they close a connection.

use super::*;
use kimt::domain::ProblemKind;
use kimt::rehearsal::{Action, DateRefusal, Moment, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// A source with one folder of forty messages, the first days of a month among their dates, and a target with these options.
fn stage(target: ImapOptions) -> Stage {
    let stage = Stage::with(ImapOptions::new(Profile::Typical), target);
    for day in 1..=40 {
        let date = chrono::DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::days(19_000 + day);
        let content = Content::generated(day as u64, 300 + 100 * day as u64);
        stage.source.store().add(ANN, "INBOX", NewMessage { date, ..NewMessage::new(content) }).unwrap();
    }
    stage
}

fn typical() -> ImapOptions {
    ImapOptions::new(Profile::Typical)
}

#[test]
fn a_target_that_refuses_one_form_of_a_date_gets_the_other() {
    for date_refusal in [DateRefusal::ZeroPadded, DateRefusal::SpacePadded] {
        let stage = stage(ImapOptions { date_refusal, ..ImapOptions::new(Profile::Rich) });
        stage.assert_complete(&stage.migrate());
    }
}

#[test]
fn a_target_that_takes_no_date_gets_the_messages_without_and_that_is_reported() {
    let stage = stage(ImapOptions { date_refusal: DateRefusal::All, ..ImapOptions::new(Profile::Rich) });
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::DateNotKept), "{:?}", kinds(&state));
    assert_eq!(stage.target.mail().messages(), 40);
}

#[test]
fn a_full_mailbox_is_named_and_once_it_has_room_the_rest_follows() {
    for profile in [Profile::Bare, Profile::Typical, Profile::Rich] {
        let stage = stage(ImapOptions::new(profile));
        stage.target.store().set_quota(ANN, Some(30_000)).unwrap();
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::SomeIncomplete);
        assert!(kinds(&state).contains(&ProblemKind::OverQuota), "{profile:?}: {:?}", kinds(&state));
        stage.target.store().set_quota(ANN, None).unwrap();
        stage.assert_complete(&stage.migrate());
    }
}

#[test]
fn a_mailbox_that_will_not_fit_is_named_before_anything_is_copied() {
    let stage = stage(typical());
    stage.target.store().set_quota(ANN, Some(30_000)).unwrap();
    let state = stage.migrate();
    assert!(kinds(&state).contains(&ProblemKind::QuotaTooSmall), "{:?}", kinds(&state));
    let events: Vec<_> = stage.events.lock().unwrap().iter().map(|event| format!("{event:?}")).collect();
    let place = |word: &str| events.iter().position(|event| event.contains(word)).unwrap();
    assert!(place("QuotaTooSmall") < place("MessagesCopied"), "{events:#?}");

    let roomy = self::stage(typical());
    roomy.target.store().set_quota(ANN, Some(30_000_000)).unwrap();
    assert_eq!(kinds(&roomy.migrate()), BTreeSet::new());
}

#[test]
fn a_mailbox_that_will_not_fit_is_reported_by_the_check_which_counts_nothing_twice() {
    let stage = stage(typical());
    let check = || kinds(&stage.run(RunKind::Check));
    let room = |bytes: u64| stage.target.store().set_quota(ANN, Some(bytes)).unwrap();
    room(30_000);
    assert_eq!(check(), BTreeSet::from([ProblemKind::QuotaTooSmall]));
    room(200_000);
    assert_eq!(check(), BTreeSet::new());
    stage.assert_complete(&stage.migrate());
    // Hardly anything is free now, and nothing is left to copy.
    let used: u64 = (1..=40).map(|day| 300 + 100 * day).sum();
    room(used + 5_000);
    assert_eq!(check(), BTreeSet::new());
}

#[test]
fn a_message_too_large_for_the_target_is_named_and_the_others_arrive() {
    for profile in [Profile::Bare, Profile::Typical, Profile::Rich] {
        let stage = stage(ImapOptions { append_limit: 4_299, ..ImapOptions::new(profile) });
        let state = stage.migrate();
        stage.assert_but(&state, &[40], &[ProblemKind::MessageTooLarge]);
        assert_eq!(state.tally.failed, 1, "{profile:?}");
    }
}

#[test]
fn the_bytes_of_a_message_that_was_refused_before_them_are_no_commands() {
    let stage = Stage::with(typical(), ImapOptions { append_limit: 4_299, ..ImapOptions::new(Profile::Bare) });
    let text = "Subject: x\r\n\r\n".to_owned() + &"x1 CREATE Injected\r\n".repeat(300);
    stage.source.store().add(ANN, "INBOX", NewMessage::new(Content::bytes(text.as_bytes()))).unwrap();
    assert_eq!(kinds(&stage.migrate()), BTreeSet::from([ProblemKind::MessageTooLarge]));
    assert!(stage.target.mail().folder("Injected").is_none());
}

#[test]
fn servers_that_close_the_connection_again_and_again_are_asked_again_and_again() {
    let stage = stage(ImapOptions { drop_after_commands: Some(25), ..typical() });
    stage.source.server.set_options(ImapOptions { drop_after_commands: Some(12), ..typical() });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_target_with_one_connection_a_user_gets_everything_over_that_one() {
    for security in [Security::Plain, Security::Tls] {
        let single = ImapOptions { most_connections: Some(1), ..typical() };
        let mut stage = stage(single.clone());
        stage.source.server.set_options(single.clone());
        stage.target = End::start(store(Layout::SLASH), single, security);
        stage.assert_complete(&stage.migrate());
    }
}

#[test]
fn batches_arrive_at_a_target_that_announces_no_uids() {
    let stage = stage(ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) });
    stage.assert_complete(&stage.migrate());
}

#[test]
fn one_byte_at_a_time_is_as_good_as_many() {
    let stage = stage(typical());
    for end in [&stage.source, &stage.target] {
        end.server.set_faults(Some(Arc::new(|step: &Step<'_>| match step.moment {
            Moment::Connected => Action::Trickle,
            _ => Action::Proceed,
        })));
    }
    stage.assert_complete(&stage.migrate());
}

#[test]
fn what_a_server_says_unasked_does_no_harm() {
    let stage = stage(ImapOptions::new(Profile::Bare));
    let unasked = b"* 40 EXISTS\r\n* 3 FETCH (FLAGS (\\Seen))\r\n\r\n* OK [ALERT] {5}\r\n* XYZZY ((( \xff\r\n";
    for end in [&stage.source, &stage.target] {
        end.server.set_faults(Some(Arc::new(move |step: &Step<'_>| match step.moment {
            Moment::Announced { .. } | Moment::Executed { .. } if !step.user.is_empty() => {
                Action::Inject(unasked.to_vec())
            }
            _ => Action::Proceed,
        })));
    }
    stage.assert_complete(&stage.migrate());
}

#[test]
fn what_its_owner_deleted_on_the_target_is_not_copied_again_and_what_is_new_is() {
    let stage = stage(typical());
    stage.migrate();
    stage.target.store().delete_message(ANN, "INBOX", 7).unwrap();
    stage.target.store().add_generated(ANN, "INBOX", 1, 900, 12_345).unwrap();
    stage.source.store().add_generated(ANN, "INBOX", 2, 900, 500).unwrap();
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 2), "{:?}", kinds(&state));
    assert_eq!(stage.target.mail().messages(), 39 + 1 + 2);
}

#[test]
fn a_folder_numbered_anew_on_either_side_is_recognised_and_nothing_is_doubled() {
    let stage = stage(typical());
    stage.migrate();
    for end in [&stage.source, &stage.target] {
        end.store().change_uid_validity(ANN, "INBOX").unwrap();
        let state = stage.migrate();
        stage.assert_complete(&state);
        assert_eq!(state.tally.copied.messages, 0);
    }
}

#[test]
fn a_message_the_source_cannot_read_is_named_and_the_others_arrive() {
    let stage = stage(typical());
    stage.source.store().add(ANN, "INBOX", NewMessage::new(Content::Damaged(700))).unwrap();
    stage.source.store().add_generated(ANN, "INBOX", 3, 900, 500).unwrap();
    let state = stage.migrate();
    stage.assert_but(&state, &[41], &[ProblemKind::MessageUnreadable]);
    assert_eq!(state.tally.failed, 1);
}

/// A source with one folder of 300 messages before a target with everything, and the size of all of them in bytes.
fn large() -> (Stage, u64) {
    let stage = Stage::between(Profile::Rich, Profile::Rich);
    stage.source.store().add_generated(ANN, "INBOX", 300, 20_000, 1).unwrap();
    let bytes = stage.source.mail().folders.values().flat_map(|it| &it.messages).map(|it| it.size).sum();
    (stage, bytes)
}

/// Ends each connection when it has carried that many bytes to us.
fn lasting_for(bytes: u64) -> impl Fn(&Step<'_>) -> Action + Send + Sync {
    let carried: Mutex<BTreeMap<u64, u64>> = Mutex::default();
    move |step| {
        let Moment::Sending { bytes: sent } = step.moment else { return Action::Proceed };
        let mut carried = carried.lock().unwrap();
        let carried = carried.entry(step.connection).or_default();
        *carried += sent as u64;
        if *carried > bytes { Action::Cut } else { Action::Proceed }
    }
}

#[test]
fn a_check_continues_when_a_connection_is_lost_at_any_step() {
    let stage = stage(ImapOptions::new(Profile::Rich));
    for lost in 0.. {
        let steps = Arc::new(AtomicU32::new(0));
        for end in [&stage.source, &stage.target] {
            let steps = steps.clone();
            let once = move |_: &Step<'_>| {
                if steps.fetch_add(1, Ordering::SeqCst) == lost { Action::Cut } else { Action::Proceed }
            };
            end.server.set_faults(Some(Arc::new(once)));
        }
        let state = stage.run(RunKind::Check);
        // Greeting the servers comes before any account.
        if state.verdict() != Verdict::CouldNotStart {
            assert_eq!(state.verdict(), Verdict::AllComplete, "step {lost}: {:?}", problems(&state));
            assert_eq!(state.tally.expected.messages, 40, "step {lost}");
        }
        if steps.load(Ordering::SeqCst) <= lost {
            assert!(lost > 20, "only {lost} steps were tried");
            return;
        }
    }
}

#[test]
fn a_folder_without_a_record_is_compared_bit_by_bit_over_connections_that_never_last_for_all_of_it() {
    let (stage, bytes) = large();
    stage.assert_complete(&stage.migrate_afresh());
    for end in [&stage.source, &stage.target] {
        end.server.set_faults(Some(Arc::new(lasting_for(bytes / 20))));
    }
    let state = stage.migrate_afresh();
    stage.assert_complete(&state);
    assert_eq!((state.tally.copied.messages, state.tally.found.messages), (0, 300));
}

#[test]
fn a_folder_over_a_connection_that_never_lasts_for_all_of_it_is_proved_bit_by_bit() {
    let (stage, bytes) = large();
    // Each connection to the target carries a twentieth of the mail back, and is lost then: twice as often as a server may fail us in a row.
    stage.target.server.set_faults(Some(Arc::new(lasting_for(bytes / 20))));
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    // Without a second connection that checks meanwhile.
    request.servers.target.connections.max_connections = Some(1);
    let state = stage.finish(request);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!((state.tally.copied.messages, state.tally.checked.messages), (300, 300));
}
