//! Key figures, typed where they are read.

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};

/// Which figures, in the words of `deskbell kpi`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiguresQuery {
    /// A date, a time in `tz`, or a time with an offset.
    pub from: String,
    /// The same; not part of the period.
    pub to: String,
    /// An IANA zone.
    pub tz: String,
    /// Also give durations in this calendar's working time.
    pub calendar: Option<String>,
    /// Repeat the figures for each channel, group, assignee ...
    pub by: Option<String>,
    /// day, week or month.
    pub bucket: Option<String>,
    /// one-reply or first-hour.
    pub fcr: Option<String>,
    /// The events of this account alone.
    pub source: Option<String>,
}

impl FiguresQuery {
    /// The same with the period cut into `day`, `week` or `month`.
    #[must_use]
    pub fn bucket(mut self, bucket: &str) -> Self {
        self.bucket = Some(bucket.to_owned());
        self
    }

    /// The same repeated by a dimension such as `group`.
    #[must_use]
    pub fn by(mut self, dimension: &str) -> Self {
        self.by = Some(dimension.to_owned());
        self
    }
}

/// A part of a whole, or a sum over a number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// The part, or the sum.
    pub numerator: f64,
    /// The whole, or how many it is the sum of.
    pub denominator: f64,
    /// None where there is nothing to divide by.
    pub value: Option<f64>,
}

/// The figures of a period, definition 1.
///
/// Paths name members from the top, with `/` between them: `csat/response_rate`. A member whose own name has a `/` is
/// reached through [`at`](Self::at).
///
/// ```
/// use deskbell::report::Figures;
///
/// let figures = Figures::parse(r#"{"figures": {"csat": {"numerator": 3, "denominator": 4, "value": 0.75, "mean": 80.0}}}"#)?;
/// assert_eq!(figures.rate("csat").value, Some(0.75));
/// assert_eq!(figures.number("csat/mean"), Some(80.0));
/// assert_eq!(figures.number("nps/value"), None);
/// # Ok::<(), deskbell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    report: Json,
}

impl Figures {
    /// Reads what the host gave.
    pub fn parse(text: &str) -> Result<Self> {
        let report: Json = serde_json::from_str(text)?;
        match report.get("figures") {
            Some(Json::Object(_)) => Ok(Self { report }),
            _ => Err(Error::fail("the figures lack the member 'figures'")),
        }
    }

    /// The whole report as JSON.
    pub fn report(&self) -> &Json {
        &self.report
    }

    /// A member by its path; null where there is none.
    pub fn at(&self, path: &str) -> &Json {
        walk(self.report.get("figures").unwrap_or(&Json::Null), path)
    }

    /// A number by its path.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.at(path).as_f64()
    }

    /// A count by its path; 0 where there is none.
    pub fn count(&self, path: &str) -> u64 {
        self.at(path).as_u64().unwrap_or_default()
    }

    /// A rate, or a mean with its sum and count.
    pub fn rate(&self, path: &str) -> Rate {
        Rate::of(self.at(path))
    }

    /// The members of a map, by name.
    pub fn members(&self, path: &str) -> impl Iterator<Item = (&str, &Json)> {
        let map: Option<&Map<String, Json>> = self.at(path).as_object();
        map.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// The items of a list.
    pub fn items(&self, path: &str) -> &[Json] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }
}

impl Rate {
    /// Of its JSON; nothing where it is none.
    pub fn of(json: &Json) -> Self {
        let number = |member: &str| json.get(member).and_then(Json::as_f64);
        Self {
            numerator: number("numerator").unwrap_or_default(),
            denominator: number("denominator").unwrap_or_default(),
            value: number("value"),
        }
    }
}

fn walk<'a>(json: &'a Json, path: &str) -> &'a Json {
    path.split('/').fold(json, |json, member| json.get(member).unwrap_or(&Json::Null))
}
