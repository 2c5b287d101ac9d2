//! What a call does with its instance: one of the contract's functions.

use deskbell_bindings::v1_0_0::{Automation, Connector};
use deskbell_bindings::v1_1_0::Reporter;
use deskbell_bindings::{Answer, StatedEffect};
use deskbell_model::plugin::{
    Action, Delivery, Event, Exchange, Parsed, ProbeStep, ReconcileStep, RenderStep, ReportRequest,
};
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::state::State;

/// What to do with an instance.
pub(crate) trait Work {
    type Answer;

    fn run(
        self,
        store: &mut Store<State>,
        instance: &Instance,
    ) -> impl Future<Output = wasmtime::Result<Answer<Self::Answer>>> + Send;
}

pub(crate) struct Handle<'a> {
    pub(crate) exports: Automation,
    pub(crate) event: &'a Event,
}

impl Work for Handle<'_> {
    type Answer = Vec<StatedEffect>;

    async fn run(self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Answer<Self::Answer>> {
        self.exports.handle(store, instance, self.event).await
    }
}

pub(crate) struct Parse<'a> {
    pub(crate) exports: Connector,
    pub(crate) delivery: &'a Delivery,
}

impl Work for Parse<'_> {
    type Answer = Parsed;

    async fn run(self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Answer<Self::Answer>> {
        self.exports.parse(store, instance, self.delivery).await
    }
}

pub(crate) struct Render<'a> {
    pub(crate) exports: Connector,
    pub(crate) action: &'a Action,
    pub(crate) so_far: &'a [Exchange],
}

impl Work for Render<'_> {
    type Answer = RenderStep;

    async fn run(self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Answer<Self::Answer>> {
        self.exports.render(store, instance, self.action, self.so_far).await
    }
}

pub(crate) struct Probe<'a> {
    pub(crate) exports: Connector,
    pub(crate) action: &'a Action,
    pub(crate) so_far: &'a [Exchange],
}

impl Work for Probe<'_> {
    type Answer = ProbeStep;

    async fn run(self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Answer<Self::Answer>> {
        self.exports.probe(store, instance, self.action, self.so_far).await
    }
}

pub(crate) struct Reconcile<'a> {
    pub(crate) exports: Connector,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) so_far: &'a [Exchange],
}

impl Work for Reconcile<'_> {
    type Answer = ReconcileStep;

    async fn run(self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Answer<Self::Answer>> {
        self.exports.reconcile(store, instance, self.cursor, self.so_far).await
    }
}

pub(crate) struct Report<'a> {
    pub(crate) exports: Reporter,
    pub(crate) request: &'a ReportRequest,
}

impl Work for Report<'_> {
    type Answer = String;

    async fn run(self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Answer<Self::Answer>> {
        self.exports.report(store, instance, self.request).await
    }
}
