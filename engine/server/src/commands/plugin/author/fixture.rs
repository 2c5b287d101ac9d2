//! Fixture files, in the format that the SDK's README describes: an input, what the host knows, and what has to come out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use deskbell_model::calendar::Book;
use deskbell_model::manifest::World;
use deskbell_model::plugin::{Action, Delivery, Event, ReportRequest, Response};
use deskbell_model::timestamp::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::reads::{Figures, Known, Opening};
use super::sample;

type Object = Map<String, Value>;

/// A fixture as it stands in its file. Unknown members are errors, so that misspelt ones are noticed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    event: Option<Value>,
    delivery: Option<Value>,
    action: Option<Value>,
    request: Option<Value>,
    figures: Option<Value>,
    figures_before: Option<Value>,
    #[serde(default)]
    low_ratings: Vec<Value>,
    automation_figures: Option<Value>,
    automation_figures_before: Option<Value>,
    #[serde(default)]
    responses: Vec<Answer>,
    settings: Option<Value>,
    now: Option<Timestamp>,
    #[serde(default)]
    agents: Vec<Value>,
    #[serde(default)]
    kv: Remembered,
    #[serde(default)]
    history: Vec<Value>,
    #[serde(default)]
    calendars: BTreeMap<String, Opening>,
    pub(super) expect: Option<Expect>,
}

/// A helpdesk's answer to the next request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Remembered {
    plugin: BTreeMap<String, String>,
    ticket: BTreeMap<String, String>,
}

/// What has to come out. Each member that is there is compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) effects: Option<Vec<Object>>,
    pub(super) timers: Option<Vec<Object>>,
    pub(super) failure: Option<ExpectedFailure>,
    pub(super) events: Option<Vec<Object>>,
    pub(super) ignored: Option<String>,
    pub(super) requests: Option<Vec<Object>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) done: Option<Value>,
    pub(super) impossible: Option<String>,
    pub(super) document: Option<Object>,
}

/// A failure that the plugin states itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedFailure {
    pub(super) retry: Option<bool>,
    /// A part of the message.
    pub(super) message: Option<String>,
}

/// Keeps null apart from a missing member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A fixture made ready for a plugin.
pub(super) struct Case {
    pub(super) input: Input,
    /// A JSON object.
    pub(super) settings: Arc<str>,
    /// Where an action's clock stands. For all else it is the time of the event or delivery.
    pub(super) now: Timestamp,
    pub(super) known: Arc<Known>,
    pub(super) responses: Vec<Response>,
}

/// What the plugin is called with.
pub(super) enum Input {
    Event(Box<Event>),
    Delivery(Delivery),
    Action(Action),
    Request(ReportRequest),
}

/// Reads a JSON file.
pub(super) fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
}

impl Fixture {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        Self::parse(read_json(path)?)
    }

    fn parse(value: Value) -> anyhow::Result<Self> {
        serde_path_to_error::deserialize(value).context("it is no fixture")
    }

    /// Reads a fixture, or a bare event, delivery, action or request.
    pub(super) fn read_loosely(path: &Path, world: World) -> anyhow::Result<Self> {
        Self::parse_loosely(read_json(path)?, world).with_context(|| format!("{} cannot be used", path.display()))
    }

    fn parse_loosely(value: Value, world: World) -> anyhow::Result<Self> {
        let has = |name: &str| value.get(name).is_some();
        let whole = if has("event") || has("delivery") || has("action") || has("request") {
            value
        } else {
            match world {
                World::Automation if has("specversion") => json!({ "event": sample::from_canonical(&value) }),
                World::Automation => json!({ "event": value }),
                World::Connector if has("kind") => json!({ "action": value }),
                World::Connector => json!({ "delivery": value }),
                World::Reporter => json!({ "request": value }),
            }
        };
        Self::parse(whole)
    }

    pub(super) fn replace_settings(&mut self, settings: Value) {
        self.settings = Some(settings);
    }

    /// Makes it ready for a plugin of a world. `calendars` are those of the configuration.
    pub(super) fn case(&self, world: World, calendars: &Arc<Book>) -> anyhow::Result<Case> {
        let input = self.input(world)?;
        let ticket = match &input {
            Input::Event(event) => event.ticket.clone(),
            Input::Delivery(_) | Input::Action(_) | Input::Request(_) => None,
        };
        let mut agents = self.agents.iter().cloned().map(sample::agent).collect::<Result<Vec<_>, _>>()?;
        agents.sort_by(|a, b| a.id.cmp(&b.id));
        let known = Known {
            agents,
            of_plugin: self.kv.plugin.clone(),
            of_ticket: self.kv.ticket.clone(),
            history: self.history.iter().cloned().map(sample::event).collect::<Result<_, _>>()?,
            ticket,
            calendars: Known::calendars(&self.calendars)?,
            configured: Arc::clone(calendars),
            figures: Figures::stated(self.figures.as_ref(), self.figures_before.as_ref()),
            automation_figures: Figures::plain(
                self.automation_figures.as_ref(),
                self.automation_figures_before.as_ref(),
            ),
            previous: match &input {
                Input::Request(request) => Some(request.previous.0),
                _ => None,
            },
            low_ratings: self.low_ratings.iter().cloned().map(sample::low_rating).collect::<Result<_, _>>()?,
            ..Known::default()
        };
        Ok(Case {
            now: self.clock(&input)?,
            input,
            settings: self.settings()?,
            known: Arc::new(known),
            responses: self.responses.iter().map(Answer::response).collect(),
        })
    }

    fn input(&self, world: World) -> anyhow::Result<Input> {
        match (world, &self.event, &self.delivery, &self.action) {
            (World::Automation, Some(event), ..) => Ok(Input::Event(Box::new(sample::event(event.clone())?))),
            (World::Automation, ..) => bail!("it has no `event`, with which automations are called"),
            (World::Connector, _, Some(delivery), _) => Ok(Input::Delivery(sample::delivery(delivery.clone())?)),
            (World::Connector, _, None, Some(action)) => Ok(Input::Action(sample::action(action.clone())?)),
            (World::Reporter, ..) => match &self.request {
                Some(request) => Ok(Input::Request(sample::request(request.clone())?)),
                None => bail!("it has no `request`, with which reporters are called"),
            },
            (World::Connector, ..) => {
                bail!("it has neither a `delivery` nor an `action`, with which connectors are called")
            }
        }
    }

    /// The engine stops an automation's clock at the event's time and a reading connector's at the delivery's arrival. A
    /// fixture may say so again, but nothing else.
    fn clock(&self, input: &Input) -> anyhow::Result<Timestamp> {
        let (time, member) = match input {
            Input::Event(event) => (event.time, "event.time"),
            Input::Delivery(delivery) => (delivery.received_at, "delivery.received_at"),
            Input::Action(_) => return Ok(self.now.unwrap_or(sample::TIME)),
            // A report may be made long after its period.
            Input::Request(request) => return Ok(self.now.unwrap_or(request.period.1)),
        };
        match self.now {
            Some(now) if now != time => {
                bail!("`now` is {now}, but the engine's clock stands at {member}, {time}; change one of them")
            }
            _ => Ok(time),
        }
    }

    fn settings(&self) -> anyhow::Result<Arc<str>> {
        match &self.settings {
            None => Ok(Arc::from("{}")),
            Some(settings) if settings.is_object() => Ok(Arc::from(settings.to_string())),
            Some(other) => bail!("settings are a JSON object, not {other}"),
        }
    }
}

