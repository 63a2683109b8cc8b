//! The connection is cut, once at every step; the run continues by itself.

use super::two_connections::appending;
use super::*;
use kimt::domain::ProblemKind;
use kimt::rehearsal::{Action, FaultPlan, Faults, Moment, Step};

/// What the connections are like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    Near,
    /// So far that they are compressed: what a distance is measured by takes long, and nothing else does.
    Far,
    /// Near, and two to the target, on which batches go in turn.
    Two,
}

/// The plan of a server over such connections.
fn over(connections: Connections, plan: Arc<FaultPlan>) -> Arc<dyn Faults> {
    Arc::new(move |step: &Step<'_>| match (plan.at(step), step.moment) {
        (Action::Proceed, Moment::Received { command: "LOGIN" | "CAPABILITY" }) if connections == Connections::Far => {
            Action::Delay(Duration::from_millis(12))
        }
        (action, _) => action,
    })
}

/// A source whose mail is cheap to send often.
fn small() -> Arc<MailStore> {
    let from = store(Layout::SLASH);
    from.create_folder(ANN, "Work/Ideas").unwrap();
    from.add_generated(ANN, "Work/Ideas", 3, 400, 50).unwrap();
    from.add_generated(ANN, "INBOX", 4, 400, 1).unwrap();
    from
}

/// A server of this mail without encryption.
fn near(mail: &Arc<MailStore>, options: ImapOptions) -> End {
    End::start(mail.clone(), options, Security::Plain)
}

/// Cuts or loses a connection at every step of a run in turn; the run continues by itself and must leave every message exactly once.
fn disturb_every_step(options: ImapOptions, connections: Connections, action: Action) {
    let from = small();
    from.add_all(ANN, "INBOX", vec![NewMessage::new(Content::bytes(&b"Subject: twice\r\n\r\n"[..])); 2]).unwrap();
    if connections == Connections::Two {
        // An empty message is a batch of its own, and ends the one before.
        let messages = ["", "Subject: b\r\n\r\n", "Subject: c\r\n\r\n", "", "Subject: e\r\n\r\n"];
        let messages = messages.map(|bytes| NewMessage::new(Content::bytes(bytes.as_bytes())));
        from.add_all(ANN, "INBOX", messages.to_vec()).unwrap();
    }
    let before = from.snapshot(ANN).unwrap();
    let (mut step, mut over_two) = (0, 0);
    loop {
        let plan = Arc::new(FaultPlan::disturb_at(step, action.clone()));
        let source = near(&from, ImapOptions::new(options.profile));
        let stage = Stage::of(source, near(&store(Layout::SLASH), options.clone()));
        for end in [&stage.source, &stage.target] {
            end.server.set_faults(Some(over(connections, plan.clone())));
        }
        let mut request = stage.request(RunKind::Migrate, stage.folder.path());
        request.options.second_connection_from = if connections == Connections::Two { 0 } else { u64::MAX };
        let mut state = stage.finish(request.clone());
        if state.verdict() == Verdict::CouldNotStart {
            state = stage.finish(request);
        }
        assert_eq!(state.verdict(), Verdict::AllComplete, "step {step}: {:?} {state:?}", problems(&state));
        stage.assert_complete(&state);
        assert!(from.snapshot(ANN).unwrap() == before, "step {step}");
        if connections == Connections::Far {
            for end in [&stage.source, &stage.target] {
                let commands: Vec<String> = end.server.transcripts().into_iter().flat_map(|one| one.commands).collect();
                assert!(commands.contains(&"COMPRESS".to_owned()), "step {step}: {commands:?}");
            }
        }
        over_two += u64::from(appending(&stage.target) > 1);
        if !plan.is_done() {
            break;
        }
        step += 1;
    }
    assert!(step > 100, "{step}");
    // Some cuts lead to two even so; most runs have them before.
    assert!(connections != Connections::Two || over_two > step / 2, "{over_two} of {step}");
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_in_batches() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Connections::Near, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_without_uids() {
    disturb_every_step(ImapOptions::new(Profile::Bare), Connections::Near, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_one_by_one() {
    disturb_every_step(ImapOptions::new(Profile::Typical), Connections::Near, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_in_batches_without_uids() {
    disturb_every_step(
        ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) },
        Connections::Near,
        Action::Cut,
    );
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_in_batches() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Connections::Near, Action::LoseAnswers);
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_without_uids() {
    disturb_every_step(ImapOptions::new(Profile::Bare), Connections::Near, Action::LoseAnswers);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_over_compressed_connections() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Connections::Far, Action::Cut);
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_over_compressed_connections() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Connections::Far, Action::LoseAnswers);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_over_two_connections() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Connections::Two, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_over_two_connections_without_uids() {
    disturb_every_step(
        ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) },
        Connections::Two,
        Action::Cut,
    );
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_over_two_connections() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Connections::Two, Action::LoseAnswers);
}

#[test]
fn a_comparison_cut_at_any_step_comes_to_its_end_and_finds_what_is_missing() {
    let rich = ImapOptions::new(Profile::Rich);
    let stage = Stage::of(near(&small(), rich.clone()), near(&store(Layout::SLASH), rich));
    stage.assert_complete(&stage.migrate());
    stage.target.store().delete_message(ANN, "INBOX", 2).unwrap();
    let mut step = 0;
    loop {
        let plan = Arc::new(FaultPlan::disturb_at(step, Action::Cut));
        for end in [&stage.source, &stage.target] {
            end.server.set_faults(Some(plan.clone()));
        }
        let mut state = stage.run(RunKind::Verify);
        if state.verdict() == Verdict::CouldNotStart {
            state = stage.run(RunKind::Verify);
        }
        let found: Vec<ProblemKind> = state.accounts[0].problems.iter().map(|(_, problem)| problem.kind).collect();
        assert_eq!(found, [ProblemKind::MessageMissing], "step {step}: {:#?}", problems(&state));
        assert_eq!(state.tally.checked.messages, 6, "step {step}");
        if !plan.is_done() {
            break;
        }
        step += 1;
    }
    assert!(step > 50, "{step}");
}
