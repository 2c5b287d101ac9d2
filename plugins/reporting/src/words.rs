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

    /// A number with so many decimals, as the engine writes it in tables.
    pub(crate) fn number(self, number: f64, decimals: usize) -> String {
        let plain = format!("{:.decimals$}", number.abs());
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let (group, point) = match self {
            Self::English | Self::Chinese => (",", "."),
            Self::German | Self::Dutch => (".", ","),
            Self::Finnish | Self::Russian => ("\u{a0}", ","),
        };
        let mut text = String::new();
        if number < 0.0 && plain.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
            text.push('\u{2212}');
        }
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push_str(group);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push_str(point);
            text.push_str(fraction);
        }
        text
    }

    /// With one decimal unless it is whole.
    fn short(self, number: f64) -> String {
        let tenths = (number * 10.0).round();
        self.number(tenths / 10.0, usize::from(tenths % 10.0 != 0.0))
    }

    /// A fraction of 1 as percent.
    pub(crate) fn percent(self, fraction: f64) -> String {
        let number = self.short(fraction * 100.0);
        match self {
            Self::English | Self::Chinese | Self::Dutch => format!("{number}%"),
            _ => format!("{number}\u{a0}%"),
        }
    }

    /// A difference between two fractions, in percentage points.
    pub(crate) fn points(self, difference: f64) -> String {
        format!("{}\u{a0}{}", self.short(difference * 100.0), self.percentage_points())
    }

    /// Seconds in the two units that matter.
    pub(crate) fn duration(self, seconds: f64) -> String {
        let all = seconds.max(0.0).round() as u64;
        let (minutes, hours) = ((all + 30) / 60, (all + 1800) / 3600);
        let [d, h, m, s] = self.units().split(' ').collect::<Vec<_>>().try_into().unwrap_or(["d", "h", "min", "s"]);
        let parts = if all < 60 {
            [(all, s), (0, "")]
        } else if all < 600 {
            [(all / 60, m), (all % 60, s)]
        } else if minutes < 60 {
            [(minutes, m), (0, "")]
        } else if minutes < 48 * 60 {
            [(minutes / 60, h), (minutes % 60, m)]
        } else {
            [(hours / 24, d), (hours % 24, h)]
        };
        let (gap, between) = if self == Self::Chinese { ("", "") } else { ("\u{a0}", " ") };
        let shown = parts.iter().enumerate().filter(|(place, (n, _))| *place == 0 || *n > 0);
        shown
            .map(|(_, (n, unit))| format!("{}{gap}{unit}", self.number(*n as f64, 0)))
            .collect::<Vec<_>>()
            .join(between)
    }

    /// A day as it stands in figures, `2026-03-02`.
    pub(crate) fn date(self, day: &str) -> String {
        let parts: Vec<usize> = day.split('-').filter_map(|part| part.parse().ok()).collect();
        let [year, month, date] = *parts.as_slice() else { return day.to_owned() };
        let name = self.months().split(' ').nth(month.saturating_sub(1)).unwrap_or_default();
        match self {
            Self::English => format!("{name}\u{a0}{date}, {year}"),
            Self::German => format!("{date}.\u{a0}{name} {year}"),
            Self::Dutch => format!("{date}\u{a0}{name} {year}"),
            Self::Finnish => format!("{date}.{month}.{year}"),
            Self::Russian => format!("{date}\u{a0}{name} {year}\u{a0}г."),
            Self::Chinese => format!("{year}年{month}月{date}日"),
        }
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
            assert_eq!(words.months().split(' ').count(), 12, "{words:?}");
        }
    }

    #[test]
    fn values_in_sentences_are_written_as_the_language_does() {
        assert_eq!(Language::German.percent(0.3507), "35,1\u{a0}%");
        assert_eq!(Language::German.number(1_234_567.5, 1), "1.234.567,5");
        assert_eq!(Language::English.number(-0.04, 1), "0.0");
        assert_eq!(Language::English.percent(0.75), "75%");
        assert_eq!(Language::Finnish.points(0.123), "12,3\u{a0}%-yks.");
        assert_eq!(Language::English.duration(3070.0), "51\u{a0}min");
        assert_eq!(Language::English.duration(130.0), "2\u{a0}min 10\u{a0}s");
        assert_eq!(Language::Russian.duration(200_000.0), "2\u{a0}д 8\u{a0}ч");
        assert_eq!(Language::Chinese.duration(7_500.0), "2小时5分钟");
        assert_eq!(Language::German.date("2026-03-02"), "2.\u{a0}März 2026");
        assert_eq!(Language::Chinese.date("2026-03-02"), "2026年3月2日");
        assert_eq!(Language::of("zh-CN").weekday(7), "星期日");
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
    }
}
