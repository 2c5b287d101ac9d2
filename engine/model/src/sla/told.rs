//! The stored form of what has been told of a ticket's clocks.
//!
//! It is compared with what holds after every change, so it keeps whole outcomes; texts that repeat make up most of it.

use serde::{Deserialize, Serialize};

use super::Metric;
use super::outcome::{Kind, Outcome};
use crate::timestamp::Timestamp;

/// Stored outcomes that do not read back.
#[derive(Debug, thiserror::Error)]
#[error("the stored outcomes of the clocks do not read back")]
pub struct Unreadable(#[source] postcard::Error);

/// The first byte of the stored form. A change of the types needs a new number.
const FORM: u8 = 1;

/// An outcome without members that may be left out, which the compact form has no place for.
#[derive(Serialize, Deserialize)]
struct Stored {
    at: Timestamp,
    metric: Metric,
    cycle: u32,
    kind: Kind,
    warning: Option<String>,
    policy: String,
    target: String,
    started_at: Timestamp,
    due_at: Option<Timestamp>,
    counted_micros: i64,
}

/// The stored form: one byte for the form, then postcard.
pub fn to_bytes(outcomes: &[Outcome]) -> Vec<u8> {
    let stored: Vec<Stored> = outcomes.iter().map(Stored::from).collect();
    // Serialising plain data into memory has no way to fail.
    postcard::to_extend(&stored, vec![FORM]).unwrap_or_default()
}

/// Reads the stored form.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<Outcome>, Unreadable> {
    let stored: Vec<Stored> = match bytes.split_first() {
        Some((&FORM, rest)) => postcard::from_bytes(rest).map_err(Unreadable)?,
        _ => return Err(Unreadable(postcard::Error::DeserializeBadEncoding)),
    };
    Ok(stored.into_iter().map(Outcome::from).collect())
}

impl From<&Outcome> for Stored {
    fn from(outcome: &Outcome) -> Self {
        let Outcome { at, metric, cycle, kind, started_at, due_at, counted_micros, .. } = *outcome;
        let (warning, policy, target) = (outcome.warning.clone(), outcome.policy.clone(), outcome.target.clone());
        Self { at, metric, cycle, kind, warning, policy, target, started_at, due_at, counted_micros }
    }
}

impl From<Stored> for Outcome {
    fn from(stored: Stored) -> Self {
        let Stored { at, metric, cycle, kind, warning, policy, target, started_at, due_at, counted_micros } = stored;
        Self { at, metric, cycle, kind, warning, policy, target, started_at, due_at, counted_micros }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_read_back_as_they_were() {
        let time = Timestamp::from_seconds;
        let outcome = |kind, warning: Option<&str>, due_at| Outcome {
            at: time(1_780_000_000),
            metric: Metric::NextResponse,
            cycle: 7,
            kind,
            warning: warning.map(str::to_owned),
            policy: "standard".to_owned(),
            target: "1bd".to_owned(),
            started_at: time(1_779_990_000),
            due_at,
            counted_micros: 1_234_567,
        };
        for outcomes in [
            vec![],
            vec![
                outcome(Kind::Warning, Some("75%"), Some(time(1_780_000_100))),
                outcome(Kind::BreachedMet, None, None),
            ],
        ] {
            let bytes = to_bytes(&outcomes);
            assert_eq!(from_bytes(&bytes).unwrap(), outcomes);
            assert!(bytes.len() <= 2 + 60 * outcomes.len(), "{}", bytes.len());
        }
        for garbage in [&[][..], &[0], &[FORM, 9, 9, 9]] {
            assert!(from_bytes(garbage).is_err());
        }
    }
}
