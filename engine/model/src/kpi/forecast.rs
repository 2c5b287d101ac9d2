//! How the backlog goes on: simple exponential smoothing of weekly totals (Hyndman and Athanasopoulos, *Forecasting:
//! Principles and Practice*, chapter 8).
//!
//! A week smooths out the weekday, so 7 and 28 days are one and four times the level of a week. How fast the level
//! follows is chosen per series, as what would have been least wrong about the weeks so far. The interval is what nine
//! tenths of the forecasts of the same length, made at each day of the past, were off by; while there are few of them,
//! at least what chance alone brings (both counts taken as Poisson). Weeks are 7 × 24 hours, counted back from the end.

use super::report::Forecast;

/// How sure the intervals are, and how many standard deviations that takes.
const LEVEL: f64 = 0.9;
const DEVIATIONS: f64 = 1.645;

/// How many weeks the level is smoothed over.
const N_WEEKS: usize = 26;

/// How fast the level may follow; with 1 it is the last week alone.
const RATES: [f64; 6] = [0.2, 0.35, 0.5, 0.65, 0.8, 1.0];

/// With fewer forecasts of the past only chance tells how far off they are.
const LEAST_PAST: usize = 10;

/// The backlog 7 and 28 days on. `days`: tickets created and solves per 24 hours, the last first; `n_days`: for how many
/// of them there is any history.
pub(super) fn forecast(days: &[(u32, u32)], n_days: usize, unsolved: u64) -> Vec<Forecast> {
    let known = days.get(..n_days).unwrap_or(days);
    [7, 28].map(|n_days| ahead(known, n_days, unsolved)).to_vec()
}

fn ahead(days: &[(u32, u32)], n_days: usize, unsolved: u64) -> Forecast {
    let (created, solved) = totals(days, n_days);
    let unsolved = unsolved as f64;
    // What is not there cannot be solved.
    let solved = solved.min(unsolved + created);
    let backlog = unsolved + created - solved;
    let off = DEVIATIONS * (created + solved).sqrt();
    let off = off.max(off_before(days, n_days).unwrap_or(0.0));
    let (low, high) = ((backlog - off).max(0.0), backlog + off);
    let days = u32::try_from(n_days).unwrap_or(u32::MAX);
    Forecast { days, created, solved, backlog, low, high, level: LEVEL }
}

/// Tickets and solves of the coming days.
fn totals(days: &[(u32, u32)], n_days: usize) -> (f64, f64) {
    let weeks = n_days as f64 / 7.0;
    let of = |count: fn(&(u32, u32)) -> u32| weekly_level(days, count) * weeks;
    (of(|(created, _)| *created), of(|(_, solved)| *solved))
}

fn weekly_level(days: &[(u32, u32)], count: fn(&(u32, u32)) -> u32) -> f64 {
    let sum = |days: &[(u32, u32)]| days.iter().map(|day| f64::from(count(day))).sum::<f64>();
    let mut weeks: Vec<f64> = days.chunks_exact(7).take(N_WEEKS).map(sum).collect();
    weeks.reverse();
    let Some((&first, rest)) = weeks.split_first() else {
        // Less than a week: its daily mean.
        return if days.is_empty() { 0.0 } else { sum(days) * 7.0 / days.len() as f64 };
    };
    let smoothed = |rate: f64| {
        let step = |(level, off): (f64, f64), week: &f64| (level + rate * (week - level), off + (week - level).abs());
        rest.iter().fold((first, 0.0), step)
    };
    let least_wrong = RATES.map(smoothed).into_iter().min_by(|(_, one), (_, other)| one.total_cmp(other));
    least_wrong.map_or(first, |(level, _)| level)
}

