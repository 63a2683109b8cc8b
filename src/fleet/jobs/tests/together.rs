//! What the machines of a fleet share: connections, refused sign-ins, errands; and how what vanished ones held is freed.

use super::*;
use crate::fleet::{jobs, limits, schema};

#[test]
fn a_server_has_at_most_as_many_connections_as_were_allowed_over_all_machines() {
    let yard = Yard::new(1);
    let machines: Vec<_> = (0..4).map(|_| yard.machine("")).collect();
    machines[0].set_slots("target", 3).unwrap();
    let (open, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for fleet in &machines {
            let (open, most) = (&open, &most);
            scope.spawn(move || {
                for _ in 0..40 {
                    let Some(slot) = fleet.take_slot("target").unwrap() else { continue };
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    open.fetch_sub(1, Ordering::SeqCst);
                    drop(slot);
                }
            });
        }
    });
    assert!((2..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    let vanished: Vec<_> = (0..3).map(|_| machines[0].take_slot("target").unwrap().unwrap()).collect();
    assert!(machines[1].take_slot("target").unwrap().is_none());
    yard.vanish();
    let slot = machines[1].take_slot("target").unwrap();
    assert!(slot.is_some(), "whoever vanished has none");
    // A process that comes back cannot give back what another holds now.
    drop(vanished);
    let mut others = Vec::new();
    while let Some(slot) = machines[3].take_slot("target").unwrap() {
        others.push(slot);
    }
    assert_eq!(others.len(), 2, "one of three is taken");
    assert!(machines[2].take_slot("source").unwrap().is_none(), "no limit was set, and nobody asks");
}

/// A process that repeats a statement because its answer was lost gets what it already has.
#[test]
fn what_was_taken_without_an_answer_is_taken_once() {
    let yard = Yard::new(3);
    let fleet = yard.machine("");
    fleet.set_slots("target", 3).unwrap();
    let mut client = yard.postgres.connect(&yard.url);
    let me = (fleet.database().worker(), 77);
    let mut job = || jobs::take(&mut client, me, (fleet.id, 1), "m").unwrap().unwrap().ordinal;
    assert_eq!(job(), job());
    let mut slot = || limits::take_slot(&mut client, me, (fleet.id, "target")).unwrap().unwrap();
    assert_eq!(slot(), slot());
    let mut turn = || limits::take_errand(&mut client, me, (fleet.id, b"x")).unwrap();
    assert_eq!((turn(), turn()), (Errand::Mine, Errand::Mine));
    let mut mailbox = |token| schema::take(&mut client, (me.0, token), b"mailbox").unwrap();
    let (taken, again) = (mailbox(77).unwrap(), mailbox(77).unwrap());
    assert_eq!((again.mailbox, again.token), (taken.mailbox, 77));
    assert!((taken.new, again.new) == (true, false) && mailbox(78).is_none(), "another question");
    assert_eq!(fleet.status().unwrap().held, 1);
}

#[test]
fn refused_sign_ins_count_together_for_machines_with_one_address() {
    let yard = Yard::new(1);
    let (one, neighbour, far) = (yard.machine("site"), yard.machine("site"), yard.machine("elsewhere"));
    one.note_refusal("target").unwrap();
    neighbour.note_refusal("target").unwrap();
    let counted = one.refusals("target").unwrap();
    assert_eq!(counted.len(), 2);
    assert!(counted.iter().all(|seconds| (1.0..=61.0).contains(seconds)) && counted[0] >= counted[1], "{counted:?}");
    assert_eq!((far.refusals("target").unwrap().len(), one.refusals("source").unwrap().len()), (0, 0));
    yard.sql("UPDATE kimt.refusal SET at = at - interval '62 seconds'");
    assert!(one.refusals("target").unwrap().is_empty());
}

#[test]
fn what_is_done_once_is_done_by_one_machine_and_left_to_another_when_it_vanishes() {
    let yard = Yard::new(1);
    let (one, other) = (yard.machine(""), yard.machine(""));
    let (turn, token) = one.take_errand("domain a.example").unwrap();
    assert_eq!(turn, Errand::Mine);
    assert_eq!(other.take_errand("domain a.example").unwrap().0, Errand::Others);
    one.end_errand("domain a.example", token, false).unwrap();
    assert_eq!(other.take_errand("domain a.example").unwrap().0, Errand::Mine);
    yard.vanish();
    let last = yard.machine("");
    let (turn, token) = last.take_errand("domain a.example").unwrap();
    assert_eq!(turn, Errand::Mine);
    last.end_errand("domain a.example", token, true).unwrap();
    // A former holder's token no longer ends it.
    let (turn, token) = last.take_errand("domain b.example").unwrap();
    assert_eq!(turn, Errand::Mine);
    other.end_errand("domain b.example", token.wrapping_add(1), true).unwrap();
    assert_eq!(one.take_errand("domain b.example").unwrap().0, Errand::Others);
    assert_eq!(last.take_errand("domain a.example").unwrap().0, Errand::Done);
    assert!(!yard.postgres.dump(&yard.url).contains("a.example"));
}

/// In the simulation of examples/fleet.rs, two processes that freed at once waited for each other until one was refused.
#[test]
fn many_that_free_at_once_what_others_held_do_not_wait_for_each_other() {
    const JOBS: usize = 160;
    let yard = Yard::new(JOBS);
    // PostgreSQL must not resolve a deadlock here: the test would then hang.
    let name = yard.url.rsplit('/').next().unwrap();
    let set = |what: &str| yard.sql(&format!("ALTER DATABASE {name} SET {what}"));
    set("deadlock_timeout = '1h'");
    set("enable_bitmapscan = off");
    // Half of them read the rows in storage order, the other half by holder.
    set("enable_indexscan = off");
    let mut machines: Vec<_> = (0..4).map(|_| yard.machine("")).collect();
    set("enable_indexscan = on");
    set("enable_seqscan = off");
    machines.extend((0..4).map(|_| yard.machine("")));
    for round in 0..4 {
        yard.sql(
            "INSERT INTO kimt.worker (id, name, until) SELECT n, 'gone', '-infinity' FROM generate_series(1, 8) n ON CONFLICT DO NOTHING;
             UPDATE kimt.job SET holder = 1 + (ordinal * 7 + 3) % 8, token = 1 WHERE ordinal % 2 = 0;
             UPDATE kimt.job SET holder = 1 + (ordinal * 5 + 1) % 8, token = 1 WHERE ordinal % 2 = 1",
        );
        let start = std::sync::Barrier::new(machines.len());
        std::thread::scope(|scope| {
            for fleet in &machines {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    fleet.status().unwrap();
                });
            }
        });
        assert_eq!(machines[0].status().unwrap().held, 0, "{round}");
    }
}

/// A process that takes something just as it is swept leaves such a row. The search for these is slow, so one process at a time does it.
#[test]
fn what_somebody_holds_without_a_lease_is_freed_by_one_search_in_a_third_of_a_lease() {
    let yard = Yard::new(1);
    let fleet = yard.machine("");
    let (mut client, times) = (yard.postgres.connect(&yard.url), LeaseTimes::default());
    let hold = || yard.sql("UPDATE kimt.job SET holder = 7, token = 7");
    hold();
    yard.sql("UPDATE kimt.store SET searched = clock_timestamp() - interval '19 seconds'");
    schema::tidy(&mut client, &times).unwrap();
    assert_eq!(fleet.status().unwrap().held, 1, "it is not time yet");
    yard.sql("UPDATE kimt.store SET searched = clock_timestamp() - interval '21 seconds'");
    schema::tidy(&mut client, &times).unwrap();
    assert_eq!(fleet.status().unwrap().held, 0);
    hold();
    schema::tidy(&mut client, &times).unwrap();
    assert_eq!(fleet.status().unwrap().held, 1, "another one has searched");
}
