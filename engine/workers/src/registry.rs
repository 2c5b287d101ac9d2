//! The plugins that run: which automation is called for which event, and which connector knows which account.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use deskbell_host::{Busy, Failure, Plugin, Turn};
use deskbell_model::manifest::OnFailure;
use deskbell_model::timestamp::Timestamp;

use crate::breaker::{Breaker, Settings, State, Verdict};

/// An automation as the operator set it up.
pub struct Automation {
    pub plugin: Plugin,
    pub name: String,
    pub version: String,
    /// What it reads as its settings, JSON text.
    pub settings: Arc<str>,
    /// The accounts it is for; none for all.
    pub sources: Option<Vec<String>>,
    pub on_failure: OnFailure,
    pub own_events: bool,
    breaker: Mutex<Breaker>,
}

/// A connector.
pub struct Connector {
    pub plugin: Plugin,
    pub name: String,
    breaker: Mutex<Breaker>,
}

/// All plugins that run.
#[derive(Default)]
pub struct Registry {
    pub automations: Vec<Arc<Automation>>,
    pub connectors: BTreeMap<String, Arc<Connector>>,
}

impl Automation {
    pub fn new(plugin: Plugin, settings: Arc<str>, sources: Option<Vec<String>>) -> Self {
        let manifest = plugin.manifest();
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            on_failure: manifest.on_failure,
            own_events: manifest.own_events,
            settings,
            sources,
            breaker: Mutex::new(Breaker::new(Settings::PLUGIN)),
            plugin,
        }
    }

    /// Whether it is called for events of this kind at this account. A timer goes to the plugin that set it, whatever
    /// the manifest says of timers.
    pub fn wants(&self, kind: &str, source: &str) -> bool {
        self.plugin.manifest().wants(kind)
            && self.sources.as_ref().is_none_or(|sources| sources.iter().any(|name| name == source))
    }
}

impl Connector {
    pub fn new(plugin: Plugin) -> Self {
        let name = plugin.manifest().name.clone();
        Self { plugin, name, breaker: Mutex::new(Breaker::new(Settings::PLUGIN)) }
    }

    /// Notes how it read a delivery. `asked_at` is when [`Suspended::suspended_until`] let it.
    pub fn note_read<T>(&self, read: &Result<T, Failure>, asked_at: Timestamp, now: Timestamp) {
        match is_sound(read) {
            Some(is_sound) => {
                self.note(is_sound, now);
            }
            None => self.withdraw(asked_at),
        }
    }
}

/// Whether a connector that read a delivery so is in good health: what it cannot read is the sender's fault, what stops it
/// is its own. None where it was not called.
fn is_sound<T>(read: &Result<T, Failure>) -> Option<bool> {
    match read {
        Ok(_) | Err(Failure::Refused { .. }) => Some(true),
        Err(Failure::Busy(_)) => None,
        Err(_) => Some(false),
    }
}

/// A plugin that is suspended while it keeps failing.
pub trait Suspended {
    fn plugin(&self) -> &Plugin;
    fn breaker(&self) -> &Mutex<Breaker>;

    /// Its turn to be called. To be had before [`Self::suspended_until`] is asked and kept until [`Self::note`] knows how the
    /// call went; else all that wait for a place are called before the first failures count.
    fn turn(&self) -> impl Future<Output = Result<Turn<'_>, Busy>> + Send {
        self.plugin().turn()
    }

    /// None: call it, and [`Self::note`] how that went or [`Self::withdraw`] the call. Else when it may be called
    /// again.
    fn suspended_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.breaker().lock().unwrap_or_else(PoisonError::into_inner).ask(now) {
            Verdict::Go | Verdict::Trial => None,
            Verdict::Wait { until } => Some(until),
        }
    }

    /// Notes how a call went; true where this failure suspends the plugin.
    fn note(&self, succeeded: bool, now: Timestamp) -> bool {
        let mut breaker = self.breaker().lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            breaker.succeeded(now);
            return false;
        }
        breaker.failed(now)
    }

    /// The call that was let pass at `asked_at` was not made, or counts for nothing: what it was to show, another may.
    fn withdraw(&self, asked_at: Timestamp) {
        self.breaker().lock().unwrap_or_else(PoisonError::into_inner).withdrawn(asked_at);
    }

    fn state(&self, now: Timestamp) -> State {
        self.breaker().lock().unwrap_or_else(PoisonError::into_inner).state(now)
    }
}

impl Suspended for Automation {
    fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    fn breaker(&self) -> &Mutex<Breaker> {
        &self.breaker
    }
}

impl Suspended for Connector {
    fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    fn breaker(&self) -> &Mutex<Breaker> {
        &self.breaker
    }
}

#[cfg(test)]
mod tests {
    use deskbell_host::Identity;

    use super::*;

    #[test]
    fn what_a_connector_cannot_read_says_nothing_against_it() {
        let plugin = || Identity { name: "desk".into(), version: "1.0.0".into() };
        let (message, waited_ms) = ("no".to_owned(), 1);
        let cases = [
            (Ok(()), Some(true)),
            (Err(Failure::Refused { plugin: plugin(), message: message.clone(), retry: true }), Some(true)),
            (Err(Failure::Busy(Busy { plugin: plugin(), calls: 1, waited_ms })), None),
            (Err(Failure::Trap { plugin: plugin(), message: message.clone(), backtrace: None }), Some(false)),
            (Err(Failure::Garbage { plugin: plugin(), message }), Some(false)),
        ];
        for (read, expected) in cases {
            assert_eq!(is_sound(&read), expected, "{read:?}");
        }
    }
}
