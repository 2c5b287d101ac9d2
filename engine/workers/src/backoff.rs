//! How long to wait before something is tried again. Jitter is a parameter, so that a test and a replay know the answer;
//! it keeps messages that failed together from coming back together.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The outbox's waits in seconds: 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. A helpdesk that
/// blinks is asked again at once, one that is down for a weekend is not given up: together they are 3 days 3 h 42 min 35 s.
const OUTBOX_SECONDS: [u64; 11] =
    [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// How often an outbox message is sent at most: once, and once after each wait.
pub const OUTBOX_ATTEMPTS: u32 = 12;

/// The wait after a plugin's first failed call; each further failure doubles it.
const PLUGIN_BASE: Duration = Duration::from_secs(5);
/// The longest wait between calls of a plugin, before jitter.
const PLUGIN_CAP: Duration = Duration::from_secs(HOUR);

/// The longest wait that a server may ask for with `Retry-After`. Without a cap a wrong or hostile date would park a
/// message for ever, outside the dead letters where someone would see it.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * HOUR);

/// How far jitter moves a wait to either side.
const SPREAD: f64 = 0.2;

/// The wait after the outbox message's failed attempt number `attempt`, beginning with 1. `jitter` from 0 to 1 moves it by
/// up to 20 % to either side; 0.5 leaves it as it is. Without jitter the sequence is 5 s, 30 s, 2 min, 10 min, 30 min,
/// 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, and 24 h ever after; [`is_exhausted`] says when to give up.
pub fn delay(attempt: u32, jitter: f64) -> Duration {
    let last = OUTBOX_SECONDS.len() - 1;
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(last).min(last);
    let seconds = OUTBOX_SECONDS.get(index).copied().unwrap_or(24 * HOUR);
    jittered(Duration::from_secs(seconds), jitter)
}

/// Whether `attempt`, beginning with 1, was an outbox message's last: it stands as a dead letter then.
pub const fn is_exhausted(attempt: u32) -> bool {
    attempt >= OUTBOX_ATTEMPTS
}

/// The wait after a plugin's failed call number `attempt` for one event, beginning with 1: 5 s, 10 s, 20 s, 40 s, 80 s, 160 s,
/// 320 s, 640 s, 1280 s, 2560 s, and an hour ever after, moved by `jitter` as in [`delay`].
pub fn plugin_delay(attempt: u32, jitter: f64) -> Duration {
    let factor = 2_u32.checked_pow(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    jittered(PLUGIN_BASE.saturating_mul(factor).min(PLUGIN_CAP), jitter)
}

/// `delay`, or what the server asked for where that is longer, up to [`MAX_RETRY_AFTER`].
pub fn honour(delay: Duration, retry_after: Option<Duration>) -> Duration {
    retry_after.map_or(delay, |asked| delay.max(asked.min(MAX_RETRY_AFTER)))
}

fn jittered(delay: Duration, jitter: f64) -> Duration {
    let jitter = if jitter.is_nan() { 0.5 } else { jitter.clamp(0.0, 1.0) };
    delay.mul_f64(1.0 + SPREAD * (2.0 * jitter - 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_as_documented() {
        let expected = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400];
        let actual: Vec<_> = (1..=12).map(|attempt| delay(attempt, 0.5).as_secs()).collect();
        assert_eq!(actual, expected);
        let total: u64 = (1..OUTBOX_ATTEMPTS).map(|attempt| delay(attempt, 0.5).as_secs()).sum();
        assert_eq!(total, 3 * 86_400 + 3 * 3600 + 42 * 60 + 35);
        assert!(!is_exhausted(11) && is_exhausted(12));

        let expected = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];
        let actual: Vec<_> = (1..=12).map(|attempt| plugin_delay(attempt, 0.5).as_secs()).collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn waits_longer_where_the_server_asks() {
        let delay = Duration::from_secs(30);
        assert_eq!(honour(delay, None), delay);
        assert_eq!(honour(delay, Some(Duration::from_secs(10))), delay);
        assert_eq!(honour(delay, Some(Duration::from_secs(90))), Duration::from_secs(90));
        assert_eq!(honour(delay, Some(Duration::MAX)), MAX_RETRY_AFTER);
    }

    #[test]
    fn takes_any_number() {
        assert_eq!(delay(0, 0.5), delay(1, 0.5));
        assert_eq!(delay(u32::MAX, 0.5), delay(11, 0.5));
        assert_eq!(plugin_delay(u32::MAX, 0.5), plugin_delay(11, 0.5));
        assert_eq!(delay(3, f64::NAN), delay(3, 0.5));
        assert_eq!(delay(3, f64::INFINITY), delay(3, 1.0));
    }

    proptest! {
        #[test]
        fn stays_within_a_fifth_of_the_schedule(attempt in 0_u32..40, jitter in 0.0..=1.0) {
            for wait in [delay, plugin_delay] {
                let (least, middle, most) = (wait(attempt, 0.0), wait(attempt, 0.5), wait(attempt, 1.0));
                let actual = wait(attempt, jitter);
                prop_assert!(least <= actual && actual <= most);
                prop_assert!((least.as_secs_f64() - 0.8 * middle.as_secs_f64()).abs() < 1e-6);
                prop_assert!((most.as_secs_f64() - 1.2 * middle.as_secs_f64()).abs() < 1e-6);
            }
        }

        #[test]
        fn never_grows_shorter(attempt in 0_u32..40, jitter in 0.0..=1.0) {
            prop_assert!(delay(attempt, jitter) <= delay(attempt + 1, jitter));
            prop_assert!(plugin_delay(attempt, jitter) <= plugin_delay(attempt + 1, jitter));
        }
    }
}
