//! Figures of the past.

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{figures, types};
use deskbell_bindings::v1_0_0::summary;

use crate::reads::Refusal;
use crate::state::State;

impl State {
    async fn read_first_response(
        &mut self,
        days: u32,
        group: Option<&str>,
    ) -> Result<Option<figures::Summary>, Refusal> {
        let reads = self.use_read("figures")?;
        let figures = reads.first_response(&self.asker, days, group).await?;
        Ok(figures.map(summary))
    }
}

impl figures::Host for State {
    async fn first_response(
        &mut self,
        days: u32,
        group: Option<String>,
    ) -> wasmtime::Result<Result<Option<figures::Summary>, types::Refusal>> {
        Ok(self.read_first_response(days, group.as_deref()).await.map_err(Into::into))
    }
}
