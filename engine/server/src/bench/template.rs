//! Texts that are different for each delivery.

use chrono::SecondsFormat;
use deskbell_model::timestamp::Timestamp;
use uuid::Uuid;

use super::Error;

/// A text with `{{n}}`, `{{uuid}}`, `{{time}}` and `{{pad}}` in it, taken apart once.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
    /// How many bytes each `{{pad}}` has.
    pad_bytes: usize,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Number,
    Uuid,
    Time,
    Pad,
}

/// What makes a delivery the only one of its kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unique {
    pub(super) number: u64,
    pub(super) uuid: Uuid,
    pub(super) time: Timestamp,
}

impl Unique {
    /// The delivery id.
    pub(super) fn id(&self) -> String {
        self.uuid.hyphenated().to_string()
    }
}

/// What `{{pad}}` is made of: plain words that need no escapes in JSON.
const PAD: &str = "The parcel has not moved for a week and I would like to know where it is. ";

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                break;
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(match name.trim() {
                "n" => Piece::Number,
                "uuid" => Piece::Uuid,
                "time" => Piece::Time,
                "pad" => Piece::Pad,
                other => return Err(Error::Placeholder(other.chars().take(40).collect())),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces, pad_bytes: 0 })
    }

    /// Makes `{{pad}}` as long as it takes for `total_bytes`; a longer text stays as it is.
    #[must_use]
    pub(super) fn padded_to(mut self, total_bytes: usize, sample: &Unique) -> Self {
        let n_pads = self.pieces.iter().filter(|piece| matches!(piece, Piece::Pad)).count();
        let mut rendered = Vec::new();
        self.render(sample, &mut rendered);
        self.pad_bytes = total_bytes.saturating_sub(rendered.len()).checked_div(n_pads).unwrap_or(0);
        self
    }

    /// Appends the text for a delivery.
    pub(super) fn render(&self, unique: &Unique, into: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => into.extend_from_slice(text.as_bytes()),
                Piece::Number => into.extend_from_slice(unique.number.to_string().as_bytes()),
                Piece::Uuid => {
                    let mut buffer = Uuid::encode_buffer();
                    into.extend_from_slice(unique.uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
                }
                Piece::Time => {
                    let time = unique.time.to_chrono().to_rfc3339_opts(SecondsFormat::Micros, true);
                    into.extend_from_slice(time.as_bytes());
                }
                Piece::Pad => into.extend(PAD.bytes().cycle().take(self.pad_bytes)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(number: u64) -> Unique {
        Unique { number, uuid: Uuid::from_u128(u128::from(number)), time: Timestamp::from_seconds(1_767_600_000) }
    }

    fn render(template: &Template, number: u64) -> String {
        let mut text = Vec::new();
        template.render(&unique(number), &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn each_delivery_is_filled_in() {
        for (text, expected) in [
            ("plain {\"a\": {}}", "plain {\"a\": {}}"),
            ("{{n}}/{{ n }}", "7/7"),
            ("<{{uuid}}>", "<00000000-0000-0000-0000-000000000007>"),
            ("{{time}}", "2026-01-05T08:00:00.000000Z"),
            ("open {{ end", "open {{ end"),
        ] {
            assert_eq!(render(&Template::parse(text).unwrap(), 7), expected);
        }
        assert!(matches!(Template::parse("{{name}}"), Err(Error::Placeholder(name)) if name == "name"));
    }

    #[test]
    fn a_body_is_padded_to_its_size() {
        let template = Template::parse("<{{uuid}}{{pad}}>").unwrap().padded_to(100, &unique(1));
        assert_eq!(render(&template, 2).len(), 100);
        let template = Template::parse("longer than that").unwrap().padded_to(4, &unique(1));
        assert_eq!(render(&template, 2), "longer than that");
    }
}
