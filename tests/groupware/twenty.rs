//! Twenty people move from a real Cyrus with all they have, mail, events, tasks and contacts: into the stand-in, and into Radicale. The
//! program itself is killed twice on the way. Nothing is lost, doubled, overwritten or sent, as Python's readers see it.

use crate::support::corpus::plain_message;
use crate::support::cyrus::Cyrus;
use crate::support::dav::{DavClient, DavServer, items_of};
use crate::support::imap_client::ImapClient;
use crate::{PASSWORD, sample};
use kimt::domain::Secret;
use kimt::rehearsal::dav::{DavFault, DavStandIn};
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PEOPLE: usize = 20;
const MESSAGES: usize = 4;
/// What the sample holds, an event of their own, and a contact.
const ITEMS: usize = 11;

fn address(number: usize) -> String {
    format!("person{number:02}@example.com")
}

fn people() -> Vec<String> {
    (0..PEOPLE).map(address).collect()
}

/// What each person has, as the independent reader sees it, with participants apart; sorted.
type Seen = BTreeMap<String, Vec<String>>;

fn seen(port: u16, homes: &dyn Fn(&str) -> Vec<String>) -> Seen {
    let asked: Vec<_> = people().into_iter().map(|user| (user.clone(), PASSWORD.to_owned(), homes(&user))).collect();
    let mut all: Seen = people().into_iter().map(|user| (user, Vec::new())).collect();
    for (user, line) in items_of(port, &asked) {
        all.get_mut(&user).unwrap().push(line);
    }
    all
}

/// Without what a migration changes on purpose.
fn plain(seen: &Seen) -> Seen {
    seen.iter().map(|(user, lines)| (user.clone(), crate::servers::plain(lines))).collect()
}

fn fill(cyrus: &Cyrus, number: usize) {
    let (user, other) = (address(number), address((number + 1) % PEOPLE));
    cyrus.add_user_with_mailbox(&user, PASSWORD);
    let mut mail = ImapClient::sign_in(cyrus.port, &user, PASSWORD);
    for message in 0..MESSAGES {
        mail.append(b"INBOX", &plain_message(number * 100 + message)).unwrap();
    }
    let client = DavClient::new(cyrus.dav_port, &user, PASSWORD);
    let (calendar, book) =
        (format!("/dav/calendars/user/{user}/Default/"), format!("/dav/addressbooks/user/{user}/Default/"));
    client.send("PROPFIND", &format!("/dav/calendars/user/{user}/"), &[("Depth", "0")], "");
    client.send("PROPFIND", &book, &[("Depth", "0")], "");
    assert_eq!(sample::fill(&client, &calendar, &calendar, &book), ITEMS - 2);
    // Cyrus itself would invite the other one now, so this one says that it did.
    let people = format!(
        "ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:{user}\r\nATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{other}\r\n"
    );
    let own = format!("DTSTART:20300101T090000Z\r\nDTEND:20300101T100000Z\r\nSUMMARY:Of {user}\r\n{people}");
    let own = sample::calendar(&sample::event(&format!("own-{number}@example.com"), &own));
    client.put(&format!("{calendar}own.ics"), "text/calendar; charset=utf-8", &own);
    let card =
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-{number}\r\nFN:Of {user}\r\nN:Of;{user};;;\r\nEND:VCARD\r\n");
    client.put(&format!("{book}own.vcf"), "text/vcard; charset=utf-8", &card);
}

/// The program on its way from the source to one target.
struct Journey {
    folder: tempfile::TempDir,
    mail: Arc<ImapServer>,
    arguments: Vec<String>,
}

impl Journey {
    fn between(cyrus: &Cyrus, dav_port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mail =
            Arc::new(ImapServer::start(MailStore::new(Layout::SLASH), ImapOptions::new(Profile::Typical)).unwrap());
        for user in people() {
            mail.store().create_user(&[&user], PASSWORD).unwrap();
        }
        let port = mail.listen(ImapService::Imap, 0).unwrap();
        let csv: String = people().iter().map(|user| format!("{user};{PASSWORD}\n")).collect();
        std::fs::write(folder.path().join("accounts.csv"), csv).unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let arguments = vec![
            "migrate".to_owned(),
            format!("--source=127.0.0.1:{}", cyrus.port),
            "--source-security=plain".to_owned(),
            format!("--target=127.0.0.1:{port}"),
            "--target-security=plain".to_owned(),
            "--target-kind=imap".to_owned(),
            "--groupware=auto".to_owned(),
            format!("--source-dav=http://127.0.0.1:{}/", cyrus.dav_port),
            format!("--target-dav=http://127.0.0.1:{dav_port}/"),
            format!("--accounts={}", at("accounts.csv")),
            format!("--state-dir={}", at("state")),
            format!("--log-dir={}", at("logs")),
            "--json".to_owned(),
        ];
        Self { folder, mail, arguments }
    }

