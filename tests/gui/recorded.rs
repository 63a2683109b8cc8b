//! A recorded migration: forty accounts as an administrator has them, as events, up to any moment.

use kimt::accounts::{self, AccountsFile};
use kimt::domain::{
    AccountId, FolderId, FolderPath, LeftOut, LeftOutReason, Mapping, MessageName, PlannedFolder, Problem, ProblemKind,
    Side,
};
use kimt::progress::{AccountEnd, AccountInfo, Event, RunInfo, RunKind, Stamped, Step, UserState, Verify};

/// Names in the scripts that the program's own face covers, and one that is longer than any column.
pub const PEOPLE: [(&str, &str, u64); 12] = [
    ("ann.keller@old-company.com", "Ann Keller", 12_480),
    ("b.novak@old-company.com", "Bohumil Novák", 8_211),
    ("c.ortiz@old-company.com", "Carmen Ortiz", 40_902),
    ("d.weber@old-company.com", "Dieter Weber", 0),
    ("info@old-company.com", "", 55_034),
    ("e.sato@branch.example", "Emi Satō", 3_110),
    ("f.ivanova@branch.example", "Фаина Иванова", 9_904),
    ("g.haddad@branch.example", "Ghada Haddad", 1_002),
    ("h.lang@old-company.com", "Heinrich Lang", 700),
    ("i.papadopoulou@branch.example", "Ιωάννα Παπαδοπούλου", 14_220),
    (
        "customer-service-and-complaints-department-north-west@old-company.com",
        "Customer Service and Complaints, North-West, with Deputies",
        2_480,
    ),
    ("j.o'neill+lists@old-company.com", "Seán O’Neill", 6_003),
];

/// Mean size of a message.
const SIZE: u64 = 147_000;

/// The accounts file of these people, with two bad lines.
pub fn file() -> AccountsFile {
    let mut text = String::from("empty@old-company.com;;No Password\nno-address;secret1;Nobody\n");
    for (address, name, _) in PEOPLE {
        text.push_str(&format!("{address};hunter2;{name}\n"));
    }
    let mut file = accounts::read(text.as_bytes());
    file.require_passwords();
    file
}

/// Many accounts.
pub fn large_file(accounts: usize) -> AccountsFile {
    let lines: String = (0..accounts).map(|n| format!("user{n:05}@old-company.com;hunter2;User {n}\n")).collect();
    accounts::read(lines.as_bytes())
}

/// Events in the making.
pub struct Recording {
    at: u64,
    events: Vec<Stamped>,
}

