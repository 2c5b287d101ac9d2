//! Who could take a ticket.

use deskbell_bindings::v1_0_0::agent;
use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{agents, types};

use crate::reads::Refusal;
use crate::state::State;

impl State {
    async fn read_agents(&mut self, group: Option<&str>) -> Result<Vec<agents::Agent>, Refusal> {
        let reads = self.use_read("agents")?;
        let agents = reads.agents(&self.asker, group).await?;
        Ok(agents.into_iter().map(agent).collect())
    }
}

impl agents::Host for State {
    async fn list(&mut self, group: Option<String>) -> wasmtime::Result<Result<Vec<agents::Agent>, types::Refusal>> {
        Ok(self.read_agents(group.as_deref()).await.map_err(Into::into))
    }
}
