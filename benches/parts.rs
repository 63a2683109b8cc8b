//! How long the parts take through which every message goes: the framer and the token reader on heads and bodies, folder names, and the
//! ledger. `cargo bench --bench parts`; what whole migrations take is measured by `examples/bench`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // A program for developers, that ends at a fault.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kimt::domain::{Digest, Folder, FolderPath, Uid, UidValidity};
use kimt::ledger::{Done, Files, Ledger, MailboxKey};
use std::fmt::Write;
use std::hint::black_box;

/// Answers about the heads of that many messages.
fn heads(messages: u32) -> String {
    (1..=messages).fold(String::new(), |mut text, uid| {
        let flags = ["\\Seen", "\\Answered \\Seen", "$Forwarded \\Seen", ""][uid as usize % 4];
        write!(text, "* {uid} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE \"07-Feb-2020 01:02:03 +0530\" RFC822.SIZE {uid})\r\n")
            .unwrap();
        text
    })
}

/// Six messages of that many bytes, as two commands are answered.
fn bodies(bytes: usize) -> String {
    let body = "x".repeat(bytes);
    let mut text = String::new();
    for (uids, tag) in [([1, 2, 3], 1), ([4, 5, 6], 2)] {
        for uid in uids {
            write!(text, "* {uid} FETCH (UID {uid} BODY[] {{{bytes}}}\r\n{body})\r\n").unwrap();
        }
        write!(text, "K{tag} OK done\r\n").unwrap();
    }
    text
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reading");
    let answers = heads(10_000);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("heads", |bencher| bencher.iter(|| kimt::fuzz::answers(black_box(answers.as_bytes()))));
    let answers = bodies(1 << 20);
    group.throughput(Throughput::Bytes(answers.len() as u64));
    group.bench_function("bodies", |bencher| bencher.iter(|| kimt::fuzz::bodies(black_box(answers.as_bytes()))));
    group.throughput(Throughput::Elements(1));
    let name = b"INBOX/Entw&APw-rfe/&U,BTFw-/2024 R&AOk-sum&AOk-";
    group.bench_function("name", |bencher| bencher.iter(|| kimt::fuzz::names(black_box(name))));
    group.finish();
}

fn ledger(criterion: &mut Criterion) {
    const MESSAGES: u32 = 500;
    let folder = tempfile::tempdir().unwrap();
    let key = MailboxKey { source: "s".into(), target: "t".into(), address: "a@b.c".into() };
    let (mut ledger, _) = Ledger::open(&Files::in_folder(folder.path()), &key).unwrap();
    let record = ledger
        .begin_folder(&Folder::inbox(), UidValidity(1), (b"INBOX", &FolderPath::new(["INBOX"])), UidValidity(2), &[])
        .unwrap();
    let mut next = 0;
    let mut batch = || {
        next += MESSAGES;
        let uids = (next..next + MESSAGES).map(Uid);
        let done: Vec<Done> = uids
            .clone()
            .map(|uid| Done {
                uid,
                size: 20_000,
                digest: Digest([uid.0 as u8; 32]),
                target_uid: Some(uid),
                floor: 1,
                checked: false,
                stored: None,
            })
            .collect();
        let intend: Vec<(Uid, u64)> = uids.map(|uid| (Uid(uid.0 + MESSAGES), 20_000)).collect();
        (done, intend)
    };
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(u64::from(MESSAGES)));
    // With the wait for the disk, which is most of it.
    group.bench_function("a batch done, the next intended", |bencher| {
        let write = |(done, intend): (Vec<Done>, Vec<(Uid, u64)>)| ledger.record(&record, &done, &[], &intend, 1);
        bencher.iter_batched(&mut batch, write, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(parts, reading, ledger);
criterion_main!(parts);
