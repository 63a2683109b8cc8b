//! Page 3, *Migration Status*: the progress of the whole run and of each mailbox, and the ways to control it.

mod strips;
mod whole;

use super::super::action::{Action, RunCommand};
use super::super::widgets::bar::{Bar, Choice};
use super::super::widgets::sign::Mark;
use super::super::widgets::table::Column;
use super::super::widgets::{button, progress, strip};
use super::account_list::{self, AccountList, Columns, Field, Group, Listed, OfRun, Tools, View};
use crate::domain::Side;
use crate::migrate::Silence;
use crate::progress::{AccountEnd, Counts, Event, RunInfo, RunKind, RunState, Stamped, WaitReason};
use crate::report::words;
use egui::Ui;

/// The rows to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those that are running.
    Running,
    /// Those that need attention.
    Problems,
    /// Those that are complete.
    Done,
}

/// The question before a run is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Stop was pressed.
    Stop,
    /// The user closed the window.
    Close,
}

/// The state of the page.
#[derive(Default)]
pub struct StatusPage {
    /// The run.
    pub state: RunState,
    /// The time now, in milliseconds since the start.
    pub now: u64,
    /// The rows to show.
    pub filter: Filter,
    /// The text of the filter.
    pub search: String,
    /// The question that is shown.
    pub question: Option<Question>,
    /// The system keeps the computer awake.
    pub awake: bool,
    /// The server that has not answered for a while.
    pub silence: Option<Silence>,
    /// What the run that is starting does.
    pub asked: Option<RunKind>,
    /// The run is starting.
    pub starting: bool,
    /// How many rows the last frame drew.
    pub rows_drawn: usize,
    list: AccountList,
}

impl StatusPage {
    /// A page for a new run; `sizes` are what a check found for each account.
    pub fn begin(sizes: Vec<Option<Counts>>) -> Self {
        let mut page = Self { starting: true, ..Self::default() };
        page.state.know_sizes(sizes);
        page
    }

    /// A page for a fleet's task, whose accounts follow.
    pub fn of_fleet(info: RunInfo) -> Self {
        Self { state: RunState::assembled(info, Vec::new(), false), ..Self::default() }
    }

    /// The open accounts.
    pub fn opened(&self) -> impl Iterator<Item = usize> {
        self.list.opened()
    }

    /// How often the rows of the table were arranged.
    pub fn arrangements(&self) -> u64 {
        self.list.arrangements()
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Stamped) {
        self.starting = false;
        self.state.apply(event);
        self.now = self.now.max(self.state.now);
    }

    /// Treats the run as ended: it was stopped, but something keeps it from ending. Its threads end in the background.
    pub fn give_up_waiting(&mut self) {
        self.apply(&Stamped { at: self.now, event: Event::RunFinished });
    }

    /// The state of the run for the window's title; none without a run.
    pub fn in_title(&self) -> Option<String> {
        self.state.info.as_ref()?;
        let part = |number: u32, word: &str| match number {
            0 => String::new(),
            number => format!(", {} {word}", words::count(u64::from(number))),
        };
        let (failed, skipped) = (self.state.count_ended(AccountEnd::Failed), self.state.count_skipped());
        let failed = format!("{}{}", part(failed, "failed"), part(skipped, "skipped"));
        let progress = if self.state.is_known() {
            format!("{} %", self.state.percent())
        } else {
            format!("{} mailboxes", self.of_mailboxes())
        };
        Some(match () {
            () if !self.is_running() => format!("Finished{failed}"),
            () if self.state.paused => format!("Paused at {progress}{failed}"),
            () if self.silence.is_some() || self.state.lost_server().is_some() => {
                format!("Waiting at {progress}{failed}")
            }
            () if self.is_part() => format!("{progress} of this run{failed}"),
            () => format!("{progress}{failed}"),
        })
    }

    /// What the run does.
    pub fn kind(&self) -> RunKind {
        self.state.info.as_ref().map(|info| info.kind).or(self.asked).unwrap_or(RunKind::Migrate)
    }

