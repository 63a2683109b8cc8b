//! What servers are known to do beside the standard, as a table: with each row, on either side, a mailbox is checked, migrated, migrated once
//! more and compared, and everything is there once. What cannot be mended is named, and blames nothing that is in order.

use super::between::{Answer, Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::{ProblemKind, Side};
use kimt::progress::{AccountEnd, RunKind, Verdict};
use kimt::rehearsal::{NewMessage, Profile};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One row: what it is called, on which sides it can occur, and what the server does.
pub type Row = (String, &'static [Side], Box<dyn Fn() -> Tamper>);

pub const BOTH: &[Side] = &[Side::Source, Side::Target];
const TARGET: &[Side] = &[Side::Target];

pub fn row(name: impl Into<String>, sides: &'static [Side], tamper: impl Fn() -> Tamper + 'static) -> Row {
    (name.into(), sides, Box::new(tamper))
}

/// A mailbox with folders below folders, one of them empty, and messages that are odd in themselves.
pub fn stage() -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(4);
    let store = stage.source.store();
    for folder in ["Work", "Work/Gr\u{fc}n", "Empty"] {
        store.create_folder(ANN, folder).unwrap();
    }
    store.add_generated(ANN, "Work/Gr\u{fc}n", 3, 600, 4).unwrap();
    for text in ["no line end", "Subject: n\r\n\r\na\0b\r\n", "\r\n", "Subject: p\r\n\r\n)\r\n"] {
        store.add(ANN, "Work", message(text)).unwrap();
    }
    let large = format!("Subject: large\r\n\r\n{}", "0123456789\r\n".repeat(1_000));
    let flags = ["\\Seen", "\\Flagged", "work"].map(str::to_owned).to_vec();
    store.add(ANN, "Work", NewMessage { flags, ..message(&large) }).unwrap();
    stage.patience.limits.read = Duration::from_secs(2);
    stage
}

/// Does what a row wants on each of its sides, and expects everything to be there, once.
pub fn assert_harmless(rows: Vec<Row>) {
    for (name, sides, tamper) in rows {
        for side in sides {
            let mut stage = stage();
            let end = if *side == Side::Source { &mut stage.source } else { &mut stage.target };
            end.tamper(tamper());
            let about = format!("{name}, on the {side:?}");
            let checked = stage.run(RunKind::Check);
            assert_eq!(kinds(&checked), [].into(), "{about}, checked: {:#?}", problems(&checked));
            for run in ["migrated", "migrated again"] {
                let state = stage.migrate();
                assert_eq!(state.verdict(), Verdict::AllComplete, "{about}, {run}: {:#?}", problems(&state));
                assert_eq!(kinds(&state), [].into(), "{about}, {run}: {:#?}", problems(&state));
                assert!(run == "migrated" || state.tally.copied.messages == 0, "{about}, {run}");
                stage.assert_complete(&state);
            }
            let compared = stage.run(RunKind::Verify);
            assert_eq!(kinds(&compared), [].into(), "{about}, compared: {:#?}", problems(&compared));
        }
    }
}

/// An answer of the engine's commands, not of the sign-in.
pub fn is_tagged(answer: &Answer) -> bool {
    answer.text.starts_with('K')
}

pub fn is_fetch(answer: &Answer) -> bool {
    answer.text.starts_with("* ") && answer.text.contains(" FETCH (")
}

fn says(line: String) -> Fate {
    Fate::Instead(line.into_bytes())
}

/// Says the last words of a connection, then ends it.
pub fn last_words(words: String) -> Fate {
    Fate::Stream(Box::new(move |client| {
        client.write_all(words.as_bytes())?;
        client.shutdown(std::net::Shutdown::Both)
    }))
}

/// Does something the first time that each of these commands is sent.
fn once_each(names: &'static [&'static str], fate: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Tamper {
    let seen = Mutex::new(Vec::<String>::new());
    Tamper::commands(move |command| {
        let mut seen = seen.lock().unwrap();
        if !names.contains(&command.name.as_str()) || seen.contains(&command.name) {
            return Fate::Pass;
        }
        seen.push(command.name.clone());
        fate(command)
    })
}

/// The name in an answer to LIST, LSUB or STATUS: what is before it, the name, and what is after it.
fn listed(answer: &Answer) -> Option<(&str, &str, &str)> {
    let text = &answer.text;
    let before = ["* LIST ", "* LSUB "].iter().find(|start| text.starts_with(**start)).map(|_| text.find("\"/\" \""));
    let at = before.unwrap_or_else(|| text.starts_with("* STATUS \"").then_some(5))? + 4;
    let (name, after) = text.get(at + 1..)?.split_once('"')?;
    text[..at].ends_with(' ').then_some((&text[..at], name, after))
}

#[test]
fn lists_and_numbers_in_other_forms_are_read() {
    let mut rows = vec![
        row("names as literals", BOTH, || {
            Tamper::answers(|answer| match listed(answer) {
                Some((before, name, after)) => says(format!("{before}{{{}}}\r\n{name}{after}\r\n", name.len())),
                None => Fate::Pass,
            })
        }),
        row("LSUB unlike LIST", BOTH, || {
            Tamper::commands(|command| match command.name.as_str() {
                "LSUB" => says(format!(
                    "* LSUB () \"/\" Gone\r\n* LSUB (\\Noselect) \"/\" Work\r\n* LSUB () NIL inbox\r\n{} OK\r\n",
                    command.tag
                )),
                _ => Fate::Pass,
            })
            .offering("IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE")
        }),
        row("STATUS with NIL and lists", BOTH, || {
            Tamper::answers(|answer| match answer.text.split_once(" (MESSAGES ") {
                Some((before, after)) if answer.text.starts_with("* STATUS") => {
                    says(format!("{before} (X-GUID (a (b c) 4) RECENT NIL MESSAGES {after}\r\n"))
                }
                _ => Fate::Pass,
            })
        }),
        row("STATUS without numbers", BOTH, || {
            Tamper::answers(|answer| match answer.text.split_once(" (MESSAGES ") {
                Some((before, _)) if answer.text.starts_with("* STATUS") => {
                    says(format!("{before} (MESSAGES NIL UIDNEXT NIL)\r\n"))
                }
                _ => Fate::Pass,
            })
        }),
    ];
    for offers in ["IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND ID", "IMAP4rev1 LITERAL+ UIDPLUS X-CM-EXT-1"] {
        // On every connection, whatever it is for; answered with a literal, or with nothing.
        rows.push(row(format!("ID wanted: {offers}"), BOTH, move || {
            let known = Mutex::new(BTreeSet::new());
            Tamper::commands(move |command| {
                let mut known = known.lock().unwrap();
                match command.name.as_str() {
                    "ID" => {
                        known.insert(command.connection);
                        says(format!("* ID (\"name\" {{4}}\r\nMail \"x\" NIL)\r\n* ID NIL\r\n{} OK\r\n", command.tag))
                    }
                    "EXAMINE" | "SELECT" | "STATUS" | "APPEND" if !known.contains(&command.connection) => {
                        command.answer("NO Unsafe Login. Please contact the provider for help")
                    }
                    _ => Fate::Pass,
                }
            })
            .offering(offers)
        }));
    }
    for words in ["NO [CANNOT] no status", "BAD unknown command", "OK nothing"] {
        rows.push(row(format!("STATUS: {words}"), BOTH, move || {
            Tamper::commands(move |command| if command.name == "STATUS" { command.answer(words) } else { Fate::Pass })
        }));
        rows.push(row(format!("optional commands: {words}"), BOTH, move || {
            const OPTIONAL: [&str; 7] = ["LSUB", "NAMESPACE", "ID", "ENABLE", "GETQUOTAROOT", "UNSELECT", "NOOP"];
            Tamper::commands(
                move |command| {
                    if OPTIONAL.contains(&command.name.as_str()) { command.answer(words) } else { Fate::Pass }
                },
            )
            .offering("IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE ID ENABLE QUOTA UNSELECT CONDSTORE")
        }));
    }
    assert_harmless(rows);
}

#[test]
fn what_nobody_asked_for_changes_nothing() {
    let mut rows = vec![
        row("numbers and flags between messages", BOTH, || {
            Tamper::answers(|answer| {
                match is_fetch(answer) {
                true => answer.after(
                    b"* 99 EXISTS\r\n* 99 EXPUNGE\r\n* 0 RECENT\r\n* OK Still here\r\n* 1 FETCH (FLAGS (\\Deleted))\r\n\
                      * FLAGS (a)\r\n\r\n* X-NEW (1 \"2\" {3}\r\nabc)\r\n",
                ),
                false => Fate::Pass,
            }
            })
        }),
        row("a number that shrinks", BOTH, || {
            Tamper::answers(|answer| if is_fetch(answer) { answer.after(b"* 1 EXISTS\r\n") } else { Fate::Pass })
        }),
        row("complaints", BOTH, || {
            Tamper::answers(|answer| {
                match is_tagged(answer) {
                true => answer.after(
                    b"* NO [ALERT] Your mailbox is nearly full\r\n* OK [OVERQUOTA] 96 % are used\r\n* BAD who are you?\r\n",
                ),
                false => Fate::Pass,
            }
            })
        }),
        row("a server that says for a while that it is still there", BOTH, || {
            let times = AtomicUsize::new(0);
            Tamper::answers(move |answer| {
                if !is_tagged(answer) || times.fetch_add(1, Ordering::SeqCst) != 4 {
                    return Fate::Pass;
                }
                let last = format!("{}\r\n", answer.text);
                Fate::Stream(Box::new(move |client| {
                    for _ in 0..6 {
                        client.write_all(b"* OK Still working\r\n")?;
                        std::thread::sleep(Duration::from_millis(500));
                    }
                    client.write_all(last.as_bytes())
                }))
            })
        }),
    ];
    // [UNAVAILABLE] is not among them: at the end of LIST it says that the list is not whole.
    for code in ["OVERQUOTA", "ALERT", "CAPABILITY IMAP4rev1", "TRYCREATE", "COPYUID 0 1 1", "X (a [b]"] {
        rows.push(row(format!("OK [{code}]"), BOTH, move || {
            Tamper::answers(move |answer| match answer.text.split_once(" OK ") {
                Some((tag, words)) if is_tagged(answer) && !words.starts_with('[') => {
                    says(format!("{tag} OK [{code}] {words}\r\n"))
                }
                _ => Fate::Pass,
            })
        }));
    }
    assert_harmless(rows);
}

#[test]
fn messages_in_other_forms_are_the_same_messages() {
    let forms: [(&str, &str, &str); 5] = [
        ("a literal of eight bits", "BODY[] {", "BODY[] ~{"),
        ("other letters", "BODY[] {", "body[] {"),
        ("an offset", "BODY[] {", "BODY[]<0> {"),
        ("unknown items", "BODY[] {", "ENVELOPE (NIL (a (b) c) \"x)\" NIL) X-Y NIL BODY[] {"),
        ("no blank", "FETCH (UID ", "FETCH (MODSEQ (12)UID "),
    ];
    let mut rows: Vec<Row> = forms
        .into_iter()
        .map(|(name, part, other)| {
            row(name, BOTH, move || {
                Tamper::answers(move |answer| match is_fetch(answer) && answer.text.contains(part) {
                    true => answer.with(part, other),
                    false => Fate::Pass,
                })
            })
        })
        .collect();
    for end in ["\r\n)", "FLAGS (\\Seen))", "  )", " X-Y NIL)"] {
        rows.push(row(format!("behind a message: {end:?}"), BOTH, move || {
            Tamper::answers(move |answer| if answer.text == ")" { says(format!("{end}\r\n")) } else { Fate::Pass })
        }));
    }
    rows.push(row("messages one behind the other, answered at the end", BOTH, || {
        Tamper::answers(|answer| if answer.text.contains("BODY[] {") { Fate::Hold } else { Fate::Pass })
    }));
    assert_harmless(rows);
}

const AT_WORK: &[&str] = &["LIST", "EXAMINE", "SELECT", "STATUS", "UID FETCH", "APPEND"];

#[test]
fn what_a_server_refuses_once_for_a_reason_that_passes_is_done_later() {
    let mut rows = Vec::new();
    for code in ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[ALERT]", "[UNAVAILABLE] Too many connections,", ""] {
        rows.push(row(format!("BYE {code}"), BOTH, move || {
            once_each(AT_WORK, move |_| last_words(format!("* BYE {code} see you later\r\n")))
        }));
    }
    for code in ["[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[THROTTLED]", "[LIMIT] rate limit,"] {
        rows.push(row(format!("NO {code}"), BOTH, move || {
            let words = if code == "[SERVERBUG]" { "internal error" } else { "come back" };
            once_each(&["LIST", "EXAMINE", "SELECT", "UID FETCH", "APPEND"], move |command| {
                command.answer(&format!("NO {code} {words}"))
            })
        }));
    }
    rows.push(row("a greeting that sends away", BOTH, || {
        let times = AtomicUsize::new(0);
        Tamper::answers(move |answer| {
            let greets = answer.text.starts_with("* OK [CAPABILITY");
            match greets && times.fetch_add(1, Ordering::SeqCst) == 0 {
                true => last_words("* BYE [UNAVAILABLE] Too many simultaneous connections\r\n".to_owned()),
                false => Fate::Pass,
            }
        })
    }));
    rows.push(row("TRYCREATE", TARGET, || {
        once_each(&["APPEND"], |command| command.answer("NO [TRYCREATE] no folder"))
    }));
    assert_harmless(rows);
}

