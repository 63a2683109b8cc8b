//! Calendars, contacts and tasks on page 1: whether to migrate them, and under *More* the addresses of their servers if these are
//! elsewhere.

use super::super::super::theme::{self, palette};
use super::super::super::widgets::check;
use super::super::super::widgets::field::Field;
use crate::migrate::{DavAddress, Groupware, GroupwareMode};
use egui::{Label, Ui};

const NOTE: &str = "Events, tasks and contacts move over CalDAV and CardDAV with each person's own password. Nobody is invited: participants are listed in the description.";

/// The form, as filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupwareForm {
    /// Whether calendars, contacts and tasks are migrated.
    pub on: bool,
    /// The source's server, if it is not on the mail server's host.
    pub source: String,
    /// The target's.
    pub target: String,
}

impl GroupwareForm {
    /// Fills it in for the servers of a rehearsal.
    pub fn rehearse(&mut self, (source, target): (String, String)) {
        *self = Self { on: true, source, target };
    }

    /// What a run is asked to do. The error is a sentence.
    pub fn read(&self) -> Result<Groupware, String> {
        if !self.on {
            return Ok(Groupware::default());
        }
        Ok(Groupware {
            mode: GroupwareMode::Auto,
            source_dav: address(&self.source)?,
            target_dav: address(&self.target)?,
            ..Groupware::default()
        })
    }

    /// Draws the check box and, if it is checked, what it means.
    pub fn show(&mut self, ui: &mut Ui) {
        check::check(ui, &mut self.on, "Calendars and contacts").on_hover_text(NOTE);
        if self.on {
            ui.add(Label::new(theme::small(NOTE).color(palette(ui).soft)).wrap());
        }
    }

    /// Draws the address fields, if the box is checked.
    pub fn show_addresses(&mut self, ui: &mut Ui) {
        if !self.on {
            return;
        }
        for (name, label, hint, typed) in [
            (
                "source calendars",
                "Source's calendar server, if it is elsewhere",
                "https://cloud.example.com/dav/",
                &mut self.source,
            ),
            (
                "target calendars",
                "Target's calendar server, if it is elsewhere",
                "https://connect.example.com/",
                &mut self.target,
            ),
        ] {
            let wrong = address(typed).err();
            Field::new(name, label).hint(hint).wrong(wrong.as_deref()).show(ui, typed);
        }
    }
}

fn address(typed: &str) -> Result<Option<DavAddress>, String> {
    if typed.trim().is_empty() {
        Ok(None)
    } else {
        DavAddress::parse(typed).map(Some).map_err(|fault| fault.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_said_and_counts_only_where_calendars_are_migrated() {
        let mut form = GroupwareForm { source: "ftp://x".to_owned(), ..GroupwareForm::default() };
        assert_eq!(form.read(), Ok(Groupware::default()));
        form.on = true;
        assert!(form.read().is_err());
        form.source.clear();
        assert_eq!(form.read().unwrap().mode, GroupwareMode::Auto);
    }
}
