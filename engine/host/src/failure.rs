//! Why a call did not work.

use std::fmt;
use std::sync::Arc;

use crate::ceilings::{Exceeded, Limit};

/// Which plugin, for messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub name: Arc<str>,
    pub version: Arc<str>,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// A call that was not begun: too many others were under way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin {plugin} was not called: all {calls} places for its calls were taken for {waited_ms} ms")]
pub struct Busy {
    pub plugin: Identity,
    /// How many calls may be under way at a time.
    pub calls: usize,
    pub waited_ms: u64,
}

/// Why a call did not work. Every message names the plugin and its version, and none holds a ticket's texts unless the
/// plugin itself put them there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The plugin answered that it cannot.
    #[error("plugin {plugin} failed: {message}")]
    Refused { plugin: Identity, message: String, retry: bool },
    /// It used more than it may. `allowed` and `used` are bytes, microseconds or a number, as the limit has it.
    #[error(
        "plugin {plugin} was stopped: its limit of {} for {limit} was exceeded ({}); {}",
        limit.amount(*allowed),
        limit.amount(*used),
        limit.remedy()
    )]
    Limit { plugin: Identity, limit: Limit, allowed: u64, used: u64 },
    /// Its code ended in a way it should not.
    #[error("plugin {plugin} trapped: {message}")]
    Trap {
        plugin: Identity,
        message: String,
        /// The functions that were under way, innermost first, where that is known.
        backtrace: Option<String>,
    },
    /// What it answered makes no sense, and so nothing of it takes effect.
    #[error("plugin {plugin} answered with something that cannot take effect: {message}")]
    Garbage { plugin: Identity, message: String },
    /// It asked for an effect that it may not have, and so nothing of its answer takes effect. The message names the line that would allow it.
    #[error("plugin {plugin} asked for an effect that it may not have: {message}")]
    Denied { plugin: Identity, message: String },
    /// The host had no room for the call.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// An automation was called as a connector, or the other way round.
    #[error("plugin {plugin} is no {wanted} and cannot be called as one; look where the configuration names it")]
    WrongWorld { plugin: Identity, wanted: &'static str },
}

impl Failure {
    /// Whether calling again later may end differently.
    ///
    /// A trap is worth another try: it may come from what the plugin read. A limit of size, a nonsensical answer or a
    /// missing grant is not.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Refused { retry, .. } => *retry,
            Self::Limit { limit, .. } => limit.is_about_time(),
            Self::Trap { .. } | Self::Busy(_) => true,
            Self::Garbage { .. } | Self::Denied { .. } | Self::WrongWorld { .. } => false,
        }
    }

    /// A word for metrics and tables.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Limit { .. } => "limit",
            Self::Trap { .. } => "trap",
            Self::Garbage { .. } => "garbage",
            Self::Denied { .. } => "denied",
            Self::Busy(_) => "busy",
            Self::WrongWorld { .. } => "wrong_world",
        }
    }

    /// The plugin that failed.
    pub const fn plugin(&self) -> &Identity {
        match self {
            Self::Refused { plugin, .. }
            | Self::Limit { plugin, .. }
            | Self::Trap { plugin, .. }
            | Self::Garbage { plugin, .. }
            | Self::Denied { plugin, .. }
            | Self::Busy(Busy { plugin, .. })
            | Self::WrongWorld { plugin, .. } => plugin,
        }
    }

    pub(crate) fn exceeded(plugin: Identity, exceeded: Exceeded) -> Self {
        let Exceeded { limit, allowed, used } = exceeded;
        Self::Limit { plugin, limit, allowed, used }
    }
}
