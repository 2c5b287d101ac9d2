//! What a day brings: how many tickets and when, shifts, visitors of the knowledge base, and what a month costs.

use deskbell_model::timestamp::Timestamp;

use super::{History, HistoryArgs};
use crate::simulation::Dice;

/// Agents of each of the helpdesk's groups.
pub(super) const AGENTS_OF_GROUP: u64 = 20;
/// Shares of a day's tickets by hour, in UTC.
const BY_HOUR: [u32; 24] = [1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 10, 11, 12, 11, 9, 7, 5, 4, 3, 2, 2, 1];
/// Sundays and Saturdays have so many tickets for each ten of another day.
const WEEKEND: u64 = 3;

/// How the tickets of each ten of the whole week fall on a day, as a share of [`week`].
fn share(day: i64) -> u64 {
    if day % 7 >= 5 { WEEKEND } else { 10 }
}

/// The shares of all days before this one.
fn shares_before(day: i64) -> u64 {
    (0..day % 7).map(share).sum::<u64>() + (day / 7) as u64 * (5 * 10 + 2 * WEEKEND)
}

/// The numbers of a day's tickets with their times, in order.
pub(super) fn tickets(args: &HistoryArgs, dice: &mut Dice, begins: Timestamp, day: i64) -> Vec<(u64, Timestamp)> {
    let total = u128::from(shares_before(i64::from(args.days)));
    let number = |day| (u128::from(args.tickets) * u128::from(shares_before(day)) / total.max(1)) as u64;
    let numbers = number(day)..number(day + 1);
    let hours: Vec<(i64, u32)> = (0..).zip(BY_HOUR).collect();
    let mut times: Vec<Timestamp> = numbers
        .clone()
        .map(|_| {
            let hour = dice.weighted(&hours).unwrap_or_default();
            begins.plus_micros(hour * 3_600_000_000 + dice.below(3_600_000) as i64 * 1000)
        })
        .collect();
    times.sort_unstable();
    numbers.zip(times).collect()
}

/// Shifts, the use of the knowledge base, and costs on the first of each thirty days.
pub(super) fn routine(history: &mut History<'_>, dice: &mut Dice, begins: Timestamp, day: i64) {
    if day % 7 < 5 {
        for agent in 0..super::life::GROUPS.len() as u64 * AGENTS_OF_GROUP {
            let start = begins.plus_seconds(7 * 3600 + (agent % 3) as i64 * 3600);
            let data =
                format!(r#"{{"start":"{start}","end":"{}","break_seconds":1800}}"#, start.plus_seconds(8 * 3600));
            history.add("agent.shift", Some(&format!("agent-{agent}")), begins.plus_seconds(6 * 3600), &data);
        }
    }
    for visitor in 0..200 {
        let at = begins.plus_seconds(dice.below(86_000) as i64);
        let session = format!("v{day}-{visitor}");
        let query = dice.pick(&["reset password", "invoice", "refund", "delivery", "cancel", "tracking"]);
        let results = dice.below(9);
        let searched = format!(r#"{{"session":"{session}","query":"{query}","results":{results}}}"#);
        history.add("knowledge.searched", None, at, &searched);
        if results > 0 {
            let article = dice.below(120);
            let viewed = format!(r#"{{"session":"{session}","article":"a{article}"}}"#);
            history.add("knowledge.viewed", None, at.plus_seconds(20), &viewed);
        }
    }
    if day % 30 == 0 {
        let data = format!(
            r#"{{"amount":250000,"currency":"EUR","from":"{begins}","to":"{}"}}"#,
            begins.plus_seconds(30 * 86_400)
        );
        history.add("cost.recorded", None, begins, &data);
    }
}
