//! Accounts that would use the same mailbox, found before anything is read.
//!
//! Two lines of a list may name different people and still lead to one mailbox: their sign-in names lose the domain, a line repeats a
//! login, or a domain is another's alias. One person's mail would then be in the other's mailbox. So both accounts are refused and both
//! lines named, unless the user says that this is on purpose ([`Options::shared_mailboxes`]). Then they come one after another, so that
//! neither mistakes the other's messages for another run's; a message that both have is copied once.
//!
//! All accounts of the list count, also those that the user did not choose for this run: they may be migrated in another one.
//!
//! 1. On each side every account gets the name of its mailbox there: its sign-in name on the source, and the directory's name for its
//!    mailbox on the target.
//! 2. Names are compared without regard to case and to the ways in which Unicode writes one character. A server that distinguishes `Ann`
//!    from `ann` is rare, and a refusal costs less than a mix-up.
//! 3. Chosen accounts that share a name with any other on either side are refused; the source is named first.
//!
//! A user's own alias in Kerio Connect is not looked up here: the administration refuses it (docs/kerio-connect.md, B22).
//!
//! [`Options::shared_mailboxes`]: crate::migrate::Options::shared_mailboxes

use crate::domain::{Account, Note, Problem, ProblemKind, Side, comparable_name};
use crate::migrate::context::permits::Permits;
use crate::migrate::sign_in::credentials::Credentials;
use crate::migrate::target::directory::Directory;
use std::collections::HashMap;
use std::sync::Arc;

/// At most this many other lines are named in a problem.
const LINES_NAMED: usize = 5;

/// Why accounts may not be migrated, by their index in `accounts`. The list has others, too.
pub fn refused(
    accounts: &[Account],
    others: &[Account],
    source: &Credentials,
    directory: &dyn Directory,
) -> HashMap<usize, Problem> {
    let all: Vec<&Account> = accounts.iter().chain(others).collect();
    let mut refused = HashMap::new();
    let names = |side: Side, account: &Account| match side {
        Side::Source => source.name(account),
        Side::Target | Side::Administration => directory.mailbox(account),
    };
    for side in [Side::Source, Side::Target] {
        let mut sharing: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, account) in all.iter().enumerate() {
            sharing.entry(comparable_name(&names(side, account))).or_default().push(index);
        }
        for (name, group) in sharing.into_iter().filter(|(_, group)| group.len() > 1) {
            for index in group.iter().filter(|index| **index < accounts.len()) {
                let sharers = group.iter().filter(|other| *other != index).filter_map(|other| all.get(*other).copied());
                refused.entry(*index).or_insert_with(|| problem(side, &name, &accounts[*index], sharers));
            }
        }
    }
    refused
}

/// A single permit for each mailbox that accounts share on the target, by the accounts' index in `accounts`: the worker that migrates one
/// of them holds it.
pub type Turns = HashMap<usize, Arc<Permits>>;

/// The turns of accounts that share a mailbox on the target.
pub fn turns(accounts: &[Account], directory: &dyn Directory) -> Turns {
    let mut sharing: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, account) in accounts.iter().enumerate() {
        sharing.entry(comparable_name(&directory.mailbox(account))).or_default().push(index);
    }
    let shared = sharing.into_values().filter(|group| group.len() > 1);
    shared
        .flat_map(|group| {
            let turn = Arc::new(Permits::new(Some(1)));
            group.into_iter().map(move |index| (index, turn.clone()))
        })
        .collect()
}

