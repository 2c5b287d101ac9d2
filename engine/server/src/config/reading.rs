//! From TOML to sections, with as many mistakes at once as can be told apart: every section is read by itself, and a
//! member with a mistake is taken out and the rest read again.

use std::ops::Range;

use chrono_tz::Tz;
use deskbell_model::kpi::options::Invalid as NoZone;
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, ValueDeserializer};

use super::mistake::{Mistake, Said, nearest};

/// A table of the file that becomes a value of this type.
pub(super) trait Section: DeserializeOwned {
    /// What types cannot say. A problem names the member that it is about.
    fn validate(&self, problems: &mut Vec<Problem>);
}

/// A member of a section, and what is wrong with it.
pub(super) struct Problem {
    pub(super) member: &'static str,
    pub(super) problem: String,
}

impl Problem {
    pub(super) fn new(member: &'static str, problem: impl Into<String>) -> Self {
        Self { member, problem: problem.into() }
    }
}

/// What is wrong with a member that shall name a time zone, if anything is.
pub(super) fn zone_problem(member: &'static str, name: &str) -> Option<Problem> {
    if name.parse::<Tz>().is_ok() {
        return None;
    }
    let meant = nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
    let meant = meant.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
    Some(Problem::new(member, format!("is wrong: {}{meant}", NoZone::Zone(name.to_owned()))))
}

/// A section of which there may be several, with the place of its name for what is said about it later.
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) name_at: Range<usize>,
}

