//! The accounts at helpdesks: `[[source]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbell_workers::sender::hosts::AllowedHosts;
use deskbell_workers::signature::Scheme;
use serde::{Deserialize, Serialize};

use super::reading::{Problem, Section};
use super::secret::{SecretRef, SecretRefs};
use super::settings::Settings;
use super::units::maybe_duration;

/// `[[source]]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// Its webhooks are posted to `/hooks/NAME`.
    pub(crate) name: String,
    /// The connector plugin that knows the helpdesk; none for canonical events.
    pub(crate) connector: Option<String>,
    /// What the connector reads as its settings.
    #[serde(default)]
    pub(crate) settings: Settings,
    /// Where the connector's requests may go; it needs both this and its manifest's leave.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    /// By name. `webhook` verifies what arrives; the connector knows the others by name alone.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, SecretRefs>,
    /// In place of the scheme in the connector's manifest.
    pub(crate) signature: Option<Scheme>,
    /// Further values of the attribute `source` that canonical events of this account may have.
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    /// Ids of the users as which the engine itself acts there, to know its own writes.
    #[serde(default)]
    pub(crate) own_actors: Vec<String>,
    /// Requests to the helpdesk, at most.
    pub(crate) rate_per_second: Option<f64>,
    /// Announced as silent after so long without a webhook.
    #[serde(default, with = "maybe_duration")]
    pub(crate) silent_after: Option<Duration>,
}

impl Source {
    /// Where the secrets of this name are; empty if the file does not say.
    pub(crate) fn secret(&self, name: &str) -> &[SecretRef] {
        self.secrets.get(name).map(SecretRefs::all).unwrap_or_default()
    }
}

impl Section for Source {
    fn validate(&self, problems: &mut Vec<Problem>) {
        check_name(&self.name, problems);
        if let Err(error) = AllowedHosts::parse("`hosts`", &self.hosts) {
            problems.push(Problem::new("hosts", format!("has '{}', which is no host: {}", error.entry, error.problem)));
        }
        if let Some(Err(error)) = self.signature.as_ref().map(Scheme::check) {
            problems.push(Problem::new("signature", format!("is wrong: {error}")));
        }
        if self.connector.is_some() && !self.sources.is_empty() {
            problems
                .push(Problem::new("sources", "is for canonical events; those of a connector have the source's name"));
        }
        if self.connector.is_none() && !self.hosts.is_empty() {
            problems.push(Problem::new("hosts", "is for connectors; without one nothing is sent there"));
        }
        if self.rate_per_second.is_some_and(|rate| !(0.001..=10_000.0).contains(&rate)) {
            problems.push(Problem::new("rate_per_second", "has to be between 0.001 and 10000"));
        }
        if self.silent_after.is_some_and(|after| after < Duration::from_mins(1)) {
            problems.push(Problem::new("silent_after", "has to be at least 1m"));
        }
    }
}

/// Names of sources, plugins and destinations stand in URLs, in commands and in logs.
pub(super) fn check_name(name: &str, problems: &mut Vec<Problem>) {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        problems.push(Problem::new("name", "has to be 1 to 64 lower-case letters, digits, - and _"));
    }
}
