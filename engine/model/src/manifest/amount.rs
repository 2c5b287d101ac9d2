//! Sizes and durations as people write them.

/// A size such as `64KiB` or `32MiB`, in bytes.
pub fn size_bytes(text: &str) -> Option<u64> {
    const UNITS: &[(&str, u64)] = &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];
    measure(text, UNITS)
}

/// A duration such as `50ms`, `2s` or `5m`, in milliseconds.
pub fn duration_ms(text: &str) -> Option<u64> {
    const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    measure(text, UNITS)
}

fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        for (text, expected) in [
            ("32MiB", Some(33_554_432)),
            ("64 KiB", Some(65_536)),
            ("1GiB", Some(1_073_741_824)),
            ("7B", Some(7)),
            ("32", None),
            ("32MB", None),
            ("MiB", None),
            ("-1B", None),
            ("99999999999999GiB", None),
            ("", None),
        ] {
            assert_eq!(size_bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn reads_durations() {
        for (text, expected) in [
            ("50ms", Some(50)),
            ("2s", Some(2000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("2 days", None),
            ("5", None),
        ] {
            assert_eq!(duration_ms(text), expected, "{text}");
        }
    }
}
