//! Calling connectors.

use super::TestHost;
use crate::connector::{
    Action, Connector, Delivery, Exchange, Parsed, ProbeStep, ReconcileStep, RenderStep, Request, Response,
};
use crate::context::Context;
use crate::error::Result;

/// More rounds than any action needs; a connector that asks on and on is stopped.
const MAX_ROUNDS: usize = 32;

/// Calls of connectors. They are granted log, settings and clock, as in the engine; everything else is refused.
impl TestHost {
    /// Has a connector read a delivery.
    ///
    /// ```
    /// use deskbell::prelude::*;
    /// use deskbell::testing::{self, TestHost};
    ///
    /// struct Silent;
    /// impl Connector for Silent {
    ///     fn parse(_: &Delivery, _: &mut Context) -> Result<Parsed> {
    ///         Ok(Parsed::ignored("says nothing"))
    ///     }
    ///     fn render(_: &Action, _: &[Exchange], _: &mut Context) -> Result<RenderStep> {
    ///         Ok(RenderStep::Impossible("does nothing".to_owned()))
    ///     }
    /// }
    ///
    /// let parsed = TestHost::new().parse::<Silent>(&testing::delivery(json!({ "body": "hi" })))?;
    /// assert!(parsed.events.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn parse<C: Connector>(&self, delivery: &Delivery) -> Result<Parsed> {
        self.memory.borrow_mut().begin_delivery(&delivery.source, delivery.received_at);
        C::parse(delivery, &mut Context::new(self))
    }

    /// Has a connector take one step of an action, after these exchanges.
    pub fn render<C: Connector>(&self, action: &Action, so_far: &[Exchange]) -> Result<RenderStep> {
        C::render(action, so_far, &mut Context::new(self))
    }

    /// Has a connector find out about an action, after these exchanges.
    pub fn probe<C: Connector>(&self, action: &Action, so_far: &[Exchange]) -> Result<ProbeStep> {
        C::probe(action, so_far, &mut Context::new(self))
    }

    /// Has a connector read what changed, after these exchanges.
    pub fn reconcile<C: Connector>(&self, cursor: Option<&str>, so_far: &[Exchange]) -> Result<ReconcileStep> {
        C::reconcile(cursor, so_far, &mut Context::new(self))
    }

    /// Carries out an action as the host does, until it is done or impossible; `answer` plays the helpdesk.
    ///
    /// ```
    /// # use deskbell::prelude::*;
    /// use deskbell::testing::{self, TestHost};
    /// # struct Acme;
    /// # impl Connector for Acme {
    /// #     fn parse(_: &Delivery, _: &mut Context) -> Result<Parsed> { Ok(Parsed::ignored("")) }
    /// #     fn render(_: &Action, so_far: &[Exchange], _: &mut Context) -> Result<RenderStep> {
    /// #         match so_far {
    /// #             [] => Ok(RenderStep::Requests(vec![Request::post("https://acme.example/notes")])),
    /// #             [made, ..] => Ok(RenderStep::Done(made.response.json::<Value>()?["id"].as_str().map(str::to_owned))),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let action = testing::action(json!({ "kind": "ticket.note", "data": { "body": "seen" } }));
    /// let end = TestHost::new().carry_out::<Acme>(&action, |request| {
    ///     assert_eq!(request.url, "https://acme.example/notes");
    ///     Response::new(201).with_json(&json!({ "id": "note-1" }))
    /// })?;
    /// assert_eq!(end, RenderStep::Done(Some("note-1".to_owned())));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Panics
    /// Where the connector still asks for requests after 32 rounds.
    pub fn carry_out<C: Connector>(
        &self,
        action: &Action,
        mut answer: impl FnMut(&Request) -> Response,
    ) -> Result<RenderStep> {
        let mut so_far = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let requests = match self.render::<C>(action, &so_far)? {
                RenderStep::Requests(requests) => requests,
                end => return Ok(end),
            };
            for request in requests {
                let response = answer(&request);
                let went_well = response.is_success();
                so_far.push(Exchange { request, response });
                if !went_well {
                    break;
                }
            }
        }
        panic!(
            "the connector still asks for requests after {MAX_ROUNDS} rounds; it has to end with done or impossible"
        );
    }
}
