//! Calling a plugin.
//!
//! The functions are looked up once per component and found by index in each instance. One instance takes one call.

use deskbell_model::plugin::{Action, Delivery, Event, Exchange, Parsed, ProbeStep, ReconcileStep, RenderStep};
use deskbell_model::ticket::Ticket;
use wasmtime::component::{Component, ComponentExportIndex, Instance};
use wasmtime::{AsContextMut, Result, format_err};

use super::generated::deskbell::plugin::types::{Effect, EventParam, Failure};
use super::generated::deskbell::plugin::{connecting, http};
use super::ticket::{Json, Lists};
use super::{connecting as convert, lend, ticket};
use crate::{Answer, StatedEffect};

type HandleArguments<'a> = (EventParam<'a>,);
type HandleResult = (Result<Vec<Effect>, Failure>,);
type ParseArguments<'a> = (connecting::Delivery<'a>,);
type StepArguments<'a> = (connecting::Action<'a>, &'a [http::Exchange<'a>]);
type ReconcileArguments<'a> = (Option<&'a str>, &'a [http::Exchange<'a>]);
type Outcome<T> = (Result<T, Failure>,);

/// The exports of a component of the world `automation`.
#[derive(Clone, Copy)]
pub struct Automation {
    handle: ComponentExportIndex,
}

/// The exports of a component of the world `connector`.
#[derive(Clone, Copy)]
pub struct Connector {
    parse: ComponentExportIndex,
    render: ComponentExportIndex,
    probe: ComponentExportIndex,
    reconcile: ComponentExportIndex,
}

fn find(component: &Component, name: &str) -> Result<ComponentExportIndex> {
    component.get_export_index(None, name).ok_or_else(|| format_err!("it does not export `{name}`"))
}

impl Automation {
    /// Finds the exports. Whether they have the right types shows [`Self::check`].
    pub fn new(component: &Component) -> Result<Self> {
        Ok(Self { handle: find(component, "handle")? })
    }

    /// Compares the types of the exports with the contract.
    pub fn check(&self, mut store: impl AsContextMut, instance: &Instance) -> Result<()> {
        instance.get_typed_func::<HandleArguments<'_>, HandleResult>(&mut store, self.handle).map(drop)
    }

    /// Calls `handle`. The outer error is a trap, or a limit that was reached.
    pub async fn handle<T: Send>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        instance: &Instance,
        event: &Event,
    ) -> Result<Answer<Vec<StatedEffect>>> {
        let handle = instance.get_typed_func::<HandleArguments<'_>, HandleResult>(&mut store, self.handle)?;
        let json = event.ticket.as_ref().map(|(_, ticket)| Json::of(ticket));
        let lists = event.ticket.as_ref().zip(json.as_ref()).map(|((_, ticket), json)| Lists::of(ticket, json));
        let extra = lend(&event.extra);
        let argument = EventParam {
            id: &event.id,
            source: &event.source,
            kind: &event.kind,
            subject: event.subject.as_deref(),
            time: event.time.micros(),
            received_at: event.received_at.micros(),
            late: event.late,
            actor: event.actor.as_ref().map(ticket::actor),
            ticket: event
                .ticket
                .as_ref()
                .zip(lists.as_ref())
                .map(|((id, ticket), lists)| ticket::ticket(&event.source, id, ticket, lists)),
            data: &event.data,
            extra: &extra,
        };
        let (answer,) = handle.call_async(store, (argument,)).await?;
        Ok(match answer {
            Ok(effects) => Ok(effects.into_iter().map(Into::into).collect()),
            Err(failure) => Err(failure.into()),
        })
    }
}

impl Connector {
    /// Finds the exports. Whether they have the right types shows [`Self::check`].
    pub fn new(component: &Component) -> Result<Self> {
        Ok(Self {
            parse: find(component, "parse")?,
            render: find(component, "render")?,
            probe: find(component, "probe")?,
            reconcile: find(component, "reconcile")?,
        })
    }