impl Recording {
    /// A run of these accounts that just began.
    pub fn begin<'a>(kind: RunKind, people: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let accounts = people
            .into_iter()
            .enumerate()
            .map(|(index, (address, name))| AccountInfo {
                address: address.to_owned(),
                full_name: name.to_owned(),
                line: index as u32 + 1,
                target_address: None,
            })
            .collect();
        let info = RunInfo {
            kind,
            started: "2026-11-24T22:04:00+01:00".into(),
            source: "mail.old-company.com".into(),
            target: "10.1.0.5:8143".into(),
            jobs: 4,
            verify: Verify::Content,
            log_folder: "/home/admin/KimtLogs/11242026_220400".into(),
            accounts,
            bad_lines: Vec::new(),
            migration: None,
        };
        let mut recording = Self { at: 0, events: Vec::new() };
        recording.note(Event::RunStarted(info));
        for (side, product) in [(Side::Source, "Dovecot"), (Side::Administration, "Kerio Connect 10.0.8")] {
            recording.note(Event::ServerReached { side, product: product.to_owned() });
        }
        recording
    }

    /// Something happened, a moment later.
    pub fn note(&mut self, event: Event) -> &mut Self {
        self.at += 3;
        self.events.push(Stamped { at: self.at, event });
        self
    }

    /// Time goes by.
    pub fn pass(&mut self, milliseconds: u64) -> &mut Self {
        self.at += milliseconds;
        self
    }

    /// A worker takes an account up and counts it: INBOX, Sent, Archive/2021, here and there an empty Calendar, and a folder that is left
    /// out.
    pub fn count(&mut self, account: usize, messages: u64) -> &mut Self {
        let id = AccountId(account as u32);
        self.note(Event::AccountStarted { account: id });
        self.note(Event::AccountLookedUp { account: id, user_state: user_state(account) });
        let way = |source: &[&str], target: &[&str], mapping| PlannedFolder {
            source: FolderPath::new(source.iter().copied()),
            target: FolderPath::new(target.iter().copied()),
            mapping,
        };
        let mut folders = vec![
            way(&["INBOX"], &["INBOX"], Mapping::SameName),
            way(&["Sent"], &["Sent Items"], Mapping::ByUse),
            way(&["Archive", "2021"], &["Archive", "2021"], Mapping::SameName),
        ];
        if matches!(account, 4 | 8) {
            folders.push(way(&["Calendar"], &["Calendar (migrated)"], Mapping::Reserved));
        }
        let all = folders.len() as u32;
        let left_out = vec![LeftOut { folder: "Public Folders/News".into(), reason: LeftOutReason::Shared }];
        self.note(Event::FoldersPlanned { account: id, folders, left_out });
        for (folder, messages) in parts(messages).into_iter().enumerate() {
            let bytes = Some(messages * SIZE);
            self.note(Event::FolderCounted { account: id, folder: FolderId(folder as u32), messages, bytes });
        }
        for folder in (3..all).map(FolderId) {
            self.note(Event::FolderCounted { account: id, folder, messages: 0, bytes: Some(0) });
        }
        self
    }

    /// Of each folder's messages the share from `from` to `to` arrived, within `seconds`.
    pub fn copy(&mut self, account: usize, (from, to): (f64, f64), messages: u64, seconds: u64) -> &mut Self {
        let id = AccountId(account as u32);
        let slices = seconds.max(1);
        for slice in 0..slices {
            self.pass(1000);
            for (folder, messages) in parts(messages).into_iter().enumerate() {
                let share = |slice: u64| from + (to - from) * slice as f64 / slices as f64;
                let upto = |slice: u64| (messages as f64 * share(slice)).round() as u64;
                let now = upto(slice + 1) - upto(slice);
                let folder = FolderId(folder as u32);
                self.note(Event::MessagesCopied { account: id, folder, messages: now, bytes: now * SIZE });
                self.note(Event::MessagesChecked { account: id, folder, messages: now, bytes: now * SIZE });
            }
        }
        self
    }

    /// An account ends.
    pub fn end(&mut self, account: usize, messages: u64, end: AccountEnd) -> &mut Self {
        let id = AccountId(account as u32);
        if end == AccountEnd::Complete {
            for (folder, messages) in parts(messages).into_iter().enumerate() {
                let folder = FolderId(folder as u32);
                self.note(Event::FolderFinished { account: id, folder, target_messages: Some(messages) });
            }
        }
        self.note(Event::AccountFinished { account: id, end })
    }

    /// A problem of an account.
    pub fn problem(&mut self, account: usize, folder: Option<u32>, problem: Problem) -> &mut Self {
        let account = Some(AccountId(account as u32));
        self.note(Event::ProblemMet { account, folder: folder.map(FolderId), problem })
    }

    /// A worker does something else.
    pub fn step(&mut self, account: usize, step: Step) -> &mut Self {
        self.note(Event::Stepped { account: AccountId(account as u32), step })
    }

    /// The events.
    pub fn events(self) -> Vec<Stamped> {
        self.events
    }
}

fn parts(messages: u64) -> [u64; 3] {
    [messages - messages / 4 - messages / 3, messages / 4, messages / 3]
}

fn user_state(account: usize) -> UserState {
    match account {
        2 => UserState::Exists,
        5 | 6 | 7 | 9 => UserState::DomainWillBeCreated,
        _ => UserState::WillBeCreated,
    }
}

fn people() -> impl Iterator<Item = (&'static str, &'static str)> {
    PEOPLE.into_iter().map(|(address, name, _)| (address, name))
}

/// The password of d.weber was refused.
pub fn refused(account: usize) -> Problem {
    Problem::new(ProblemKind::PasswordRefused)
        .on(Side::Source)
        .at_server("mail.old-company.com")
        .for_account(PEOPLE[account].0)
        .saying("[AUTHENTICATIONFAILED] Invalid credentials")
}

/// A check of everybody that has ended: one password was refused.
pub fn checked() -> Vec<Stamped> {
    let mut run = Recording::begin(RunKind::Check, people());
    for (account, (_, _, messages)) in PEOPLE.into_iter().enumerate() {
        if account == 3 {
            let id = AccountId(3);
            run.note(Event::AccountStarted { account: id });
            run.problem(3, None, refused(3)).end(3, 0, AccountEnd::Failed);
        } else {
            run.count(account, messages).end(account, messages, AccountEnd::Complete);
        }
    }
    run.note(Event::RunFinished);
    run.events()
}

