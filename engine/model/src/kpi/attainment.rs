//! Service level targets that fell due or were met in the period.

use super::activities::Ready;
use super::story::Story;
use crate::facts::Unreadable;
use crate::sla::{Clocks, Metric, State};
use crate::timestamp::Timestamp;

/// Whether a target of the ticket can have fallen due or been met in the period. None can where it was solved before and
/// nothing has happened since: its clocks are over or stand still.
pub(super) fn matters(ready: &Ready, story: &Story<'_>) -> bool {
    ready.period.from < ready.period.to && !(story.status.is_solved() && story.last < ready.period.from)
}

/// Those targets: the policy's place, the metric, and whether it was met in time.
pub(super) fn targets(ready: &Ready, source: &str, facts: &[u8]) -> Result<Vec<(usize, Metric, bool)>, Unreadable> {
    // The end of the period is not in it: neither what happens then nor what falls due then.
    let end = Timestamp::from_micros(ready.period.to - 1);
    let clocks = Clocks::brief(&ready.settings.policies, source, facts, end)?;
    let is_in = |at: Option<Timestamp>| at.is_some_and(|at| ready.options.contains(at));
    let mut targets = Vec::new();
    for clock in clocks.listed() {
        let Some(policy) = clock.judged_by() else { continue };
        let state = clock.state();
        let is_met = state == State::Met;
        let was_met = is_met || state == State::BreachedMet;
        if (was_met && is_in(clock.ended_at())) || is_in(clock.breached_at()) {
            targets.push((policy, clock.metric(), is_met));
        }
    }
    Ok(targets)
}
