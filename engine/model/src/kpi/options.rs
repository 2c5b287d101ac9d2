//! What a report is asked for: the period and how it is cut.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use crate::calendar::{Book, Calendar, zone};
use crate::timestamp::Timestamp;

/// What a report is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The period is from here...
    pub from: Timestamp,
    /// ...until before here; never before `from`.
    pub to: Timestamp,
    /// The zone of local days and hours.
    pub zone: Tz,
    /// Gives each duration a value in working time too.
    pub calendar: Option<Arc<Calendar>>,
    /// Repeats figures for each of its values.
    pub by: Option<Dimension>,
    pub bucket: Option<Bucket>,
    pub fcr: Fcr,
    /// Looks only at events of exactly this source.
    pub source: Option<String>,
}

/// The same as texts, as a command line or a query states them; what is absent has its default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub tz: Option<&'a str>,
    pub calendar: Option<&'a str>,
    pub by: Option<&'a str>,
    pub bucket: Option<&'a str>,
    pub fcr: Option<&'a str>,
    pub source: Option<&'a str>,
}

/// Why a report cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error(
        "{member}: '{text}' is no time; write a date (2026-03-02), a time (2026-03-02T09:30) or a time with an offset (2026-03-02T09:30:00+01:00)"
    )]
    Time { member: &'static str, text: String },
    #[error("from {from} lies after to {to}; exchange them")]
    Backwards { from: Timestamp, to: Timestamp },
    #[error("tz: '{0}' is no time zone; write an IANA name such as Europe/Berlin")]
    Zone(String),
    #[error("calendar: there is none named '{name}'; the calendars are {known}")]
    Calendar { name: String, known: String },
    #[error("{member}: '{text}' is not one of {words}")]
    Word { member: &'static str, text: String, words: String },
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($variant:ident $word:literal),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($variant),* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// The value that `word` stands for.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }

            fn named(member: &'static str, word: &str) -> Result<Self, Invalid> {
                Self::parse(word).ok_or_else(|| Invalid::Word {
                    member,
                    text: short(word),
                    words: Self::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}
words!(
    /// A field of tickets whose values figures are repeated for.
    Dimension: Channel "channel", Priority "priority", Category "category", Kind "type", Group "group",
    Assignee "assignee", Organization "organization", Language "language", Tag "tag", Source "source"
);
words!(
    /// How long the stretches are that a period is cut into: local days, weeks from Monday, calendar months.
    Bucket: Day "day", Week "week", Month "month"
);
words!(
    /// What solved at first contact means: with at most one reply, or within an hour.
    Fcr: OneReply "one-reply", FirstHour "first-hour"
);

impl Options {
    /// Reads what is asked for.
    pub fn new(request: &Request<'_>, calendars: &Book) -> Result<Self, Invalid> {
        let zone = match request.tz {
            Some(name) => zone::named(name).ok_or_else(|| Invalid::Zone(short(name)))?,
            None => Tz::UTC,
        };
        let (from, to) = (instant("from", request.from, zone)?, instant("to", request.to, zone)?);
        if from > to {
            return Err(Invalid::Backwards { from, to });
        }
        let calendar = |name: &str| {
            calendars.get(name).cloned().ok_or_else(|| Invalid::Calendar {
                name: short(name),
                known: calendars.names().collect::<Vec<_>>().join(", "),
            })
        };
        Ok(Self {
            from,
            to,
            zone,
            calendar: request.calendar.map(calendar).transpose()?,
            by: request.by.map(|word| Dimension::named("by", word)).transpose()?,
            bucket: request.bucket.map(|word| Bucket::named("bucket", word)).transpose()?,
            fcr: request.fcr.map_or(Ok(Fcr::OneReply), |word| Fcr::named("fcr", word))?,
            source: request.source.map(str::to_owned),
        })
    }

    /// Whether an instant lies in the period.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether events of that source are looked at.
    pub fn is_of(&self, source: &str) -> bool {
        self.source.as_deref().is_none_or(|only| only == source)
    }
}

/// The instant that a text of a period stands for: a date is its midnight, a time without an offset wall-clock time;
/// where the clock skips it, it is the instant of the skip, where it occurs twice, the first.
fn instant(member: &'static str, text: &str, zone: Tz) -> Result<Timestamp, Invalid> {
    let read = || match text.split_once('T') {
        None => Some(zone::instant(zone, date(text)?.and_time(NaiveTime::MIN))),
        Some((day, clock)) => match text.parse() {
            Ok(at) => date(day).map(|_| at),
            Err(_) => Some(zone::instant(zone, NaiveDateTime::new(date(day)?, time(clock)?))),
        },
    };
    read().ok_or_else(|| Invalid::Time { member, text: short(text) })
}

/// `YYYY-MM-DD`, from the year 1 on.
fn date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let year = i32::try_from(year).ok().filter(|year| *year > 0)?;
    parts.next().is_none().then(|| NaiveDate::from_ymd_opt(year, month, day)).flatten()
}

/// `HH:MM`, `HH:MM:SS` or with a fraction; what is finer than a microsecond is cut off.
fn time(text: &str) -> Option<NaiveTime> {
    let (clock, micros) = match text.split_once('.') {
        None => (text, 0),
        Some((clock, fraction)) => {
            digits(fraction, fraction.len()).filter(|_| !fraction.is_empty() && clock.len() == 8)?;
            let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
            (clock, digits(&six, 6)?)
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    parts.next().is_none().then(|| NaiveTime::from_hms_micro_opt(hour, minute, second, micros)).flatten()
}

/// A number of exactly that many digits; of longer ones only whether they are digits matters.
fn digits(text: &str, length: usize) -> Option<u32> {
    let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, tz: &str, expected: Option<&str>) {
        let actual = instant("from", text, zone::named(tz).unwrap()).ok().map(|at| at.to_string());
        assert_eq!(actual.as_deref(), expected, "{text} {tz}");
    }

    #[test]
    fn dates_and_wall_clock_times_are_read_in_the_zone() {
        check("2026-03-02", "UTC", Some("2026-03-02T00:00:00Z"));
        check("2026-03-02", "Europe/Berlin", Some("2026-03-01T23:00:00Z"));
        check("2026-03-02T09:30", "Europe/Berlin", Some("2026-03-02T08:30:00Z"));
        check("2026-03-02T09:30:15", "Europe/Berlin", Some("2026-03-02T08:30:15Z"));
        check("2026-03-02T09:30:15.25", "Europe/Berlin", Some("2026-03-02T08:30:15.25Z"));
        check("2026-03-02T09:30:15.123456789123", "UTC", Some("2026-03-02T09:30:15.123456Z"));
        check("2026-03-02T09:30:00+01:00", "Asia/Tokyo", Some("2026-03-02T08:30:00Z"));
        check("2026-03-02T09:30:00.5Z", "Asia/Tokyo", Some("2026-03-02T09:30:00.5Z"));
    }

    #[test]
    fn skipped_times_are_the_skip_and_repeated_ones_the_first() {
        check("2026-03-29T02:30", "Europe/Berlin", Some("2026-03-29T01:00:00Z"));
        check("2026-10-25T02:30", "Europe/Berlin", Some("2026-10-25T00:30:00Z"));
        check("2011-12-30", "Pacific/Apia", Some("2011-12-30T10:00:00Z"));
        check("2026-04-05T01:45", "Australia/Lord_Howe", Some("2026-04-04T14:45:00Z"));
        // Midnight itself is skipped in Beirut.
        check("2026-03-29", "Asia/Beirut", Some("2026-03-28T22:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-3-2",
            "2026-02-30",
            "0000-01-01",
            "2026-03-02T",
            "2026-03-02T9:30",
            "2026-03-02T24:00",
            "2026-03-02T09:30:60",
            "2026-03-02T09:30.5",
            "2026-03-02T09:30:00.",
            "2026-03-02 09:30",
            "2026-03-02T09",
            "2026-03-02T09:30:00:00",
            "+026-03-02",
            "yesterday",
            "2026-03-02T09:30:00+25:00",
        ] {
            check(text, "UTC", None);
        }
    }

    #[test]
    fn options_that_make_no_sense_say_what_to_write() {
        let calendars = Book::default();
        let period = Request { from: "2026-03-02", to: "2026-03-03", ..Request::default() };
        let refused = |request: Request<'_>| Options::new(&request, &calendars).unwrap_err().to_string();
        assert_eq!(
            refused(Request { from: "2026-03-04", ..period }),
            "from 2026-03-04T00:00:00Z lies after to 2026-03-03T00:00:00Z; exchange them"
        );
        assert_eq!(
            refused(Request { calendar: Some("x"), ..period }),
            "calendar: there is none named 'x'; the calendars are always, default"
        );
        assert_eq!(refused(Request { bucket: Some("x"), ..period }), "bucket: 'x' is not one of day, week, month");
        assert!(refused(Request { by: Some("x"), ..period }).starts_with("by: 'x' is not one of channel, priority"));
        assert!(refused(Request { tz: Some("x"), ..period }).contains("IANA"));
        assert!(refused(Request { to: "x", ..period }).starts_with("to: 'x' is no time"));
        let same = Request { to: "2026-03-02", by: Some("type"), ..period };
        assert_eq!(Options::new(&same, &calendars).unwrap().by, Some(Dimension::Kind));
    }
}