/// Refuses literals that a server without LITERAL+ does not take without a word, as those with LITERAL- do above 4,096 bytes.
fn refusing_free(longest: usize) -> Tamper {
    Tamper::commands(move |command| match command.free.iter().any(|bytes| *bytes > longest) {
        true => command.answer("BAD literal too large"),
        false => Fate::Pass,
    })
}

#[test]
fn literals_wait_where_they_have_to_and_no_longer() {
    let mut rows = vec![
        row("LITERAL-", BOTH, || refusing_free(4096).offering("IMAP4rev1 LITERAL- UIDPLUS MULTIAPPEND")),
        row("no LITERAL+", BOTH, || refusing_free(0).offering("IMAP4rev1 UIDPLUS MULTIAPPEND")),
        row("capabilities that change after the sign-in", BOTH, || {
            refusing_free(0).answering(|answer| match answer.text.split_once("OK [CAPABILITY ") {
                _ if answer.text.starts_with("* CAPABILITY ") => says("* CAPABILITY IMAP4rev1 X\r\n".to_owned()),
                Some((tag, _)) if tag != "* " => says(format!("{tag}OK [CAPABILITY IMAP4rev1 X] in\r\n")),
                _ => Fate::Pass,
            })
        }),
        row("a limit without a number", TARGET, || {
            refusing_free(usize::MAX).offering("IMAP4rev1 LITERAL+ APPENDLIMIT UIDPLUS")
        }),
        row("a go-ahead that does not come", TARGET, || {
            let times = AtomicUsize::new(0);
            let announced = move || (times.fetch_add(1, Ordering::SeqCst) != 3).then_some("+ \r\n");
            refusing_free(0).offering("IMAP4rev1 UIDPLUS").going_ahead(announced)
        }),
    ];
    for words in ["+\r\n", "+OK\r\n", "+ [ALERT] go {3}\r\n", "* OK wait\r\n* NO hm\r\n+ \r\n"] {
        rows.push(row(format!("{words:?}"), TARGET, move || {
            refusing_free(0).offering("IMAP4rev1 UIDPLUS").going_ahead(move || Some(words))
        }));
    }
    assert_harmless(rows);
}

