//! Reading tickets.

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{tickets, types};

use crate::reads::Refusal;
use crate::state::State;

const CAPABILITY: &str = "tickets";

impl State {
    async fn read_history(&mut self, limit: u32) -> Result<Vec<types::EventResult>, Refusal> {
        let reads = self.use_read(CAPABILITY)?;
        self.need_ticket()?;
        let events = reads.history(&self.asker, self.entries(limit)).await?;
        Ok(events.into_iter().map(Into::into).collect())
    }

    async fn read_tickets(&mut self, requester: &str, limit: u32) -> Result<Vec<types::TicketResult>, Refusal> {
        let reads = self.use_read(CAPABILITY)?;
        let tickets = reads.tickets_of(&self.asker, requester, self.entries(limit)).await?;
        let source = &self.asker.source;
        Ok(tickets.into_iter().map(|(id, ticket)| types::TicketResult::of(source.clone(), id, &ticket)).collect())
    }
}

impl tickets::Host for State {
    async fn history(&mut self, limit: u32) -> wasmtime::Result<Result<Vec<types::EventResult>, types::Refusal>> {
        Ok(self.read_history(limit).await.map_err(Into::into))
    }

    async fn of_requester(
        &mut self,
        requester: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<types::TicketResult>, types::Refusal>> {
        Ok(self.read_tickets(&requester, limit).await.map_err(Into::into))
    }
}
