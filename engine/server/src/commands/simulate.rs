//! `deskbell simulate`: the simulated helpdesk alone.

use anyhow::bail;

use crate::simulation;

pub(crate) use crate::simulation::Args as Arguments;

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if simulation::command(arguments).await? != std::process::ExitCode::SUCCESS {
        bail!("the simulated helpdesk ended with an error");
    }
    Ok(())
}
