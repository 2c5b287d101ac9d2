//! Numbers of figures: sums that do not depend on an order, and the shapes that a report shows them in.

use serde::{Serialize, Serializer};

/// A sum of numbers, in units of 10⁻¹²: what it is does not depend on the order of adding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sum(i128);

const UNIT: i128 = 1_000_000_000_000;
const MICROS: i128 = 1_000_000;

impl Sum {
    pub(super) fn add(&mut self, number: f64) {
        self.merge(Self::of(number));
    }

    /// Adds a duration in microseconds, as seconds.
    pub(super) fn add_micros(&mut self, micros: i64) {
        self.merge(Self(i128::from(micros) * MICROS));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    pub(super) fn of(number: f64) -> Self {
        // The whole part apart from the rest, so that a whole number stays one.
        let whole = number.trunc();
        let rest = ((number - whole) * UNIT as f64).round() as i128;
        Self((whole as i128).saturating_mul(UNIT).saturating_add(rest))
    }

    pub(super) fn get(self) -> f64 {
        (self.0 / UNIT) as f64 + (self.0 % UNIT) as f64 / UNIT as f64
    }
}

/// A mean of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Average {
    pub(super) count: u64,
    pub(super) sum: Sum,
}

impl Average {
    pub(super) fn add(&mut self, number: f64) {
        self.count += 1;
        self.sum.add(number);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum.merge(other.sum);
    }

    pub(super) fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.get() / self.count as f64)
    }

    pub(super) fn shown(self) -> Mean {
        Mean { count: self.count, mean: self.value() }
    }
}

/// Durations of a cohort, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    pub(super) calendar: Vec<i64>,
    /// Empty without a calendar.
    pub(super) business: Vec<i64>,
}

/// One duration in microseconds: its calendar value and, with a calendar, that in working time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) calendar: i64,
    pub(super) business: Option<i64>,
}

impl Durations {
    pub(super) fn add(&mut self, length: Length) {
        self.calendar.push(length.calendar);
        self.business.extend(length.business);
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        self.calendar.append(&mut other.calendar);
        self.business.append(&mut other.business);
    }

    pub(super) fn shown(mut self, has_calendar: bool) -> Duration {
        Duration {
            calendar: Distribution::of(&mut self.calendar),
            business: has_calendar.then(|| Distribution::of(&mut self.business)),
        }
    }

    pub(super) fn median(mut self) -> Median {
        let median = |micros: &mut Vec<i64>| percentiles(micros, [0.5])[0];
        Median { calendar: median(&mut self.calendar), business: median(&mut self.business) }
    }
}

/// A distribution of seconds; without members only the count is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Distribution {
    pub count: u64,
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p95: Option<f64>,
}

impl Distribution {
    fn of(micros: &mut [i64]) -> Self {
        let sum: i128 = micros.iter().map(|&micros| i128::from(micros)).sum();
        let count = micros.len() as u64;
        let mut total = Sum::default();
        total.merge(Sum(sum * MICROS));
        let [p50, p90, p95] = percentiles(micros, [0.5, 0.9, 0.95]);
        Self { count, mean: (count > 0).then(|| total.get() / count as f64), p50, p90, p95 }
    }
}

/// Seconds at rising fractions of microseconds in any order, by linear interpolation between the closest ranks. They are
/// put in order only as far as these ranks ask for it: among very many that is much less than sorting them.
fn percentiles<const N: usize>(micros: &mut [i64], fractions: [f64; N]) -> [Option<f64>; N] {
    let last = micros.len().saturating_sub(1);
    // What lies before has its place already.
    let (mut rest, mut n_before) = (micros, 0);
    fractions.map(|fraction| {
        let rank = fraction * last as f64;
        let low = (rank.floor() as usize).checked_sub(n_before)?;
        if low >= rest.len() {
            return None;
        }
        let (_, &mut low_micros, above) = rest.select_nth_unstable(low);
        let high_micros = above.iter().copied().min().filter(|_| rank.fract() > 0.0).unwrap_or(low_micros);
        rest = std::mem::take(&mut rest).get_mut(low..)?;
        n_before += low;
        Some((low_micros as f64 + (high_micros - low_micros) as f64 * rank.fract()) / 1e6)
    })
}

/// A duration of a cohort, in seconds; `business` only with a calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Duration {
    pub calendar: Distribution,
    pub business: Option<Distribution>,
}

/// Medians in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Median {
    pub calendar: Option<f64>,
    pub business: Option<f64>,
}

/// A rate, or a mean as sum, count and mean; no value where the denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rate {
    #[serde(serialize_with = "number")]
    pub numerator: f64,
    #[serde(serialize_with = "number")]
    pub denominator: f64,
    pub value: Option<f64>,
}

impl Rate {
    pub(super) fn new(numerator: f64, denominator: f64) -> Self {
        let value = (denominator != 0.0).then(|| numerator / denominator);
        Self { numerator, denominator, value }
    }

    pub(super) fn counts(numerator: u64, denominator: u64) -> Self {
        Self::new(numerator as f64, denominator as f64)
    }
}

/// How many, and their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mean {
    pub count: u64,
    pub mean: Option<f64>,
}

/// Whole numbers are written as such.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
pub(super) fn number<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_closest_ranks() {
        let mut micros: Vec<i64> = [118_800, 0, 64_800, 1, 3_600, 1_800].map(|seconds| seconds * 1_000_000).to_vec();
        let shown = Distribution::of(&mut micros);
        assert_eq!((shown.count, shown.p50, shown.p90, shown.p95), (6, Some(2700.0), Some(91_800.0), Some(105_300.0)));
        assert!((shown.mean.unwrap() - 31_500.166_666_666_668).abs() < 1e-9);
        assert_eq!(Distribution::of(&mut [5_000_001]).p95, Some(5.000_001));
        assert_eq!(Distribution::of(&mut []), Distribution::default());
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_numbers() {
        for n in 1..60_i64 {
            let mut micros: Vec<i64> = (0..n).map(|k| k * 7919 % 31 * 1_000_000).collect();
            let mut sorted = micros.clone();
            sorted.sort_unstable();
            let at = |fraction: f64| {
                let rank = fraction * (n - 1) as f64;
                let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
                Some((low as f64 + (high - low) as f64 * rank.fract()) / 1e6)
            };
            assert_eq!(percentiles(&mut micros, [0.5, 0.9, 0.95]), [at(0.5), at(0.9), at(0.95)], "{n}");
        }
    }

    #[test]
    fn sums_do_not_depend_on_the_order() {
        let numbers = [1e15, 0.1, -1e15, 0.2, 1.0 / 3.0, 1e-9];
        let (mut one, mut other) = (Sum::default(), Sum::default());
        for number in numbers {
            one.add(number);
        }
        for number in numbers.into_iter().rev() {
            other.add(number);
        }
        assert_eq!(one, other);
        assert!((one.get() - 0.633_333_334_333).abs() < 1e-11);
        let mut whole = Sum::of(123_456_789.0);
        whole.add_micros(1_500_000);
        assert_eq!(whole.get().to_bits(), 123_456_790.5_f64.to_bits());
        assert_eq!(Sum::of(-2.5).get().to_bits(), (-2.5_f64).to_bits());
    }

    #[test]
    fn whole_numbers_are_written_as_such() {
        let text = |rate: Rate| serde_json::to_string(&rate).unwrap();
        assert_eq!(text(Rate::counts(1, 4)), r#"{"numerator":1,"denominator":4,"value":0.25}"#);
        assert_eq!(text(Rate::new(0.5, 0.0)), r#"{"numerator":0.5,"denominator":0,"value":null}"#);
    }
}