    fn start(&self) -> Child {
        let mut program = Command::new(env!("CARGO_BIN_EXE_kimt"));
        program.args(&self.arguments).env("HOME", self.folder.path()).env_remove("DISPLAY");
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs until so many items are stored and kills the program then.
    fn kill_at(&self, items: usize, stored: &dyn Fn() -> usize) {
        let mut child = self.start();
        let begun = Instant::now();
        while stored() < items {
            assert!(child.try_wait().unwrap().is_none(), "it came to its end with {} of {items} items", stored());
            assert!(begun.elapsed() < Duration::from_secs(60), "it hangs");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs to the end and returns what it says of its items: copied, there, different, altered, left out, failed.
    fn finish(&self) -> [u64; 6] {
        let output = self.start().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(last["accounts"]["ok"], PEOPLE, "{last}");
        ["copied", "already_there", "different", "altered", "left_out", "failed"]
            .map(|name| last["items"][name].as_u64().unwrap_or_else(|| panic!("{last}")))
    }

    fn assert_mail_is_there(&self) {
        for (number, user) in people().iter().enumerate() {
            let there = self.mail.store().snapshot(user).unwrap();
            let digests: BTreeSet<String> =
                there.folders.values().flat_map(|it| &it.messages).map(|it| format!("{:?}", it.digest)).collect();
            let digest = |message: usize| {
                let bytes = plain_message(number * 100 + message).bytes;
                format!("{:?}", kimt::domain::Digest(*blake3::hash(&bytes).as_bytes()))
            };
            assert_eq!(digests, (0..MESSAGES).map(digest).collect(), "{user}");
            assert_eq!(there.messages(), MESSAGES, "{user}");
        }
    }
}

/// Killed twice, then to the end, and once more, which stores nothing.
fn travel(journey: &Journey, stored: &dyn Fn() -> usize) {
    let all = (PEOPLE * ITEMS) as u64;
    journey.kill_at(45, stored);
    journey.kill_at(130, stored);
    let [copied, there, rest @ ..] = journey.finish();
    assert_eq!((copied + there, rest), (all, [0; 4]));
    let before = stored();
    assert_eq!(journey.finish(), [0, all, 0, 0, 0, 0]);
    assert_eq!(stored(), before, "a run over what is there stored something");
    journey.assert_mail_is_there();
}

#[test]
fn twenty_people_move_from_cyrus_with_all_they_have_killed_twice_on_the_way() {
    let cyrus = Cyrus::start();
    (0..PEOPLE).for_each(|number| fill(&cyrus, number));
    let at_cyrus = |user: &str| vec![format!("/dav/calendars/user/{user}/"), format!("/dav/addressbooks/user/{user}/")];
    let before = seen(cyrus.dav_port, &at_cyrus);
    // The exception of the series is a line of its own.
    assert!(before.values().all(|lines| lines.len() == ITEMS + 1), "{before:#?}");

    into_the_stand_in(&cyrus, &before);
    into_radicale(&cyrus, &before);
    assert_eq!(seen(cyrus.dav_port, &at_cyrus), before, "the source is as it was");
}

fn into_the_stand_in(cyrus: &Cyrus, before: &Seen) {
    let target = DavStandIn::start(0, None).unwrap();
    people().iter().for_each(|user| target.create_user(user, &Secret::new(PASSWORD)));
    // Somebody wrote something on the new server already, with the UID of what will come.
    let own = sample::calendar(&sample::event("note@example.com", "DTSTART:20240101T100000Z\r\nSUMMARY:My own\r\n"));
    target.add(&address(3), "Calendar", "own.eml", &own);
    let stored = Arc::new(Mutex::new(0));
    let counter = stored.clone();
    target.on_request(move |method, _, _| {
        if method == "PUT" {
            *counter.lock().unwrap() += 1;
        }
        DavFault::None
    });
    let journey = Journey::between(cyrus, target.port());
    travel(&journey, &|| *stored.lock().unwrap());
    assert_eq!(target.outbox(), [], "somebody was invited");
    assert!(target.items(&address(3)).iter().any(|(_, text)| *text == own), "it was overwritten");
    let homes = |user: &str| {
        let (local, domain) = user.split_once('@').unwrap();
        vec![format!("/full-calendars/{domain}/{local}/"), format!("/contacts/{domain}/{local}/")]
    };
    let mut there = seen(target.port(), &homes);
    there.get_mut(&address(3)).unwrap().retain(|line| !line.contains("My own"));
    assert_arrived(before, &there);
}

fn into_radicale(cyrus: &Cyrus, before: &Seen) {
    let all = people();
    let users: Vec<&str> = all.iter().map(String::as_str).collect();
    let target = DavServer::radicale(&users, PASSWORD);
    let journey = Journey::between(cyrus, target.port);
    travel(&journey, &|| target.stored_items());
    assert_arrived(before, &seen(target.port, &|user| vec![format!("/{user}/")]));
}

fn assert_arrived(before: &Seen, there: &Seen) {
    assert_eq!(plain(there), plain(before));
    for (user, lines) in there {
        let with_people = lines.iter().filter(|line| line.contains("\"people\": [\"")).count();
        let listed = lines.iter().filter(|line| line.contains("\"listed\": true")).count();
        assert_eq!((with_people, listed), (0, 2), "{user}: {lines:#?}");
    }
}
