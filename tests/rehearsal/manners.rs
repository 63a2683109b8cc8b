//! Servers with manners of their own: what they refuse, how much they take, when they hang up.

use super::*;
use kimt::domain::ProblemKind;
use kimt::progress::Verdict;
use kimt::rehearsal::{Action, DateRefusal, Moment, Profile, Snapshot, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// A source with one folder of forty messages, the first days of a month among their dates.
fn source() -> End {
    let from = store(Layout::SLASH);
    for day in 1..=40 {
        let date = chrono::DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::days(19_000 + day);
        let content = Content::generated(day as u64, 300 + 100 * day as u64);
        from.add(ANN, "INBOX", NewMessage { date, ..NewMessage::new(content) }).unwrap();
    }
    End::start(from, ImapOptions::new(Profile::Typical), Security::Plain)
}

fn target(options: ImapOptions) -> End {
    End::start(store(Layout::SLASH), options, Security::Plain)
}

fn inbox(end: &End) -> Snapshot {
    end.server.store().snapshot(ANN).unwrap()
}

fn migrate(source: &End, target: &End) -> RunState {
    let folder = scratch();
    run(request(RunKind::Migrate, source, target, folder.path()))
}

fn told(state: &RunState) -> BTreeSet<ProblemKind> {
    state.accounts[0].problems.iter().map(|(_, problem)| problem.kind).collect()
}

fn assert_arrived(source: &End, target: &End, state: &RunState) {
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?} {:?}", state.problems, state.accounts[0].problems);
    let (there, here) = (inbox(source), inbox(target));
    assert!(there.folder("INBOX").unwrap().contents() == here.folder("INBOX").unwrap().contents(), "{here:?}");
}

#[test]
fn a_target_that_refuses_one_form_of_a_date_gets_the_other() {
    for date_refusal in [DateRefusal::ZeroPadded, DateRefusal::SpacePadded] {
        let (source, target) = (source(), target(ImapOptions { date_refusal, ..ImapOptions::new(Profile::Rich) }));
        let state = migrate(&source, &target);
        assert_arrived(&source, &target, &state);
    }
}

#[test]
fn a_target_that_takes_no_date_gets_the_messages_without_and_the_user_is_told() {
    let options = ImapOptions { date_refusal: DateRefusal::All, ..ImapOptions::new(Profile::Rich) };
    let (source, target) = (source(), target(options));
    let state = migrate(&source, &target);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", state.accounts[0].problems);
    assert!(told(&state).contains(&ProblemKind::DateNotKept), "{:?}", told(&state));
    assert_eq!(inbox(&target).messages(), 40);
}

#[test]
fn a_full_mailbox_is_named_and_once_it_has_room_the_rest_follows() {
    for profile in [Profile::Bare, Profile::Typical, Profile::Rich] {
        let (source, target) = (source(), target(ImapOptions::new(profile)));
        target.server.store().set_quota(ANN, Some(30_000)).unwrap();
        let folder = scratch();
        let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
        assert_eq!(state.verdict(), Verdict::SomeIncomplete);
        assert!(told(&state).contains(&ProblemKind::OverQuota), "{profile:?}: {:?}", told(&state));
        target.server.store().set_quota(ANN, None).unwrap();
        let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
        assert_arrived(&source, &target, &state);
    }
}

#[test]
fn a_mailbox_that_will_not_fit_is_named_before_anything_is_copied() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Typical)));
    target.server.store().set_quota(ANN, Some(30_000)).unwrap();
    let events = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, folder) = (events.clone(), scratch());
    let tell =
        Box::new(move |stamped: &Stamped, _: &RunState| seen.lock().unwrap().push(format!("{:?}", stamped.event)));
    let state = super::start(request(RunKind::Migrate, &source, &target, folder.path()), tell).wait();
    assert!(told(&state).contains(&ProblemKind::QuotaTooSmall), "{:?}", told(&state));
    let events = events.lock().unwrap();
    let place = |word: &str| events.iter().position(|event| event.contains(word)).unwrap();
    assert!(place("QuotaTooSmall") < place("MessagesCopied"), "{events:#?}");

    target.server.store().set_quota(ANN, Some(30_000_000)).unwrap();
    let state = migrate(&source, &self::target(ImapOptions::new(Profile::Typical)));
    assert_eq!(told(&state), BTreeSet::new());
}