#[test]
fn places_that_make_no_sense_are_not_believed() {
    let places = ["0 0", "1 5:3", "x y", "1", "", "4294967295 1:99", "1 99999999999", "0 1", "1 4294967295"];
    let row = |place: &'static str| {
        row(format!("APPENDUID {place}"), TARGET, move || {
            Tamper::answers(move |answer| match answer.text.split_once("[APPENDUID ") {
                Some((before, after)) => {
                    let (_, words) = after.split_once(']').unwrap();
                    says(format!("{before}[APPENDUID {place}]{words}\r\n"))
                }
                None => Fate::Pass,
            })
        })
    };
    assert_harmless(places.map(row).into());
}

/// What is refused for ever, and for which no message, password or quota is to blame.
#[test]
fn a_refusal_for_ever_is_quoted_and_blames_neither_password_nor_messages() {
    let codes = ["[CONTACTADMIN]", "[EXPIRED]", "[PRIVACYREQUIRED]", "[NOPERM]", "[AUTHORIZATIONFAILED]"];
    for code in codes {
        for (side, names) in [
            (Side::Source, &["LIST"][..]),
            (Side::Source, &["EXAMINE"]),
            (Side::Target, &["LIST"]),
            (Side::Target, &["SELECT", "CREATE"]),
            (Side::Target, &["APPEND"]),
        ] {
            let mut stage = stage();
            let words = format!("NO {code} This mailbox is closed, please ask Ms Miller");
            let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
            end.tamper(Tamper::commands(move |command| {
                if names.contains(&command.name.as_str()) { command.answer(&words) } else { Fate::Pass }
            }));
            let state = stage.migrate();
            let (kinds, about) =
                (kinds(&state), format!("{code} at {names:?} of the {side:?}: {:#?}", problems(&state)));
            for blamed in [ProblemKind::PasswordRefused, ProblemKind::OverQuota, ProblemKind::Throttled] {
                assert!(!kinds.contains(&blamed), "{about}");
            }
            assert!(!problems(&state).is_empty(), "{about}");
            assert!(problems(&state).iter().all(|problem| problem.contains("Ms Miller")), "{about}");
            assert_ne!(state.accounts[0].end, Some(AccountEnd::Complete), "{about}");
            assert_eq!(problems(&state).len(), 1, "one line for the mailbox: {about}");
        }
    }
}

