//! How fast life goes: live, with minutes made short enough to watch, or through weeks with business hours.

use chrono::{Datelike, Timelike};
use deskbell_model::timestamp::Timestamp;

use super::dice::Dice;

/// The rhythm of arrivals and answers.
#[derive(Clone, Debug)]
pub(super) enum Pace {
    /// Tickets come at this rate; answers take seconds to minutes.
    Live { tickets_per_minute: f64 },
    /// Tickets follow the hours of day and week; answers take minutes to days, within business hours.
    Weeks { tickets_per_day: f64, incidents: Vec<Incident> },
}

/// Some hours in which the shop is down and everybody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// What takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Pick,
    Answer,
    Reply,
    Solve,
    Reopen,
    Rate,
    Close,
    /// Until an agent gives up on a customer who does not answer.
    Silence,
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// Tickets in the hours of a day (UTC), relative to each other.
const HOURS: [f64; 24] = [
    0.2, 0.15, 0.1, 0.1, 0.15, 0.3, 0.7, 1.5, 2.6, 3.0, 2.9, 2.6, 2.1, 2.3, 2.5, 2.4, 2.1, 1.7, 1.5, 1.4, 1.3, 1.0,
    0.6, 0.35,
];
/// Tickets on the days of a week from Monday, relative to a usual day.
const WEEKDAYS: [f64; 7] = [1.35, 1.1, 1.0, 1.0, 0.95, 0.5, 0.45];
/// During an incident so many times the usual tickets come.
const INCIDENT_FACTOR: f64 = 6.0;

impl Pace {
    /// When the next ticket comes. None at a rate of nothing.
    pub(super) fn next_arrival(&self, at: Timestamp, dice: &mut Dice) -> Option<Timestamp> {
        match self {
            Self::Live { tickets_per_minute } => {
                (*tickets_per_minute > 0.0).then(|| after(at, dice.exponential(MINUTE / tickets_per_minute)))
            }
            Self::Weeks { tickets_per_day, incidents } => {
                if *tickets_per_day <= 0.0 {
                    return None;
                }
                // Candidates at the highest rate there is, each kept with the share that the hour has of it.
                let highest = 4.0 * INCIDENT_FACTOR;
                let mut candidate = at;
                loop {
                    candidate = after(candidate, dice.exponential(DAY / (tickets_per_day * highest)));
                    let factor = if is_incident(incidents, candidate) { INCIDENT_FACTOR } else { 1.0 };
                    if dice.chance(load(candidate) * factor / highest) {
                        return Some(candidate);
                    }
                }
            }
        }
    }

