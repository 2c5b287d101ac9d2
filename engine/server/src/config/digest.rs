//! A digest of what the engine is told to do, by which processes on one database know that they are told the same.
//!
//! What counts is what the settings mean: not comments, order of settings or whether a default is written out. What does
//! not count is how large one process is and where it listens, which may differ: `server.listen`, `[intake]`,
//! `[dispatch]`, `deliver.concurrency`. Secrets count by where they are, and files that are named by their names.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Config;
use super::settings::json;

/// The SHA-256 of a configuration, printed in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Changes when the same settings shall get another digest: when they come to mean something else.
const VERSION: &str = "deskbell configuration 1";

pub(super) fn of(config: &Config) -> Digest {
    let mut hash = Sha256::new();
    hash.update(VERSION);
    let deliver = (&config.deliver.timeout, &config.deliver.connect_timeout, &config.deliver.ca_file);
    let private: Vec<String> = config.deliver.allow_private.iter().map(ToString::to_string).collect();
    let raw = |values: &[toml::Value]| toml::Value::Array(values.to_vec());
    for part in [
        value(&(config.server.max_body, &config.server.public_url)),
        value(&(deliver, private)),
        value(&config.loop_guard),
        value(&config.retention),
        value(&config.limits),
        value(&config.mail),
        value(&config.sources),
        value(&config.plugins),
        value(&config.destinations),
        plain(toml::Value::Table(config.calendars.clone())),
        plain(raw(&config.sla)),
        value(&config.sla_on),
        value(&config.kpi),
        value(&config.schedules),
        value(&config.reports),
    ] {
        feed(&mut hash, &part);
    }
    Digest(hash.finalize().into())
}

/// Settings are made of what JSON has, so this cannot fail; if it did, that would count as absent.
fn value(settings: &impl Serialize) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

fn plain(settings: toml::Value) -> Value {
    json(settings).unwrap_or_default()
}

/// Each value with its kind and length, members by name, so that different values cannot look the same.
fn feed(hash: &mut Sha256, value: &Value) {
    let mut head = |kind: u8, length: usize| {
        hash.update([kind]);
        hash.update(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
    };
    match value {
        Value::Null => head(b'n', 0),
        Value::Bool(flag) => head(b'b', usize::from(*flag)),
        Value::Number(number) => {
            let text = number.to_string();
            head(b'd', text.len());
            hash.update(text);
        }
        Value::String(text) => {
            head(b's', text.len());
            hash.update(text);
        }
        Value::Array(items) => {
            head(b'a', items.len());
            for item in items {
                feed(hash, item);
            }
        }
        Value::Object(members) => {
            head(b'o', members.len());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            for (name, member) in members {
                feed(hash, &Value::String(name.clone()));
                feed(hash, member);
            }
        }
    }
}
