//! The measurement, for people and for programs.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::load::Shape;
use super::tally::{Counts, Distribution, Tally};

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    url: String,
    connections: usize,
    asked_rate: Option<u32>,
    /// From the end of the warm-up to the last answer, or the end of sending where that came later.
    elapsed: Duration,
    warmup: Counts,
    measured: Counts,
    failed_connections: u64,
    latency: Distribution,
    lag: Distribution,
}

impl Report {
    pub(super) fn new(url: &str, shape: &Shape, tally: &Tally) -> Self {
        let elapsed = tally.last_answer.saturating_sub(shape.warmup).max(shape.length);
        Self {
            url: url.to_owned(),
            connections: shape.connections,
            asked_rate: shape.rate,
            elapsed,
            warmup: tally.warmup.clone(),
            measured: tally.measured.clone(),
            failed_connections: tally.n_failed_connections,
            latency: tally.latency(),
            lag: tally.lag(),
        }
    }

    /// Whether every delivery, those of the warm-up too, was answered with 2xx.
    pub(crate) fn is_clean(&self) -> bool {
        self.warmup.is_clean() && self.measured.is_clean() && self.measured.answered() > 0
    }

    /// Measured answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.measured.answered() as f64 / self.elapsed.as_secs_f64()
    }

    /// Everything, as JSON.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "url": self.url,
            "connections": self.connections,
            "loop": if self.asked_rate.is_some() { "open" } else { "closed" },
            "rate_asked": self.asked_rate,
            "rate": self.rate(),
            "seconds": self.elapsed.as_secs_f64(),
            "measured": counts_json(&self.measured),
            "warmup": counts_json(&self.warmup),
            "failed_connections": self.failed_connections,
            "latency_ms": self.latency,
            "bench_lag_ms": self.lag,
            "clean": self.is_clean(),
        })
    }
}

fn counts_json(counts: &Counts) -> Value {
    let by_status: serde_json::Map<String, Value> =
        counts.by_status.iter().map(|(status, n_answers)| (status.to_string(), json!(n_answers))).collect();
    json!({
        "sent": counts.sent,
        "answered": counts.answered(),
        "by_status": by_status,
        "unanswered": {
            "timed_out": counts.timed_out, "cut": counts.cut, "not_connected": counts.not_connected,
        },
        "never_sent": counts.never_sent,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (measured, latency) = (&self.measured, &self.latency);
        let load = match self.asked_rate {
            Some(rate) => format!("{rate}/s"),
            None => "as fast as they are answered".to_owned(),
        };
        writeln!(f, "{}: {load}, {} connections, {:.1} s", self.url, self.connections, self.elapsed.as_secs_f64())?;
        writeln!(f, "sent        {:>10}", measured.sent)?;
        writeln!(f, "answered    {:>10}   {:.1}/s", measured.answered(), self.rate())?;
        for (status, n_answers) in &measured.by_status {
            writeln!(f, "  {status}       {n_answers:>10}")?;
        }
        if measured.unanswered() > 0 {
            writeln!(
                f,
                "unanswered  {:>10}   {} timed out, {} cut off, {} without a connection",
                measured.unanswered(),
                measured.timed_out,
                measured.cut,
                measured.not_connected
            )?;
        }
        if measured.never_sent > 0 {
            writeln!(f, "never sent  {:>10}   due, but every connection was busy", measured.never_sent)?;
        }
        if self.failed_connections > 0 {
            writeln!(f, "could not connect {} times", self.failed_connections)?;
        }
        if !self.warmup.is_clean() {
            writeln!(
                f,
                "in the warm-up {} of {} were not answered with 2xx",
                self.warmup.sent - self.warmup.taken(),
                self.warmup.sent
            )?;
        }
        writeln!(f, "latency in ms     p50       p90       p99     p99.9       max      mean")?;
        let columns = [latency.p50, latency.p90, latency.p99, latency.p999, latency.max, latency.mean];
        write!(f, "           ")?;
        for column in columns {
            write!(f, "{column:>10.3}")?;
        }
        writeln!(f)?;
        if self.asked_rate.is_some() {
            let late = "the bench itself was late (not in the figures above)";
            writeln!(f, "{late}: p99 {:.3} ms, at most {:.3} ms", self.lag.p99, self.lag.max)?;
        }
        Ok(())
    }
}
