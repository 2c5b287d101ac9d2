//! How long the customer will have to wait: what first responses took lately, counted through the working calendar
//! from now, so that nights, weekends and holidays show.

use deskbell::prelude::*;
use serde_json::{Map, Value, json};

use crate::phrases::Tongue;
use crate::settings::{Measure, Settings};

const DAY_SECONDS: i64 = 86_400;
/// Closed dates further ahead than this are no news yet.
const MAX_DAYS_AHEAD: i64 = 31;

/// What can be said about the time until somebody answers.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outlook {
    /// How long it takes from now, closing times included, in seconds.
    pub(crate) seconds: Option<i64>,
    pub(crate) is_closed_now: bool,
    pub(crate) closed: Vec<Date>,
    /// How it came about.
    pub(crate) reason: String,
}

/// A local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    pub(crate) year: u16,
    /// 1 to 12.
    pub(crate) month: u8,
    /// 1 to 31.
    pub(crate) day: u8,
}

impl Date {
    /// Reads `2026-12-25`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let date = Self {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        ((1..=12).contains(&date.month) && (1..=31).contains(&date.day)).then_some(date)
    }
}

impl Outlook {
    pub(crate) fn read(ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Self> {
        let calendar = cx.calendar(settings.calendar.as_str());
        let in_calendar =
            |error: Error| error.while_doing(format!("acknowledge setting `calendar` = '{}'", settings.calendar));
        let now = cx.now();
        let mut outlook = Self { is_closed_now: !calendar.is_open(now).map_err(in_calendar)?, ..Self::default() };
        if let Some((typical, basis)) = typical_wait(ticket, settings, cx)? {
            match calendar.add(now, format!("{typical}s")) {
                Ok(expected) => {
                    outlook.seconds = Some(expected.seconds_since(now));
                    outlook.reason =
                        format!("{basis}, counted in calendar '{}' from now: {expected}", settings.calendar);
                }
                // A calendar may have no working time ahead; then there is nothing to promise.
                Err(error) if !error.retry => {
                    outlook.reason = format!("{basis}, but no time can be promised: {error}");
                }
                Err(error) => return Err(in_calendar(error)),
            }
        } else {
            outlook.reason = format!("no wait promised: fewer than {} tickets to go by", settings.min_tickets);
        }
        let days_to_answer = outlook.seconds.unwrap_or(0).div_euclid(DAY_SECONDS) + 1;
        let days = days_to_answer.max(i64::from(settings.holidays_ahead)).min(MAX_DAYS_AHEAD);
        let days = u32::try_from(days).unwrap_or(1);
        let closed = calendar.closed_dates(now, days).map_err(in_calendar)?;
        outlook.closed = closed.iter().filter_map(|date| Date::read(date)).collect();
        if !closed.is_empty() {
            outlook.reason.push_str("; closed on ");
            outlook.reason.push_str(&closed.join(", "));
        }
        Ok(outlook)
    }

    /// What a text may use of it; the phrases are in the language of the text.
    pub(crate) fn values(&self, tongue: Tongue) -> Map<String, Value> {
        let mut values = Map::new();
        if let Some(seconds) = self.seconds {
            values.insert("wait".to_owned(), tongue.wait(seconds).into());
            values.insert("wait_minutes".to_owned(), divided(seconds, 60).into());
            values.insert("wait_hours".to_owned(), divided(seconds, 3_600).into());
            values.insert("wait_days".to_owned(), divided(seconds, DAY_SECONDS).into());
        }
        if !self.closed.is_empty() {
            values.insert("closed".to_owned(), tongue.closed(&self.closed).into());
        }
        let dates = self.closed.iter().map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
        values.insert("closed_dates".to_owned(), dates.collect::<Vec<_>>().into());
        values.insert("closed_now".to_owned(), json!(self.is_closed_now));
        values
    }
}

/// What first responses took lately, in whole seconds, and on which tickets that rests: those of the ticket's group where
/// there are enough, else all.
fn typical_wait(ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Option<(i64, String)>> {
    let groups = ticket.group.as_deref().filter(|group| !group.is_empty()).map(Some).into_iter().chain([None]);
    for group in groups {
        let Some(summary) = cx.first_response(settings.days, group)? else {
            continue;
        };
        let (seconds, measure) = match settings.measure {
            Measure::Mean => (summary.mean_seconds, "average"),
            Measure::P50 => (summary.p50_seconds, "median"),
            Measure::P90 => (summary.p90_seconds, "90th percentile"),
        };
        if summary.count < settings.min_tickets || !seconds.is_finite() || seconds < 0.0 {
            continue;
        }
        let whose = group.map(|group| format!(" of {group}")).unwrap_or_default();
        let seconds = seconds.round() as i64;
        let basis = format!(
            "{measure} first response{whose} of the last {} days {seconds}s over {} tickets",
            settings.days, summary.count
        );
        return Ok(Some((seconds, basis)));
    }
    Ok(None)
}

fn divided(seconds: i64, unit: i64) -> i64 {
    (seconds.saturating_add(unit - 1)).div_euclid(unit).max(1)
}
