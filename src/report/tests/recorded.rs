//! Runs that an earlier version recorded give the same reports.

use crate::progress::{Event, RunState, Stamped};
use crate::report::json;

/// The facts of a report without its sentences, which may be rewritten.
fn without_sentences(mut report: serde_json::Value) -> serde_json::Value {
    const SENTENCES: [&str; 6] = ["version", "verdict_text", "comparison_text", "status_text", "sentence", "advice"];
    match &mut report {
        serde_json::Value::Object(fields) => {
            fields.retain(|name, _| !SENTENCES.contains(&name.as_str()));
            fields.values_mut().for_each(|value| *value = without_sentences(value.take()));
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| *item = without_sentences(item.take())),
        _ => {}
    }
    report
}

/// Runs that the first version recorded: 45 of them, from a demo with faults and from servers that misbehave in every way.
fn recorded() -> Vec<Vec<Stamped>> {
    let mut runs: Vec<Vec<Stamped>> = Vec::new();
    for line in include_str!("../../../tests/recorded/events.jsonl").lines() {
        let stamped: Stamped = serde_json::from_str(line).unwrap();
        if matches!(stamped.event, Event::RunStarted(_)) {
            runs.push(Vec::new());
        }
        runs.last_mut().unwrap().push(stamped);
    }
    runs
}

#[test]
fn a_run_that_was_recorded_earlier_replays_into_the_same_state() {
    let reports = include_str!("../../../tests/recorded/reports.jsonl").lines();
    let runs = recorded();
    assert_eq!((runs.len(), reports.clone().count()), (45, 45));
    for (run, expected) in runs.iter().zip(reports) {
        let state = RunState::replay(run);
        let report: serde_json::Value = serde_json::from_slice(&json::report(&state).unwrap()).unwrap();
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(contained(&expected, &without_sentences(report)), expected);
    }
}

/// The part of `found` that `expected` has a place for: a report may gain fields and lose none.
fn contained(expected: &serde_json::Value, found: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let known = expected.iter().filter_map(|(name, of)| Some((name.clone(), contained(of, found.get(name)?))));
            Value::Object(known.collect())
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            Value::Array(expected.iter().zip(found).map(|(expected, found)| contained(expected, found)).collect())
        }
        _ => found.clone(),
    }
}

#[test]
fn what_an_earlier_version_said_of_a_message_and_quoted_is_said_still() {
    for line in include_str!("../../../tests/recorded/events.jsonl").lines() {
        let Event::ProblemMet { problem, .. } = serde_json::from_str::<Stamped>(line).unwrap().event else { continue };
        let recorded: serde_json::Value = serde_json::from_str(line).unwrap();
        let said = [&recorded["problem"]["words"], &recorded["problem"]["subject"]["message"]];
        for said in said.into_iter().filter_map(|said| said.as_str()) {
            assert!(problem.sentence().contains(said.trim_end_matches('.')), "{said}: {}", problem.sentence());
        }
    }
}
