//! The line is cut, once at every step; the run goes on by itself.

use super::two_lines::appending;
use super::*;
use kimt::domain::ProblemKind;
use kimt::progress::Verdict;
use kimt::rehearsal::{Action, FaultPlan, Faults, Moment, Profile, Step};

/// What the lines are like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    Near,
    /// So far that they are compressed: what a distance is measured by takes long, and nothing else does.
    Far,
    /// Near, and two to the target, on which batches go in turn.
    Two,
}

/// The plan of a server on such a line.
fn on_lines(lines: Lines, plan: Arc<FaultPlan>) -> Arc<dyn Faults> {
    Arc::new(move |step: &Step<'_>| match (plan.at(step), step.moment) {
        (Action::Proceed, Moment::Received { command: "LOGIN" | "CAPABILITY" }) if lines == Lines::Far => {
            Action::Delay(Duration::from_millis(12))
        }
        (action, _) => action,
    })
}

/// Cuts or loses a connection at every step of a run in turn; the run goes on by itself and must leave every message exactly once.
fn disturb_every_step(options: ImapOptions, lines: Lines, action: Action) {
    let from = store(Layout::SLASH);
    from.create_folder(ANN, "Work/Ideas").unwrap();
    from.add_generated(ANN, "Work/Ideas", 3, 400, 50).unwrap();
    from.add_generated(ANN, "INBOX", 4, 400, 1).unwrap();
    from.add_all(ANN, "INBOX", vec![NewMessage::new(Content::octets(&b"Subject: twice\r\n\r\n"[..])); 2]).unwrap();
    if lines == Lines::Two {
        // An empty message is a batch of its own, and ends the one before.
        let messages = ["", "Subject: b\r\n\r\n", "Subject: c\r\n\r\n", "", "Subject: e\r\n\r\n"];
        let messages = messages.map(|octets| NewMessage::new(Content::octets(octets.as_bytes())));
        from.add_all(ANN, "INBOX", messages.to_vec()).unwrap();
    }
    let before = from.snapshot(ANN).unwrap();
    let (mut step, mut over_two) = (0, 0);
    loop {
        let plan = Arc::new(FaultPlan::disturb_at(step, action.clone()));
        let source = End::start(from.clone(), ImapOptions::new(options.profile), Security::Plain);
        let target = End::start(store(Layout::SLASH), options.clone(), Security::Plain);
        let folder = scratch();
        for end in [&source, &target] {
            end.server.set_faults(Some(on_lines(lines, plan.clone())));
        }
        let mut request = request(RunKind::Migrate, &source, &target, folder.path());
        request.options.second_line_from = if lines == Lines::Two { 0 } else { u64::MAX };
        let mut state = run(request.clone());
        if state.verdict() == Verdict::CouldNotStart {
            state = run(request);
        }
        let after = target.server.store().snapshot(ANN).unwrap();
        let told = (&state.problems, &state.accounts[0].problems, &state.tally, after.folder("INBOX"));
        assert_eq!(state.verdict(), Verdict::AllComplete, "step {step}: {told:?}");
        for (name, there) in &before.folders {
            let here = after.folders.get(name).map(|folder| folder.contents());
            assert!(here.as_ref() == Some(&there.contents()), "step {step}: {:?}", after);
        }
        assert!(from.snapshot(ANN).unwrap() == before && from.changes_seen(ANN).unwrap().is_empty(), "step {step}");
        if lines == Lines::Far {
            for end in [&source, &target] {
                let commands: Vec<String> = end.server.transcripts().into_iter().flat_map(|one| one.commands).collect();
                assert!(commands.contains(&"COMPRESS".to_owned()), "step {step}: {commands:?}");
            }
        }
        over_two += u64::from(appending(&target) > 1);
        if !plan.is_done() {
            break;
        }
        step += 1;
    }
    assert!(step > 100, "{step}");
    // Some cuts lead to two even so; most runs have them before.
    assert!(lines != Lines::Two || over_two > step / 2, "{over_two} of {step}");
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_in_batches() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Lines::Near, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_without_uids() {
    disturb_every_step(ImapOptions::new(Profile::Bare), Lines::Near, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_one_by_one() {
    disturb_every_step(ImapOptions::new(Profile::Typical), Lines::Near, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_in_batches_without_uids() {
    disturb_every_step(
        ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) },
        Lines::Near,
        Action::Cut,
    );
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_in_batches() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Lines::Near, Action::LoseAnswers);
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_without_uids() {
    disturb_every_step(ImapOptions::new(Profile::Bare), Lines::Near, Action::LoseAnswers);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_over_compressed_lines() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Lines::Far, Action::Cut);
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_over_compressed_lines() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Lines::Far, Action::LoseAnswers);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_over_two_lines() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Lines::Two, Action::Cut);
}

#[test]
fn a_run_cut_at_any_step_leaves_every_message_exactly_once_over_two_lines_without_uids() {
    disturb_every_step(
        ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) },
        Lines::Two,
        Action::Cut,
    );
}

#[test]
fn answers_lost_at_any_step_leave_every_message_exactly_once_over_two_lines() {
    disturb_every_step(ImapOptions::new(Profile::Rich), Lines::Two, Action::LoseAnswers);
}

#[test]
fn a_comparison_cut_at_any_step_comes_to_its_end_and_finds_what_is_missing() {
    let (from, to) = (store(Layout::SLASH), store(Layout::SLASH));
    from.create_folder(ANN, "Work/Ideas").unwrap();
    from.add_generated(ANN, "Work/Ideas", 3, 400, 50).unwrap();
    from.add_generated(ANN, "INBOX", 4, 400, 1).unwrap();
    let source = End::start(from.clone(), ImapOptions::new(Profile::Rich), Security::Plain);
    let target = End::start(to.clone(), ImapOptions::new(Profile::Rich), Security::Plain);
    let folder = scratch();
    assert_eq!(run(request(RunKind::Migrate, &source, &target, folder.path())).verdict(), Verdict::AllComplete);
    to.delete_message(ANN, "INBOX", 2).unwrap();
    let mut step = 0;
    loop {
        let plan = Arc::new(FaultPlan::disturb_at(step, Action::Cut));
        for end in [&source, &target] {
            end.server.set_faults(Some(plan.clone()));
        }
        let mut state = run(request(RunKind::Verify, &source, &target, folder.path()));
        if state.verdict() == Verdict::CouldNotStart {
            state = run(request(RunKind::Verify, &source, &target, folder.path()));
        }
        let told: Vec<ProblemKind> = state.accounts[0].problems.iter().map(|(_, problem)| problem.kind).collect();
        assert_eq!(told, [ProblemKind::MessageMissing], "step {step}: {:#?}", state.accounts[0].problems);
        assert_eq!(state.tally.checked.messages, 6, "step {step}");
        if !plan.is_done() {
            break;
        }
        step += 1;
    }
    assert!(step > 50, "{step}");
}
