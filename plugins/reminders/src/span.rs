//! Stretches of time in words.

/// `2 h 5 min`, `45 min`; seconds only where there is nothing larger.
pub(crate) fn in_words(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_told_in_hours_and_minutes() {
        for (seconds, expected) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_600, "1 h"), (7_530, "2 h 5 min"), (360_000, "100 h")]
        {
            assert_eq!(in_words(seconds), expected);
        }
    }
}
