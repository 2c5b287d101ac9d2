//! Message authentication codes: over which parts of a webhook, with which keys, found where.

use subtle::{Choice, ConstantTimeEq as _};

use deskbell_model::timestamp::Timestamp;

use super::key::{Key, decode, key_template};
use super::template::{Piece, pieces};
use super::verifier::{header, required};
use super::{Encoding, Field, Invalid, KeyForm, Kind, Refused, Scheme, TimestampFormat, Tolerance};

/// A message authentication code.
pub(super) struct Code {
    header: String,
    prefix: String,
    encoding: Encoding,
    list: List,
    signed: Vec<Piece<Value>>,
    timestamp: Option<Clock>,
    keys: Vec<Key>,
}

/// Whether a header holds one signature or several, each with the prefix, separated by spaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    One,
    Several,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Id,
    Timestamp,
    Body,
}

struct Clock {
    header: String,
    format: TimestampFormat,
    tolerance: Tolerance,
}

impl Code {
    pub(super) fn new<S: AsRef<[u8]>>(scheme: &Scheme, secrets: &[S]) -> Result<Self, Invalid> {
        let missing = |member| Invalid::MissingMember { member, scheme: "hmac" };
        let header_name = header("header", &scheme.header)?.ok_or_else(|| missing("header"))?;
        if scheme.key == KeyForm::Md5 {
            key_template(scheme)?;
        }
        let names = [("id", Value::Id), ("timestamp", Value::Timestamp), ("body", Value::Body)];
        let signed = pieces(&scheme.signed, "signed", &names, "{id}, {timestamp} and {body}")?;
        let names = |value| signed.contains(&Piece::Value(value));
        let uncovered = |placeholder, consequence| Invalid::Uncovered { member: "signed", placeholder, consequence };
        if !names(Value::Body) {
            return Err(uncovered("body", "anybody who saw one webhook could send others"));
        }
        if names(Value::Id) && scheme.id_header.is_empty() {
            return Err(missing("id_header"));
        }
        let timestamp = match (header("timestamp_header", &scheme.timestamp_header)?, names(Value::Timestamp)) {
            (Some(header), true) => {
                Some(Clock { header, format: scheme.timestamp_format, tolerance: scheme.tolerance })
            }
            (None, true) => return Err(missing("timestamp_header")),
            (Some(_), false) => {
                return Err(uncovered("timestamp", "its header could say anything; leave it out"));
            }
            (None, false) => None,
        };
        let numbered = secrets.iter().enumerate();
        let keys = numbered.map(|(index, secret)| Key::new(scheme, secret.as_ref(), index + 1));
        Ok(Self {
            header: header_name,
            prefix: scheme.prefix.clone(),
            encoding: scheme.encoding,
            list: if scheme.scheme == Kind::StandardWebhooks { List::Several } else { List::One },
            keys: keys.collect::<Result<_, _>>()?,
            signed,
            timestamp,
        })
    }

    /// Gives the signed time. It is compared with ours only after the signature, so that a wrong secret is told from a
    /// wrong clock.
    pub(super) fn verify<'a>(
        &self,
        field: &impl Fn(&str) -> Field<'a>,
        id_header: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Refused> {
        let sent = self.signatures(required(field, &self.header)?)?;
        let (time_text, time) = match &self.timestamp {
            None => (&b""[..], None),
            Some(clock) => {
                let text = required(field, &clock.header)?;
                (text, Some((clock, clock.read(text)?)))
            }
        };
        let id = match id_header {
            Some(header) if self.signed.contains(&Piece::Value(Value::Id)) => required(field, header)?,
            _ => b"",
        };
        let parts: Vec<&[u8]> = self.signed.iter().map(|piece| piece.bytes(id, time_text, body)).collect();
        let mut matches = Choice::from(0);
        for key in &self.keys {
            let expected = key.sign(&parts);
            for signature in &sent {
                matches |= expected.ct_eq(signature);
            }
        }
        if !bool::from(matches) {
            return Err(Refused::Mismatch { tried: self.keys.len() });
        }
        let Some((clock, time)) = time else {
            return Ok(None);
        };
        clock.compare(time, now).map(|()| Some(time))
    }

    /// How many secrets it holds.
    pub(super) fn tried(&self) -> usize {
        self.keys.len()
    }

    /// The signatures in a header's value. Of a list, those of another version are for other receivers.
    fn signatures(&self, value: &[u8]) -> Result<Vec<Vec<u8>>, Refused> {
        let one = |text: &[u8]| {
            let code = text.strip_prefix(self.prefix.as_bytes())?;
            decode(self.encoding, code).filter(|code| !code.is_empty())
        };
        let signatures: Vec<Vec<u8>> = match self.list {
            List::One => one(value).into_iter().collect(),
            List::Several => value.split(|byte| *byte == b' ').filter_map(one).collect(),
        };
        if signatures.is_empty() {
            let expected = match (self.list, self.encoding) {
                (List::Several, _) => "a list with a signature of version v1",
                (List::One, Encoding::Hex) => "the configured prefix and a signature in hex",
                (List::One, Encoding::Base64) => "the configured prefix and a signature in base64",
            };
            return Err(Refused::Malformed { header: self.header.clone(), expected });
        }
        Ok(signatures)
    }
}

impl Piece<Value> {
    fn bytes<'a>(&'a self, id: &'a [u8], timestamp: &'a [u8], body: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Value(Value::Id) => id,
            Self::Value(Value::Timestamp) => timestamp,
            Self::Value(Value::Body) => body,
        }
    }
}

impl Clock {
    fn read(&self, text: &[u8]) -> Result<Timestamp, Refused> {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let number = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
        let (time, expected) = match self.format {
            TimestampFormat::Unix => (number().map(Timestamp::from_seconds), "whole seconds since 1970"),
            TimestampFormat::UnixMs => (
                number().and_then(|millis| millis.checked_mul(1000)).map(Timestamp::from_micros),
                "whole milliseconds since 1970",
            ),
            TimestampFormat::Rfc3339 => (text.parse().ok(), "a time such as 2026-01-05T08:00:00Z"),
        };
        time.ok_or_else(|| Refused::Malformed { header: self.header.clone(), expected })
    }

    fn compare(&self, time: Timestamp, now: Timestamp) -> Result<(), Refused> {
        let tolerance = self.tolerance;
        let age_micros = now.since(time);
        let age_seconds = age_micros / 1_000_000;
        if age_micros > tolerance.seconds() * 1_000_000 {
            return Err(Refused::Stale { age_seconds, tolerance });
        }
        if age_micros < -tolerance.seconds() * 1_000_000 {
            return Err(Refused::Early { ahead_seconds: age_seconds.saturating_neg(), tolerance });
        }
        Ok(())
    }
}
