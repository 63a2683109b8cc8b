//! A real Dovecot with a prefix before everybody's folders, with public folders, and with one person's folder shared with another.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::{ImapClient, Path};
use crate::support::run::{Migration, Place, problems};
use kimt::domain::{LeftOutReason, Security};
use kimt::progress::Verdict;
use std::os::unix::fs::PermissionsExt;

const ANN: (&str, &str) = ("ann@example.com", "secret");
const BEN: (&str, &str) = ("ben@example.com", "secret");

fn prefixed(further: String) -> Dovecot {
    let settings = DovecotSettings { prefix: "INBOX/", storage: Storage::Sdbox, further, ..DovecotSettings::default() };
    let dovecot = Dovecot::start(&settings);
    for (name, password) in [ANN, BEN] {
        dovecot.add_user(name, password);
    }
    dovecot
}

#[test]
fn a_prefix_is_taken_off_and_what_belongs_to_others_or_to_all_is_left_out_and_named() {
    // Where everybody may write: public folders and the list of what is shared.
    let folder = tempfile::tempdir().unwrap();
    let common = folder.path().display();
    let source = prefixed(format!(
        r#"
mail_plugins = acl
protocol imap {{
 mail_plugins = acl imap_acl
}}
plugin {{
 acl = vfile:{common}/rights
 acl_shared_dict = file:{common}/shared
}}
namespace public {{
 type = public
 separator = /
 prefix = Public/
 location = sdbox:{common}/public
 subscriptions = no
}}
namespace shared {{
 type = shared
 separator = /
 prefix = shared/%%u/
 location = sdbox:%%h/mail
 subscriptions = no
 list = yes
}}
"#
    ));
    std::fs::create_dir(folder.path().join("public")).unwrap();
    std::fs::write(folder.path().join("rights"), "Public* anyone lrwstipekxa\n").unwrap();
    for (path, mode) in [("", 0o777), ("public", 0o777), ("rights", 0o644)] {
        std::fs::set_permissions(folder.path().join(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    let mut ben = ImapClient::sign_in(source.port, BEN.0, BEN.1);
    ben.expect(b"CREATE INBOX/Projects");
    ben.append(b"INBOX/Projects", &corpus::plain_message(900)).unwrap();
    ben.expect(b"SETACL INBOX/Projects ann@example.com lr");
    let mut ann = ImapClient::sign_in(source.port, ANN.0, ANN.1);
    assert_eq!(ann.prefix, "INBOX/");
    let corpus = corpus::ordinary(20);
    assert_eq!(ann.fill(&corpus), []);
    ann.expect(b"CREATE Public/News");
    ann.append(b"Public/News", &corpus::plain_message(901)).unwrap();

    let target = prefixed(String::new());
    let place = |dovecot| Place::of(dovecot, Security::Tls);
    let state = Migration::new(place(&source), place(&target), &[ANN]).run();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let left_out = |folder: &str| {
        let found = state.accounts[0].left_out.iter().find(|left_out| left_out.folder == folder);
        found.map(|left_out| left_out.reason)
    };
    assert_eq!(left_out("Public/News"), Some(LeftOutReason::Shared), "{:?}", state.accounts[0].left_out);
    let listed = &state.accounts[0].left_out;
    assert_eq!(left_out("shared/ben@example.com/Projects"), Some(LeftOutReason::OtherUser), "{listed:?}");
    let (there, here) = (ann.read_all(), ImapClient::sign_in(target.port, ANN.0, ANN.1).read_all());
    let own = |path: &Path| !["Public", "shared"].contains(&path[0].as_str());
    let differences = compare(&there, &here, |path| own(path).then(|| path.clone()));
    assert_eq!(differences, Differences::default());
    assert_eq!(here.message_count(), corpus.message_count());
}
