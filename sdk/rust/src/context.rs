//! What a plugin reads, remembers and plans during a call.

mod calendar;
mod kv;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use calendar::Calendar;
pub use kv::Kv;

use crate::error::{Error, Result};
use crate::event::Event;
#[cfg(target_family = "wasm")]
use crate::host::Host as _;
use crate::host::{Agent, Asked, Level, Scope, Summary};
use crate::instant::Instant;
use crate::report::{Figures, FiguresQuery, LowRating, Period};
use crate::ticket::Ticket;

/// The plugin's side of its host during one call.
///
/// Reads answer as of the event, writes ([`kv`](Self::kv), timers) take effect together with the effects that the call
/// returns, or not at all. What the manifest's `reads` does not ask for, or the operator does not grant, is refused.
///
/// ```
/// use deskbell::prelude::*;
/// use deskbell::testing::{self, TestHost};
///
/// fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
///     let seen = cx.kv(Scope::Ticket).increment("seen", 1)?;
///     cx.info(format!("event {seen} of this ticket, at {}", cx.now()));
///     if seen == 1 {
///         cx.set_timer("check", cx.now() + seconds(3600), &json!({}))?;
///     }
///     Ok(vec![])
/// }
///
/// let mut host = TestHost::new();
/// host.call(handle, &testing::event(json!({})))?;
/// assert_eq!(host.timers().len(), 1);
/// # Ok::<(), Error>(())
/// ```
pub struct Context<'a> {
    host: Asked<'a>,
}

impl<'a> Context<'a> {
    /// A context on any [`Host`](crate::host::Host), for tests. Plugins get theirs handed in.
    #[cfg(not(target_family = "wasm"))]
    pub fn new(host: &'a dyn crate::host::Host) -> Self {
        Self { host }
    }

    /// The context of a call.
    #[cfg(target_family = "wasm")]
    pub(crate) const fn of(host: Asked<'a>) -> Self {
        Self { host }
    }

    /// What the operator configured for this plugin or source, as your type.
    ///
    /// Give members a default (`#[serde(default)]`) where a plugin can do without, and reject unknown ones
    /// (`#[serde(deny_unknown_fields)]`), so that a misspelt setting is noticed.
    ///
    /// ```
    /// use deskbell::prelude::*;
    /// use deskbell::testing::{self, TestHost};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Settings {
    ///     group: String,
    /// }
    ///
    /// let mut host = TestHost::new().settings(json!({ "group": "billing" }));
    /// let handle = |_: &Event, cx: &mut Context| Ok(vec![Effect::set_group(cx.settings::<Settings>()?.group)]);
    /// let effects = host.call(handle, &testing::event(json!({})))?;
    /// assert_eq!(effects, [Effect::set_group("billing")]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T> {
        let settings = self.host.settings();
        serde_json::from_str(&settings).map_err(|error| {
            Error::fail(format!(
                "the settings do not fit: {error}; correct `settings` in deskbell.toml and run `deskbell check`"
            ))
        })
    }

    /// The time of the event; for a connector, when the delivery arrived. It stands still during a call.
    pub fn now(&self) -> Instant {
        self.host.now()
    }

    /// Writes a line for the plugin's author to the plugin's log.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.host.log(Level::Debug, message.as_ref());
    }

    /// Writes a line that is worth knowing to the plugin's log.
    pub fn info(&self, message: impl AsRef<str>) {
        self.host.log(Level::Info, message.as_ref());
    }

    /// Writes a line that somebody may have to look at to the plugin's log.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.host.log(Level::Warn, message.as_ref());
    }

    /// Writes a line that somebody has to look at to the plugin's log.
    pub fn error(&self, message: impl AsRef<str>) {
        self.host.log(Level::Error, message.as_ref());
    }

    /// What the plugin remembers. Asks for `kv`.
    pub fn kv(&self, scope: Scope) -> Kv<'a> {
        Kv::new(self.host, scope)
    }

    /// Sets the timer `name` of the event's ticket, replacing an earlier one. It comes back as an event of kind `timer.fired`
    /// (name it in the manifest's events), whose payload [`Event::timer`] reads. Asks for `timers`.
    pub fn set_timer(&self, name: impl AsRef<str>, at: Instant, payload: &Value) -> Result<()> {
        Ok(self.host.timer_set(name.as_ref(), at, &payload.to_string())?)
    }

    /// Cancels the timer `name` of the event's ticket; nothing happens where there is none. Asks for `timers`.
    pub fn cancel_timer(&self, name: impl AsRef<str>) -> Result<()> {
        Ok(self.host.timer_cancel(name.as_ref())?)
    }

    /// The event's ticket's own history: the latest `limit` events, oldest first. Asks for `tickets`.
    pub fn history(&self, limit: u32) -> Result<Vec<Event>> {
        self.host.history(limit)
    }

    /// The latest tickets of a requester at the event's source, newest first. Asks for `tickets`.
    pub fn tickets_of(&self, requester: impl AsRef<str>, limit: u32) -> Result<Vec<Ticket>> {
        self.host.tickets_of(requester.as_ref(), limit)
    }

    /// The agents of the event's source, by id; with a group, only its members. Asks for `agents`.
    pub fn agents(&self, group: Option<&str>) -> Result<Vec<Agent>> {
        self.host.agents(group)
    }

    /// A business calendar by name; `always` is built in. Asks for `calendars`.
    pub fn calendar(&self, name: impl Into<String>) -> Calendar<'a> {
        Calendar::new(self.host, name.into())
    }

    /// How long first responses took, in calendar time, for the source's tickets created in the last `days` days; with a group, for
    /// its tickets. None where there were no tickets. Asks for `figures`.
    pub fn first_response(&self, days: u32, group: Option<&str>) -> Result<Option<Summary>> {
        Ok(self.host.first_response(days, group)?)
    }

    /// The key figures of a period. Computing them takes up to seconds; ask once for each period. Asks for `kpis`.
    pub fn figures(&self, query: &FiguresQuery) -> Result<Figures> {
        Figures::parse(&self.host.figures(query)?)
    }

    /// What customers wrote beside ratings in the lower half of their scale, the latest `limit` first. Asks for `comments`.
    pub fn low_ratings(&self, period: Period, source: Option<&str>, limit: u32) -> Result<Vec<LowRating>> {
        Ok(self.host.low_ratings(period, source, limit)?)
    }

    /// What the engine's plugins did: an object with `plugins` and `actions`. Asks for `automation-figures`.
    pub fn automation_figures(&self, period: Period) -> Result<Value> {
        Ok(serde_json::from_str(&self.host.automation_figures(period)?)?)
    }
}