#[test]
fn a_referral_to_another_server_is_quoted_and_not_followed() {
    for side in BOTH {
        let mut stage = stage();
        let end = if *side == Side::Source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::commands(|command| match command.name.as_str() {
            "LOGIN" | "AUTHENTICATE" => command.answer("NO [REFERRAL imap://ann@mail2.example.com/] Try mail2"),
            _ => Fate::Pass,
        }));
        let state = stage.migrate();
        assert_eq!(kinds(&state), [ProblemKind::AccessRefused].into(), "{:#?}", problems(&state));
        assert!(problems(&state)[0].contains("imap://ann@mail2.example.com/"), "{:#?}", problems(&state));
    }
}

#[test]
fn whoever_is_let_in_without_being_asked_does_not_begin() {
    for side in BOTH {
        let mut stage = stage();
        let end = if *side == Side::Source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::answers(|answer| match answer.text.strip_prefix("* OK [CAPABILITY") {
            Some(rest) => says(format!("* PREAUTH [CAPABILITY{rest}\r\n")),
            None => Fate::Pass,
        }));
        let state = stage.migrate();
        assert_ne!(state.verdict(), Verdict::AllComplete);
        assert_eq!(stage.target.mail().messages(), 0);
        let about: Vec<String> =
            problems(&state).into_iter().chain(state.problems.iter().map(|it| it.sentence())).collect();
        assert!(about.iter().any(|problem| problem.contains("PREAUTH")), "{about:#?}");
    }
}

