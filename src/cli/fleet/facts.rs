//! Facts that the machines of a fleet found and that belong to no account: the servers' products and licence, the domains that were
//! created. Each is noted once, sealed, and part of the fleet's report.

use super::setup;
use crate::domain::Side;
use crate::fleet::Fleet;
use crate::ledger::LedgerError;
use crate::progress::{Event, RunState};
use serde::{Deserialize, Serialize};

/// A fact, found during the task with this number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fact {
    pass: i32,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Product(Side, String),
    /// Seats in use and in all.
    Seats(u32, Option<u32>),
    Domain(String),
}

impl Fact {
    /// The fact in an event, if it has one.
    pub(super) fn of(event: &Event, pass: i32) -> Option<Self> {
        let kind = match event {
            Event::ServerReached { side, product } => Kind::Product(*side, product.clone()),
            Event::SeatsCounted { used, allowed } => Kind::Seats(*used, *allowed),
            Event::DomainCreated { domain } => Kind::Domain(domain.clone()),
            _ => return None,
        };
        Some(Self { pass, kind })
    }

    /// Notes it in the database. The first count of seats stays: it is from before any user was created.
    pub(super) fn note(&self, fleet: &Fleet) -> Result<(), LedgerError> {
        let (what, first_holds) = match &self.kind {
            Kind::Product(side, _) => (format!("product {side}"), false),
            Kind::Seats(..) => (format!("seats {}", self.pass), true),
            Kind::Domain(domain) => (format!("domain {} {domain}", self.pass), true),
        };
        let text = setup::write(self)?;
        fleet.note_fact(&what, &text, first_holds)
    }
}

/// Adds what was found during the task with this number to the state of its run.
pub(super) fn take(fleet: &Fleet, pass: i32, state: &mut RunState) -> Result<(), LedgerError> {
    for text in fleet.facts()? {
        let fact: Fact = setup::read(&text)?;
        match fact.kind {
            Kind::Product(side, product) => drop(state.products.insert(side, product)),
            Kind::Seats(used, allowed) if fact.pass == pass => state.seats = Some((used, allowed)),
            Kind::Domain(domain) if fact.pass == pass => state.domains_created.push(domain),
            Kind::Seats(..) | Kind::Domain(_) => {}
        }
    }
    state.domains_created.sort();
    Ok(())
}
