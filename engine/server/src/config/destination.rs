//! Where notices go: `[[destination]]`, and the mail server for those by mail: `[mail]`.

use std::path::PathBuf;
use std::time::Duration;

use deskbell_workers::mail::Tls;
use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::reading::{Problem, Section};
use super::secret::SecretRef;
use super::units::duration;

/// `[[destination]]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    /// What a notice names as its `to`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Of `slack` and `webhook`. It is a secret: whoever knows it can post there.
    pub(crate) url: Option<SecretRef>,
    /// Signs the requests of a `webhook` by Standard Webhooks.
    pub(crate) secret: Option<SecretRef>,
    /// The addresses of `mail`.
    #[serde(default)]
    pub(crate) to: Vec<String>,
    /// Where a `folder` lies, relative to the configuration file.
    pub(crate) path: Option<PathBuf>,
    /// Notices, at most.
    pub(crate) rate_per_second: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Slack,
    Webhook,
    Mail,
    Folder,
}

impl Section for Destination {
    fn validate(&self, problems: &mut Vec<Problem>) {
        check_name(&self.name, problems);
        let posts = matches!(self.kind, Kind::Slack | Kind::Webhook);
        match (posts, self.url.is_some()) {
            (true, false) => problems.push(Problem::new("url", "is missing; write url = { env = \"NAME\" }")),
            (false, true) => problems.push(Problem::new("url", "is for slack and webhook; this kind posts nothing")),
            (true, true) | (false, false) => {}
        }
        match (self.kind == Kind::Mail, self.to.is_empty()) {
            (true, true) => problems.push(Problem::new("to", "is missing; write to = [\"ops@example.com\"]")),
            (false, false) => problems.push(Problem::new("to", "is for mail alone; this kind has no addresses")),
            (true, false) | (false, true) => {}
        }
        match (self.kind == Kind::Folder, self.path.is_some()) {
            (true, false) => problems.push(Problem::new("path", "is missing; write path = \"reports\"")),
            (false, true) => problems.push(Problem::new("path", "is for a folder alone; this kind writes no files")),
            (true, true) | (false, false) => {}
        }
        if let Some(address) = self.to.iter().find(|address| !is_address(address)) {
            let address: String = address.chars().take(80).collect();
            problems.push(Problem::new("to", format!("has '{address}', which is no mail address")));
        }
        if self.secret.is_some() && self.kind != Kind::Webhook {
            problems.push(Problem::new("secret", "signs webhooks; this kind cannot check it"));
        }
        if self.rate_per_second.is_some_and(|rate| !(0.001..=10_000.0).contains(&rate)) {
            problems.push(Problem::new("rate_per_second", "has to be between 0.001 and 10000"));
        }
    }
}

/// Whether it could be one; the mail server has the last word.
fn is_address(text: &str) -> bool {
    let plain = !text.contains(|char: char| char.is_whitespace() || char.is_control() || "<>,;\"".contains(char));
    plain
        && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// `[mail]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    /// Empty where mails go into a folder.
    #[serde(default)]
    pub(crate) host: String,
    /// Mails are written into it, one file each, instead of being sent. Relative to the configuration file.
    pub(crate) folder: Option<PathBuf>,
    /// None: the usual one for `tls`.
    port: Option<u16>,
    #[serde(default)]
    pub(crate) tls: Tls,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretRef>,
    /// The sender: an address, or `Name <address>`.
    pub(crate) from: String,
    /// For each step of a conversation.
    #[serde(default = "half_a_minute", with = "duration")]
    pub(crate) timeout: Duration,
}

const fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

impl Mail {
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::None => 25,
            Tls::Starttls => 587,
            Tls::Implicit => 465,
        })
    }
}

impl Section for Mail {
    fn validate(&self, problems: &mut Vec<Problem>) {
        if self.folder.is_some() {
            if !self.host.is_empty() || self.user.is_some() {
                problems.push(Problem::new("folder", "is in place of a mail server; give it or `host`, not both"));
            }
        } else if self.host.is_empty() || self.host.contains(|char: char| char.is_whitespace() || char == '/') {
            problems.push(Problem::new(
                "host",
                "has to be the name or address of a mail server alone, or write folder = \"mail\"",
            ));
        }
        let address = self.from.rsplit_once('<').map_or(self.from.as_str(), |(_, rest)| rest.trim_end_matches('>'));
        if !is_address(address) {
            problems.push(Problem::new("from", "is no sender; write \"deskbell@example.com\" or \"Name <address>\""));
        }
        if self.user.is_some() != self.password.is_some() {
            problems.push(Problem::new("password", "and `user` belong together; give both or neither"));
        }
        if !(Duration::from_secs(1)..=Duration::from_mins(5)).contains(&self.timeout) {
            problems.push(Problem::new("timeout", "has to be between 1s and 5m"));
        }
    }
}