impl Answer {
    fn response(&self) -> Response {
        Response {
            status: self.status,
            headers: self.headers.clone().into_iter().collect(),
            body: sample::body(self.body.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "so that JSON is written where it is used")]
    fn check(world: World, fixture: Value, expected: &str) {
        let case = Fixture::parse_loosely(fixture.clone(), world)
            .and_then(|fixture| fixture.case(world, &Arc::new(Book::default())));
        let actual = match case {
            Ok(Case { input: Input::Event(event), now, .. }) => format!("event {} at {now}", event.kind),
            Ok(Case { input: Input::Delivery(_), now, .. }) => format!("delivery at {now}"),
            Ok(Case { input: Input::Action(action), now, .. }) => format!("action {} at {now}", action.kind),
            Ok(Case { input: Input::Request(request), now, .. }) => {
                format!("report {} of {} to {} at {now}", request.report, request.previous.0, request.period.1)
            }
            Err(error) => format!("{error:#}"),
        };
        assert!(actual.contains(expected), "{fixture}: {actual}");
    }

    #[test]
    fn fixtures_and_bare_inputs_are_read() {
        let (automation, connector) = (World::Automation, World::Connector);
        check(automation, json!({ "event": {}, "expect": {} }), "event ticket.created at 2026-01-05T08:00:00Z");
        check(automation, json!({ "kind": "timer.fired" }), "event timer.fired");
        let canonical = json!({ "specversion": "1.0", "type": "deskbell.agent.status", "data": {} });
        check(automation, canonical, "event agent.status");
        check(connector, json!({ "delivery": {}, "action": { "kind": "x" } }), "delivery at 2026-01-05T08:00:00Z");
        check(connector, json!({ "body": "a" }), "delivery");
        check(connector, json!({ "kind": "ticket.note", "data": {} }), "action ticket.note at 2026-01-05T08:00:00Z");
        let action = json!({ "action": { "kind": "ticket.note" }, "now": "2026-01-01T00:00:00Z" });
        check(connector, action, "action ticket.note at 2026-01-01T00:00:00Z");
        let a_week = "report daily of 2025-12-22T08:00:00Z to 2026-01-05T08:00:00Z at 2026-01-05T08:00:00Z";
        check(World::Reporter, json!({ "request": { "report": "daily" }, "figures": {} }), a_week);
        check(World::Reporter, json!({ "report": "daily" }), a_week);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let check = |fixture, expected| check(World::Automation, fixture, expected);
        check(json!({ "event": {}, "setings": {} }), "unknown field `setings`");
        check(json!({ "event": {}, "expect": { "effect": [] } }), "expect.effect: unknown field");
        check(json!({ "event": {}, "settings": [] }), "settings are a JSON object, not []");
        check(json!({ "event": {}, "calendars": { "a": "ajar" } }), "calendars.a: unknown variant `ajar`");
        check(json!({ "event": {}, "agents": [{}] }), "an agent cannot be read");
        check(json!({ "delivery": {} }), "it has no `event`");
        self::check(World::Reporter, json!({ "event": {} }), "it has no `request`");
        check(json!({ "event": {}, "now": "2026-01-05T08:00:00Z" }), "event ticket.created");
        check(json!({ "event": {}, "now": "2026-01-05T08:00:01Z" }), "the engine's clock stands at event.time");
    }

    #[test]
    fn null_is_an_expectation() {
        let done = |expect: Value| Fixture::parse(json!({ "expect": expect })).unwrap().expect.unwrap().done;
        assert_eq!(done(json!({ "done": null })), Some(Value::Null));
        assert_eq!(done(json!({})), None);
    }
}
