//! Policies as they were and as they are.
//!
//! A configuration has no history of its own: after a change, clocks that are neither over nor breached are computed as
//! if the new one had always held, and the others keep what they have. Who remembers the policies of before, and until
//! when they held, can compute what those clocks had, also for a ticket that nobody has looked at since and for events
//! that come late. So nothing need be written down per clock when the configuration changes.

use super::{Clocks, Kept, Policies};
use crate::facts::Facts;
use crate::timestamp::Timestamp;

/// The policies that hold, and those that held before them.
#[derive(Clone, Debug)]
pub struct Editions {
    /// In the order of time, each with the instant at which the next one took its place.
    earlier: Vec<(Policies, Timestamp)>,
    policies: Policies,
}

impl Editions {
    /// Policies that have never been others.
    pub const fn new(policies: Policies) -> Self {
        Self { earlier: Vec::new(), policies }
    }

    /// Policies that took the place of others, which are given in the order of time, each with its end.
    pub const fn after(earlier: Vec<(Policies, Timestamp)>, policies: Policies) -> Self {
        Self { earlier, policies }
    }

    /// Those that hold.
    pub const fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The names of the policies that hold, in their order, and then of those of before that have other names.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.policies.names().map(str::to_owned).collect();
        for name in self.earlier.iter().flat_map(|(policies, _)| policies.names()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Whether policies of before have a say in the clocks of a ticket as of an instant.
    pub fn changed_between(&self, created_at: Timestamp, as_of: Timestamp) -> bool {
        self.earlier.iter().any(|(_, until)| created_at < *until && *until <= as_of)
    }

    /// The clocks of a ticket as of an instant. A change of policies after that instant is not known then.
    pub fn clocks(&self, source: &str, facts: &Facts, as_of: Timestamp) -> Clocks {
        let mut kept: Option<Kept> = None;
        let since_its_creation = |(_, until): &&(Policies, Timestamp)| facts.created_at < *until && *until <= as_of;
        for (policies, until) in self.earlier.iter().filter(since_its_creation) {
            let clocks = of(policies, source, facts, kept.as_ref(), *until);
            kept = Kept::new(&clocks, *until);
        }
        of(&self.policies, source, facts, kept.as_ref(), as_of)
    }
}

fn of(policies: &Policies, source: &str, facts: &Facts, kept: Option<&Kept>, as_of: Timestamp) -> Clocks {
    match kept {
        Some(kept) => Clocks::of_kept(policies, source, facts, kept, as_of),
        None => Clocks::of(policies, source, facts, as_of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Book;
    use crate::facts::{Entry, Initial, Party, What};
    use crate::ticket::{Fields, Role};

    fn policies(first_response: &str, resolution: &str) -> Policies {
        let text = format!(
            "[[sla]]\nname = \"p\"\n[sla.targets.normal]\nfirst_response = \"{first_response}\"\nresolution = \"{resolution}\""
        );
        Policies::from_toml(&text, &Book::default()).unwrap()
    }

    fn facts(replied_at: &[i64]) -> Facts {
        let by = |id: &str, role| Some(Party { id: id.to_owned(), role });
        let reply = |minute: &i64| Entry {
            at: Timestamp::from_seconds(minute * 60),
            by: by("a", Role::Agent),
            what: What::PublicComment,
        };
        Facts {
            created_at: Timestamp::from_seconds(0),
            creator: by("c", Role::Customer),
            session: None,
            initial: Initial::from(&Fields::default()),
            entries: replied_at.iter().map(reply).collect(),
        }
    }

    /// What became of each clock, with its minute.
    #[track_caller]
    fn check(editions: &Editions, replied_at: &[i64], as_of: i64, expected: &str) {
        let clocks = editions.clocks("desk", &facts(replied_at), Timestamp::from_seconds(as_of * 60));
        let told = clocks.outcomes().into_iter().map(|outcome| {
            let (metric, minute) = (outcome.metric.as_str(), outcome.at.micros() / 60_000_000);
            format!("{metric} {:?} {minute} of {}", outcome.kind, outcome.target)
        });
        assert_eq!(told.collect::<Vec<_>>().join(", "), expected);
    }

    #[test]
    fn open_clocks_are_computed_anew_and_the_others_keep_what_they_have() {
        let minute = |minute: i64| Timestamp::from_seconds(minute * 60);
        let lenient = Editions::after(vec![(policies("10m", "30m"), minute(20))], policies("40m", "60m"));
        check(&lenient, &[5], 70, "first_response Met 5 of 10m, resolution Breached 60 of 60m");
        check(&lenient, &[15], 25, "first_response Breached 10 of 10m, first_response BreachedMet 15 of 10m");
        check(&lenient, &[], 25, "first_response Breached 10 of 10m");
        // Before the change, it is not known.
        check(&lenient, &[], 15, "");
        let strict = Editions::after(vec![(policies("40m", "60m"), minute(20))], policies("10m", "30m"));
        check(&strict, &[15], 25, "first_response Met 15 of 40m");
        check(&strict, &[], 35, "first_response Breached 10 of 10m, resolution Breached 30 of 30m");
        let twice = Editions::after(
            vec![(policies("10m", "30m"), minute(20)), (policies("40m", "45m"), minute(50))],
            policies("2h", "2h"),
        );
        check(&twice, &[], 55, "first_response Breached 10 of 10m, resolution Breached 45 of 45m");
    }

    #[test]
    fn a_late_event_from_before_a_change_is_judged_as_it_was_then() {
        let lenient =
            Editions::after(vec![(policies("10m", "30m"), Timestamp::from_seconds(1200))], policies("40m", "60m"));
        check(&lenient, &[], 25, "first_response Breached 10 of 10m");
        check(&lenient, &[8], 25, "first_response Met 8 of 10m");
    }
}
