//! How a language writes numbers, dates and durations, and the few words that the renderer itself needs.
//!
//! Each language is a table in a file of its own, after the Unicode locale data. A language without one is written in the
//! English forms. What a reporting plugin says, it says itself: only what stands around it comes from here.

mod de;
mod en;
mod fi;
mod money;
mod nl;
mod ru;
mod when;
mod words;
mod zh;

#[cfg(test)]
mod tests;

pub use words::Words;

use deskbell_model::document::{Kind, Value};

/// Keeps a number and its unit on one line.
pub const NO_BREAK: &str = "\u{a0}";
/// What stands for a value that is not there.
pub const NOTHING: &str = "–";
const MINUS: &str = "\u{2212}";

/// The forms of one language.
#[derive(Debug)]
pub struct Locale {
    /// The language subtag.
    pub language: &'static str,
    /// The language's tag for documents, such as `zh-CN`.
    pub tag: &'static str,
    /// Between groups of three digits.
    group: &'static str,
    decimal: &'static str,
    /// Before the percent sign.
    percent_gap: &'static str,
    money: money::Form,
    /// Day, hour, minute, second.
    units: [&'static str; 4],
    /// Between a number and its unit, and between one unit and the next.
    unit_gap: &'static str,
    /// Monday to Sunday, short.
    pub weekdays: [&'static str; 7],
    dates: when::Form,
    pub words: Words,
}

impl Locale {
    /// The forms for a language tag; English where there are none. Region and script do not matter.
    pub fn of(tag: &str) -> &'static Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        [&de::LOCALE, &nl::LOCALE, &fi::LOCALE, &ru::LOCALE, &zh::LOCALE]
            .into_iter()
            .find(|locale| locale.language.eq_ignore_ascii_case(language))
            .unwrap_or(&en::LOCALE)
    }

    /// Any value as people read it.
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::None => NOTHING.to_owned(),
            Value::Text(text) => text.clone(),
            Value::Date(day) => self.date_of(day),
            Value::Currency { amount, code } => self.currency(*amount, code),
            Value::Integer(number) => self.integer(*number),
            Value::Decimal(number) => self.decimal(*number),
            Value::Percent(number) => self.percent(*number),
            Value::Duration(seconds) => self.duration(*seconds),
            Value::Stars(number) => self.stars(*number),
        }
    }

    /// A number of a chart, of the given kind.
    pub fn number(&self, number: f64, kind: Kind, currency: Option<&str>) -> String {
        match kind {
            Kind::Percent => self.percent(number),
            Kind::Duration => self.duration(number),
            Kind::Stars => self.stars(number),
            Kind::Currency => self.currency(number, currency.unwrap_or_default()),
            Kind::Integer if number.fract() == 0.0 => self.integer(number as i64),
            _ => self.decimal(number),
        }
    }

    pub fn integer(&self, number: i64) -> String {
        self.signed(number < 0, &self.grouped(&number.unsigned_abs().to_string()))
    }

    /// One place after the point, two where the number is below 1.
    pub fn decimal(&self, number: f64) -> String {
        let places = if number != 0.0 && number.abs() < 0.995 { 2 } else { 1 };
        self.fixed(number, places)
    }

    /// Exactly so many places after the point.
    pub fn fixed(&self, number: f64, places: usize) -> String {
        let digits = format!("{:.places$}", number.abs());
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        // What rounds to zero has no sign.
        let negative = number < 0.0 && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
        let point = if fraction.is_empty() { "" } else { self.decimal };
        self.signed(negative, &format!("{}{point}{fraction}", self.grouped(whole)))
    }

    /// A fraction of 1, with so many places after the point: in a column all have the same.
    pub fn percent_fixed(&self, fraction: f64, places: usize) -> String {
        format!("{}{}%", self.fixed(fraction * 100.0, places), self.percent_gap)
    }

    /// A fraction of 1, with one place after the point unless it is whole.
    pub fn percent(&self, fraction: f64) -> String {
        format!("{}{}%", self.short(fraction * 100.0), self.percent_gap)
    }

    /// A difference between two fractions, in percentage points.
    pub fn points(&self, difference: f64) -> String {
        format!("{}{NO_BREAK}{}", self.short(difference * 100.0), self.words.points)
    }

    /// The two largest units: `3 d 4 h`, `2 h 5 min`, `45 s`. Hours run up to 48 before days begin.
    pub fn duration(&self, seconds: f64) -> String {
        let total = seconds.abs().round() as u64;
        let [day, hour, minute, second] = self.units;
        let minutes = (total + 30) / 60;
        let hours = (total + 1_800) / 3_600;
        let parts = if total < 60 {
            [(total, second), (0, "")]
        } else if total < 600 {
            [(total / 60, minute), (total % 60, second)]
        } else if minutes < 48 * 60 {
            if minutes < 60 { [(minutes, minute), (0, "")] } else { [(minutes / 60, hour), (minutes % 60, minute)] }
        } else {
            [(hours / 24, day), (hours % 24, hour)]
        };
        let mut text = String::new();
        for (index, (n, unit)) in parts.into_iter().enumerate() {
            if index == 0 || n > 0 {
                // Between the two units a narrow place may break.
                let gap = if index == 0 || self.unit_gap.is_empty() { "" } else { " " };
                text.extend([gap, &self.grouped(&n.to_string()), self.unit_gap, unit]);
            }
        }
        self.signed(seconds < 0.0 && total > 0, &text)
    }

    /// A rating, such as `4.2 ★`.
    pub fn stars(&self, number: f64) -> String {
        format!("{}{NO_BREAK}★", self.fixed(number, 1))
    }

    /// As few characters as can be, for the cells of a heat-map and the marks of an axis: `1.2k`, `87%`, `3h`.
    pub fn brief(&self, number: f64, kind: Kind) -> String {
        match kind {
            Kind::Percent => format!("{}%", self.fixed(number * 100.0, 0)),
            Kind::Duration => self.brief_duration(number),
            _ if number.abs() >= 999_950.0 => format!("{}M", self.short(number / 1_000_000.0)),
            _ if number.abs() >= 9_999.5 => format!("{}k", self.fixed(number / 1_000.0, 0)),
            _ if number.abs() >= 1_000.0 => format!("{}k", self.short(number / 1_000.0)),
            _ => self.short(number),
        }
    }

    /// The largest unit alone, with one place after the point where it is not whole.
    fn brief_duration(&self, seconds: f64) -> String {
        let [day, hour, minute, second] = self.units;
        let (size, unit) = match seconds.abs() {
            n if n >= 172_800.0 => (86_400.0, day),
            n if n >= 3_600.0 => (3_600.0, hour),
            n if n >= 60.0 => (60.0, minute),
            _ => (1.0, second),
        };
        format!("{}{}{unit}", self.short(seconds / size), self.unit_gap)
    }

    /// `(n = 1,234)` without the brackets.
    pub fn count(&self, n: u64) -> String {
        format!("n{NO_BREAK}={NO_BREAK}{}", self.grouped(&n.to_string()))
    }

    fn short(&self, number: f64) -> String {
        let tenths = (number * 10.0).round();
        self.fixed(tenths / 10.0, usize::from(tenths % 10.0 != 0.0))
    }

    #[expect(clippy::unused_self, reason = "one way to write all numbers")]
    fn signed(&self, negative: bool, text: &str) -> String {
        if negative { format!("{MINUS}{text}") } else { text.to_owned() }
    }

    fn grouped(&self, digits: &str) -> String {
        let mut text = String::with_capacity(digits.len() + 6);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push_str(self.group);
            }
            text.push(digit);
        }
        text
    }
}
