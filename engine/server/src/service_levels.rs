//! Policies and calendars as engines have run with them, kept in the database, and what follows from a change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use anyhow::Context as _;
use deskbell_model::calendar::Book;
use deskbell_model::sla::{Editions, Policies};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use deskbell_store::clock::{Concerned, Edition};
use deskbell_workers::levels::Levels;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::wiring;

/// What clocks depend on, so that it can be read again when the configuration has become another.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Definition {
    #[serde(default)]
    sla: Vec<toml::Value>,
    #[serde(default)]
    calendars: toml::Table,
    /// The holiday files that calendars name, with their text.
    #[serde(default)]
    holiday_files: BTreeMap<String, String>,
}

impl Definition {
    fn of(config: &Config) -> Self {
        let files = config.calendars.values().filter_map(|calendar| calendar.get("holiday_file")?.as_str());
        let read = |path: &str| Some((path.to_owned(), fs::read_to_string(config.folder.join(path)).ok()?));
        Self {
            sla: config.sla.clone(),
            calendars: config.calendars.clone(),
            holiday_files: files.filter_map(read).collect(),
        }
    }

    fn edition(&self, since: Timestamp) -> anyhow::Result<Edition> {
        let definition = toml::to_string(self).context("the SLA policies cannot be written down")?;
        Ok(Edition { digest: Sha256::digest(definition.as_bytes()).to_vec(), definition, since })
    }

    fn policies(&self) -> anyhow::Result<Policies> {
        let read = |path: &str| self.holiday_files.get(path).cloned().ok_or_else(|| format!("'{path}' was not kept"));
        let book = Book::from_table(&self.calendars, &read)?;
        Ok(Policies::from_values(&self.sla, &book)?)
    }
}

/// The policies that hold, and those that engines ran with before.
pub(crate) async fn editions(config: &Config, store: &Store, now: Timestamp) -> anyhow::Result<Arc<Editions>> {
    let policies = wiring::policies(config, &wiring::calendars(config)?)?;
    let digest = Definition::of(config).edition(now)?.digest;
    let noted = store.sla_editions().await?;
    let ends = noted.iter().skip(1).map(|edition| edition.since).chain([now]);
    let mut earlier = Vec::new();
    for (place, (edition, until)) in noted.iter().zip(ends).enumerate() {
        if place + 1 == noted.len() && edition.digest == digest {
            break;
        }
        let read = toml::from_str::<Definition>(&edition.definition).map_err(anyhow::Error::from);
        match read.and_then(|definition| definition.policies()) {
            Ok(policies) => earlier.push((policies, until)),
            Err(error) => tracing::warn!(
                since = %edition.since,
                error = format!("{error:#}"),
                "SLA policies of before do not read back; clocks that they judged are computed by the present ones"
            ),
        }
    }
    Ok(Arc::new(Editions::after(earlier, policies)))
}

/// Notes what this engine runs with; where that changes what clocks are, those of open tickets are looked at.
pub(crate) async fn note(config: &Config, store: &Store, now: Timestamp) -> anyhow::Result<()> {
    let mut sources: BTreeSet<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
    sources.extend(config.sources.iter().flat_map(|source| &source.sources).map(String::as_str));
    let edition = Definition::of(config).edition(now)?;
    match store.note_sla(&edition, &sources).await? {
        Concerned::None => {}
        Concerned::Sources(names) => {
            tracing::info!(
                sources = names.join(", "),
                "sources came or went; the clocks of their open tickets are computed anew"
            );
        }
        Concerned::All => {
            tracing::info!("SLA policies or calendars are new; the clocks of all open tickets are computed anew");
        }
    }
    Ok(())
}

/// The policies and the sources whose tickets they judge.
pub(crate) async fn levels(config: &Config, store: &Store, now: Timestamp) -> anyhow::Result<Levels> {
    let mut sources = BTreeSet::new();
    for source in &config.sources {
        sources.insert(store.source(&source.name).await?);
        for name in &source.sources {
            sources.insert(store.source(name).await?);
        }
    }
    Ok(Levels::new(editions(config, store, now).await?, sources))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_clocks_depend_on_is_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("company.ics"), "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n")
            .unwrap();
        let file = folder.path().join("deskbell.toml");
        let parse = |hours: &str| {
            let text = format!(
                "[calendars.a]\ntimezone = \"Europe/Berlin\"\nhours = {{ mon = [\"{hours}\"] }}\nholiday_file = \"company.ics\"\n\
                 [[sla]]\nname = \"p\"\ncalendar = \"a\"\n[sla.targets.normal]\nresolution = \"1bd\"\n"
            );
            Config::parse(&text, Path::new(&file)).unwrap()
        };
        let now = Timestamp::from_seconds(0);
        let edition = Definition::of(&parse("09:00-17:00")).edition(now).unwrap();
        let read: Definition = toml::from_str(&edition.definition).unwrap();
        assert_eq!(read.edition(now).unwrap(), edition);
        assert_eq!(read.policies().unwrap().names().collect::<Vec<_>>(), ["p"]);
        assert_ne!(Definition::of(&parse("09:00-18:00")).edition(now).unwrap().digest, edition.digest);
    }
}