/// A check in its middle.
pub fn checking() -> Vec<Stamped> {
    let mut run = Recording::begin(RunKind::Check, people());
    run.count(0, 12_480).end(0, 12_480, AccountEnd::Complete);
    run.note(Event::AccountStarted { account: AccountId(1) }).step(1, Step::SigningIn);
    run.count(2, 40_902).step(2, Step::Scanning(FolderId(2)));
    run.events()
}

/// A migration in its middle.
pub fn running() -> Vec<Stamped> {
    let mut run = middle();
    run.note(Event::AccountStarted { account: AccountId(7) }).step(7, Step::CreatingAccount);
    run.events()
}

fn middle() -> Recording {
    let mut run = Recording::begin(RunKind::Migrate, people());
    run.count(0, 12_480).copy(0, (0.0, 1.0), 12_480, 60).end(0, 12_480, AccountEnd::Complete);
    run.note(Event::AccountStarted { account: AccountId(3) });
    run.problem(3, None, refused(3)).end(3, 0, AccountEnd::Failed);
    run.count(1, 8_211).copy(1, (0.0, 0.9998), 8_211, 40);
    let message = MessageName {
        recorded: "UID 812 of 4 March 2021, 61 MB, 'Plans for the new building'".into(),
        ..MessageName::default()
    };
    let large = Problem::new(ProblemKind::MessageTooLarge)
        .on(Side::Target)
        .for_account(PEOPLE[1].0)
        .in_folder("Archive/2021")
        .about_message(message)
        .saying("the target takes at most 50 MB");
    run.problem(1, Some(2), large.clone()).problem(1, Some(2), large).end(1, 8_211, AccountEnd::Incomplete);
    run.count(2, 40_902).copy(2, (0.0, 0.6), 40_902, 45).step(2, Step::Copying(FolderId(0)));
    run.count(4, 55_034).copy(4, (0.0, 0.25), 55_034, 70).step(4, Step::Copying(FolderId(2)));
    run.count(5, 3_110).copy(5, (0.0, 1.0), 3_110, 8).step(5, Step::Checking(FolderId(1)));
    run
}

/// A migration that waits for its source.
pub fn waiting() -> Vec<Stamped> {
    let mut run = middle();
    for account in [2, 4, 5] {
        run.note(Event::WaitStarted {
            account: AccountId(account),
            side: Side::Source,
            seconds: 30,
            why: Default::default(),
        });
    }
    run.pass(4000).note(Event::Paused).note(Event::Continued);
    run.events()
}

/// A migration that came to its end with two accounts that need her.
pub fn ended() -> Vec<Stamped> {
    let mut run = middle();
    for (account, (_, _, messages)) in PEOPLE.into_iter().enumerate() {
        match account {
            0 | 1 | 3 => continue,
            2 => run.copy(2, (0.6, 1.0), messages, 30),
            4 => run.copy(4, (0.25, 1.0), messages, 60),
            5 => &mut run,
            _ => run.count(account, messages).copy(account, (0.0, 1.0), messages, 20),
        };
        run.end(account, messages, AccountEnd::Complete);
    }
    run.note(Event::RunFinished);
    run.events()
}

/// A migration in which everything arrived.
pub fn complete() -> Vec<Stamped> {
    let mut run = Recording::begin(RunKind::Migrate, people().take(3));
    for (account, (_, _, messages)) in PEOPLE.into_iter().enumerate().take(3) {
        run.count(account, messages).copy(account, (0.0, 1.0), messages, 90).end(
            account,
            messages,
            AccountEnd::Complete,
        );
    }
    run.pass(7_600_000).note(Event::RunFinished);
    run.events()
}

/// A migration that could not start.
pub fn not_started() -> Vec<Stamped> {
    let mut run = Recording::begin(RunKind::Migrate, people());
    let problem =
        Problem::new(ProblemKind::Unreachable).on(Side::Target).at_server("10.1.0.5").saying("connection refused");
    run.note(Event::ProblemMet { account: None, folder: None, problem }).note(Event::RunFinished);
    run.events()
}

/// A migration of many accounts, four of them under way.
pub fn large(accounts: usize) -> Vec<Stamped> {
    let names: Vec<String> = (0..accounts).map(|n| format!("user{n:05}@old-company.com")).collect();
    let mut run = Recording::begin(RunKind::Migrate, names.iter().map(|name| (name.as_str(), "")));
    for account in 0..accounts / 2 {
        run.count(account, 100).copy(account, (0.0, 1.0), 100, 1).end(account, 100, AccountEnd::Complete);
    }
    for account in accounts / 2..accounts / 2 + 4 {
        run.count(account, 100).copy(account, (0.0, 0.5), 100, 1).step(account, Step::Copying(FolderId(0)));
    }
    run.events()
}