    fn noun(&self) -> &'static str {
        words::kind(self.kind())
    }

    /// Whether the run works on only a part of its migration.
    fn is_part(&self) -> bool {
        self.state.whole().is_some_and(|whole| whole.stages.all() as usize != self.state.accounts.len())
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.starting || (self.state.info.is_some() && !self.state.finished)
    }

    /// The number of accounts in each group.
    fn groups(&self) -> [u64; 4] {
        let mut groups = [0; 4];
        self.state.accounts.iter().for_each(|account| groups[Group::of(account) as usize] += 1);
        groups
    }

    /// The mean rate of the whole run in bytes per second, if it has copied enough to tell.
    pub fn mean_pace(&self) -> Option<u64> {
        let (bytes, worked) = (self.state.tally.copied.bytes, self.state.rate.worked(self.state.now));
        (bytes > 1_000_000 && worked > 0).then(|| (bytes * 1000 / worked).max(1))
    }

    /// The line below the title.
    pub fn subtitle(&self) -> String {
        let Some(info) = &self.state.info else { return "Starting…".to_owned() };
        let jobs = if info.jobs == 1 { "1 mailbox".to_owned() } else { format!("{} mailboxes", info.jobs) };
        let at = info.started.get(11..16).unwrap_or_default();
        let whole = self.state.whole().filter(|_| self.is_part() && info.kind == RunKind::Migrate);
        let whole = whole.map_or_else(String::new, |whole| format!("{} · ", words::progress(whole)));
        let doing = match self.state.lost_server() {
            _ if !self.is_running() => "Ended".to_owned(),
            _ if self.state.stop_requested => "Stopping: finishing the current messages".to_owned(),
            _ if self.state.paused => "Paused".to_owned(),
            Some(_) => "All mailboxes are waiting".to_owned(),
            None => format!("{jobs} at a time"),
        };
        format!("{whole}{doing} · from {} to {} · started {at}", info.source, info.target)
    }

    /// The bar below the page.
    pub fn bar(&self) -> Bar {
        if !self.is_running() {
            return Bar {
                left: vec![Choice::new("Back", Action::Go(super::super::page::Page::Accounts))],
                primary: Some(Choice::new("Show result", Action::Go(super::super::page::Page::Result))),
                ..Bar::default()
            };
        }
        let under_way = !self.state.stop_requested && self.state.info.is_some();
        let mut left =
            vec![Choice::new("Stop…", Action::AskStop).enabled(under_way && self.question.is_none()).tip("Asks first")];
        let mut primary = None;
        if self.state.paused {
            primary = Some(Choice::new("Continue", Action::Run(RunCommand::Continue)).enabled(under_way));
        } else {
            left.push(
                Choice::new("Pause", Action::Run(RunCommand::Pause))
                    .enabled(under_way)
                    .tip("Pauses each mailbox after its current messages"),
            );
        }
        if self.state.is_fleet {
            left.push(Choice::new("Leave the fleet", Action::LeaveFleet).tip("Its machines keep working"));
            let report =
                Choice::new("Report", Action::OpenReport).tip("Writes the report of the whole fleet and opens it");
            return Bar { left, right: vec![report], primary, ..Bar::default() };
        }
        let mut right = vec![Choice::new("Open log folder", Action::OpenLogFolder)];
        let mut note = if self.awake { "The computer is kept awake".to_owned() } else { String::new() };
        if let Some(wait) = self.state.longest_wait().filter(|_| under_way && !self.state.paused) {
            let try_now = Choice::new("Try now", Action::Run(RunCommand::TryNow)).tip("Ends every wait for a server");
            match wait.why {
                // Trying sooner would bring the lock-out nearer.
                WaitReason::OwnChoice => {}
                _ if self.state.lost_server().is_some() => primary = Some(try_now),
                _ => left.push(try_now),
            }
            note = words::waiting(wait, self.now);
            right.clear();
        }
        Bar { left, note, right, primary }
    }

    /// What Esc does here. Returns whether it did something.
    pub fn escape(&mut self) -> bool {
        self.question.take().is_some() || self.list.close_all()
    }

    /// Draws the page.
    pub fn show(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        self.ask(ui, actions);
        for problem in &self.state.problems {
            strip::strip(ui, Mark::Bad, &problem.sentence(), problem.advice(), |_| ());
        }
        self.show_silence(ui);
        self.show_lost_server(ui);
        self.show_pause(ui, actions);
        self.show_common_failure(ui, actions);
        let state = &self.state;
        progress::bar(ui, state.fraction(), state.failed_share(), state.skipped_share(), "Progress of this run");
        self.figures(ui);
        self.tools(ui, actions);
        self.table(ui, actions);
    }

    fn ask(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let Some(question) = self.question.filter(|_| self.is_running()) else { return };
        let [running, problems, waiting, done] = self.groups();
        let is = |count: u64, one: &str, many: &str| {
            if count == 1 { one.to_owned() } else { format!("{} {many}", words::count(count)) }
        };
        let noun = self.noun();
        let copies = self.kind() == RunKind::Migrate;
        let mut parts = Vec::new();
        if done + problems > 0 {
            parts.push(is(
                done + problems,
                "1 finished account stays as it is.",
                "finished accounts stay as they are.",
            ));
        }
        if running > 0 {
            parts.push(if copies {
                is(
                    running,
                    "1 running account can continue later without duplicates.",
                    "running accounts can continue later without duplicates.",
                )
            } else {
                is(running, "1 account has not been fully compared.", "accounts have not been fully compared.")
            });
        }
        if waiting > 0 {
            parts.push(if copies && self.state.products.contains_key(&Side::Administration) {
                is(
                    waiting,
                    "1 waiting account is not in Kerio Connect yet, unless it existed before.",
                    "waiting accounts are not in Kerio Connect yet, unless they existed before.",
                )
            } else {
                is(waiting, "1 account has not started yet.", "accounts have not started yet.")
            });
        }
        let (head, stop, action) = match question {
            Question::Stop if self.state.is_fleet => (
                format!("Stop the {noun} on all machines?"),
                "Stop all machines".to_owned(),
                Action::Run(RunCommand::Stop),
            ),
            Question::Stop => (format!("Stop the {noun}?"), format!("Stop the {noun}"), Action::Run(RunCommand::Stop)),
            Question::Close => (
                format!("The {noun} is under way. Stop it and close?"),
                "Stop and close".to_owned(),
                Action::Run(RunCommand::StopAndClose),
            ),
        };
        strip::strip(ui, Mark::Warning, &head, &parts.join(" "), |ui| {
            ui.horizontal(|ui| {
                if button::quiet(ui, "Keep it running", true).clicked() {
                    actions.push(Action::KeepRunning);
                }
                if button::ending(ui, &stop).clicked() {
                    actions.push(action);
                }
            });
        });
    }

    fn tools(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let [running, problems, _, done] = self.groups();
        let filters = [
            (account_list::name_of_all(&self.state), self.state.accounts.len() as u64, Filter::All),
            ("Running", running, Filter::Running),
            ("Problems", problems, Filter::Problems),
            ("Complete", done, Filter::Done),
        ];
        let tools = Tools { filters: &filters, chosen: self.filter, saves: true };
        let asked;
        (self.filter, asked) = tools.show(ui, &mut self.search);
        self.list.hand_out(ui, &self.state, asked, actions);
    }

    fn table(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let listed = OfRun { state: &self.state, now: self.now };
        let columns = columns(ui, &mut self.list, &listed);
        let empty = if self.starting { "Preparing the servers." } else { "No mailbox matches the filter." };
        let (filter, search) = (self.filter, self.search.trim().to_lowercase());
        let (by_cause, shows) = (filter == Filter::Problems, format!("{filter:?} {search}"));
        let view = View { id: "mailboxes", listed: &listed, columns, shows, by_cause, height: None, empty };
        let wanted = |index: usize| {
            let group = listed.group(index);
            let fits = match filter {
                Filter::All => true,
                Filter::Running => group == Group::Running,
                Filter::Problems => group == Group::Problem,
                Filter::Done => group == Group::Done,
            };
            fits && listed.is_found(index, &search)
        };
        self.rows_drawn = self.list.show(ui, &view, &wanted, None, actions);
    }
}

/// A narrow table leaves out the bars and the sizes.
fn columns(ui: &Ui, list: &mut AccountList, listed: &dyn Listed) -> Columns {
    const ROOM_FOR_SIZE: f32 = 650.0;
    const ROOM_FOR_BAR: f32 = 800.0;
    let (measured, room) = (list.measured(ui, listed), ui.available_width());
    let mut columns = vec![(Field::Sign, Column::fixed("", 50.0)), measured.address("Mailbox")];
    columns.extend(account_list::machine(listed));
    columns.push(account_list::state("Status", account_list::usual_state(room)));
    if room >= ROOM_FOR_BAR {
        columns.push((Field::Bar, Column::fixed("", 90.0)));
    }
    columns.push(account_list::of_all(listed));
    if room >= ROOM_FOR_SIZE {
        columns.push(account_list::number(Field::Size, "Size", 84.0));
    }
    Columns::of(columns)
}
