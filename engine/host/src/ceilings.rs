//! How much a call may use.
//!
//! [`Ceilings`] are the operator's and hold for every plugin. A manifest may ask for less memory and time, or for more
//! than the defaults, but never for more than the ceilings; what comes out are a plugin's [`Limits`].

use std::fmt;
use std::time::Duration;

use deskbell_model::manifest;

/// What a plugin gets where its manifest asks for nothing else.
const DEFAULT_MEMORY_BYTES: u64 = 32 << 20;
const DEFAULT_CPU: Duration = Duration::from_millis(50);
const DEFAULT_WALL: Duration = Duration::from_secs(2);

/// The most that any plugin's call may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceilings {
    /// All memories of the call together.
    pub memory_bytes: u64,
    /// Time on the processor.
    pub cpu: Duration,
    /// Time from start to end, waiting for reads included.
    pub wall: Duration,
    /// How long a call waits for its turn before it fails with [`crate::Failure::Busy`].
    pub patience: Duration,
    /// Elements of all tables together. An interpreter inside a component needs tens of thousands.
    pub table_elements: usize,
    /// Core instances, of which a component composed of several has a few dozen.
    pub instances: usize,
    /// Handles that a call has open at a time.
    pub handles: usize,
    /// Bytes that one host call, or the answer of a call, may carry from the plugin to the host.
    pub host_call_bytes: usize,
    /// Reads that the host answers by asking the store.
    pub reads: u32,
    /// Entries that one such read may return.
    pub read_entries: u32,
    /// Bytes of log kept for a call; further lines are counted and dropped.
    pub log_bytes: usize,
    /// Effects, events or requests in one answer.
    pub effects: usize,
    pub events: usize,
    pub requests: usize,
    /// Bytes of the data and the reason of one effect.
    pub effect_bytes: usize,
    /// Writes to memory and timers in one call.
    pub writes: usize,
    /// Bytes of all their keys and values together, and of the timers' names and payloads. They are kept until the call's
    /// lane is finished, in one transaction with those of many others.
    pub write_bytes: usize,
    /// Bytes of a key, or of a timer's name.
    pub key_bytes: usize,
    /// Bytes of a value, or of a timer's payload.
    pub value_bytes: usize,
    /// Bytes of a report's document.
    pub document_bytes: usize,
    /// What reporters may use, which look at all tickets at once and are called some times a day.
    pub reporter: Limits,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            cpu: Duration::from_secs(1),
            wall: Duration::from_secs(10),
            patience: Duration::from_secs(5),
            table_elements: 100_000,
            instances: 64,
            handles: 1000,
            host_call_bytes: 4 << 20,
            reads: 200,
            read_entries: 1000,
            log_bytes: 64 << 10,
            effects: 100,
            events: 1000,
            requests: 20,
            effect_bytes: 512 << 10,
            writes: 1000,
            write_bytes: 1 << 20,
            key_bytes: 512,
            value_bytes: 64 << 10,
            document_bytes: 4 << 20,
            reporter: Limits { memory_bytes: 256 << 20, cpu: Duration::from_secs(5), wall: Duration::from_secs(30) },
        }
    }
}

/// What one plugin's calls may use: its manifest's wishes below the operator's ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub memory_bytes: u64,
    pub cpu: Duration,
    pub wall: Duration,
}

impl Limits {
    /// What the manifest asks for, the defaults where it asks for nothing, and in no case more than the ceilings.
    pub fn of(wishes: &manifest::Limits, ceilings: &Ceilings) -> Self {
        let time = |wish: Option<u64>, default: Duration| wish.map_or(default, Duration::from_millis);
        Self {
            memory_bytes: wishes.memory_bytes.unwrap_or(DEFAULT_MEMORY_BYTES).min(ceilings.memory_bytes),
            cpu: time(wishes.cpu_ms, DEFAULT_CPU).min(ceilings.cpu),
            wall: time(wishes.wall_ms, DEFAULT_WALL).min(ceilings.wall),
        }
    }

    /// The same for a reporter, which gets its ceilings where the manifest asks for nothing. Its wall time includes that
    /// of the figures it waits for.
    pub fn of_reporter(wishes: &manifest::Limits, ceilings: &Ceilings) -> Self {
        let most = ceilings.reporter;
        let time = |wish: Option<u64>, most: Duration| wish.map_or(most, Duration::from_millis).min(most);
        Self {
            memory_bytes: wishes.memory_bytes.unwrap_or(most.memory_bytes).min(most.memory_bytes),
            cpu: time(wishes.cpu_ms, most.cpu),
            wall: time(wishes.wall_ms, most.wall),
        }
    }
}

