//! Fills an account on an IMAP server with test mail, over an unencrypted connection on this computer:
//!
//! ```text
//! cargo run --example corpus -- hostile 143 ann@example.com < password-file
//! cargo run --example corpus -- ordinary 143 ann@example.com < password-file
//! ```
//!
//! `hostile` has every folder name, message, flag and date that is known to break migrations, 50 MB and 10,000 parts included;
//! `ordinary` is the mailbox of an ordinary person. What the server does not take is listed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, dead_code)]

#[path = "../tests/support/corpus.rs"]
mod corpus;
#[path = "../tests/support/imap_client.rs"]
mod imap_client;
#[path = "../tests/support/wire_value.rs"]
mod wire_value;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, port, user] = arguments.as_slice() else { return usage() };
    let corpus = match kind.as_str() {
        "hostile" => corpus::hostile(corpus::Largest::Full),
        "ordinary" => corpus::ordinary(500),
        _ => return usage(),
    };
    let Ok(port) = port.parse() else { return usage() };
    let mut password = String::new();
    std::io::stdin().read_line(&mut password).unwrap();
    let mut client = imap_client::ImapClient::sign_in(port, user, password.trim_end_matches(['\r', '\n']));
    let not_taken = client.fill(&corpus);
    println!("{} folders, {} messages", corpus.folders.len(), corpus.message_count());
    for refused in &not_taken {
        println!("not taken: {}: {}", refused.what, refused.words);
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    println!("corpus hostile|ordinary PORT USER, with the password on standard input");
    ExitCode::from(2)
}