    /// When something is done that begins to wait at `at`.
    pub(super) fn after(&self, wait: Wait, at: Timestamp, dice: &mut Dice) -> Timestamp {
        match self {
            Self::Live { .. } => {
                let (first, last) = live_seconds(wait);
                at.plus_micros((1e6 * (first + dice.fraction() * (last - first))) as i64)
            }
            Self::Weeks { .. } => {
                let then = after(at, dice.exponential(mean_seconds(wait)) + least_seconds(wait));
                match wait {
                    Wait::Pick | Wait::Answer | Wait::Solve | Wait::Silence => at_work(then, dice),
                    Wait::Reply | Wait::Reopen | Wait::Rate => awake(then),
                    Wait::Close => then,
                }
            }
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    /// Whether somebody takes calls and chats.
    pub(super) fn is_staffed(&self, at: Timestamp) -> bool {
        let time = at.to_chrono();
        self.is_live()
            || business_hours(time.weekday().num_days_from_monday())
                .is_some_and(|(first, last)| (first..last).contains(&time.hour()))
    }

    pub(super) fn is_incident(&self, at: Timestamp) -> bool {
        match self {
            Self::Live { .. } => false,
            Self::Weeks { incidents, .. } => is_incident(incidents, at),
        }
    }
}

fn is_incident(incidents: &[Incident], at: Timestamp) -> bool {
    incidents.iter().any(|incident| (incident.from..incident.to).contains(&at))
}

const fn live_seconds(wait: Wait) -> (f64, f64) {
    match wait {
        Wait::Pick => (4.0, 30.0),
        Wait::Answer => (8.0, 60.0),
        Wait::Reply => (15.0, 90.0),
        Wait::Solve => (5.0, 40.0),
        Wait::Reopen => (30.0, 120.0),
        Wait::Rate => (10.0, 60.0),
        Wait::Close => (300.0, 900.0),
        Wait::Silence => (240.0, 600.0),
    }
}

const fn mean_seconds(wait: Wait) -> f64 {
    match wait {
        Wait::Pick | Wait::Solve => 25.0 * MINUTE,
        Wait::Answer => 50.0 * MINUTE,
        Wait::Reply => 7.0 * HOUR,
        Wait::Reopen => 20.0 * HOUR,
        Wait::Rate => 10.0 * HOUR,
        Wait::Close => MINUTE,
        Wait::Silence => DAY,
    }
}

const fn least_seconds(wait: Wait) -> f64 {
    match wait {
        Wait::Pick | Wait::Answer => 2.0 * MINUTE,
        Wait::Solve | Wait::Rate => MINUTE,
        Wait::Reply | Wait::Reopen => 10.0 * MINUTE,
        Wait::Close => 4.0 * DAY,
        Wait::Silence => 5.0 * DAY,
    }
}

fn after(at: Timestamp, seconds: f64) -> Timestamp {
    at.plus_micros((seconds * 1e6) as i64)
}

/// How many times the usual average of a day this hour has.
fn load(at: Timestamp) -> f64 {
    let time = at.to_chrono();
    let mean = HOURS.iter().sum::<f64>() / 24.0;
    let hour = HOURS.get(time.hour() as usize).copied().unwrap_or(mean);
    let weekday = WEEKDAYS.get(time.weekday().num_days_from_monday() as usize).copied().unwrap_or(1.0);
    weekday * hour / mean
}

/// The first and last hour of work (UTC) on a day, Monday being 0.
pub(super) const fn business_hours(weekday: u32) -> Option<(u32, u32)> {
    match weekday {
        0..=4 => Some((7, 17)),
        5 => Some((9, 13)),
        _ => None,
    }
}

/// `at`, or some time into the next business day where nobody works then.
fn at_work(at: Timestamp, dice: &mut Dice) -> Timestamp {
    let mut then = at;
    // Two closed days in a row are the most there are.
    for _ in 0..4 {
        let time = then.to_chrono();
        let hours = business_hours(time.weekday().num_days_from_monday());
        match hours {
            Some((first, last)) if (first..last).contains(&time.hour()) => return then,
            Some((first, _)) if time.hour() < first => {
                let opening = start_of_day(then).plus_seconds(i64::from(first) * 3600);
                return after(opening, dice.exponential(30.0 * MINUTE).min(2.0 * HOUR));
            }
            _ => then = start_of_day(then).plus_seconds(86_400),
        }
    }
    then
}

/// `at`, or the same some hours later where customers sleep.
fn awake(at: Timestamp) -> Timestamp {
    let hour = at.to_chrono().hour();
    if (5..22).contains(&hour) { at } else { at.plus_seconds(8 * 3600) }
}

/// Midnight (UTC) of the day.
pub(super) fn start_of_day(at: Timestamp) -> Timestamp {
    const DAY_MICROS: i64 = 86_400_000_000;
    Timestamp::from_micros(at.micros().div_euclid(DAY_MICROS) * DAY_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: Timestamp = Timestamp::from_seconds(1_767_571_200); // 2026-01-05T00:00:00Z

    #[test]
    fn live_tickets_come_at_the_rate_asked_for() {
        let (pace, mut dice) = (Pace::Live { tickets_per_minute: 30.0 }, Dice::new(1));
        let mut at = MONDAY;
        for _ in 0..3000 {
            at = pace.next_arrival(at, &mut dice).unwrap_or(at);
        }
        let minutes = at.since(MONDAY) as f64 / 60e6;
        assert!((90.0..110.0).contains(&minutes), "{minutes}");
        assert_eq!(Pace::Live { tickets_per_minute: 0.0 }.next_arrival(at, &mut dice), None);
    }

    #[test]
    fn weeks_have_busy_days_and_quiet_nights() {
        let incident = Incident { from: MONDAY.plus_seconds(36 * 3600), to: MONDAY.plus_seconds(38 * 3600) };
        let pace = Pace::Weeks { tickets_per_day: 60.0, incidents: vec![incident] };
        let (mut at, mut dice) = (MONDAY, Dice::new(2));
        let (mut n_by_day, mut n_nightly, mut n_incident) = ([0_u32; 7], 0, 0);
        while let Some(next) = pace.next_arrival(at, &mut dice).filter(|next| next.since(MONDAY) < 28 * 86_400_000_000)
        {
            at = next;
            let time = at.to_chrono();
            n_by_day[time.weekday().num_days_from_monday() as usize] += 1;
            n_nightly += u32::from(time.hour() < 6);
            n_incident += u32::from(pace.is_incident(at));
        }
        let n: u32 = n_by_day.iter().sum();
        assert!((1350..1750).contains(&n), "{n}");
        assert!(n_by_day[0] > n_by_day[2] && n_by_day[2] > n_by_day[6], "{n_by_day:?}");
        assert!(n_nightly < n / 15, "{n_nightly} of {n}");
        assert!(n_incident > 30, "{n_incident}");
    }

    #[test]
    fn agents_answer_in_business_hours() {
        let pace = Pace::Weeks { tickets_per_day: 1.0, incidents: Vec::new() };
        let mut dice = Dice::new(3);
        for hours in 0..7 * 24 {
            let at = MONDAY.plus_seconds(hours * 3600);
            let then = pace.after(Wait::Answer, at, &mut dice);
            let time = then.to_chrono();
            let open = business_hours(time.weekday().num_days_from_monday());
            assert!(open.is_some_and(|(first, last)| (first..last).contains(&time.hour())), "{then}");
            assert!(then > at);
        }
    }
}
