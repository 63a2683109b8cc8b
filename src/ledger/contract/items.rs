//! The ledger's promises about events, tasks and contacts, over any store.

use super::{inbox, intend, opened};
use crate::ledger::{ItemRecord, ItemState, ItemsAt, Ledger, Store};

pub(crate) fn items_are_there_after_a_restart_and_mail_is_not_touched(store: &dyn Store) {
    let record = |uid: &str, state| ItemRecord {
        kind: 0,
        collection: "/cal/ann@example.com/".into(),
        place: format!("/cal/{uid}.ics"),
        version: "e1".into(),
        uid: uid.into(),
        state,
        target: format!("/new/{uid}.ics"),
        items_there: 1,
        has_more: false,
        deleted_there: false,
    };
    let all = [record("a", ItemState::Checked), record("b", ItemState::Intended), record("c", ItemState::Stored)];
    let sorted = |ledger: &Ledger, collection: &str| {
        let mut items = ledger.items(collection).unwrap();
        items.sort_by(|one, other| one.uid.cmp(&other.uid));
        items
    };
    let collection = all[0].collection.clone();
    let (mut ledger, _) = opened(store);
    let folder = inbox(&mut ledger);
    intend(&mut ledger, &folder, &[1]);
    assert!(ledger.items(&collection).unwrap().is_empty(), "a record from before there were items");
    ledger.record_items(&all).unwrap();
    ledger.withdraw_item(&all[1]).unwrap();
    drop(ledger);
    let (mut ledger, _) = opened(store);
    assert_eq!(sorted(&ledger, &collection), [all[0].clone(), all[2].clone()]);
    assert!(ledger.items("/other/").unwrap().is_empty());
    // Several steps within a moment, which a store may write together: the last one holds.
    ledger.record_items(&[record("c", ItemState::Checked)]).unwrap();
    ledger.withdraw_item(&all[0]).unwrap();
    ledger.record_items(&[record("a", ItemState::Stored), record("b", ItemState::Stored)]).unwrap();
    ledger.withdraw_item(&all[1]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(sorted(&ledger, &collection), [record("a", ItemState::Stored), record("c", ItemState::Checked)]);
    assert_eq!(ledger.intents(&folder).unwrap().len(), 1);
    drop(ledger);
    // A collection may have the same address on both sides.
    let (mut ledger, _) = opened(store);
    assert_eq!((ledger.target_state(&collection).unwrap(), ledger.items_at().unwrap()), (None, None));
    for token in ["1", "2"] {
        ledger.note_target_state(&collection, Some(token.into())).unwrap();
    }
    ledger.note_items_at(ItemsAt::Nowhere).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.target_state(&collection).unwrap().as_deref(), Some("2"));
    assert_eq!(ledger.items_at().unwrap(), Some(ItemsAt::Nowhere));
    assert_eq!(sorted(&ledger, &collection).len(), 2);
}
