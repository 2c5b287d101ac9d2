//! `deskbell bench`: signed load against a running engine.

use anyhow::bail;

use crate::cli::Common;

pub(crate) use crate::bench::Args as Arguments;

pub(crate) async fn run(_: &Common, arguments: Arguments) -> anyhow::Result<()> {
    if crate::bench::command(arguments).await? != std::process::ExitCode::SUCCESS {
        bail!("not every delivery was answered with 2xx");
    }
    Ok(())
}
