//! Reading a calendar from its table in the configuration.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::week::{DAYS, Interval, NoInterval, Week, sorted};
use super::{ALWAYS, Calendar, holiday_file, region, zone};

/// A calendar as the configuration states it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub timezone: Option<String>,
    #[serde(default)]
    pub hours: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub holidays: Vec<String>,
    #[serde(default)]
    pub special: BTreeMap<String, Vec<String>>,
    pub holiday_region: Option<String>,
    pub holiday_file: Option<String>,
}

/// Why a calendar of the configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the configuration is no TOML: {0}")]
    Toml(String),
    #[error("'calendars' must be a table with one table for each calendar, [calendars.NAME]")]
    NoTable,
    #[error("calendar '{ALWAYS}' is built in and its name is reserved; give yours another name")]
    Reserved,
    #[error("calendar '{calendar}': {problem}")]
    Member { calendar: String, problem: String },
    #[error("calendar '{calendar}' has no timezone; add one such as timezone = \"Europe/Berlin\"")]
    NoZone { calendar: String },
    #[error("calendar '{calendar}': unknown timezone '{zone}'; write an IANA name such as Europe/Berlin")]
    Zone { calendar: String, zone: String },
    #[error("calendar '{calendar}': unknown day '{day}' in hours; the days are mon, tue, wed, thu, fri, sat, sun")]
    Day { calendar: String, day: String },
    #[error("calendar '{calendar}', {day}: '{interval}' {problem}")]
    Interval { calendar: String, day: String, interval: String, problem: NoInterval },
    #[error(
        "calendar '{calendar}', {day}: '{first}' and '{second}' overlap; intervals of a day may touch but not overlap"
    )]
    Overlap { calendar: String, day: String, first: String, second: String },
    #[error("calendar '{calendar}': '{date}' in {member} is no date; write YYYY-MM-DD")]
    Date { calendar: String, member: &'static str, date: String },
    #[error("calendar '{calendar}', holiday_region: {problem}")]
    Region { calendar: String, problem: region::Unknown },
    #[error("calendar '{calendar}', holiday_file '{file}' cannot be read: {problem}")]
    NoFile { calendar: String, file: String, problem: String },
    #[error("calendar '{calendar}', holiday_file '{file}': {problem}")]
    File { calendar: String, file: String, problem: holiday_file::Unreadable },
}

impl Config {
    /// The calendar of that name. `read` gives the text of the holiday file, whose name it gets as it stands in the
    /// configuration.
    pub fn build(&self, name: &str, read: &dyn Fn(&str) -> Result<String, String>) -> Result<Calendar, Invalid> {
        if name == ALWAYS {
            return Err(Invalid::Reserved);
        }
        let calendar = || name.to_owned();
        let zone = self.timezone.as_deref().ok_or_else(|| Invalid::NoZone { calendar: calendar() })?;
        let zone = zone::named(zone).ok_or_else(|| Invalid::Zone { calendar: calendar(), zone: zone.to_owned() })?;
        let mut week = Week::default();
        for (day, texts) in &self.hours {
            let place = DAYS.iter().position(|known| known == day).and_then(|index| week.hours.get_mut(index));
            let place = place.ok_or_else(|| Invalid::Day { calendar: calendar(), day: day.clone() })?;
            *place = intervals(name, day, texts)?;
        }
        for date in &self.holidays {
            week.closed.insert(days(name, "holidays", date)?);
        }
        for (date, texts) in &self.special {
            week.special.insert(days(name, "special", date)?, intervals(name, date, texts)?);
        }
        if let Some(region) = &self.holiday_region {
            let dates = region::all_dates(region);
            let dates = dates.map_err(|problem| Invalid::Region { calendar: calendar(), problem })?;
            week.closed.extend(dates.iter().map(|date| i64::from(date.to_epoch_days())));
        }
        if let Some(file) = &self.holiday_file {
            let no_file = |problem| Invalid::NoFile { calendar: calendar(), file: file.clone(), problem };
            let text = read(file).map_err(no_file)?;
            let unreadable = |problem| Invalid::File { calendar: calendar(), file: file.clone(), problem };
            let closed = holiday_file::read(&text).map_err(unreadable)?;
            week.closed.extend(closed.once);
            week.yearly = closed.yearly;
        }
        Ok(Calendar::new(calendar(), zone, week))
    }
}

fn intervals(calendar: &str, day: &str, texts: &[String]) -> Result<Vec<Interval>, Invalid> {
    let read = |text: &String| {
        text.parse::<Interval>().map_err(|problem| Invalid::Interval {
            calendar: calendar.to_owned(),
            day: day.to_owned(),
            interval: text.clone(),
            problem,
        })
    };
    let intervals = texts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    sorted(intervals).map_err(|(first, second)| Invalid::Overlap {
        calendar: calendar.to_owned(),
        day: day.to_owned(),
        first: first.to_string(),
        second: second.to_string(),
    })
}

fn days(calendar: &str, member: &'static str, text: &str) -> Result<i64, Invalid> {
    // chrono also takes 2026-1-5 and signs; a date here is written in full.
    let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = shape.then(|| text.parse::<NaiveDate>().ok()).flatten();
    let invalid = || Invalid::Date { calendar: calendar.to_owned(), member, date: text.to_owned() };
    date.map(|date| i64::from(date.to_epoch_days())).ok_or_else(invalid)
}
