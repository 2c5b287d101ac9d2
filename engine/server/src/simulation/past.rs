//! Weeks of history for an import: the same life, at the pace of a year and not of a minute.

use std::collections::HashMap;

use deskbell_model::timestamp::Timestamp;

use super::desk::{Desk, Made};
use super::dice::Dice;
use super::life::Life;
use super::pace::{Incident, Pace, start_of_day};

/// Which weeks.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// How many days, up to `until`.
    pub(crate) days: u32,
    pub(crate) until: Timestamp,
    pub(crate) seed: u64,
    /// The `source` of the events.
    pub(crate) source: String,
    /// On average; 60 are those of a small shop with eight agents.
    pub(crate) tickets_per_day: f64,
}

/// The history as canonical events, one JSON text each, in the order of their times; and the helpdesk as it stands at
/// the end, so that a simulation may go on from there.
pub(crate) fn history(past: &Past) -> (Vec<String>, Desk) {
    let (made, desk) = live_through(past);
    (made.into_iter().map(|made| made.event.to_string()).collect(), desk)
}

fn live_through(past: &Past) -> (Vec<Made>, Desk) {
    let from = past.until.plus_seconds(-i64::from(past.days) * 86_400);
    let mut desk = Desk::new(&past.source, &format!("past-{:x}-{}", past.seed, from.micros() / 60_000_000), 1001);
    let pace = Pace::Weeks { tickets_per_day: past.tickets_per_day, incidents: incidents(past, from) };
    let mut life = Life::new(past.seed, pace, from);
    life.live_until(&mut desk, past.until);
    let mut made = desk.take_made();
    // A call is told when it ends, and a few changes lie a little after the step that made them.
    made.sort_by_key(|made| made.at);
    (made, desk)
}

/// About every third week something breaks for two hours.
fn incidents(past: &Past, from: Timestamp) -> Vec<Incident> {
    let mut dice = Dice::new(past.seed.rotate_left(17));
    (0..i64::from(past.days))
        .filter_map(|day| {
            let hour = dice.between(8, 15) as i64;
            dice.chance(1.0 / 21.0).then(|| {
                let begins = start_of_day(from).plus_seconds(day * 86_400 + hour * 3600);
                Incident { from: begins, to: begins.plus_seconds(7200) }
            })
        })
        .collect()
}

/// How many events of each type there are, for whoever wants to know what was written.
pub(crate) fn count_by_type(lines: &[String]) -> Vec<(String, usize)> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in lines {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let kind = event.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort();
    counts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::Timelike;
    use deskbell_model::event::Event;

    use super::*;

    fn past(seed: u64) -> Past {
        Past {
            days: 28,
            until: Timestamp::from_seconds(1_769_990_400), // 2026-02-02T00:00:00Z, a Monday
            seed,
            source: "shop".to_owned(),
            tickets_per_day: 40.0,
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_history() {
        assert_eq!(history(&past(1)).0, history(&past(1)).0);
        assert_ne!(history(&past(1)).0, history(&past(2)).0);
    }

    #[test]
    fn every_line_is_a_canonical_event_in_its_place() {
        let past = past(3);
        let (lines, _) = history(&past);
        let events: Vec<Event> = lines.iter().map(|line| Event::from_json(line.as_bytes()).unwrap()).collect();
        assert!(events.is_sorted_by_key(|event| event.time));
        let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids.len(), events.len(), "ids repeat");
        let from = past.until.plus_seconds(-28 * 86_400);
        assert!(events.iter().all(|event| event.time >= from && event.time <= past.until.plus_seconds(1)));
        assert!(events.iter().all(|event| event.source == "shop"));
    }

    #[test]
    fn four_weeks_are_those_of_a_small_shop() {
        let (lines, desk) = history(&past(3));
        let counts: HashMap<String, usize> = count_by_type(&lines).into_iter().collect();
        let n = |kind: &str| counts.get(&format!("deskbell.{kind}")).copied().unwrap_or_default();
        let n_tickets = n("ticket.created");
        assert!((900..1500).contains(&n_tickets), "{counts:?}");
        for (kind, least, most) in [
            ("ticket.commented", 1.0, 3.0),
            ("ticket.updated", 2.0, 7.0),
            ("ticket.escalated", 0.01, 0.1),
            ("ticket.merged", 0.0, 0.1),
            ("rating.submitted", 0.1, 0.6),
            ("interaction.ended", 0.1, 0.5),
            ("work.logged", 0.5, 2.5),
            ("knowledge.searched", 0.2, 1.5),
        ] {
            let share = n(kind) as f64 / n_tickets as f64;
            assert!((least..most).contains(&share), "{kind}: {share} a ticket, {counts:?}");
        }
        // Eight agents on twenty working days, two on each of four Saturdays, less those who are ill.
        assert!((145..=168).contains(&n("agent.shift")), "{counts:?}");
        assert_eq!(n("cost.recorded"), 4, "one on each Monday");
        let n_unsolved = desk.tickets().filter(|ticket| !ticket.fields.status.is_solved()).count();
        assert!(n_unsolved > 3 && n_unsolved < n_tickets / 5, "{n_unsolved} of {n_tickets} unsolved");
    }

    #[test]
    fn agents_work_in_business_hours() {
        let (lines, _) = history(&past(4));
        let (mut n_day, mut n_night) = (0, 0);
        for line in &lines {
            let event = Event::from_json(line.as_bytes()).unwrap();
            let by_agent = event.actor().is_some_and(|actor| actor.role.as_str() == "agent");
            if by_agent && event.kind == "deskbell.ticket.commented" {
                let hour = event.time.to_chrono().hour();
                if (7..17).contains(&hour) {
                    n_day += 1;
                } else {
                    n_night += 1;
                }
            }
        }
        // Chats that began in time are answered a little after closing.
        assert!(n_night * 30 < n_day, "{n_night} at night, {n_day} by day");
    }
}