#[test]
fn a_mailbox_that_will_not_fit_is_told_by_the_check_which_counts_nothing_twice() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Typical)));
    let folder = scratch();
    let check = || told(&run(request(RunKind::Check, &source, &target, folder.path())));
    let room = |octets: u64| target.server.store().set_quota(ANN, Some(octets)).unwrap();
    room(30_000);
    assert_eq!(check(), BTreeSet::from([ProblemKind::QuotaTooSmall]));
    room(200_000);
    assert_eq!(check(), BTreeSet::new());
    assert_arrived(&source, &target, &run(request(RunKind::Migrate, &source, &target, folder.path())));
    // Hardly anything is free now, and nothing is left to copy.
    let used: u64 = (1..=40).map(|day| 300 + 100 * day).sum();
    room(used + 5_000);
    assert_eq!(check(), BTreeSet::new());
}

#[test]
fn a_message_too_large_for_the_target_is_named_and_the_others_arrive() {
    for profile in [Profile::Bare, Profile::Typical, Profile::Rich] {
        let (source, target) = (source(), target(ImapOptions { append_limit: 4_299, ..ImapOptions::new(profile) }));
        let state = migrate(&source, &target);
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{profile:?}");
        assert_eq!(told(&state), BTreeSet::from([ProblemKind::MessageTooLarge]), "{profile:?}");
        assert_eq!((inbox(&target).messages(), state.tally.failed), (39, 1), "{profile:?}");
    }
}

#[test]
fn the_octets_of_a_message_that_was_refused_before_them_are_no_commands() {
    let from = store(Layout::SLASH);
    let text = "Subject: x\r\n\r\n".to_owned() + &"x1 CREATE Injected\r\n".repeat(300);
    from.add(ANN, "INBOX", NewMessage::new(Content::octets(text.as_bytes()))).unwrap();
    let source = End::start(from, ImapOptions::new(Profile::Typical), Security::Plain);
    let target = target(ImapOptions { append_limit: 4_299, ..ImapOptions::new(Profile::Bare) });
    let state = migrate(&source, &target);
    assert_eq!(told(&state), BTreeSet::from([ProblemKind::MessageTooLarge]));
    assert!(inbox(&target).folder("Injected").is_none());
}

#[test]
fn servers_that_hang_up_again_and_again_are_asked_again_and_again() {
    let source = source();
    let mut options = source.server.options();
    options.drop_after_commands = Some(12);
    source.server.set_options(options);
    let target = target(ImapOptions { drop_after_commands: Some(25), ..ImapOptions::new(Profile::Typical) });
    let state = migrate(&source, &target);
    assert_arrived(&source, &target, &state);
}

#[test]
fn a_target_with_one_connection_a_user_gets_everything_over_that_one() {
    for security in [Security::Plain, Security::Tls] {
        let source = source();
        source.server.set_options(ImapOptions { most_connections: Some(1), ..source.server.options() });
        let options = ImapOptions { most_connections: Some(1), ..ImapOptions::new(Profile::Typical) };
        let target = End::start(store(Layout::SLASH), options, security);
        let state = migrate(&source, &target);
        assert_arrived(&source, &target, &state);
    }
}

#[test]
fn batches_arrive_at_a_target_that_tells_no_uids() {
    let options = ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) };
    let (source, target) = (source(), target(options));
    let state = migrate(&source, &target);
    assert_arrived(&source, &target, &state);
}

#[test]
fn one_octet_at_a_time_is_as_good_as_many() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Typical)));
    for end in [&source, &target] {
        end.server.set_faults(Some(Arc::new(|step: &Step<'_>| match step.moment {
            Moment::Connected => Action::Trickle,
            _ => Action::Proceed,
        })));
    }
    let state = migrate(&source, &target);
    assert_arrived(&source, &target, &state);
}

#[test]
fn what_a_server_says_unasked_between_the_lines_does_no_harm() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Bare)));
    let unasked = b"* 40 EXISTS\r\n* 3 FETCH (FLAGS (\\Seen))\r\n\r\n* OK [ALERT] {5}\r\n* XYZZY ((( \xff\r\n";
    for end in [&source, &target] {
        end.server.set_faults(Some(Arc::new(move |step: &Step<'_>| match step.moment {
            Moment::Announced { .. } | Moment::Executed { .. } if !step.user.is_empty() => {
                Action::Inject(unasked.to_vec())
            }
            _ => Action::Proceed,
        })));
    }
    let state = migrate(&source, &target);
    assert_arrived(&source, &target, &state);
}

#[test]
fn what_its_owner_deleted_on_the_target_is_not_copied_again_and_what_is_new_is() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Typical)));
    let folder = scratch();
    run(request(RunKind::Migrate, &source, &target, folder.path()));
    target.server.store().delete_message(ANN, "INBOX", 7).unwrap();
    target.server.store().add_generated(ANN, "INBOX", 1, 900, 12_345).unwrap();
    source.server.store().add_generated(ANN, "INBOX", 2, 900, 500).unwrap();
    let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 2), "{:?}", told(&state));
    assert_eq!(inbox(&target).messages(), 39 + 1 + 2);
}

