//! The calendars of a configuration, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::{Table, Value};

use super::config::{Config, Invalid};
use super::{ALWAYS, Calendar, DEFAULT};

/// Calendars by name. Besides those of the configuration it has `always`, open at every instant, and, unless the
/// configuration defines one of that name, `default`: Monday to Friday 09:00 to 17:00 UTC.
#[derive(Clone, Debug)]
pub struct Book {
    calendars: BTreeMap<String, Arc<Calendar>>,
    always: Arc<Calendar>,
}

impl Default for Book {
    fn default() -> Self {
        Self::from_configs(BTreeMap::new(), &|file| Err(format!("nothing names '{file}'")))
            .unwrap_or_else(|_| Self { calendars: BTreeMap::new(), always: Calendar::always() })
    }
}

impl Book {
    /// The calendars of a whole configuration file; what else it holds is ignored. `read` gives the text of a holiday
    /// file, whose path is relative to that of the configuration.
    pub fn from_toml(text: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, Invalid> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| Invalid::Toml(error.to_string()))?;
        match table.get("calendars") {
            None => Self::from_configs(BTreeMap::new(), read),
            Some(Value::Table(calendars)) => Self::from_table(calendars, read),
            Some(_) => Err(Invalid::NoTable),
        }
    }

    /// The calendars of the table `[calendars]`.
    pub fn from_table(table: &Table, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, Invalid> {
        let config = |(name, value): (&String, &Value)| match Config::deserialize(value.clone()) {
            Ok(config) => Ok((name.clone(), config)),
            Err(error) => {
                let problem = error.to_string().trim_end().replace('\n', " ");
                Err(Invalid::Member { calendar: name.clone(), problem })
            }
        };
        Self::from_configs(table.iter().map(config).collect::<Result<_, _>>()?, read)
    }

    /// The calendars of these configurations.
    pub fn from_configs(
        configs: BTreeMap<String, Config>,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, Invalid> {
        let mut calendars = BTreeMap::new();
        for (name, config) in configs {
            let calendar = Arc::new(config.build(&name, read)?);
            calendars.insert(name, calendar);
        }
        if !calendars.contains_key(DEFAULT) {
            calendars.insert(DEFAULT.to_owned(), Arc::new(office_hours().build(DEFAULT, read)?));
        }
        Ok(Self { calendars, always: Calendar::always() })
    }

    /// The calendar of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Calendar>> {
        if name == ALWAYS { Some(&self.always) } else { self.calendars.get(name) }
    }

    /// The calendar that is open at every instant.
    pub const fn always(&self) -> &Arc<Calendar> {
        &self.always
    }

    /// The names that [`Self::get`] knows, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(ALWAYS).chain(self.calendars.keys().map(String::as_str))
    }
}

fn office_hours() -> Config {
    let hours = ["mon", "tue", "wed", "thu", "fri"].map(|day| (day.to_owned(), vec!["09:00-17:00".to_owned()]));
    Config { timezone: Some("UTC".to_owned()), hours: hours.into(), ..Config::default() }
}
