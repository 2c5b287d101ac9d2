//! How a process listens and works: `[server]`, `[intake]`, `[dispatch]`, `[deliver]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use deskbell_workers::sender::network::Network;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::reading::{Problem, Section};
use super::units::{duration, size};

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    #[serde(deserialize_with = "address")]
    pub(crate) listen: SocketAddr,
    /// The longest body of a webhook, in bytes.
    #[serde(with = "size")]
    pub(crate) max_body: u64,
    /// Where people and helpdesks reach it, for links in mails and reports. Without a slash at its end.
    #[serde(deserialize_with = "url")]
    pub(crate) public_url: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8484), max_body: 1 << 20, public_url: None }
    }
}

impl Section for Server {
    fn validate(&self, problems: &mut Vec<Problem>) {
        if !(1024..=64 << 20).contains(&self.max_body) {
            problems.push(Problem::new("max_body", "has to be between 1KiB and 64MiB"));
        }
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom("is no address with a port; write it like 127.0.0.1:8484 or [::]:8484"))
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let plain = !rest.contains(|char: char| char.is_whitespace() || "?#@".contains(char));
    if host.is_empty() || !plain {
        return Err(D::Error::custom("is no URL; write it like https://deskbell.example.com"));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// `[intake]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Intake {
    /// Webhooks that share a transaction, at most.
    pub(crate) max_batch: usize,
    /// Transactions under way at a time.
    pub(crate) committers: usize,
}

impl Default for Intake {
    fn default() -> Self {
        Self { max_batch: 64, committers: 2 }
    }
}

impl Section for Intake {
    fn validate(&self, problems: &mut Vec<Problem>) {
        within("max_batch", self.max_batch, 1..=10_000, problems);
        within("committers", self.committers, 1..=32, problems);
    }
}

/// `[dispatch]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dispatch {
    /// Finishing transactions under way at a time.
    pub(crate) workers: usize,
    /// Tickets finished in one transaction, at most.
    pub(crate) batch: usize,
    /// Tickets in work at a time.
    pub(crate) in_work: usize,
    /// How long a process has a ticket to itself. After that, another one takes over.
    #[serde(with = "duration")]
    pub(crate) lease: Duration,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self { workers: 2, batch: 256, in_work: 512, lease: Duration::from_secs(30) }
    }
}

impl Section for Dispatch {
    fn validate(&self, problems: &mut Vec<Problem>) {
        within("workers", self.workers, 1..=32, problems);
        within("batch", self.batch, 1..=10_000, problems);
        within("in_work", self.in_work, 1..=100_000, problems);
        if !(Duration::from_secs(5)..=Duration::from_hours(1)).contains(&self.lease) {
            problems.push(Problem::new("lease", "has to be between 5s and 1h"));
        }
    }
}

/// `[deliver]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Deliver {
    /// For a whole exchange, the answer included.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// For name, connection and encryption.
    #[serde(with = "duration")]
    pub(crate) connect_timeout: Duration,
    /// Requests under way at a time, over all destinations.
    pub(crate) concurrency: usize,
    /// Addresses that requests may go to although they are not public.
    #[serde(deserialize_with = "networks", serialize_with = "write_networks")]
    pub(crate) allow_private: Vec<Network>,
    /// Certificates of further authorities, PEM. Relative to the configuration file.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Default for Deliver {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            concurrency: 32,
            allow_private: Vec::new(),
            ca_file: None,
        }
    }
}

impl Section for Deliver {
    fn validate(&self, problems: &mut Vec<Problem>) {
        within("concurrency", self.concurrency, 1..=1000, problems);
        if !(Duration::from_secs(1)..=Duration::from_mins(5)).contains(&self.timeout) {
            problems.push(Problem::new("timeout", "has to be between 1s and 5m"));
        }
        if self.connect_timeout.is_zero() || self.connect_timeout > self.timeout {
            problems.push(Problem::new("connect_timeout", "has to be more than nothing and at most `timeout`"));
        }
    }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse::<Network>().map_err(D::Error::custom)).collect()
}

fn write_networks<S: Serializer>(networks: &[Network], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(networks.iter().map(ToString::to_string))
}

pub(super) fn within(
    member: &'static str,
    value: usize,
    allowed: std::ops::RangeInclusive<usize>,
    problems: &mut Vec<Problem>,
) {
    if !allowed.contains(&value) {
        let problem = format!("has to be between {} and {}", allowed.start(), allowed.end());
        problems.push(Problem::new(member, problem));
    }
}
