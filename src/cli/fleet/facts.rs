//! What the machines of a fleet found out that belongs to no account: products and licence of the servers, domains that were created. Each
//! is noted once, sealed, and in the one report.

use super::setup;
use crate::domain::Side;
use crate::fleet::Fleet;
use crate::ledger::LedgerError;
use crate::progress::{Event, RunState};
use serde::{Deserialize, Serialize};

/// A fact, found during the task of this number.
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
    /// The fact that an event is, if it is one.
    pub(super) fn of(event: &Event, pass: i32) -> Option<Self> {
        let kind = match event {
            Event::ServerReached { side, product } => Kind::Product(*side, product.clone()),
            Event::SeatsCounted { used, allowed } => Kind::Seats(*used, *allowed),
            Event::DomainCreated { domain } => Kind::Domain(domain.clone()),
            _ => return None,
        };
        Some(Self { pass, kind })
    }

    /// Notes it in the database. Of the seats the first count holds: it is the one before anybody was created.
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

/// Takes what was found during the task of this number into the state of its run.
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
