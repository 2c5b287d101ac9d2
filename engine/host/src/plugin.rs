//! A plugin that can be called.

use std::sync::Arc;

use deskbell_bindings::v1_0_0::{Automation, Connector};
use deskbell_bindings::v1_1_0::Reporter;
use deskbell_model::manifest::{Grants, Manifest, World};
use deskbell_model::plugin::{
    Action, Decision, Delivery, Event, Exchange, Parsed, ProbeStep, ReconcileStep, RenderStep, ReportRequest, Request,
};
use deskbell_model::timestamp::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::component::{Component, InstancePre};

use crate::call::{self, Call};
use crate::ceilings::{Ceilings, Limit, Limits};
use crate::effects::{self, Unfit};
use crate::failure::{Busy, Failure, Identity};
use crate::host::{Host, Inner};
use crate::inspect::Inspected;
use crate::linking;
use crate::permits::Permits;
use crate::reads::Reads;
use crate::refused::Refused;
use crate::state::{Circumstances, State};
use crate::work::{Handle, Parse, Probe, Reconcile, Render, Report};

/// A plugin, compiled, linked and checked. Cheap to clone; a new version of a plugin is another one, and calls under
/// way keep the one they began with.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Loaded>,
}

/// A plugin's turn; see [`Plugin::turn`]. It ends when it is dropped.
#[must_use]
pub struct Turn<'p>(#[expect(dead_code, reason = "held, not read")] SemaphorePermit<'p>);

struct Loaded {
    host: Host,
    permits: Arc<Permits>,
    ceilings: Arc<Ceilings>,
    inspected: Inspected,
    limits: Limits,
    turns: Semaphore,
    instance_pre: InstancePre<State>,
    exports: Exports,
}

#[derive(Clone, Copy)]
enum Exports {
    Automation(Automation),
    Connector(Connector),
    Reporter(Reporter),
}

impl Plugin {
    /// Links a component and starts it once on trial.
    pub(crate) async fn link(
        host: Host,
        component: Component,
        inspected: Inspected,
        grants: Grants,
    ) -> Result<Self, Refused> {
        let types = |error: wasmtime::Error| Refused::Types(format!("{error:#}"));
        let instance_pre = linking::link(&host.inner.linker, &component)?;
        let exports = match inspected.manifest.world {
            World::Automation => Exports::Automation(Automation::new(&component).map_err(types)?),
            World::Connector => Exports::Connector(Connector::new(&component).map_err(types)?),
            World::Reporter => Exports::Reporter(Reporter::new(&component).map_err(types)?),
        };
        let loaded = Loaded {
            permits: Arc::new(Permits::new(&inspected.manifest, &grants)),
            ceilings: Arc::new(host.inner.ceilings.clone()),
            limits: match inspected.manifest.world {
                World::Reporter => Limits::of_reporter(&inspected.manifest.limits, &host.inner.ceilings),
                World::Automation | World::Connector => Limits::of(&inspected.manifest.limits, &host.inner.ceilings),
            },
            turns: Semaphore::new(host.inner.n_places.div_ceil(2)),
            host,
            inspected,
            instance_pre,
            exports,
        };
        let plugin = Self { inner: Arc::new(loaded) };
        plugin.try_start().await?;
        Ok(plugin)
    }

    async fn try_start(&self) -> Result<(), Refused> {
        let settings: Arc<str> = Arc::from("{}");
        let circumstances = Circumstances {
            now: Timestamp::default(),
            seed: "",
            source: "",
            ticket: None,
            settings: &settings,
            reads: None,
        };
        let exports = self.inner.exports;
        let mut fits = Ok(());
        let started = call::try_start(self, circumstances, |store, instance| {
            fits = match exports {
                Exports::Automation(exports) => exports.check(store, instance),
                Exports::Connector(exports) => exports.check(store, instance),
                Exports::Reporter(exports) => exports.check(store, instance),
            };
            Ok(())
        });
        if let Err(error) = started.await {
            return Err(match call::exceeded(self, &error) {
                Some(exceeded) => Refused::LimitAtStart {
                    limit: exceeded.limit,
                    allowed: exceeded.limit.amount(exceeded.allowed),
                    used: exceeded.limit.amount(exceeded.used),
                },
                None => Refused::Start(format!("{error:#}")),
            });
        }
        fits.map_err(|error| Refused::Types(format!("{error:#}")))
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.inspected.manifest
    }

