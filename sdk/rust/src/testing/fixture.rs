//! Fixture files: an input, what the host knows, and what has to come out. `deskbell plugin test` runs the same files against the
//! component.

mod check;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{TestHost, samples};
use crate::connector::{Action, Connector, Delivery};
use crate::context::Context;
use crate::effect::Effect;
use crate::error::Result;
use crate::event::Event;
use crate::host::Scope;

/// A fixture file, read. Its format is described in the SDK's README.
#[derive(Clone, Debug)]
pub struct Fixture {
    path: String,
    raw: Raw,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    event: Option<Value>,
    delivery: Option<Value>,
    action: Option<Value>,
    #[serde(default)]
    responses: Vec<Answer>,
    settings: Option<Value>,
    now: Option<String>,
    #[serde(default)]
    agents: Vec<Value>,
    #[serde(default)]
    kv: Remembered,
    #[serde(default)]
    history: Vec<Value>,
    #[serde(default)]
    calendars: BTreeMap<String, Opening>,
    expect: Expect,
}

/// A helpdesk's answer to the next request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    headers: Option<Value>,
    body: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Remembered {
    plugin: BTreeMap<String, String>,
    ticket: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Opening {
    Open,
    Closed,
}

/// What has to come out. Each member that is there is compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    effects: Option<Vec<Map<String, Value>>>,
    timers: Option<Vec<Map<String, Value>>>,
    failure: Option<Failure>,
    events: Option<Vec<Map<String, Value>>>,
    ignored: Option<String>,
    requests: Option<Vec<Map<String, Value>>>,
    #[serde(default, deserialize_with = "present")]
    done: Option<Value>,
    impossible: Option<String>,
}

/// Keeps null apart from a missing member.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    retry: Option<bool>,
    message: Option<String>,
}

/// Reads a fixture file. A relative path starts at the crate, where `cargo test` runs.
///
/// ```no_run
/// let fixture = deskbell::testing::fixture("fixtures/created.json");
/// let mut host = fixture.host();
/// # let handle = |_: &deskbell::Event, _: &mut deskbell::Context| Ok(vec![]);
/// let effects = host.call(handle, &fixture.event());
/// ```
///
/// # Panics
/// Where the file cannot be read, is no JSON, or has a member that fixtures do not have.
pub fn fixture(path: impl AsRef<Path>) -> Fixture {
    let path = path.as_ref().display().to_string();
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("the fixture {path} cannot be read: {error}"));
    Fixture::parse(path, &text)
}

impl Fixture {
    pub(crate) fn parse(path: String, text: &str) -> Self {
        let raw = serde_json::from_str(text).unwrap_or_else(|error| panic!("the fixture {path}: {error}"));
        Self { path, raw }
    }

    /// The event that it is about.
    ///
    /// # Panics
    /// Where it is about none.
    pub fn event(&self) -> Event {
        samples::event(self.input("event", self.raw.event.as_ref()))
    }

    /// The delivery that it is about.
    ///
    /// # Panics
    /// Where it is about none.
    pub fn delivery(&self) -> Delivery {
        samples::delivery(self.input("delivery", self.raw.delivery.as_ref()))
    }

    /// The action that it is about.
    ///
    /// # Panics
    /// Where it is about none.
    pub fn action(&self) -> Action {
        samples::action(self.input("action", self.raw.action.as_ref()))
    }

    /// A host that knows what the fixture says.
    pub fn host(&self) -> TestHost {
        let mut host = TestHost::new().history(self.raw.history.iter().cloned());
        if let Some(settings) = &self.raw.settings {
            host = host.settings(settings.clone());
        }
        if let Some(now) = &self.raw.now {
            host = host.now(now.as_str());
        }
        for agent in &self.raw.agents {
            host = host.agent(agent.clone());
        }
        for (name, opening) in &self.raw.calendars {
            host = host.calendar(name, *opening == Opening::Open);
        }
        if self.raw.event.is_some() {
            host.memory.borrow_mut().begin(&self.event());
        }
        for (scope, values) in [(Scope::Plugin, &self.raw.kv.plugin), (Scope::Ticket, &self.raw.kv.ticket)] {
            for (key, value) in values {
                host.set_kv(scope, key, value);
            }
        }
        host
    }

    fn input(&self, name: &str, input: Option<&Value>) -> Value {
        let Some(input) = input else { panic!("the fixture {} has no {name}", self.path) };
        input.clone()
    }
}

impl TestHost {
    /// Calls an automation with a fixture's event and compares what comes out with what the fixture expects.
    ///
    /// ```no_run
    /// # use deskbell::{Context, Effect, Event, Result};
    /// # fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> { Ok(vec![]) }
    /// deskbell::testing::TestHost::check_fixture(handle, "fixtures/created.json");
    /// ```
    ///
    /// # Panics
    /// Where something else comes out; the message shows both.
    pub fn check_fixture<F>(handle: F, path: impl AsRef<Path>)
    where
        F: FnOnce(&Event, &mut Context<'_>) -> Result<Vec<Effect>>,
    {
        check::automation(&fixture(path), handle);
    }

    /// Has a connector read a fixture's delivery, or carry out its action, and compares what comes out with what the fixture expects.
    ///
    /// ```no_run
    /// # use deskbell::prelude::*;
    /// # struct Acme;
    /// # impl Connector for Acme {
    /// #     fn parse(_: &Delivery, _: &mut Context) -> Result<Parsed> { Ok(Parsed::ignored("")) }
    /// #     fn render(_: &Action, _: &[Exchange], _: &mut Context) -> Result<RenderStep> { Ok(RenderStep::Done(None)) }
    /// # }
    /// deskbell::testing::TestHost::check_connector_fixture::<Acme>("fixtures/created.json");
    /// ```
    ///
    /// # Panics
    /// Where something else comes out; the message shows both.
    pub fn check_connector_fixture<C: Connector>(path: impl AsRef<Path>) {
        check::connector::<C>(&fixture(path));
    }
}