/// Which limit a call went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    Memory,
    TableElements,
    Cpu,
    Wall,
    HostCallBytes,
    Handles,
    Instances,
    Effects,
    EffectBytes,
    Events,
    Requests,
    DocumentBytes,
}

impl Limit {
    /// A word for metrics and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::TableElements => "table_elements",
            Self::Cpu => "cpu",
            Self::Wall => "wall",
            Self::HostCallBytes => "host_call_bytes",
            Self::Handles => "handles",
            Self::Instances => "instances",
            Self::Effects => "effects",
            Self::EffectBytes => "effect_bytes",
            Self::Events => "events",
            Self::Requests => "requests",
            Self::DocumentBytes => "document_bytes",
        }
    }

    /// Whether the same call might stay below it another time: time depends on what else the machine does.
    pub const fn is_about_time(self) -> bool {
        matches!(self, Self::Cpu | Self::Wall)
    }

    /// What a person may do about it.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::Memory => "ask for more with memory under [limits] in plugin.toml, up to the operator's ceiling",
            Self::Cpu => "ask for more with cpu under [limits] in plugin.toml, up to the operator's ceiling",
            Self::Wall => "ask for more with wall under [limits] in plugin.toml, up to the operator's ceiling",
            Self::TableElements
            | Self::HostCallBytes
            | Self::Handles
            | Self::Instances
            | Self::Effects
            | Self::EffectBytes
            | Self::Events
            | Self::Requests
            | Self::DocumentBytes => "this is a ceiling for all plugins; do less in one call",
        }
    }

    /// An amount in this limit's unit, as people read it.
    pub(crate) fn amount(self, amount: u64) -> String {
        match self {
            Self::Cpu | Self::Wall => format!("{} ms", amount.div_ceil(1000)),
            Self::Memory | Self::HostCallBytes | Self::EffectBytes | Self::DocumentBytes => bytes(amount),
            _ => amount.to_string(),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::TableElements => "table elements",
            Self::Cpu => "CPU time",
            Self::Wall => "wall time",
            Self::HostCallBytes => "bytes per host call",
            Self::Handles => "open handles",
            Self::Instances => "core instances",
            Self::Effects => "effects per call",
            Self::EffectBytes => "bytes per effect",
            Self::Events => "events per call",
            Self::Requests => "requests per step",
            Self::DocumentBytes => "bytes of a report's document",
        })
    }
}

pub(crate) fn bytes(amount: u64) -> String {
    const UNITS: &[(u64, &str)] = &[(1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| amount >= *size) {
        Some((size, unit)) if amount.is_multiple_of(*size) => format!("{} {unit}", amount / size),
        Some((size, unit)) => format!("{:.1} {unit}", amount as f64 / *size as f64),
        None => format!("{amount} bytes"),
    }
}

/// A limit was reached in the middle of a call. Travels as the error that ends the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} limit {} exceeded", limit.amount(*allowed))]
pub(crate) struct Exceeded {
    pub(crate) limit: Limit,
    /// In bytes, microseconds or a number, as the limit has it.
    pub(crate) allowed: u64,
    pub(crate) used: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_hold_below_the_ceilings() {
        let ceilings = Ceilings { memory_bytes: 64 << 20, cpu: Duration::from_millis(40), ..Ceilings::default() };
        let wishes = manifest::Limits { memory_bytes: Some(1 << 30), cpu_ms: None, wall_ms: Some(100) };
        let limits = Limits::of(&wishes, &ceilings);
        let expected =
            Limits { memory_bytes: 64 << 20, cpu: Duration::from_millis(40), wall: Duration::from_millis(100) };
        assert_eq!(limits, expected);
    }

    #[test]
    fn amounts_are_readable() {
        for (limit, amount, expected) in [
            (Limit::Memory, 32 << 20, "32 MiB"),
            (Limit::Memory, (32 << 20) + (1 << 19), "32.5 MiB"),
            (Limit::EffectBytes, 700, "700 bytes"),
            (Limit::Cpu, 50_000, "50 ms"),
            (Limit::Effects, 100, "100"),
        ] {
            assert_eq!(limit.amount(amount), expected);
        }
    }
}
