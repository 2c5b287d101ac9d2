use std::str::FromStr;

use serde::Serialize;

/// How the operator's reports look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Stands in header and footer.
    pub name: Option<String>,
    pub logo: Option<Logo>,
    /// Lines and headings. Where it is too light to read on paper, it is darkened for letters.
    pub colour: Colour,
}

/// A picture of the operator's own configuration, never of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logo {
    Png(Vec<u8>),
    Svg(Vec<u8>),
}

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Colour(pub u8, pub u8, pub u8);

/// A text that is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no colour; write it as #1f5fa8")]
pub struct NoColour(pub String);

impl Default for Colour {
    fn default() -> Self {
        Self(0x1f, 0x5f, 0xa8)
    }
}

impl FromStr for Colour {
    type Err = NoColour;

    fn from_str(text: &str) -> Result<Self, NoColour> {
        let part = |from: usize| text.get(from..from + 2).and_then(|part| u8::from_str_radix(part, 16).ok());
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match (digits, part(1), part(3), part(5)) {
            (Some(_), Some(red), Some(green), Some(blue)) => Ok(Self(red, green, blue)),
            _ => Err(NoColour(text.chars().take(64).collect())),
        }
    }
}

impl Colour {
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// The share of the way from this colour to another, 0 to 1.
    pub(super) fn towards(self, other: Self, share: f64) -> Self {
        let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    /// Dark enough for small letters on white (4.5 : 1).
    pub(super) fn for_paper(self) -> Self {
        self.until_readable(Self(255, 255, 255), Self(0, 0, 0))
    }

    /// Light enough for small letters on the dark page.
    pub(super) fn for_night(self) -> Self {
        self.until_readable(Self(0x14, 0x18, 0x1d), Self(255, 255, 255))
    }

    fn until_readable(self, ground: Self, towards: Self) -> Self {
        (0..=20)
            .map(|step| self.towards(towards, f64::from(step) / 20.0))
            .find(|colour| colour.contrast(ground) >= 4.5)
            .unwrap_or(towards)
    }

    /// The contrast ratio of the web's accessibility rules, 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_strictly() {
        assert_eq!("#1f5fa8".parse(), Ok(Colour::default()));
        for text in ["", "1f5fa8", "#1f5fa", "#1f5fag", "#+1+2+3", "red", "#1f5fa8;}", "#日本"] {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }

    #[test]
    fn letters_stay_readable_in_every_colour() {
        for colour in
            [Colour(255, 255, 0), Colour(255, 255, 255), Colour(0, 0, 0), Colour(0x1f, 0x5f, 0xa8), Colour(200, 30, 90)]
        {
            assert!(colour.for_paper().contrast(Colour(255, 255, 255)) >= 4.5, "{colour:?}");
            assert!(colour.for_night().contrast(Colour(0x14, 0x18, 0x1d)) >= 4.5, "{colour:?}");
        }
    }
}
