//! Whole migrations from and to Radicale, Xandikos and Cyrus.

use crate::support::cyrus::Cyrus;
use crate::support::dav::{DavClient, DavServer, items};
use crate::{Office, account, outcome, said, sample};
use kimt::progress::{RunKind, Verdict};

/// A Radicale of Ann's with two calendars, a list of tasks and an address book.
fn filled_radicale() -> (DavServer, usize) {
    let (user, password) = account();
    let server = DavServer::radicale(&[user], password);
    let client = DavClient::new(server.port, user, password);
    let home = format!("/{user}");
    client.make_calendar(&format!("{home}/default/"), "Calendar", "VEVENT");
    client.make_calendar(&format!("{home}/todo/"), "Tasks", "VTODO");
    client.make_calendar(&format!("{home}/team/"), "Team Büro", "VEVENT");
    client.make_address_book(&format!("{home}/book/"), "Contacts");
    let all = sample::fill(&client, &format!("{home}/default/"), &format!("{home}/todo/"), &format!("{home}/book/"));
    let shared = sample::calendar(&sample::event(
        "team@example.com",
        "DTSTART:20240101T100000Z\r\nDTEND:20240101T110000Z\r\nSUMMARY:Team\r\n",
    ));
    client.put(&format!("{home}/team/team.ics"), "text/calendar", &shared);
    (server, all + 1)
}

fn url(server: &DavServer) -> String {
    format!("http://127.0.0.1:{}/", server.port)
}

/// Items but for who takes part, which a migration changes on purpose.
pub(crate) fn plain(lines: &[String]) -> Vec<String> {
    let without = |line: &String| {
        let mut item: serde_json::Value = serde_json::from_str(line).unwrap();
        for name in ["people", "listed"] {
            item.as_object_mut().unwrap().remove(name);
        }
        item.to_string()
    };
    let mut lines: Vec<String> = lines.iter().map(without).collect();
    lines.sort();
    lines
}

#[test]
fn everything_moves_from_radicale_into_radicale_once_and_nobody_is_invited() {
    let (user, password) = account();
    let (source, all) = filled_radicale();
    let target = DavServer::radicale(&[user], password);
    let office = Office::between(&url(&source), &url(&target));
    let before = items(source.port, user, password, &[&format!("/{user}/")]);
    assert_eq!(before.len(), all + 1, "the exception of the series is a component of its own");

    let checked = office.run(RunKind::Check);
    assert_eq!((checked.items.events, checked.items.tasks, checked.items.contacts), (6, 2, 2), "{:?}", said(&checked));

    let first = office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [all as u64, 0, 0, 0, 0, 0], "{:#?}", said(&first));
    assert_eq!(first.verdict(), Verdict::AllComplete, "{:#?}", said(&first));
    let there = items(target.port, user, password, &[&format!("/{user}/")]);
    assert_eq!(plain(&there), plain(&before));
    assert!(there.iter().all(|line| line.contains("\"people\": []") || line.contains("VCARD")), "{there:#?}");
    assert!(there.iter().any(|line| line.contains("\"listed\": true")), "{there:#?}");
    assert_eq!(items(source.port, user, password, &[&format!("/{user}/")]), before, "the source is as it was");

    let second = office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [0, all as u64, 0, 0, 0, 0], "{:#?}", said(&second));
    assert_eq!(items(target.port, user, password, &[&format!("/{user}/")]), there);

    let verified = office.run(RunKind::Verify);
    assert_eq!(outcome(&verified), [0, all as u64, 0, 0, 0, 0], "{:#?}", said(&verified));
    assert_eq!(verified.verdict(), Verdict::AllComplete);
}

#[test]
fn a_server_that_sends_invitations_is_given_nothing_to_send() {
    let (user, password) = account();
    let (source, all) = filled_radicale();
    // Cyrus invites to what is still to come.
    let meeting = |uid: &str| {
        let lines = "DTSTART:20300101T090000Z\r\nDTEND:20300101T100000Z\r\nSUMMARY:Invites\r\nORGANIZER:mailto:ann@example.com\r\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ben@example.com\r\n";
        sample::calendar(&sample::event(uid, lines))
    };
    let client = DavClient::new(source.port, user, password);
    client.put(&format!("/{user}/default/future.ics"), "text/calendar", &meeting("m1@example.com"));
    let all = all + 1;
    let cyrus = Cyrus::start();
    for name in [user, "ben@example.com"] {
        cyrus.add_user_with_mailbox(name, password);
    }
    let dav = format!("http://127.0.0.1:{}/", cyrus.dav_port);
    let homes = |name: &str| [format!("/dav/calendars/user/{name}/"), format!("/dav/addressbooks/user/{name}/")];
    let of = |name: &str| {
        let homes = homes(name);
        items(cyrus.dav_port, name, password, &[&homes[0], &homes[1]])
    };
    // Both accounts come into being, and Ben has been invited to nothing.
    assert_eq!(of("ben@example.com"), [""; 0]);
    assert_eq!(of(user), [""; 0]);

    let office = Office::between(&url(&source), &dav);
    let first = office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [all as u64, 0, 0, 0, 0, 0], "{:#?}", said(&first));
    let there = of(user);
    assert_eq!(plain(&there), plain(&items(source.port, user, password, &[&format!("/{user}/")])));
    assert_eq!(of("ben@example.com"), [""; 0], "Ben was invited");
    let second = office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [0, all as u64, 0, 0, 0, 0], "{:#?}", said(&second));
    assert_eq!(of(user), there);

    // The same meeting with its participants does invite: the test can see it.
    let client = DavClient::new(cyrus.dav_port, user, password);
    client.put(&format!("/dav/calendars/user/{user}/Default/m2.ics"), "text/calendar", &meeting("m2@example.com"));
    assert_ne!(of("ben@example.com"), [""; 0], "this server sends no invitations, and proves nothing");
}

