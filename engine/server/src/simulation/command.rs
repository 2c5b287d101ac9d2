//! `deskbell simulate`: a simulated helpdesk, or a file of its history.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::{Clock as _, SystemClock};
use secrecy::SecretString;

use super::{Options, Past, Simulation, count_by_type, history};

/// A simulated helpdesk that posts webhooks and takes actions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:8585")]
    listen: SocketAddr,
    /// Where its webhooks go: http://HOST/hooks/NAME
    #[arg(long, value_name = "URL", required_unless_present = "history")]
    hook: Option<String>,
    /// The environment variable with the secret (whsec_...) that signs both ways
    #[arg(long, value_name = "NAME", required_unless_present = "history")]
    secret_env: Option<String>,
    /// The `source` of its events; else the last part of the hook's URL
    #[arg(long)]
    source: Option<String>,
    /// The same seed tells the same story
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many tickets come in a minute; 0 for none
    #[arg(long, default_value_t = 6.0)]
    tickets_per_minute: f64,
    /// Instead of running, write so many days of history to stdout, for `deskbell import`
    #[arg(long, value_name = "DAYS")]
    history: Option<u32>,
    /// The end of the history; now where absent
    #[arg(long, value_name = "TIME", requires = "history")]
    until: Option<Timestamp>,
    /// How many tickets a day of the history has, on average
    #[arg(long, default_value_t = 60.0)]
    tickets_per_day: f64,
}

/// Runs until SIGINT or SIGTERM, or writes history.
pub(crate) async fn command(args: Args) -> anyhow::Result<ExitCode> {
    if let Some(days) = args.history {
        let past = Past {
            days,
            until: args.until.unwrap_or_else(|| SystemClock.now()),
            seed: args.seed,
            source: args.source.unwrap_or_else(|| "demo".to_owned()),
            tickets_per_day: args.tickets_per_day,
        };
        return write_history(&past);
    }
    let variable = args.secret_env.unwrap_or_default();
    let secret = std::env::var(&variable)
        .with_context(|| format!("the environment variable {variable} has no secret; set it to whsec_..."))?;
    let simulation = Simulation::start(Options {
        listen: args.listen,
        hook_url: args.hook.unwrap_or_default(),
        source: args.source,
        secret: SecretString::from(secret),
        seed: args.seed,
        tickets_per_minute: args.tickets_per_minute,
        desk: None,
    })
    .await?;
    eprintln!("a simulated helpdesk is at http://{}", simulation.address);
    eprintln!("it takes the engine's actions at {}", simulation.actions_url());
    eprintln!(
        "make it fail: curl -d '{{\"kind\":\"down\",\"seconds\":60}}' -H content-type:application/json http://{}/faults",
        simulation.address
    );
    asked_to_end().await?;
    simulation.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn write_history(past: &Past) -> anyhow::Result<ExitCode> {
    let (lines, _) = history(past);
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    for line in &lines {
        writeln!(stdout, "{line}").context("the history could not be written to stdout")?;
    }
    stdout.flush().context("the history could not be written to stdout")?;
    for (kind, n_events) in count_by_type(&lines) {
        eprintln!("{n_events:>8} {kind}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn asked_to_end() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("SIGINT cannot be waited for"),
        _ = terminate.recv() => Ok(()),
    }
}
