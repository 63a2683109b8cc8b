//! Somebody on the way who does not want encryption.

use super::between::{Fate, Tamper};
use super::stage::Stage;
use kimt::domain::{ProblemKind, Security, Side};
use kimt::progress::Verdict;
use kimt::rehearsal::Profile;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs over STARTTLS with that somebody on one side, and returns what was reported.
fn refused(side: Side, tamper: Tamper) -> Vec<ProblemKind> {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(2);
    stage.source.security = Security::StartTls;
    stage.target.security = Security::StartTls;
    match side {
        Side::Source => stage.source.tamper(tamper),
        _ => stage.target.tamper(tamper),
    }
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::CouldNotStart, "{:?}", state.problems);
    assert_eq!(stage.target.mail().messages(), 0);
    state.problems.iter().map(|problem| problem.kind).collect()
}

#[test]
fn without_an_offer_of_encryption_nobody_signs_in() {
    for side in [Side::Source, Side::Target] {
        let signed_in = Arc::new(AtomicBool::new(false));
        let seen = signed_in.clone();
        let tamper = Tamper::commands(move |command| {
            if matches!(command.name.as_str(), "LOGIN" | "AUTHENTICATE") {
                seen.store(true, Ordering::SeqCst);
            }
            Fate::Pass
        });
        assert_eq!(refused(side, tamper.offering("IMAP4rev1 AUTH=PLAIN")), [ProblemKind::EncryptionRefused]);
        assert!(!signed_in.load(Ordering::SeqCst), "a password was sent in clear");
    }
}

#[test]
fn text_put_before_the_encryption_is_refused() {
    let tamper = Tamper::commands(|command| match command.name.as_str() {
        "STARTTLS" => Fate::Instead(format!("{} OK go\r\n* CAPABILITY IMAP4rev1 X-EVIL\r\n", command.tag).into_bytes()),
        _ => Fate::Pass,
    });
    assert_eq!(refused(Side::Source, tamper), [ProblemKind::EncryptionRefused]);
}

#[test]
fn a_refused_start_of_encryption_is_the_end() {
    let tamper = Tamper::commands(|command| match command.name.as_str() {
        "STARTTLS" => command.answer("NO not today"),
        _ => Fate::Pass,
    });
    assert_eq!(refused(Side::Target, tamper), [ProblemKind::EncryptionRefused]);
}

#[test]
fn a_session_that_begins_signed_in_is_not_used() {
    let tamper =
        Tamper::answers(
            |answer| {
                if answer.text.starts_with("* OK") { answer.with("* OK", "* PREAUTH") } else { Fate::Pass }
            },
        );
    assert_eq!(refused(Side::Source, tamper), [ProblemKind::ServerMisbehaved]);
}