#[test]
fn everything_moves_from_cyrus_into_xandikos() {
    let (user, password) = account();
    let cyrus = Cyrus::start();
    cyrus.add_user_with_mailbox(user, password);
    let client = DavClient::new(cyrus.dav_port, user, password);
    let calendars = format!("/dav/calendars/user/{user}/");
    client.send("PROPFIND", &calendars, &[("Depth", "0")], "");
    let book = format!("/dav/addressbooks/user/{user}/Default/");
    client.send("PROPFIND", &book, &[("Depth", "0")], "");
    let all = sample::fill(&client, &format!("{calendars}Default/"), &format!("{calendars}Default/"), &book);
    let target = DavServer::xandikos(user);
    let office = Office::between(&format!("http://127.0.0.1:{}/", cyrus.dav_port), &url(&target));
    let first = office.run(RunKind::Migrate);
    assert_eq!(outcome(&first), [all as u64, 0, 0, 0, 0, 0], "{:#?}", said(&first));
    let homes = [format!("/{user}/calendars/"), format!("/{user}/contacts/")];
    let there = items(target.port, user, password, &[&homes[0], &homes[1]]);
    let before = items(cyrus.dav_port, user, password, &[&calendars, &format!("/dav/addressbooks/user/{user}/")]);
    assert_eq!(plain(&there), plain(&before));
    let second = office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [0, all as u64, 0, 0, 0, 0], "{:#?}", said(&second));
}

/// A SOGo that `scripts/sogo` has started: it says where it is and into which file its mail goes.
#[test]
#[ignore = "needs a SOGo that scripts/sogo starts"]
fn sogo_gets_everything_once_and_has_no_mail_to_send() {
    let [port, mail] =
        ["KIMT_SOGO_PORT", "KIMT_SOGO_MAIL"].map(|name| std::env::var(name).expect("start scripts/sogo"));
    let (port, sent) = (port.parse().unwrap(), || std::fs::read_to_string(&mail).unwrap_or_default());
    let (user, password) = account();
    let (source, all) = filled_radicale();
    let meeting = |uid: &str| {
        let lines = "DTSTART:20300101T090000Z\r\nDTEND:20300101T100000Z\r\nSUMMARY:Invites\r\nORGANIZER:mailto:ann@example.com\r\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ben@example.com\r\n";
        sample::calendar(&sample::event(uid, lines))
    };
    let client = DavClient::new(source.port, user, password);
    client.put(&format!("/{user}/default/future.ics"), "text/calendar", &meeting("m1@example.com"));
    let all = all + 1;
    let homes = |name: &str| [format!("/SOGo/dav/{name}/Calendar/"), format!("/SOGo/dav/{name}/Contacts/")];
    let of = |name: &str| items(port, name, password, &[&homes(name)[0], &homes(name)[1]]);
    assert_eq!((of(user), of("ben@example.com")), (Vec::new(), Vec::new()), "start SOGo anew");
    let office = Office::between(&url(&source), &format!("http://127.0.0.1:{port}/"));
    let first = office.run(RunKind::Migrate);
    let there = of(user);
    // SOGo gives a time without a zone back as one in UTC, which is seen and named.
    assert_eq!(outcome(&first), [all as u64 - 1, 0, 0, 1, 0, 0], "{:#?} {there:#?}", said(&first));
    let without = |lines: &[String]| -> Vec<String> {
        plain(lines).into_iter().filter(|line| !line.contains("floating@example.com")).collect()
    };
    assert_eq!(without(&there), without(&items(source.port, user, password, &[&format!("/{user}/")])));
    assert_eq!((of("ben@example.com"), sent()), (Vec::new(), String::new()), "Ben was invited");
    let second = office.run(RunKind::Migrate);
    assert_eq!(outcome(&second), [0, all as u64 - 1, 0, 1, 0, 0], "{:#?}", said(&second));
    assert_eq!(of(user), there);
    // The same meeting with its participants does invite: the test can see it.
    let client = DavClient::new(port, user, password);
    client.put(&format!("/SOGo/dav/{user}/Calendar/personal/m2.ics"), "text/calendar", &meeting("m2@example.com"));
    assert_ne!(of("ben@example.com"), [""; 0], "this server sends no invitations, and proves nothing");
}
