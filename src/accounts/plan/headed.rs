//! What each column holds, by its title; where the titles leave open which column is the address, by content.

use super::super::clean;
use super::super::exports;
use super::super::header::{Beginning, Row};
use super::super::titles::Word;
use super::super::words;
use super::{Plan, key, titles};
use crate::domain::list::{Column, Columns, Export, LineFault, Meaning};

/// A list with a header.
pub(super) struct Headed<'a> {
    titles: Vec<String>,
    words: Vec<Option<Word>>,
    /// What each column holds on the sampled lines.
    content: Vec<Content>,
    sample: &'a [Row<'a>],
    columns: Columns,
    export: Option<Export>,
    line: u32,
}

/// What a column holds.
#[derive(Default, Clone, Copy)]
struct Content {
    filled: usize,
    addresses: usize,
    /// Fields with an @, whether one address or several.
    ats: usize,
}

impl Content {
    fn is_addresses(self) -> bool {
        self.addresses > 0 && self.addresses * 2 >= self.filled
    }
}

impl<'a> Headed<'a> {
    pub(super) fn new(header: &Row<'_>, beginning: &'a Beginning<'_>) -> Self {
        let titles = titles(header);
        let list = exports::by_titles(&titles);
        let word = |title: &String| {
            let not_used = list.is_some_and(|list| list.not_used.contains(&words::normal_form(title).as_str()));
            words::word(title).filter(|_| !not_used)
        };
        let mut content = vec![Content::default(); titles.len()];
        for row in &beginning.sample {
            for (content, field) in content.iter_mut().zip(&row.fields).filter(|(_, field)| !field.is_empty()) {
                content.filled += 1;
                content.ats += usize::from(field.text().contains('@'));
                content.addresses += usize::from(field.text().contains('@') && clean::address(field).is_ok());
            }
        }
        let shown = beginning.is_certain();
        let title = |title: &String| if shown { title.clone() } else { String::new() };
        let columns = titles.iter().map(|it| Column { title: title(it), meaning: Meaning::NotUsed }).collect();
        let columns = Columns { columns, header_line: Some(header.line), key: Some(key(&titles)) };
        let words = titles.iter().map(word).collect();
        Self {
            titles,
            words,
            content,
            sample: &beginning.sample,
            columns,
            export: list.map(|list| list.export),
            line: header.line,
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        let fault = self.find_address().and_then(|()| self.find_password()).and_then(|()| self.find_others()).err();
        self.find_names();
        let useless = self.export.filter(|export| export.refusal().is_some());
        let fault = useless.map(|export| LineFault::NoAccounts { export }).or(fault);
        let mut plan = Plan::of(self.columns);
        plan.export = self.export;
        let meanings = plan.columns.columns.iter().map(|column| column.meaning);
        let longer = self.sample.iter().filter(|row| row.fields.get(2).is_some_and(|field| !field.is_empty())).count();
        if meanings.eq([Meaning::Address, Meaning::Password]) && longer * 2 > self.sample.len() {
            // The manual's order, whose full name may follow without a title.
            plan.is_manual = true;
            plan.width = Some(3);
        }
        match fault {
            Some(fault) => plan.refused(self.line, fault),
            None => plan,
        }
    }

    fn of(&self, word: Word) -> Vec<usize> {
        (0..self.words.len()).filter(|&index| self.words[index] == Some(word)).collect()
    }

    fn set(&mut self, index: usize, meaning: Meaning) {
        self.columns.columns[index].meaning = meaning;
    }

    /// The only one of several columns, or the first if all hold the same; otherwise the two that differ.
    fn only(&self, candidates: &[usize]) -> Result<Option<usize>, (usize, usize)> {
        let Some((&first, others)) = candidates.split_first() else { return Ok(None) };
        let text = |row: &Row<'_>, index: usize| {
            row.fields.get(index).map(|field| clean::text(field).to_lowercase()).unwrap_or_default()
        };
        let differs = |other: &&usize| self.sample.iter().any(|row| text(row, first) != text(row, **other));
        match others.iter().find(differs) {
            None => Ok(Some(first)),
            Some(other) => Err((first, *other)),
        }
    }

    /// That two columns could have the same meaning.
    fn either(&self, (one, other): (usize, usize), meaning: Meaning) -> LineFault {
        LineFault::EitherColumn { one: self.columns.quoted(one), other: self.columns.quoted(other), meaning }
    }

