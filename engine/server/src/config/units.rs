//! Durations and sizes as an operator writes them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use deskbell_model::manifest::size_bytes;
use serde::{Deserialize, Deserializer};

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// One or more of `Nd`, `Nh`, `Nm`, `Ns` and `Nms`, in this order.
fn read_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total_ms = 0_u64;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        // Searching on from the unit before keeps the order, and each unit single.
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        total_ms = total_ms.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(Duration::from_millis(total_ms))
}

/// As [`read_duration`] reads it.
fn write_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if rest >= factor {
            // Writing to a text cannot fail.
            let _ = write!(text, "{}{unit}", rest / factor);
            rest %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

pub(super) mod duration {
    use serde::{Serializer, de::Error as _};

    use super::{Cow, Deserialize as _, Deserializer, Duration, read_duration, write_duration};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        read_duration(&text).ok_or_else(|| {
            D::Error::custom(format!("'{}' is no duration; write it like 500ms, 30s, 5m, 1h30m or 14d", short(&text)))
        })
    }

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&write_duration(*duration))
    }

    pub(super) fn short(text: &str) -> String {
        text.chars().take(40).collect()
    }
}

/// A duration that may be absent.
pub(super) mod maybe_duration {
    use serde::Serializer;

    use super::{Deserializer, Duration, duration};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        duration::deserialize(deserializer).map(Some)
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => duration::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }
}

pub(super) mod size {
    use serde::{Serializer, de::Error as _};

    use super::{Cow, Deserialize as _, Deserializer, duration::short, size_bytes};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        size_bytes(&text).ok_or_else(|| {
            D::Error::custom(format!("'{}' is no size; write it like 64KiB, 1MiB or 2GiB", short(&text)))
        })
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(crate) fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{bytes}B"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_durations() {
        for (text, milliseconds, written) in [
            ("500ms", 500, "500ms"),
            ("30s", 30_000, "30s"),
            ("90m", 5_400_000, "1h30m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("14d", 1_209_600_000, "14d"),
            ("1d2h3m4s5ms", 93_784_005, "1d2h3m4s5ms"),
            ("0s", 0, "0s"),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(read_duration(text), Some(duration), "{text}");
            assert_eq!(write_duration(duration), written, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "5", "s", "-5s", "5 s", "1m1h", "1s1s", "1w", "1.5h", "99999999999999999999s", "\u{fc}s"] {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }
}
