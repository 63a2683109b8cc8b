//! How the servers were reached in the last run of a named migration, in place of options that were not typed.
//!
//! - What is typed always takes precedence. What was taken from the record is reported as the options that say the same.
//! - The record holds no password and no token: these come from their files, from the environment, or are asked for, as always.

use clap::ValueEnum;

/// The options that were taken from the record.
#[derive(Default)]
pub(super) struct Taken(Vec<String>);

impl Taken {
    /// What to report about them, if there are any.
    pub(super) fn said(self) -> Option<String> {
        let Self(options) = self;
        (!options.is_empty()).then(|| format!("As in the last run of the migration: {}.", options.join(" ")))
    }

    /// Takes the value of the last run for an option that was not typed. A value that holds without the option is taken silently.
    pub(super) fn choice<T: ValueEnum + Default + PartialEq>(&mut self, option: &str, typed: &mut Option<T>, last: T) {
        if typed.is_some() {
            return;
        }
        if let Some(value) = last.to_possible_value().filter(|_| last != T::default()) {
            self.0.push(format!("--{option} {}", value.get_name()));
        }
        *typed = Some(last);
    }

    /// The same for an option with a text.
    pub(super) fn value<T>(&mut self, option: &str, typed: &mut Option<T>, last: Option<T>, shown: &str) {
        if typed.is_none() && last.is_some() {
            self.0.push(format!("--{option} {shown}"));
            *typed = last;
        }
    }
}
