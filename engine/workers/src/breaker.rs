//! A circuit breaker: keeps calls away from a plugin or destination that fails, and finds out by itself when it is back.
//!
//! ```text
//!            too many failures                 open time over
//!   Closed ────────────────────► Open ──────────────────────────► HalfOpen
//!     ▲                           ▲                                │    │
//!     │                           └──────── a trial fails ─────────┘    │
//!     └──────────────────────── enough trials succeed ──────────────────┘
//! ```
//!
//! Each time a trial fails it stays open twice as long, up to a cap. It is pure: times are parameters, and it lives in
//! memory only, since a restarted engine finds out soon enough. Who calls must report every call that it let pass, or
//! withdraw it.

use deskbell_model::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// When it opens, and for how long. Times are in microseconds, as differences of [`Timestamp`] are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The stretch of time whose calls count towards the share of failures.
    pub window_micros: i64,
    /// With fewer calls in the window the share says nothing.
    pub min_calls: u32,
    /// Opens when at least this share of the window's calls failed, from 0 to 1.
    pub failure_share: f64,
    /// Opens after this many failures in a row, however few calls there are.
    pub consecutive: u32,
    /// How long it stays open the first time.
    pub open_micros: i64,
    /// How long it stays open at most.
    pub max_open_micros: i64,
    /// How many trials in a row must succeed before it closes.
    pub trials: u32,
}

const SECOND: i64 = 1_000_000;

impl Settings {
    /// For plugins: what fails is code, which recovers by a new version or with what it was fed. Half of at least 20 calls in a
    /// minute, or 10 in a row; open for 30 s, at most for an hour.
    pub const PLUGIN: Self = Self {
        window_micros: 60 * SECOND,
        min_calls: 20,
        failure_share: 0.5,
        consecutive: 10,
        open_micros: 30 * SECOND,
        max_open_micros: 3600 * SECOND,
        trials: 2,
    };

    /// For destinations: a helpdesk that is down for minutes is common, and every attempt saved is one that the message keeps. Half of
    /// at least 10 calls in a minute, or 5 in a row; open for 5 s, at most for 5 minutes.
    pub const DESTINATION: Self = Self {
        window_micros: 60 * SECOND,
        min_calls: 10,
        failure_share: 0.5,
        consecutive: 5,
        open_micros: 5 * SECOND,
        max_open_micros: 300 * SECOND,
        trials: 1,
    };
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Make it and report how it went.
    Go,
    /// Make it, alone: it shows whether the other side is back. Report how it went.
    Trial,
    /// Not before `until`; ask again then.
    Wait { until: Timestamp },
}

/// Where the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    Open { until: Timestamp },
    HalfOpen,
}

/// How many slices the window is kept in. Calls leave it a slice at a time.
const SLICES: usize = 10;

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    number: i64,
    calls: u32,
    failures: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open { until: Timestamp },
    HalfOpen { succeeded: u32, trial_since: Option<Timestamp> },
}

/// The breaker of one plugin or destination.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: Settings,
    phase: Phase,
    slices: [Slice; SLICES],
    failures_in_a_row: u32,
    /// How long it stays open the next time.
    next_open_micros: i64,
}

impl Breaker {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            phase: Phase::Closed,
            slices: [Slice::default(); SLICES],
            failures_in_a_row: 0,
            next_open_micros: settings.open_micros,
        }
    }

    /// Whether a call may be made at `now`. While it is half open one trial runs at a time; a trial that nobody reported within
    /// the first open time counts as lost, and another may run.
    pub fn ask(&mut self, now: Timestamp) -> Verdict {
        match self.phase {
            Phase::Closed => Verdict::Go,
            Phase::Open { until } if now < until => Verdict::Wait { until },
            Phase::Open { .. } => self.start_trial(0, now),
            Phase::HalfOpen { succeeded, trial_since: None } => self.start_trial(succeeded, now),
            Phase::HalfOpen { succeeded, trial_since: Some(since) } => {
                let until = since.plus_micros(self.settings.open_micros);
                if now < until { Verdict::Wait { until } } else { self.start_trial(succeeded, now) }
            }
        }
    }

    /// A call went well. Reports of calls that began before it opened change nothing while it is open.
    pub fn succeeded(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Closed => {
                self.failures_in_a_row = 0;
                let slice = self.slice(now);
                slice.calls = slice.calls.saturating_add(1);
            }
            Phase::HalfOpen { succeeded, .. } if succeeded + 1 >= self.settings.trials => {
                *self = Self::new(self.settings);
            }
            Phase::HalfOpen { succeeded, .. } => {
                self.phase = Phase::HalfOpen { succeeded: succeeded + 1, trial_since: None };
            }
            Phase::Open { .. } => {}
        }
    }

    /// A call failed. Says whether this opened the breaker.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        match self.phase {
            Phase::Closed => {
                self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
                let slice = self.slice(now);
                slice.calls = slice.calls.saturating_add(1);
                slice.failures = slice.failures.saturating_add(1);
                let opens = self.failures_in_a_row >= self.settings.consecutive || self.share_is_reached(now);
                if opens {
                    self.open(now);
                }
                opens
            }
            Phase::HalfOpen { .. } => {
                self.open(now);
                true
            }
            Phase::Open { .. } => false,
        }
    }

    /// A call that was let pass at `asked_at` was not made, or says nothing. Where it was the trial, another may run at
    /// once.
    pub fn withdrawn(&mut self, asked_at: Timestamp) {
        if let Phase::HalfOpen { trial_since, .. } = &mut self.phase
            && *trial_since == Some(asked_at)
        {
            *trial_since = None;
        }
    }

    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { until } if now < until => State::Open { until },
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    fn start_trial(&mut self, succeeded: u32, now: Timestamp) -> Verdict {
        self.phase = Phase::HalfOpen { succeeded, trial_since: Some(now) };
        Verdict::Trial
    }

    fn open(&mut self, now: Timestamp) {
        let open_micros = self.next_open_micros.min(self.settings.max_open_micros);
        self.phase = Phase::Open { until: now.plus_micros(open_micros) };
        self.next_open_micros = open_micros.saturating_mul(2).min(self.settings.max_open_micros);
        self.slices = [Slice::default(); SLICES];
        self.failures_in_a_row = 0;
    }

    fn share_is_reached(&self, now: Timestamp) -> bool {
        let current = self.slice_number(now);
        let is_recent = |slice: &&Slice| current.saturating_sub(slice.number) < SLICES as i64;
        let (calls, failures) =
            self.slices.iter().filter(is_recent).fold((0_u64, 0_u64), |(calls, failures), slice| {
                (calls + u64::from(slice.calls), failures + u64::from(slice.failures))
            });
        calls >= u64::from(self.settings.min_calls) && failures as f64 >= self.settings.failure_share * calls as f64
    }

    fn slice_number(&self, now: Timestamp) -> i64 {
        let slice_micros = (self.settings.window_micros / SLICES as i64).max(1);
        now.micros().div_euclid(slice_micros)
    }

    fn slice(&mut self, now: Timestamp) -> &mut Slice {
        let number = self.slice_number(now);
        let [slices @ .., last] = &mut self.slices;
        let index = usize::try_from(number.rem_euclid(SLICES as i64)).unwrap_or(0);
        let slice = slices.get_mut(index).unwrap_or(last);
        if slice.number != number {
            *slice = Slice { number, ..Slice::default() };
        }
        slice
    }
}
