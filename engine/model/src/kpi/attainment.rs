//! Service level targets that fell due or were met in the period.

use super::activities::Ready;
use super::story::Story;
use crate::facts::{Facts, Unreadable};
use crate::sla::{Clock, Clocks, Metric, State};
use crate::timestamp::Timestamp;

/// Whether a target of the ticket can have fallen due or been met in the period. None can where it was solved before and
/// nothing has happened since: its clocks are over or stand still.
pub(super) fn matters(ready: &Ready, story: &Story<'_>) -> bool {
    ready.period.from < ready.period.to && !(story.status.is_solved() && story.last < ready.period.from)
}

/// Those targets: the policy's place, the metric, and whether it was met in time.
pub(super) fn targets(
    ready: &Ready,
    story: &Story<'_>,
    source: &str,
    facts: &[u8],
) -> Result<Vec<(usize, Metric, bool)>, Unreadable> {
    let editions = &ready.settings.policies;
    // The end of the period is not in it: neither what happens then nor what falls due then.
    let end = Timestamp::from_micros(ready.period.to - 1);
    let mut targets = Vec::new();
    if editions.changed_between(Timestamp::from_micros(story.created), end) {
        let clocks = editions.clocks(source, &Facts::from_bytes(facts)?, end);
        for (clock, judge) in clocks.all().iter().filter_map(|clock| Some((clock, clock.judge()?))) {
            let place = ready.policies.iter().position(|name| *name == judge.policy);
            targets.extend(place.and_then(|place| target(ready, place, clock)));
        }
    } else {
        let clocks = Clocks::brief(editions.policies(), source, facts, end)?;
        targets.extend(clocks.all().iter().filter_map(|clock| target(ready, clock.judged_by()?, clock)));
    }
    Ok(targets)
}

/// A clock's target, where it fell due or was met in the period.
fn target(ready: &Ready, policy: usize, clock: &Clock) -> Option<(usize, Metric, bool)> {
    let is_in = |at: Option<Timestamp>| at.is_some_and(|at| ready.options.contains(at));
    let state = clock.state();
    let is_met = state == State::Met;
    let was_met = is_met || state == State::BreachedMet;
    let matters = (was_met && is_in(clock.ended_at())) || is_in(clock.breached_at());
    matters.then_some((policy, clock.metric(), is_met))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::calendar::Book;
    use crate::facts::{Entry, Facts, Initial, Party, What};
    use crate::kpi::{Activities, Options, Request, Settings, Tickets};
    use crate::sla::{Editions, Policies};
    use crate::ticket::{Fields, Role};
    use crate::timestamp::Timestamp;

    fn policies(name: &str, first_response: &str) -> Policies {
        let text = format!("[[sla]]\nname = \"{name}\"\n[sla.targets.normal]\nfirst_response = \"{first_response}\"");
        Policies::from_toml(&text, &Book::default()).unwrap()
    }

    /// A ticket that is answered at that minute.
    fn facts(minute: i64) -> Facts {
        let by = |id: &str, role| Some(Party { id: id.to_owned(), role });
        let at = Timestamp::from_seconds(minute * 60);
        Facts {
            created_at: Timestamp::from_seconds(0),
            creator: by("c", Role::Customer),
            session: None,
            initial: Initial::from(&Fields::default()),
            entries: vec![Entry { at, by: by("a", Role::Agent), what: What::PublicComment }],
        }
    }

    /// Policy, and how many were met of how many, after a change at minute 20 of the first hour of 1970.
    #[track_caller]
    fn check(before: &Policies, now: &Policies, replied: &[i64], expected: &[(&str, f64, f64)]) {
        let request = Request { from: "1970-01-01", to: "1970-01-02", ..Request::default() };
        let options = Options::new(&request, &Book::default()).unwrap();
        let change = Timestamp::from_seconds(20 * 60);
        let editions = Editions::after(vec![(before.clone(), change)], now.clone());
        let ready = Activities::new(options, Settings::new(Arc::new(editions), true)).ready();
        let mut tickets = Tickets::new(&ready);
        for (number, minute) in replied.iter().enumerate() {
            tickets.add_facts("desk", &number.to_string(), &facts(*minute)).unwrap();
        }
        let report = tickets.finish();
        let shown = &report.figures.repeated.sla_attainment;
        let shown: Vec<_> =
            shown.iter().map(|of| (of.policy.as_str(), of.rate.numerator, of.rate.denominator)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_was_over_or_breached_before_a_change_of_policies_stays_as_it_was() {
        let (strict, lenient) = (policies("strict", "10m"), policies("lenient", "40m"));
        check(&strict, &lenient, &[5, 15, 25], &[("strict", 1.0, 3.0)]);
        check(&lenient, &strict, &[5, 15, 25], &[("lenient", 2.0, 2.0), ("strict", 0.0, 1.0)]);
        let renamed = policies("renamed", "30m");
        check(&lenient, &renamed, &[5, 25, 35], &[("lenient", 1.0, 1.0), ("renamed", 1.0, 2.0)]);
    }
}
