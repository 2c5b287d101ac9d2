//! Logs and metrics.

use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Latencies in seconds, from a plugin's call to a slow delivery.
const SECONDS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1.0, 2.5, 10.0,
];

const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging to stderr. A level that makes no sense is said so, and the usual one taken.
pub(crate) fn start(cli: &Cli) {
    let filter = EnvFilter::try_new(&cli.common.log).unwrap_or_else(|error| {
        eprintln!("deskbell: --log '{}' makes no sense ({error}); logging warnings", cli.common.log);
        EnvFilter::new("warn")
    });
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if cli.common.log_json {
        subscriber.json().init();
    } else {
        subscriber.with_target(false).init();
    }
}

/// Starts collecting metrics.
pub(crate) fn collect() -> anyhow::Result<()> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?;
    let builder = builder.set_buckets_for_metric(
        Matcher::Full("deskbell_intake_batch".to_owned()),
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0],
    )?;
    let recorder = builder.build_recorder();
    let _ = METRICS.set(recorder.handle());
    // A second start in one process (the demo's) keeps the first recorder.
    let _ = metrics::set_global_recorder(recorder);
    Ok(())
}

/// Sums up what histograms have noted, which otherwise waits in memory for somebody who asks for the metrics.
pub(crate) async fn upkeep(stop: CancellationToken) {
    let mut every = tokio::time::interval(UPKEEP);
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        if let Some(metrics) = METRICS.get() {
            metrics.run_upkeep();
        }
    }
}

/// The metrics in Prometheus' text format.
pub(crate) fn metrics() -> String {
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}