/// The file while it is read. What is asked for is taken out; what is left over in the end does not belong there.
pub(super) struct Reader<'t> {
    text: &'t str,
    root: DeTable<'t>,
    known: Vec<&'static str>,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'t> Reader<'t> {
    /// Mistakes of form end the reading, since what follows them cannot be trusted.
    pub(super) fn new(text: &'t str) -> Result<Self, Vec<Mistake>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let mistake = |error: &toml::de::Error| {
                let message = error.message().lines().next().unwrap_or_default();
                Mistake::new(text, &error.span().unwrap_or(0..0), String::new(), format!("this is no TOML: {message}"))
            };
            return Err(errors.iter().map(mistake).collect());
        }
        Ok(Self { text, root: root.into_inner(), known: Vec::new(), mistakes: Vec::new() })
    }

    /// The section `[name]`, or its defaults.
    pub(super) fn section<T: Section + Default>(&mut self, name: &'static str) -> T {
        self.optional(name).unwrap_or_default()
    }

    /// The section `[name]`, where it is there.
    pub(super) fn optional<T: Section>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            self.mistake(&span, name, format!("is a table; write [{name}]"));
            return None;
        };
        self.read(Spanned::new(span, table), name)
    }

    /// The sections `[[name]]`, in their order.
    pub(super) fn sections<T: Section>(&mut self, name: &'static str) -> Vec<Placed<T>> {
        let mut sections = Vec::new();
        for item in self.items(name) {
            let span = item.span();
            let DeValue::Table(table) = item.into_inner() else {
                self.mistake(&span, name, format!("is a list of tables; write [[{name}]]"));
                continue;
            };
            let name_at = table.get("name").map_or(span.clone(), Spanned::span);
            if let Some(value) = self.read(Spanned::new(span, table), name) {
                sections.push(Placed { value, name_at });
            }
        }
        sections
    }

    /// The table `[name]` as it stands; empty where it is not there.
    pub(super) fn raw_table(&mut self, name: &'static str) -> toml::Table {
        let Some(value) = self.take(name) else {
            return toml::Table::new();
        };
        let span = value.span();
        match self.raw(value, name) {
            Some(toml::Value::Table(table)) => table,
            Some(_) => {
                self.mistake(&span, name, format!("is a table; write [{name}]"));
                toml::Table::new()
            }
            None => toml::Table::new(),
        }
    }

    /// The tables `[[name]]` as they stand.
    pub(super) fn raw_tables(&mut self, name: &'static str) -> Vec<toml::Value> {
        let mut tables = Vec::new();
        for item in self.items(name) {
            let span = item.span();
            match self.raw(item, name) {
                Some(table @ toml::Value::Table(_)) => tables.push(table),
                Some(_) => self.mistake(&span, name, format!("is a list of tables; write [[{name}]]")),
                None => {}
            }
        }
        tables
    }

    /// Notes what is left over, and gives all mistakes.
    pub(super) fn finish(mut self) -> Vec<Mistake> {
        for (name, value) in std::mem::take(&mut self.root) {
            let key = name.get_ref().to_string();
            let problem = match nearest(&key, self.known.iter().copied()) {
                Some(meant) => format!("is no section; did you mean `{meant}`?"),
                None => format!("is no section; there are {}", self.known.join(", ")),
            };
            let span = if name.span().is_empty() { value.span() } else { name.span() };
            self.mistake(&span, &key, problem);
        }
        self.mistakes
    }

    pub(super) fn mistake(&mut self, span: &Range<usize>, key: impl Into<String>, problem: impl Into<String>) {
        self.mistakes.push(Mistake::new(self.text, span, key.into(), problem));
    }

    fn take(&mut self, name: &'static str) -> Option<Spanned<DeValue<'t>>> {
        self.known.push(name);
        self.root.remove(name)
    }

    fn items(&mut self, name: &'static str) -> Vec<Spanned<DeValue<'t>>> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let span = value.span();
        if let DeValue::Array(array) = value.into_inner() {
            array.into_iter().collect()
        } else {
            self.mistake(&span, name, format!("is a list of tables; write [[{name}]]"));
            Vec::new()
        }
    }

    fn raw(&mut self, value: Spanned<DeValue<'t>>, name: &str) -> Option<toml::Value> {
        let span = value.span();
        let read = toml::Value::deserialize(ValueDeserializer::from(value));
        read.map_err(|error| self.mistake(&error.span().unwrap_or(span), name, error.message())).ok()
    }

    /// Reads a table. None, with mistakes noted, if anything is wrong with it.
    fn read<T: Section>(&mut self, mut table: Spanned<DeTable<'t>>, section: &str) -> Option<T> {
        let n_before = self.mistakes.len();
        // Members that are not there, or not any more, for a reason already noted.
        let mut excused: Vec<String> = Vec::new();
        loop {
            let error = match T::deserialize(Deserializer::from(table.clone())) {
                Ok(value) if self.mistakes.len() == n_before => {
                    return self.validated(value, &table, section);
                }
                Ok(_) => return None,
                Err(error) => error,
            };
            let at = error.span().unwrap_or(table.span());
            let path = path_to(table.get_ref(), at.start);
            let nested = path.len() > 1;
            let key = std::iter::once(section).chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
            match Said::of(error.message()) {
                Said::Missing(member) if nested => {
                    self.mistake(&at, format!("{key}.{member}"), "is missing");
                }
                Said::Missing(member) => {
                    if !excused.contains(&member) {
                        self.mistake(&at, format!("{section}.{member}"), "is missing");
                    }
                    return None;
                }
                Said::Unknown { problem, meant } => {
                    self.mistake(&at, key, problem);
                    excused.extend(meant.filter(|_| !nested));
                }
                Said::Other(problem) => self.mistake(&at, key, problem),
            }
            let member = path.into_iter().next()?;
            table.get_mut().remove(member.as_str())?;
            excused.push(member);
        }
    }

    fn validated<T: Section>(&mut self, value: T, table: &Spanned<DeTable<'t>>, section: &str) -> Option<T> {
        let mut problems = Vec::new();
        value.validate(&mut problems);
        let fine = problems.is_empty();
        for Problem { member, problem } in problems {
            let at = table.get_ref().get(member).map_or(table.span(), Spanned::span);
            self.mistake(&at, format!("{section}.{member}"), problem);
        }
        fine.then_some(value)
    }
}

/// The names from this table down to what stands at this byte; empty where that is the table itself.
fn path_to(table: &DeTable<'_>, byte: usize) -> Vec<String> {
    for (name, value) in table {
        let own = || name.get_ref().to_string();
        if name.span().contains(&byte) {
            return vec![own()];
        }
        let below = match value.get_ref() {
            DeValue::Table(table) => path_to(table, byte),
            DeValue::Array(items) => {
                let tables = items.iter().filter_map(|item| item.get_ref().as_table());
                tables.map(|table| path_to(table, byte)).find(|path| !path.is_empty()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if !below.is_empty() || value.span().contains(&byte) {
            return std::iter::once(own()).chain(below).collect();
        }
    }
    Vec::new()
}