    /// Compares the types of the exports with the contract.
    pub fn check(&self, mut store: impl AsContextMut, instance: &Instance) -> Result<()> {
        instance.get_typed_func::<ParseArguments<'_>, Outcome<connecting::Parsed>>(&mut store, self.parse)?;
        instance.get_typed_func::<StepArguments<'_>, Outcome<connecting::RenderStep>>(&mut store, self.render)?;
        instance.get_typed_func::<StepArguments<'_>, Outcome<connecting::ProbeStep>>(&mut store, self.probe)?;
        instance
            .get_typed_func::<ReconcileArguments<'_>, Outcome<connecting::ReconcileStep>>(&mut store, self.reconcile)?;
        Ok(())
    }

    /// Calls `parse`. The outer error is a trap, or a limit that was reached.
    pub async fn parse<T: Send>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        instance: &Instance,
        delivery: &Delivery,
    ) -> Result<Answer<Parsed>> {
        let parse =
            instance.get_typed_func::<ParseArguments<'_>, Outcome<connecting::Parsed>>(&mut store, self.parse)?;
        let headers = lend(&delivery.headers);
        let argument = connecting::Delivery {
            id: delivery.id.as_deref(),
            source: &delivery.source,
            headers: &headers,
            body: &delivery.body,
            received_at: delivery.received_at.micros(),
            extra: &[],
        };
        let (answer,) = parse.call_async(store, (argument,)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    /// Calls `render`. The outer error is a trap, or a limit that was reached.
    pub async fn render<T: Send>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        instance: &Instance,
        action: &Action,
        so_far: &[Exchange],
    ) -> Result<Answer<RenderStep>> {
        let render =
            instance.get_typed_func::<StepArguments<'_>, Outcome<connecting::RenderStep>>(&mut store, self.render)?;
        let lent = Lent::of(action);
        let lists = lent.lists();
        let headers = convert::headers(so_far);
        let exchanges = convert::exchanges(so_far, &headers);
        let (answer,) = render.call_async(store, (lent.action(lists.as_ref()), &exchanges)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    /// Calls `probe`. The outer error is a trap, or a limit that was reached.
    pub async fn probe<T: Send>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        instance: &Instance,
        action: &Action,
        so_far: &[Exchange],
    ) -> Result<Answer<ProbeStep>> {
        let probe =
            instance.get_typed_func::<StepArguments<'_>, Outcome<connecting::ProbeStep>>(&mut store, self.probe)?;
        let lent = Lent::of(action);
        let lists = lent.lists();
        let headers = convert::headers(so_far);
        let exchanges = convert::exchanges(so_far, &headers);
        let (answer,) = probe.call_async(store, (lent.action(lists.as_ref()), &exchanges)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    /// Calls `reconcile`. The outer error is a trap, or a limit that was reached.
    pub async fn reconcile<T: Send>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        instance: &Instance,
        cursor: Option<&str>,
        so_far: &[Exchange],
    ) -> Result<Answer<ReconcileStep>> {
        let reconcile = instance
            .get_typed_func::<ReconcileArguments<'_>, Outcome<connecting::ReconcileStep>>(&mut store, self.reconcile)?;
        let headers = convert::headers(so_far);
        let exchanges = convert::exchanges(so_far, &headers);
        let (answer,) = reconcile.call_async(store, (cursor, &exchanges)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

/// An action, and what it takes to lend it.
struct Lent<'a> {
    action: &'a Action,
    ticket: Option<(&'a str, &'a str, &'a Ticket, Json)>,
    extra: Vec<(&'a str, &'a str)>,
}

impl<'a> Lent<'a> {
    fn of(action: &'a Action) -> Self {
        let ticket = action.ticket.as_ref();
        let ticket = ticket.map(|(source, id, ticket)| (source.as_str(), id.as_str(), &**ticket, Json::of(ticket)));
        Self { action, ticket, extra: lend(&action.extra) }
    }

    fn lists(&self) -> Option<Lists<'_>> {
        self.ticket.as_ref().map(|(_, _, ticket, json)| Lists::of(ticket, json))
    }

    fn action(&'a self, lists: Option<&'a Lists<'a>>) -> connecting::Action<'a> {
        connecting::Action {
            kind: &self.action.kind,
            data: &self.action.data,
            key: &self.action.key,
            subject: self.action.subject.as_deref(),
            ticket: self
                .ticket
                .as_ref()
                .zip(lists)
                .map(|((source, id, ticket, _), lists)| ticket::ticket(source, id, ticket, lists)),
            extra: &self.extra,
        }
    }
}
