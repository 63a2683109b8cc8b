//! Connections to far servers are compressed from the sign-in on, those to near servers never; what arrives is the same.

use super::*;
use kimt::migrate::SignInWay;
use kimt::rehearsal::{KerioWays, Link, LinkOptions};

/// Moves a server far away.
fn far(end: &mut End) -> Link {
    let options = LinkOptions { round_trip: Duration::from_millis(20), ..LinkOptions::default() };
    let link = Link::start(end.port.unwrap(), options).unwrap();
    end.port = Some(link.port());
    link
}

/// What came before and after COMPRESS on each connection that signed in; none where it was not sent.
fn compressed(end: &End) -> Vec<Option<(Vec<String>, Vec<String>)>> {
    let signed_in = end.server.transcripts().into_iter().filter(|transcript| !transcript.user.is_empty());
    let parts = |commands: Vec<String>| {
        let place = commands.iter().position(|command| command == "COMPRESS")?;
        Some((commands[..place].to_vec(), commands[place + 1..].to_vec()))
    };
    signed_in.map(|transcript| parts(transcript.commands)).collect()
}

#[test]
fn a_whole_migration_goes_over_compressed_connections() {
    for security in [Security::Plain, Security::StartTls, Security::Tls] {
        let end = || End::start(store(Layout::SLASH), ImapOptions::new(Profile::Rich), security);
        let mut stage = Stage::of(end(), end());
        fill(stage.source.store());
        let links = [far(&mut stage.source), far(&mut stage.target)];
        stage.assert_complete(&stage.migrate());
        // The reader; the writer, and who reads back behind it.
        for (end, connections) in [(&stage.source, 1), (&stage.target, 2)] {
            let compressed = compressed(end);
            assert_eq!(compressed.len(), connections);
            for (before, after) in compressed.into_iter().map(Option::unwrap) {
                // What costs a round trip anyway goes ahead of it.
                let early = ["CAPABILITY", "STARTTLS", "LOGIN", "NOOP", "LIST", "NAMESPACE", "ID", "GETQUOTAROOT"];
                assert!(before.iter().all(|command| early.contains(&command.as_str())), "{before:?}");
                assert!(before.contains(&"LOGIN".to_owned()) && !after.contains(&"LOGIN".to_owned()));
            }
        }
        let there = stage.source.mail();
        let bytes: u64 = there.folders.values().flat_map(|folder| &folder.messages).map(|message| message.size).sum();
        // The target takes everything and gives it back to be compared.
        for (link, times) in links.iter().zip(1..) {
            assert!(link.bytes_passed() < bytes * times / 10 * 9, "{} of {bytes}", link.bytes_passed());
        }
    }
}

#[test]
fn the_connection_is_compressed_after_a_sign_in_with_a_master_password_too() {
    let master = "Nobody-Guesses-This-Master-Password";
    let ways = KerioWays { master_password: Some(master.to_owned()), hides_name: false };
    let options = ImapOptions { kerio: Some(ways), ..ImapOptions::kerio(Profile::Rich) };
    let end = |security| End::start(store(Layout::KERIO), options.clone(), security);
    let mut stage = Stage::of(end(Security::StartTls), end(Security::Tls)).fill(5);
    let _links = [far(&mut stage.source), far(&mut stage.target)];
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    let way = SignInWay::KerioMaster { password: Secret::new(master) };
    request.servers.source.sign_in = way.clone();
    request.servers.target.sign_in = way;
    assert_eq!(stage.finish(request).verdict(), Verdict::AllComplete);
    for (end, connections) in [(&stage.source, 1), (&stage.target, 2)] {
        let compressed = compressed(end);
        assert_eq!(compressed.len(), connections);
        for (before, _) in compressed.into_iter().map(Option::unwrap) {
            assert!(before.contains(&"X-SETUSER".to_owned()), "{before:?}");
        }
    }
}

#[test]
fn a_connection_to_a_near_server_is_not_compressed() {
    let is_clear = || {
        let stage = Stage::between(Profile::Rich, Profile::Rich).fill(5);
        assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
        [&stage.source, &stage.target].into_iter().flat_map(compressed).all(|compressed| compressed.is_none())
    };
    // On a busy machine a near server may seem far once, but not each time.
    assert!((0..10).any(|_| is_clear()));
}