#[test]
fn a_folder_numbered_anew_on_either_side_is_recognised_and_nothing_is_doubled() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Typical)));
    let folder = scratch();
    run(request(RunKind::Migrate, &source, &target, folder.path()));
    for end in [&source, &target] {
        end.server.store().change_uid_validity(ANN, "INBOX").unwrap();
        let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
        assert_arrived(&source, &target, &state);
        assert_eq!(state.tally.copied.messages, 0);
    }
}

#[test]
fn a_message_the_source_cannot_read_is_named_and_the_others_arrive() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Typical)));
    source.server.store().add(ANN, "INBOX", NewMessage::new(Content::Damaged(700))).unwrap();
    source.server.store().add_generated(ANN, "INBOX", 3, 900, 500).unwrap();
    let state = migrate(&source, &target);
    assert_eq!(state.verdict(), Verdict::SomeIncomplete);
    assert_eq!(told(&state), BTreeSet::from([ProblemKind::MessageUnreadable]));
    assert_eq!((inbox(&target).messages(), state.tally.failed), (43, 1));
}

/// A source with one folder of 300 messages, and their size together.
fn large_source() -> (End, u64) {
    let from = store(Layout::SLASH);
    from.add_generated(ANN, "INBOX", 300, 20_000, 1).unwrap();
    let octets = from.snapshot(ANN).unwrap().folders.values().flat_map(|it| &it.messages).map(|it| it.size).sum();
    (End::start(from, ImapOptions::new(Profile::Rich), Security::Plain), octets)
}

/// Ends each line when it has carried so many octets to us.
fn lasting_for(octets: u64) -> impl Fn(&Step<'_>) -> Action + Send + Sync {
    let carried: Mutex<BTreeMap<u64, u64>> = Mutex::default();
    move |step| {
        let Moment::Sending { octets: sent } = step.moment else { return Action::Proceed };
        let mut carried = carried.lock().unwrap();
        let carried = carried.entry(step.connection).or_default();
        *carried += sent as u64;
        if *carried > octets { Action::Cut } else { Action::Proceed }
    }
}

#[test]
fn a_check_goes_on_when_a_line_is_lost_at_any_step() {
    let (source, target) = (source(), target(ImapOptions::new(Profile::Rich)));
    let folder = scratch();
    for lost in 0.. {
        let steps = Arc::new(AtomicU32::new(0));
        for end in [&source, &target] {
            let steps = steps.clone();
            let once = move |_: &Step<'_>| {
                if steps.fetch_add(1, Ordering::SeqCst) == lost { Action::Cut } else { Action::Proceed }
            };
            end.server.set_faults(Some(Arc::new(once)));
        }
        let state = run(request(RunKind::Check, &source, &target, folder.path()));
        // Greeting the servers comes before any account.
        if state.verdict() != Verdict::CouldNotStart {
            assert_eq!(state.verdict(), Verdict::AllComplete, "step {lost}: {:?}", state.accounts[0].problems);
            assert_eq!(state.tally.expected.messages, 40, "step {lost}");
        }
        if steps.load(Ordering::SeqCst) <= lost {
            assert!(lost > 20, "only {lost} steps were tried");
            return;
        }
    }
}

#[test]
fn a_folder_without_a_record_is_compared_bit_by_bit_on_lines_that_never_last_for_all_of_it() {
    let (source, octets) = large_source();
    let target = target(ImapOptions::new(Profile::Rich));
    assert_arrived(&source, &target, &migrate(&source, &target));
    for end in [&source, &target] {
        end.server.set_faults(Some(Arc::new(lasting_for(octets / 20))));
    }
    let state = migrate(&source, &target);
    assert_arrived(&source, &target, &state);
    assert_eq!((state.tally.copied.messages, state.tally.found.messages), (0, 300));
}

#[test]
fn a_folder_on_a_line_that_never_lasts_for_all_of_it_is_proved_bit_by_bit() {
    let (source, octets) = large_source();
    let target = target(ImapOptions::new(Profile::Rich));
    // Each line to the target carries a twentieth of the mail back, and is lost then: twice as often as a server may fail us in a row.
    target.server.set_faults(Some(Arc::new(lasting_for(octets / 20))));
    let folder = scratch();
    let mut request = request(RunKind::Migrate, &source, &target, folder.path());
    // Without a second line that checks meanwhile.
    request.servers.target.lines.max_connections = Some(1);
    let state = run(request);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", state.accounts[0].problems);
    assert_eq!((state.tally.copied.messages, state.tally.checked.messages), (300, 300));
}