/// What nine tenths of the forecasts of the past were off by.
fn off_before(days: &[(u32, u32)], n_days: usize) -> Option<f64> {
    let net = |days: &[(u32, u32)]| {
        days.iter().map(|(created, solved)| f64::from(*created) - f64::from(*solved)).sum::<f64>()
    };
    let off = |ago: usize| {
        let (created, solved) = totals(days.get(ago..)?, n_days);
        Some((created - solved - net(days.get(ago - n_days..ago)?)).abs())
    };
    // Two weeks are the least to go by.
    let mut offs: Vec<f64> = (n_days..days.len().saturating_sub(13)).filter_map(off).collect();
    offs.sort_by(f64::total_cmp);
    let rank = (LEVEL * (offs.len() + 1) as f64).ceil() as usize;
    (offs.len() >= LEAST_PAST).then(|| offs.get(rank - 1).or(offs.last()).copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_helpdesk_goes_on_as_it_was() {
        let days: Vec<(u32, u32)> = (0..140).map(|day| if day % 7 < 5 { (10, 8) } else { (1, 0) }).collect();
        let [week, month] = &forecast(&days, days.len(), 100)[..] else { panic!() };
        assert_eq!((week.days, week.created, week.solved, week.backlog), (7, 52.0, 40.0, 112.0));
        assert_eq!((month.days, month.created, month.solved, month.backlog), (28, 208.0, 160.0, 148.0));
        assert!(week.low < week.backlog && week.backlog < week.high);
    }

    #[test]
    fn a_short_history_is_taken_as_it_is() {
        let none = &forecast(&[(0, 0); 20], 0, 5)[0];
        assert_eq!((none.created, none.solved, none.backlog, none.low, none.high), (0.0, 0.0, 5.0, 5.0, 5.0));
        let some = &forecast(&[(2, 1), (4, 1), (0, 9)], 2, 5)[0];
        assert_eq!((some.created, some.solved, some.backlog), (21.0, 7.0, 19.0));
    }

    #[test]
    fn no_more_is_solved_than_there_is() {
        let much = &forecast(&[(1, 50); 28], 28, 10)[1];
        assert_eq!((much.backlog, much.low), (0.0, 0.0));
        assert!((much.solved - 38.0).abs() < 1e-9);
    }

    /// Compares it with 'as last week' on logs of real helpdesks: `DESKBELL_DAILY_COUNTS` names a folder with a file per
    /// helpdesk, a line `created,solved` a day, the oldest first. The last two fifths of each are forecast.
    #[test]
    fn it_is_less_wrong_than_last_week_about_real_helpdesks() {
        let Ok(folder) = std::env::var("DESKBELL_DAILY_COUNTS") else {
            println!("skipped: DESKBELL_DAILY_COUNTS names no folder of daily counts");
            return;
        };
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let day = |line: &str| line.split_once(',').map(|(c, s)| (c.parse().unwrap(), s.parse().unwrap()));
            let mut days: Vec<(u32, u32)> = std::fs::read_to_string(&path).unwrap().lines().filter_map(day).collect();
            days.reverse();
            let n_tested = days.len() * 2 / 5;
            for n_days in [7, 28] {
                let (mut ours, mut naive, mut inside, mut n) = (0.0, 0.0, 0, 0);
                for ago in n_days..n_tested {
                    let known = &days[ago..days.len().min(ago + 364)];
                    let sum = |days: &[(u32, u32)]| {
                        days.iter().fold((0.0, 0.0), |(c, s), day| (c + f64::from(day.0), s + f64::from(day.1)))
                    };
                    let (created, solved) = sum(&days[ago - n_days..ago]);
                    let forecast = ahead(known, n_days, 1_000_000);
                    let (last_created, last_solved) = sum(&known[..7]);
                    let weeks = n_days as f64 / 7.0;
                    ours += (forecast.created - created).abs() + (forecast.solved - solved).abs();
                    naive += (last_created * weeks - created).abs() + (last_solved * weeks - solved).abs();
                    let backlog = 1_000_000.0 + created - solved;
                    inside += i32::from(forecast.low <= backlog && backlog <= forecast.high);
                    n += 1;
                }
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                println!(
                    "{name}, {n_days} days: {:.3} of the naive error, {inside} of {n} inside the interval",
                    ours / naive
                );
            }
        }
    }
}
