//! The languages that reports are written in.

mod labels;
mod sentences;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    Dutch,
    Finnish,
    Russian,
    Chinese,
}

/// Phrases in all languages: English, German, Dutch, Finnish, Russian, Chinese.
macro_rules! phrases {
    ($($name:ident: $en:literal, $de:literal, $nl:literal, $fi:literal, $ru:literal, $zh:literal;)*) => {
        impl $crate::words::Language {
            $(pub(crate) const fn $name(self) -> &'static str {
                match self {
                    Self::English => $en,
                    Self::German => $de,
                    Self::Dutch => $nl,
                    Self::Finnish => $fi,
                    Self::Russian => $ru,
                    Self::Chinese => $zh,
                }
            })*
        }

        #[cfg(test)]
        pub(crate) const ROWS: &[[&str; 6]] = &[$([$en, $de, $nl, $fi, $ru, $zh],)*];
    };
}
pub(crate) use phrases;

impl Language {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] =
        [Self::English, Self::German, Self::Dutch, Self::Finnish, Self::Russian, Self::Chinese];

    /// By its tag; English for those that are not spoken here.
    pub(crate) fn of(tag: &str) -> Self {
        let first = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        match first.as_str() {
            "de" => Self::German,
            "nl" => Self::Dutch,
            "fi" => Self::Finnish,
            "ru" => Self::Russian,
            "zh" => Self::Chinese,
            _ => Self::English,
        }
    }

    /// A number with so many decimals.
    pub(crate) fn number(self, number: f64, decimals: usize) -> String {
        let plain = format!("{number:.decimals$}");
        match self {
            Self::English | Self::Chinese => plain,
            _ => plain.replace('.', ","),
        }
    }

    /// A fraction of 1 as percent.
    pub(crate) fn percent(self, fraction: f64) -> String {
        let number = self.number(fraction * 100.0, 1);
        match self {
            Self::English | Self::Chinese | Self::Dutch => format!("{number}%"),
            _ => format!("{number}\u{a0}%"),
        }
    }

    /// Seconds in the two units that matter.
    pub(crate) fn duration(self, seconds: f64) -> String {
        let all = seconds.max(0.0).round() as u64;
        let (days, hours, minutes, seconds) = (all / 86_400, all / 3600 % 24, all / 60 % 60, all % 60);
        let [d, h, m, s] = self.units().split(' ').collect::<Vec<_>>().try_into().unwrap_or(["d", "h", "min", "s"]);
        let parts = match (days, hours, minutes) {
            (0, 0, 0) => vec![(seconds, s)],
            (0, 0, _) => vec![(minutes, m), (seconds, s)],
            (0, ..) => vec![(hours, h), (minutes, m)],
            _ => vec![(days, d), (hours, h)],
        };
        let shown: Vec<_> = parts.iter().enumerate().filter(|(place, (n, _))| *place == 0 || *n > 0).collect();
        shown.iter().map(|(_, (n, unit))| format!("{n}\u{a0}{unit}")).collect::<Vec<_>>().join(" ")
    }

    /// Monday is 1.
    pub(crate) fn weekday(self, number: u64) -> &'static str {
        let place = usize::try_from(number).unwrap_or_default().saturating_sub(1);
        self.weekdays().split(' ').nth(place).unwrap_or_default()
    }
}

/// Puts values in the places of their names.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    // One pass, so that a value that looks like a place stays as it is.
    let mut filled = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_fills_in_the_same() {
        let places = |text: &str| {
            let mut places: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect();
            places.sort();
            places
        };
        for row in labels::ROWS.iter().chain(sentences::ROWS) {
            for phrase in row {
                assert!(!phrase.is_empty() && places(phrase) == places(row[0]), "{row:?}");
            }
        }
        for words in Language::ALL {
            assert_eq!((words.weekdays().split(' ').count(), words.units().split(' ').count()), (7, 4), "{words:?}");
        }
    }

    #[test]
    fn values_in_sentences_are_written_as_the_language_does() {
        assert_eq!(Language::German.percent(0.3507), "35,1\u{a0}%");
        assert_eq!(Language::English.duration(3070.0), "51\u{a0}min 10\u{a0}s");
        assert_eq!(Language::Russian.duration(200_000.0), "2\u{a0}д 7\u{a0}ч");
        assert_eq!(Language::of("zh-CN").weekday(7), "星期日");
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
    }
}
