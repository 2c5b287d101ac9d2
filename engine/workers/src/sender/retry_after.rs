//! The `Retry-After` header (RFC 9110, 10.2.3): a number of seconds or a date.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};

use deskbell_model::timestamp::Timestamp;

/// How long `value` asks to wait, seen at `now`; a date in the past asks for nothing. None where it says neither seconds
/// nor a date.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|c: char| c.is_ascii_digit())
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return seconds(value);
    }
    let wait = date(value)?.since(now);
    Some(Duration::from_micros(u64::try_from(wait).unwrap_or(0)))
}

/// Whole seconds by the standard; some servers send fractions. What is too large for any clock is just very long.
fn seconds(digits: &str) -> Option<Duration> {
    let seconds: f64 = digits.parse().ok()?;
    Some(Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX))
}

/// One of the three forms of HTTP dates; a recipient must take them all.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(time) = DateTime::parse_from_rfc2822(text) {
        return Some(time.to_utc().into());
    }
    let forms = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(time.and_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected_seconds: Option<u64>) {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        assert_eq!(parse(value, now), expected_seconds.map(Duration::from_secs), "{value}");
    }

    #[test]
    fn reads_seconds() {
        check("0", Some(0));
        check(" 120 ", Some(120));
        check("0.2", Some(1));
        assert_eq!(parse(&"9".repeat(400), Timestamp::default()), Some(Duration::MAX));
    }

    #[test]
    fn reads_the_three_forms_of_dates() {
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(37));
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(37));
        check("Sun Nov  6 08:49:37 1994", Some(37));
        check("Sun, 06 Nov 1994 08:48:00 GMT", Some(0));
    }

    #[test]
    fn gives_nothing_for_what_is_neither() {
        for value in ["", "soon", "-5", "+5", "1e9", "inf", "1.2.3", "06 Nov"] {
            check(value, None);
        }
    }
}