    fn find_address(&mut self) -> Result<(), LineFault> {
        // "Primary" is the one of several that counts.
        let is_primary = |index: &usize| {
            let title = words::normal_form(&self.titles[*index]);
            title.starts_with("prim") || title.starts_with("zimbra") || title == "user domain com"
        };
        let addresses = self.of(Word::Address);
        let primary: Vec<usize> = addresses.iter().copied().filter(is_primary).collect();
        let ranks = [
            primary,
            addresses,
            self.of(Word::PrincipalName),
            self.of(Word::Login),
            self.of(Word::Mailbox),
            self.of(Word::Name),
        ];
        // A list without lines has only its titles.
        let are_addresses = |index: &usize| self.sample.is_empty() || self.content[*index].is_addresses();
        let rank = ranks.iter().map(|rank| rank.iter().copied().filter(are_addresses).collect::<Vec<_>>());
        if let Some(candidates) = rank.into_iter().find(|rank| !rank.is_empty()) {
            let found = self.only(&candidates).map_err(|two| self.either(two, Meaning::Address))?;
            if let Some(index) = found {
                self.check_rivals(index)?;
                self.set(index, Meaning::Address);
            }
            return Ok(());
        }
        // Several addresses in each field are refused line by line.
        let holds_several = |index: &usize| self.content[*index].ats * 2 > self.content[*index].filled;
        if let Some(index) = self.of(Word::Address).into_iter().find(holds_several) {
            self.set(index, Meaning::Address);
            return Ok(());
        }
        // The part before the @ and the domain, each in a column of its own.
        let locals = [self.of(Word::LocalPart), self.of(Word::Mailbox), self.of(Word::Login), self.of(Word::Address)];
        let local = locals.iter().find_map(|rank| rank.first().copied());
        if let (Some(local), Some(domain)) = (local, self.of(Word::Domain).first().copied()) {
            self.set(local, Meaning::LocalPart);
            self.set(domain, Meaning::Domain);
            return Ok(());
        }
        let known = ranks.concat();
        Err(match (self.export, known.first()) {
            (Some(export), _) => LineFault::ExportWithoutAddresses { export },
            (None, Some(index)) => LineFault::ColumnWithoutAddresses { column: self.columns.quoted(*index) },
            (None, None) => LineFault::AddressNotNamed,
        })
    }

    /// A login or an account that is an address of another domain: one of the two may be a private address.
    fn check_rivals(&self, address: usize) -> Result<(), LineFault> {
        let domain = |row: &Row<'_>, index: usize| {
            row.fields
                .get(index)
                .and_then(|field| clean::address(field).ok())
                .map(|address| address.domain().to_owned())
        };
        let differs = |row: &Row<'_>, rival: usize| match (domain(row, address), domain(row, rival)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        let rivals = [self.of(Word::Login), self.of(Word::Mailbox)].concat();
        let mut rivals = rivals.into_iter().filter(|rival| *rival != address);
        match rivals.find(|rival| self.sample.iter().any(|row| differs(row, *rival))) {
            Some(rival) => Err(self.either((address.min(rival), address.max(rival)), Meaning::Address)),
            None => Ok(()),
        }
    }

    fn find_password(&mut self) -> Result<(), LineFault> {
        let mut known = self.of(Word::Password);
        let is_filled = |index: &usize| self.content[*index].filled > 0;
        let open = (0..self.titles.len())
            .filter(|&index| self.words[index].is_none() && words::could_be_password(&self.titles[index]));
        let open: Vec<usize> = open.filter(is_filled).collect();
        if known.len() > 1 {
            // An empty column takes nothing from the other.
            let filled: Vec<usize> = known.iter().copied().filter(is_filled).collect();
            known = if filled.is_empty() { vec![known[0]] } else { filled };
        }
        match (known.as_slice(), open.as_slice()) {
            ([one], []) => self.set(*one, Meaning::Password),
            ([], []) => {}
            ([], [one]) => {
                return Err(LineFault::PasswordNotNamed { column: self.columns.quoted(*one) });
            }
            ([one, other, ..], _) | ([one], [other, ..]) | ([], [one, other, ..]) => {
                return Err(self.either((*one, *other), Meaning::Password));
            }
        }
        Ok(())
    }

    fn find_others(&mut self) -> Result<(), LineFault> {
        let free = |index: &usize| self.columns.columns[*index].meaning == Meaning::NotUsed;
        let login: Vec<usize> =
            self.of(Word::Login).into_iter().filter(free).filter(|index| self.content[*index].filled > 0).collect();
        let principal: Vec<usize> = self.of(Word::PrincipalName).into_iter().filter(free).collect();
        let target: Vec<usize> = self.of(Word::Target).into_iter().filter(free).collect();
        if let Some(index) = self.only(&login).map_err(|two| self.either(two, Meaning::Login))? {
            self.set(index, Meaning::Login);
        } else if let Some(index) = principal.first().copied().filter(|index| self.content[*index].is_addresses()) {
            self.set(index, Meaning::Login);
        }
        if let Some(index) = self.only(&target).map_err(|two| self.either(two, Meaning::Target))? {
            self.set(index, Meaning::Target);
        }
        Ok(())
    }

    fn find_names(&mut self) {
        let free = |index: &usize| self.columns.columns[*index].meaning == Meaning::NotUsed;
        let first = |word| self.of(word).into_iter().find(free);
        let (full, name) = (first(Word::FullName), first(Word::Name));
        let (given, family) = (first(Word::FirstName), first(Word::LastName));
        if let Some(full) = full {
            self.set(full, Meaning::FullName);
            return;
        }
        let (given, family) = match (given, family, name) {
            (None, Some(family), Some(name)) => (Some(name), Some(family)),
            (Some(given), None, Some(name)) => (Some(given), Some(name)),
            (given, family, None) => (given, family),
            (_, _, Some(name)) => {
                self.set(name, Meaning::FullName);
                return;
            }
        };
        if let Some(given) = given {
            self.set(given, Meaning::FirstName);
        }
        if let Some(family) = family {
            self.set(family, Meaning::LastName);
        }
    }
}