    /// SHA-256 of the component, in lower-case hexadecimal.
    pub fn digest(&self) -> &str {
        &self.inner.inspected.digest
    }

    /// The SDK that it was built with, as it stamped itself.
    pub fn sdk(&self) -> &str {
        &self.inner.inspected.sdk
    }

    /// Name and version.
    pub fn identity(&self) -> &Identity {
        self.inner.permits.identity()
    }

    /// Waits until fewer of its calls are under way than half of the host's places, so that no plugin keeps all of them
    /// from the others. Who asks for a turn first and then whether the plugin still deserves calls, and keeps the turn until
    /// it knows how the call went, has at most as many go wrong as there are turns before it knows better. Fails with
    /// [`Busy`] where none comes in time.
    pub async fn turn(&self) -> Result<Turn<'_>, Busy> {
        let n_turns = self.inner.host.inner.n_places.div_ceil(2);
        call::wait_for_room(self, &self.inner.turns, n_turns).await.map(Turn)
    }

    /// What its calls may use.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// What the operator lets it do.
    pub fn grants(&self) -> &Grants {
        self.inner.permits.grants()
    }

    pub(crate) fn host(&self) -> &Inner {
        &self.inner.host.inner
    }

    pub(crate) fn permits(&self) -> &Arc<Permits> {
        &self.inner.permits
    }

    pub(crate) fn ceilings(&self) -> &Arc<Ceilings> {
        &self.inner.ceilings
    }

    pub(crate) fn instance_pre(&self) -> &InstancePre<State> {
        &self.inner.instance_pre
    }

    pub(crate) fn counts_fuel(&self) -> bool {
        self.inner.host.inner.count_fuel
    }

    /// Asks an automation what to do about an event. The clock stands at the event's time. `settings` is a JSON object.
    pub async fn handle(&self, event: &Event, settings: &Arc<str>, reads: Arc<dyn Reads>) -> Call<Decision> {
        let Exports::Automation(exports) = self.inner.exports else {
            return self.wrong_world("automation");
        };
        let ticket = event.ticket.as_ref().map(|(id, _)| id.as_str());
        let circumstances = Circumstances {
            now: event.time,
            seed: &event.id,
            source: &event.source,
            ticket,
            settings,
            reads: Some(reads),
        };
        let call = call::run(self, circumstances, Handle { exports, event }).await;
        call.and_then(|(stated, writes)| {
            let checked = effects::check(stated, &self.inner.permits, &self.inner.ceilings, ticket.is_some());
            let effects = checked.map_err(|unfit| self.unfit(unfit))?;
            Ok(Decision { effects, writes })
        })
    }

    /// Asks a connector which events a webhook holds. The clock stands at the delivery's arrival.
    pub async fn parse(&self, delivery: &Delivery, settings: &Arc<str>) -> Call<Parsed> {
        let Exports::Connector(exports) = self.inner.exports else {
            return self.wrong_world("connector");
        };
        let seed = delivery.id.as_deref().unwrap_or_default();
        let circumstances = Circumstances { source: &delivery.source, ..pure(delivery.received_at, seed, settings) };
        let call = call::run(self, circumstances, Parse { exports, delivery }).await;
        call.and_then(|(parsed, _)| {
            self.bound(Limit::Events, self.inner.ceilings.events, parsed.events.len())?;
            Ok(parsed)
        })
    }

    /// Asks a connector for the next step of an action, given what the helpdesk answered so far. The clock stands at `now`.
    pub async fn render(
        &self,
        action: &Action,
        so_far: &[Exchange],
        settings: &Arc<str>,
        now: Timestamp,
    ) -> Call<RenderStep> {
        let Exports::Connector(exports) = self.inner.exports else {
            return self.wrong_world("connector");
        };
        let call = call::run(self, pure(now, &action.key, settings), Render { exports, action, so_far }).await;
        call.and_then(|(step, _)| match step {
            RenderStep::Requests(requests) => self.requests(requests).map(RenderStep::Requests),
            step => Ok(step),
        })
    }

    /// Asks a connector whether an action took effect whose outcome is unknown. The clock stands at `now`.
    pub async fn probe(
        &self,
        action: &Action,
        so_far: &[Exchange],
        settings: &Arc<str>,
        now: Timestamp,
    ) -> Call<ProbeStep> {
        let Exports::Connector(exports) = self.inner.exports else {
            return self.wrong_world("connector");
        };
        let call = call::run(self, pure(now, &action.key, settings), Probe { exports, action, so_far }).await;
        call.and_then(|(step, _)| match step {
            ProbeStep::Requests(requests) => self.requests(requests).map(ProbeStep::Requests),
            step => Ok(step),
        })
    }

    /// Asks a connector what changed since `cursor`. The clock stands at `now`.
    pub async fn reconcile(
        &self,
        cursor: Option<&str>,
        so_far: &[Exchange],
        settings: &Arc<str>,
        now: Timestamp,
    ) -> Call<ReconcileStep> {
        let Exports::Connector(exports) = self.inner.exports else {
            return self.wrong_world("connector");
        };
        let circumstances = pure(now, cursor.unwrap_or_default(), settings);
        let call = call::run(self, circumstances, Reconcile { exports, cursor, so_far }).await;
        call.and_then(|(step, _)| match step {
            ReconcileStep::Requests(requests) => self.requests(requests).map(ReconcileStep::Requests),
            ReconcileStep::Page { events, cursor, more } => {
                self.bound(Limit::Events, self.inner.ceilings.events, events.len())?;
                Ok(ReconcileStep::Page { events, cursor, more })
            }
            ReconcileStep::Unsupported => Ok(ReconcileStep::Unsupported),
        })
    }

    /// Asks a reporter for a report's document, JSON text that nobody has looked at. The clock stands at `now`.
    pub async fn report(
        &self,
        request: &ReportRequest,
        settings: &Arc<str>,
        reads: Arc<dyn Reads>,
        now: Timestamp,
    ) -> Call<String> {
        let Exports::Reporter(exports) = self.inner.exports else {
            return self.wrong_world("reporter");
        };
        let source = request.source.as_deref().unwrap_or_default();
        let circumstances = Circumstances { reads: Some(reads), source, ..pure(now, &request.name, settings) };
        let call = call::run(self, circumstances, Report { exports, request }).await;
        call.and_then(|(document, _)| {
            self.bound(Limit::DocumentBytes, self.inner.ceilings.document_bytes, document.len())?;
            Ok(document)
        })
    }

    /// A step that sends nothing would be asked for again and again.
    fn requests(&self, requests: Vec<Request>) -> Result<Vec<Request>, Failure> {
        self.bound(Limit::Requests, self.inner.ceilings.requests, requests.len())?;
        if requests.is_empty() {
            let message =
                "it answered with an empty list of requests; to send nothing it must say that it is done".to_owned();
            return Err(Failure::Garbage { plugin: self.identity().clone(), message });
        }
        Ok(requests)
    }

    fn bound(&self, limit: Limit, allowed: usize, used: usize) -> Result<(), Failure> {
        effects::within(limit, allowed, used).map_err(|exceeded| Failure::exceeded(self.identity().clone(), exceeded))
    }

    fn unfit(&self, unfit: Unfit) -> Failure {
        let plugin = self.identity().clone();
        match unfit {
            Unfit::TooMuch(exceeded) => Failure::exceeded(plugin, exceeded),
            Unfit::Garbage(message) => Failure::Garbage { plugin, message },
            Unfit::Denied(message) => Failure::Denied { plugin, message },
        }
    }

    fn wrong_world<T>(&self, wanted: &'static str) -> Call<T> {
        Call::not_begun(Failure::WrongWorld { plugin: self.identity().clone(), wanted })
    }
}

/// The circumstances of a call that reads nothing.
fn pure<'a>(now: Timestamp, seed: &'a str, settings: &'a Arc<str>) -> Circumstances<'a> {
    Circumstances { now, seed, source: "", ticket: None, settings, reads: None }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("identity", self.identity())
            .field("digest", &self.digest())
            .field("limits", self.limits())
            .finish_non_exhaustive()
    }
}
