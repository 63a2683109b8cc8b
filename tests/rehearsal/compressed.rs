//! Far lines are compressed from the sign-in on, near ones never; what arrives is the same.

use super::*;
use kimt::migrate::SignInWay;
use kimt::progress::Verdict;
use kimt::rehearsal::{KerioWays, Link, LinkOptions, Profile};

/// A line of that length to a server.
fn far(end: &mut End) -> Link {
    let options = LinkOptions { round_trip: Duration::from_millis(20), ..LinkOptions::default() };
    let link = Link::start(end.port, options).unwrap();
    end.port = link.port();
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
fn a_whole_migration_goes_over_compressed_lines() {
    for security in [Security::Plain, Security::StartTls, Security::Tls] {
        let from = store(Layout::SLASH);
        fill(&from);
        let mut source = End::start(from.clone(), ImapOptions::new(Profile::Rich), security);
        let mut target = End::start(store(Layout::SLASH), ImapOptions::new(Profile::Rich), security);
        let links = [far(&mut source), far(&mut target)];
        let folder = scratch();
        let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", state.accounts[0].problems);
        let (there, here) = (from.snapshot(ANN).unwrap(), target.server.store().snapshot(ANN).unwrap());
        assert_eq!(here.messages(), there.messages());
        for (name, there) in &there.folders {
            assert!(here.folders[name].contents() == there.contents());
        }
        // The reader; the writer, and who reads back behind it.
        for (end, connections) in [(&source, 1), (&target, 2)] {
            let compressed = compressed(end);
            assert_eq!(compressed.len(), connections);
            for (before, after) in compressed.into_iter().map(Option::unwrap) {
                // What costs a round trip anyway goes ahead of it.
                let early = ["CAPABILITY", "STARTTLS", "LOGIN", "NOOP", "LIST", "NAMESPACE", "ID", "GETQUOTAROOT"];
                assert!(before.iter().all(|command| early.contains(&command.as_str())), "{before:?}");
                assert!(before.contains(&"LOGIN".to_owned()) && !after.contains(&"LOGIN".to_owned()));
            }
        }
        let octets: u64 = there.folders.values().flat_map(|folder| &folder.messages).map(|message| message.size).sum();
        // The target takes everything and gives it back to be compared.
        for (link, times) in links.iter().zip(1..) {
            assert!(link.octets_passed() < octets * times / 10 * 9, "{} of {octets}", link.octets_passed());
        }
    }
}

#[test]
fn the_line_is_compressed_after_a_sign_in_with_a_master_password_too() {
    let master = "Nobody-Guesses-This-Master-Password";
    let ways = KerioWays { master_password: Some(master.to_owned()), hides_name: false };
    let options = ImapOptions { kerio: Some(ways), ..ImapOptions::kerio(Profile::Rich) };
    let from = store(Layout::KERIO);
    from.add_generated(ANN, "INBOX", 5, 2_000, 1).unwrap();
    let mut source = End::start(from, options.clone(), Security::StartTls);
    let mut target = End::start(store(Layout::KERIO), options, Security::Tls);
    let _links = [far(&mut source), far(&mut target)];
    let folder = scratch();
    let mut request = request(RunKind::Migrate, &source, &target, folder.path());
    let way = SignInWay::KerioMaster { password: Secret::new(master) };
    request.servers.source.sign_in = way.clone();
    request.servers.target.sign_in = way;
    assert_eq!(run(request).verdict(), Verdict::AllComplete);
    for (end, connections) in [(&source, 1), (&target, 2)] {
        let compressed = compressed(end);
        assert_eq!(compressed.len(), connections);
        for (before, _) in compressed.into_iter().map(Option::unwrap) {
            assert!(before.contains(&"X-SETUSER".to_owned()), "{before:?}");
        }
    }
}

#[test]
fn a_near_line_is_not_compressed() {
    let is_clear = || {
        let from = store(Layout::SLASH);
        from.add_generated(ANN, "INBOX", 5, 2_000, 1).unwrap();
        let source = End::start(from, ImapOptions::new(Profile::Rich), Security::Plain);
        let target = End::start(store(Layout::SLASH), ImapOptions::new(Profile::Rich), Security::Plain);
        let folder = scratch();
        let state = run(request(RunKind::Migrate, &source, &target, folder.path()));
        assert_eq!(state.verdict(), Verdict::AllComplete);
        [&source, &target].into_iter().flat_map(compressed).all(|compressed| compressed.is_none())
    };
    // On a busy machine a near server may seem far once, but not each time.
    assert!((0..10).any(|_| is_clear()));
}
