//! Hours in which far more tickets came in than that hour of that weekday usually has.

use std::collections::HashMap;

use super::period::{Period, date_of_day};
use super::report::Surge;

/// With fewer it is no surge, however few there usually are.
pub(super) const LEAST: u64 = 5;

/// How many weeks an hour is compared with, and how many of them must have been observed.
pub(super) const WEEKS: i64 = 8;
pub(super) const LEAST_WEEKS: usize = 4;

/// Beyond this share of what chance brings forth.
const SHARE: f64 = 0.999;

/// The surges of the period, in order. `hours`: tickets created per local hour, in all and within the period.
pub(super) fn surges(period: &Period, hours: &HashMap<i64, (u64, u64)>, first_created: Option<i64>) -> Vec<Surge> {
    let Some(first) = first_created.map(|at| period.local_hour(at)) else { return Vec::new() };
    let mut busy: Vec<(i64, u64)> =
        hours.iter().filter(|(_, (_, inside))| *inside >= LEAST).map(|(&hour, (_, inside))| (hour, *inside)).collect();
    busy.sort_unstable();
    busy.into_iter().filter_map(|(hour, count)| surge(period, hours, first, hour, count)).collect()
}

fn surge(period: &Period, hours: &HashMap<i64, (u64, u64)>, first: i64, hour: i64, count: u64) -> Option<Surge> {
    // An hour that the clock skipped showed nothing.
    let before = (1..=WEEKS).map(|week| hour - week * 7 * 24);
    let observed: Vec<u64> = before
        .filter(|&before| before >= first && period.has_hour(before))
        .map(|before| hours.get(&before).map_or(0, |(all, _)| *all))
        .collect();
    if observed.len() < LEAST_WEEKS {
        return None;
    }
    let mean = observed.iter().sum::<u64>() as f64 / observed.len() as f64;
    let limit = poisson_quantile(mean, SHARE);
    let hour_of_day = u32::try_from(hour.rem_euclid(24)).unwrap_or(0);
    let date = date_of_day(hour.div_euclid(24)).to_string();
    (count > limit).then_some(Surge { date, hour: hour_of_day, count, mean, limit })
}

/// The smallest k with P(X ≤ k) ≥ `share`, X Poisson with that mean. The terms are summed up one by one, from the most
/// likely one on both ways, so that none is lost where e^-mean is less than a number can hold.
fn poisson_quantile(mean: f64, share: f64) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    let mode = mean.floor();
    let likeliest = (mode * mean.ln() - mean - ln_factorial(mode as u64)).exp();
    let (mut below, mut term, mut k) = (0.0, likeliest, mode);
    while k > 0.0 && term > 1e-20 {
        term *= k / mean;
        k -= 1.0;
        below += term;
    }
    let (mut k, mut term) = (mode, likeliest);
    let mut up_to = below + term;
    // Going up, it may be that fewer than the mode are enough only where `share` is small; surges ask for nearly all.
    while up_to < share && term > 0.0 {
        k += 1.0;
        term *= mean / k;
        up_to += term;
    }
    k as u64
}

/// ln n!; above 255 by Stirling's series, whose next term is below 1e-15 there.
fn ln_factorial(n: u64) -> f64 {
    if n < 256 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64 + 1.0;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // Means with their 99.9 % points as statistical software gives them.
        for (mean, expected) in [
            (0.0, 0),
            (0.01, 1),
            (0.125, 2),
            (1.0, 5),
            (1.166_666_666_666_666_7, 6),
            (2.5, 9),
            (10.0, 21),
            (100.0, 132),
            (1000.0, 1099),
            (10_000.0, 10_310),
        ] {
            assert_eq!(poisson_quantile(mean, SHARE), expected, "{mean}");
        }
    }

    #[test]
    fn factorials_agree_where_the_series_begins() {
        let summed: f64 = (2..=300).map(|k| f64::from(k).ln()).sum();
        assert!((ln_factorial(300) - summed).abs() < 1e-10);
    }
}
