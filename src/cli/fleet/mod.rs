//! `kimt fleet …`: one migration on many machines. Says what is to be done, does it, and shows how far it is.

mod args;
mod create;
mod facts;
mod job_report;
mod jobs;
mod orders;
mod place;
mod report;
mod reporting;
mod setup;
mod times;
mod together;
mod watch;
mod window;
mod work;

pub(super) use args::FleetArguments;
pub(super) use window::DatabaseFleets;

use super::Refusal;
use super::exit_code::ExitStatus;
use args::FleetCommand;

/// Carries out one command.
pub(super) fn run(typed: FleetArguments) -> Result<ExitStatus, Refusal> {
    match typed.command {
        FleetCommand::Create(typed) => create::create(*typed),
        FleetCommand::Add(typed) => create::add(&typed),
        FleetCommand::Check(typed) => orders::begin(&typed, "check", None),
        FleetCommand::Migrate(typed) => orders::migrate(&typed),
        FleetCommand::Verify(typed) => orders::begin(&typed, "verify", None),
        FleetCommand::Work(typed) => work::work(&typed),
        FleetCommand::Watch(typed) if typed.window => window::open(&typed),
        FleetCommand::Watch(typed) => watch::watch(&typed),
        FleetCommand::Report(typed) => report::report(&typed),
        FleetCommand::Pause(typed) => orders::pause(&typed),
        FleetCommand::Continue(typed) => orders::resume(&typed),
        FleetCommand::Stop(typed) => orders::stop(&typed),
        FleetCommand::Drain(typed) => orders::drain(&typed),
        FleetCommand::Finish(typed) => orders::finish(&typed),
        FleetCommand::Upgrade(typed) => orders::upgrade(&typed),
    }
}