fn problem<'a>(side: Side, mailbox: &str, account: &Account, others: impl Iterator<Item = &'a Account>) -> Problem {
    let mut others: Vec<(u32, String)> = others.map(|other| (other.line, other.address.to_string())).collect();
    let more = others.len().saturating_sub(LINES_NAMED);
    others.truncate(LINES_NAMED);
    Problem::new(ProblemKind::MailboxShared).on(side).for_account(&account.address).noting(Note::SameMailbox {
        line: account.line,
        others,
        more,
        mailbox: mailbox.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, NameForm, Secret};
    use crate::migrate::request::SignInWay;
    use crate::migrate::target::directory::ExistingAccounts;

    fn refusals(accounts: &[Account], source: NameForm, target: NameForm) -> HashMap<usize, Problem> {
        let credentials = Credentials::new(Side::Source, &SignInWay::OwnPassword, source);
        refused(accounts, &[], &credentials, &ExistingAccounts(target))
    }

    fn account(line: u32, address: &str) -> Account {
        Account::new(line, Address::parse(address).unwrap(), Secret::new("secret"))
    }

    #[test]
    fn names_that_lose_their_domain_are_refused_on_either_side_with_both_lines() {
        let list = [account(1, "ann@a.example"), account(2, "ben@a.example"), account(3, "Ann@b.example")];
        for (source, target, side) in [
            (NameForm::LocalPart, NameForm::Address, Side::Source),
            (NameForm::Address, NameForm::LocalPart, Side::Target),
        ] {
            let refused = refusals(&list, source, target);
            assert_eq!(refused.len(), 2);
            assert_eq!(refused[&0].subject.side, Some(side));
            let sentence = refused[&2].to_string();
            assert!(sentence.contains("line 3 and line 1 (ann@a.example)"), "{sentence}");
        }
        assert!(refusals(&list, NameForm::Address, NameForm::Address).is_empty());
    }

    #[test]
    fn two_lines_with_one_login_or_one_target_address_are_refused() {
        let mut list = [account(1, "ann@a.example"), account(2, "ben@a.example")];
        list[1].source_login = Some("ANN@a.example".to_owned());
        assert_eq!(refusals(&list, NameForm::Address, NameForm::Address).len(), 2);
        list[1].source_login = None;
        list[1].target_address = Address::parse("ann@A.example").ok();
        assert_eq!(refusals(&list, NameForm::Address, NameForm::Address).len(), 2);
    }

    #[test]
    fn accounts_that_were_not_chosen_count_and_are_not_refused() {
        let credentials = Credentials::new(Side::Source, &SignInWay::OwnPassword, NameForm::Address);
        let (chosen, others) =
            ([account(2, "ann@b.example")], [account(1, "ann@a.example"), account(3, "ben@a.example")]);
        let refused = refused(&chosen, &others, &credentials, &ExistingAccounts(NameForm::LocalPart));
        assert_eq!(refused.keys().collect::<Vec<_>>(), [&0]);
        let sentence = refused[&0].to_string();
        assert!(sentence.contains("line 2 and line 1 (ann@a.example)"), "{sentence}");
    }

    #[test]
    fn spellings_of_one_name_in_unicode_are_one_mailbox() {
        for (one, other) in [
            ("j\u{f6}rg@a.example", "jo\u{308}rg@a.example"),
            ("ann@a.example", "\u{ff41}nn@a.example"),
            ("stra\u{df}e@a.example", "STRASSE@a.example"),
        ] {
            let list = [account(1, one), account(2, other)];
            assert_eq!(refusals(&list, NameForm::Address, NameForm::Address).len(), 2, "{one} {other}");
            assert_eq!(turns(&list, &ExistingAccounts(NameForm::Address)).len(), 2, "{one} {other}");
        }
        let mut list = [account(1, "ann@a.example"), account(2, "ben@a.example")];
        list[1].source_login = Some("ann@a.example.".to_owned());
        assert_eq!(refusals(&list, NameForm::Address, NameForm::Address).len(), 2);
    }

    #[test]
    fn a_long_list_of_the_same_names_only_some_of_them() {
        let list: Vec<Account> = (1..=40).map(|line| account(line, &format!("info@d{line}.example"))).collect();
        let refused = refusals(&list, NameForm::LocalPart, NameForm::Address);
        assert_eq!(refused.len(), 40);
        assert!(refused[&7].to_string().contains("and 34 more"), "{}", refused[&7]);
    }
}
