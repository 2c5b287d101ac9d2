//! What became of the deliveries, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

/// Longer waits are counted as this one: an hour.
const LONGEST_MICROS: u64 = 3_600_000_000;

/// What became of the deliveries of a connection, or of all.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) warmup: Counts,
    pub(super) measured: Counts,
    /// How long measured deliveries took, in microseconds; what timed out or was never sent, how long it waited.
    latency: Histogram<u64>,
    /// How late the bench itself was with deliveries that no connection had to wait for.
    lag: Histogram<u64>,
    /// When the last measured answer came.
    pub(super) last_answer: Duration,
    /// Connections that could not be made, beyond those that a delivery waited for.
    pub(super) n_failed_connections: u64,
}

/// Deliveries by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Those that were sent, at least in part.
    pub(super) sent: u64,
    pub(super) by_status: BTreeMap<u16, u64>,
    /// No answer within the time allowed.
    pub(super) timed_out: u64,
    /// The connection ended before the answer, or what came was none.
    pub(super) cut: u64,
    /// There was no connection to send it on.
    pub(super) not_connected: u64,
    /// Due, but every connection was busy until the end.
    pub(super) never_sent: u64,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered(u16),
    TimedOut,
    Cut,
    NotConnected,
    NeverSent,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Distribution {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    #[serde(rename = "p99.9")]
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        // Three digits: exact to a thousandth.
        let histogram = Histogram::new_with_bounds(1, LONGEST_MICROS, 3)?;
        Ok(Self {
            warmup: Counts::default(),
            measured: Counts::default(),
            latency: histogram.clone(),
            lag: histogram,
            last_answer: Duration::ZERO,
            n_failed_connections: 0,
        })
    }

    /// Notes what became of a delivery that took or waited for `took`, at `now`.
    pub(super) fn note(&mut self, outcome: Outcome, took: Duration, now: Duration, is_measured: bool) {
        let counts = if is_measured { &mut self.measured } else { &mut self.warmup };
        counts.note(outcome);
        if !is_measured {
            return;
        }
        match outcome {
            Outcome::Answered(_) => {
                record(&mut self.latency, took);
                self.last_answer = self.last_answer.max(now);
            }
            // They took at least so long.
            Outcome::TimedOut | Outcome::NeverSent => record(&mut self.latency, took),
            // A connection that fails at once must not pass for a quick answer.
            Outcome::Cut | Outcome::NotConnected => {}
        }
    }

    /// Notes how late the bench was itself.
    pub(super) fn note_lag(&mut self, lag: Duration) {
        record(&mut self.lag, lag);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.warmup.add(&other.warmup);
        self.measured.add(&other.measured);
        // Both have the same bounds, so that everything fits.
        let _ = self.latency.add(&other.latency);
        let _ = self.lag.add(&other.lag);
        self.last_answer = self.last_answer.max(other.last_answer);
        self.n_failed_connections += other.n_failed_connections;
    }

    pub(super) fn latency(&self) -> Distribution {
        distribution(&self.latency)
    }

    pub(super) fn lag(&self) -> Distribution {
        distribution(&self.lag)
    }
}

impl Counts {
    fn note(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Answered(status) => self.by_status.entry(status).or_default(),
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Cut => &mut self.cut,
            Outcome::NotConnected => &mut self.not_connected,
            Outcome::NeverSent => &mut self.never_sent,
        };
        *count += 1;
        self.sent += u64::from(!matches!(outcome, Outcome::NotConnected | Outcome::NeverSent));
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        for (status, n_answers) in &other.by_status {
            *self.by_status.entry(*status).or_default() += n_answers;
        }
        self.timed_out += other.timed_out;
        self.cut += other.cut;
        self.not_connected += other.not_connected;
        self.never_sent += other.never_sent;
    }

    pub(super) fn answered(&self) -> u64 {
        self.by_status.values().sum()
    }

    /// Answered with 2xx.
    pub(super) fn taken(&self) -> u64 {
        let taken = self.by_status.iter().filter(|(status, _)| (200..300).contains(*status));
        taken.map(|(_, n_answers)| n_answers).sum()
    }

    pub(super) const fn unanswered(&self) -> u64 {
        self.timed_out + self.cut + self.not_connected
    }

    /// Whether every delivery was answered with 2xx.
    pub(super) fn is_clean(&self) -> bool {
        self.unanswered() == 0 && self.never_sent == 0 && self.taken() == self.answered()
    }
}

fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_MICROS).min(LONGEST_MICROS));
}

fn distribution(histogram: &Histogram<u64>) -> Distribution {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    let is_empty = histogram.is_empty();
    Distribution {
        count: histogram.len(),
        mean: if is_empty { 0.0 } else { histogram.mean() / 1000.0 },
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: histogram.max() as f64 / 1000.0,
    }
}