#[test]
fn flags_that_no_command_can_send_are_counted_and_the_others_arrive() {
    let mut stage = stage();
    stage.source.tamper(Tamper::answers(|answer| match is_fetch(answer) && answer.text.contains("FLAGS (") {
        true => answer.with("FLAGS (", "FLAGS (\"q\" a]b[c \\ () "),
        false => Fate::Pass,
    }));
    let state = stage.migrate();
    assert!(kinds(&state).is_subset(&[ProblemKind::KeywordsDropped].into()), "{:#?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 12, "{:#?}", problems(&state));
    let again = stage.migrate();
    assert_eq!((again.tally.copied.messages, stage.target.mail().messages()), (0, 12));
}

#[test]
fn folders_below_an_inbox_in_other_letters_are_below_inbox() {
    let stage = stage();
    for (name, number) in [(&b"Inbox/Sub"[..], 1), (b"inbox/Other", 2)] {
        stage.source.store().create_folder_on_wire(ANN, name).unwrap();
        stage.source.store().add_on_wire(ANN, name, message(&format!("Subject: {number}\r\n\r\nx\r\n"))).unwrap();
    }
    for copied in [14, 0] {
        let state = stage.migrate();
        assert_eq!(
            (state.verdict(), state.tally.copied.messages),
            (Verdict::AllComplete, copied),
            "{:#?}",
            problems(&state)
        );
        assert_eq!(stage.target.mail().messages(), 14);
    }
    assert_eq!(kinds(&stage.run(RunKind::Verify)), [].into());
}

#[test]
fn a_server_without_folders_below_folders_gives_and_gets_all() {
    for side in BOTH {
        let mut stage = stage();
        let end = if *side == Side::Source { &mut stage.source } else { &mut stage.target };
        end.tamper(
            Tamper::answers(|answer| {
                let lists = ["* LIST ", "* LSUB "].iter().any(|start| answer.text.starts_with(start));
                if lists { answer.with("\"/\"", "NIL") } else { Fate::Pass }
            })
            .offering("IMAP4rev1 LITERAL+ UIDPLUS"),
        );
        for copied in [12, 0] {
            let state = stage.migrate();
            let about = format!("{side:?}: {:#?}", problems(&state));
            assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, copied), "{about}");
            assert_eq!(stage.target.mail().messages(), 12, "{about}");
        }
        let compared = stage.run(RunKind::Verify);
        assert_eq!(kinds(&compared), [].into(), "{side:?}: {:#?}", problems(&compared));
    }
}
