//! Public holidays of countries and their subdivisions, from the table in `data/holidays.txt`.
//!
//! The table is generated from a maintained data set; `data/README.md` names it and says how to renew it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;

/// A public holiday.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holiday {
    pub date: NaiveDate,
    /// In English where the data set has it; several that fall on one date are joined by `; `.
    pub name: String,
}

/// Why there are no holidays to tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    #[error("the country of region '{0}' is unknown; regions are ISO 3166 codes such as DE or DE-BE")]
    Country(String),
    #[error("region '{region}' is unknown; {country} has {subdivisions}")]
    Subdivision { region: String, country: String, subdivisions: String },
    #[error("the public holidays of {year} are unknown; the table has {first} to {last}")]
    Year { year: i32, first: i32, last: i32 },
}

/// The public holidays of a year, in order.
pub fn holidays(region: &str, year: i32) -> Result<Vec<Holiday>, Unknown> {
    let table = table();
    if !(table.first_year..=table.last_year).contains(&year) {
        return Err(Unknown::Year { year, first: table.first_year, last: table.last_year });
    }
    let mut days: BTreeMap<NaiveDate, String> = BTreeMap::new();
    for line in table.lines_of(region)? {
        let held = table.dates(line.series).filter(|(of, _)| *of == year).flat_map(|(of, word)| dates(of, word));
        for date in held {
            let names = days.entry(date).or_default();
            if !names.is_empty() {
                names.push_str("; ");
            }
            names.push_str(line.name);
        }
    }
    Ok(days.into_iter().map(|(date, name)| Holiday { date, name }).collect())
}

/// Every public holiday that the table has for the region.
pub(super) fn all_dates(region: &str) -> Result<Vec<NaiveDate>, Unknown> {
    let table = table();
    let lines = table.lines_of(region)?;
    Ok(lines.iter().flat_map(|line| table.dates(line.series)).flat_map(|(year, word)| dates(year, word)).collect())
}

/// The region codes that the table knows: each country and, behind a hyphen, its subdivisions.
pub fn regions() -> Vec<String> {
    let of = |(code, country): (&&str, &Country)| {
        let inside = country.subdivisions.iter().map(|subdivision| format!("{code}-{subdivision}"));
        std::iter::once((*code).to_owned()).chain(inside).collect::<Vec<_>>()
    };
    table().countries.iter().flat_map(of).collect()
}

struct Table {
    first_year: i32,
    last_year: i32,
    shared: Vec<&'static str>,
    countries: BTreeMap<&'static str, Country>,
}

#[derive(Default)]
struct Country {
    subdivisions: Vec<&'static str>,
    lines: Vec<Line>,
}

#[derive(Clone, Copy)]
struct Line {
    name: &'static str,
    regions: &'static str,
    series: &'static str,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::read(include_str!("../../data/holidays.txt")))
}

impl Table {
    /// Reads the generated text; a test reads every date of it.
    fn read(text: &'static str) -> Self {
        let mut table = Self { first_year: 0, last_year: 0, shared: Vec::new(), countries: BTreeMap::new() };
        let mut current = "";
        for line in text.lines() {
            if let Some(country) = line.strip_prefix("= ") {
                let (code, subdivisions) = country.split_once(' ').unwrap_or((country, ""));
                let subdivisions = subdivisions.split(',').filter(|code| !code.is_empty()).collect();
                current = code;
                table.countries.insert(code, Country { subdivisions, lines: Vec::new() });
            } else if let Some(series) = line.strip_prefix('@') {
                table.shared.push(series.split_once(' ').map_or("", |(_, dates)| dates));
            } else if let Some(years) = line.strip_prefix("years ") {
                let mut years = years.split(' ').map(|year| year.parse().unwrap_or_default());
                table.first_year = years.next().unwrap_or_default();
                table.last_year = years.next().unwrap_or_default();
            } else if let (Some((name, rest)), Some(country)) = (line.split_once('|'), table.countries.get_mut(current))
            {
                let (regions, series) = rest.split_once('|').unwrap_or((rest, ""));
                country.lines.push(Line { name, regions, series });
            }
        }
        table
    }

    fn lines_of(&self, region: &str) -> Result<Vec<Line>, Unknown> {
        let (code, subdivision) = region.split_once('-').map_or((region, None), |(code, of)| (code, Some(of)));
        let country = self.countries.get(code).ok_or_else(|| Unknown::Country(region.chars().take(40).collect()))?;
        if subdivision.is_some_and(|code| !country.subdivisions.contains(&code)) {
            let known = country.subdivisions.join(", ");
            let subdivisions =
                if known.is_empty() { "no subdivisions with holidays of their own".to_owned() } else { known };
            let (region, country) = (region.chars().take(40).collect(), code.to_owned());
            return Err(Unknown::Subdivision { region, country, subdivisions });
        }
        Ok(country.lines.iter().filter(|line| line.holds_in(subdivision.unwrap_or("."))).copied().collect())
    }

    /// The years of a series with their dates, as words.
    fn dates(&self, series: &'static str) -> impl Iterator<Item = (i32, &'static str)> {
        let shared = series.strip_prefix('@').and_then(|number| self.shared.get(number.parse::<usize>().ok()?));
        let series = shared.copied().unwrap_or(series);
        let words = series.split(' ').flat_map(|run| {
            let (word, n) = run.split_once('*').unwrap_or((run, "1"));
            std::iter::repeat_n(word, n.parse().unwrap_or_default())
        });
        (self.first_year..).zip(words)
    }
}

impl Line {
    fn holds_in(&self, subdivision: &str) -> bool {
        match self.regions.strip_prefix('!') {
            _ if self.regions == "*" => true,
            Some(without) => without.split(',').all(|code| code != subdivision),
            None => self.regions.split(',').any(|code| code == subdivision),
        }
    }
}

/// The dates of one word of a series: `-` for none, `MMDD` or several joined by `+`.
fn dates(year: i32, word: &'static str) -> impl Iterator<Item = NaiveDate> {
    word.split('+').filter_map(move |date| {
        let number: u32 = date.parse().ok()?;
        NaiveDate::from_ymd_opt(year, number / 100, number % 100)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn agrees_with_what_independent_sources_agree_on() {
        // Dates that at least two of three libraries name, and those that only one of them does.
        let text = include_str!("../../../../tests/fixtures/sla-golden/holidays.jsonl");
        let mut n_years = 0;
        for case in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let region = case["region"].as_str().unwrap().trim_end_matches("-federal");
            let year = i32::try_from(case["year"].as_i64().unwrap()).unwrap();
            let listed = |member: &str| -> BTreeSet<NaiveDate> {
                case[member]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|day| day["date"].as_str().unwrap().parse().unwrap())
                    .collect()
            };
            let ours: BTreeSet<NaiveDate> = holidays(region, year).unwrap().into_iter().map(|day| day.date).collect();
            let missing: Vec<_> = listed("consensus").difference(&ours).copied().collect();
            let invented: Vec<_> = ours
                .iter()
                .filter(|day| !listed("consensus").contains(day) && !listed("disputed").contains(day))
                .collect();
            assert!(
                missing.is_empty() && invented.is_empty(),
                "{region} {year}: missing {missing:?}, invented {invented:?}"
            );
            n_years += 1;
        }
        assert_eq!(n_years, 50);
    }

    #[test]
    fn every_line_of_the_table_reads() {
        let table = table();
        assert_eq!((table.first_year, table.last_year), (1995, 2050));
        for line in table.countries.values().flat_map(|country| &country.lines) {
            let mut n_years = 0;
            for (year, word) in table.dates(line.series) {
                let n_dates = if word == "-" { 0 } else { word.split('+').count() };
                assert_eq!(dates(year, word).count(), n_dates, "{}: {word}", line.name);
                n_years += 1;
            }
            assert!((1..=56).contains(&n_years), "{}", line.name);
        }
        assert!(regions().len() > 800);
        for region in regions() {
            assert!(all_dates(&region).is_ok(), "{region}");
        }
    }

    #[track_caller]
    fn check(region: &str, year: i32, expected: &str) {
        assert_eq!(holidays(region, year).unwrap_err().to_string(), expected);
    }

    #[test]
    fn unknown_regions_and_years_are_refused() {
        check("XX", 2026, "the country of region 'XX' is unknown; regions are ISO 3166 codes such as DE or DE-BE");
        check("GB-XX", 2026, "region 'GB-XX' is unknown; GB has ENG, NIR, SCT, WLS");
        check("SE-AB", 2026, "region 'SE-AB' is unknown; SE has no subdivisions with holidays of their own");
        check("DE", 2051, "the public holidays of 2051 are unknown; the table has 1995 to 2050");
        assert!(holidays("DE-", 2026).is_err());
        assert!(holidays("DE-.", 2026).is_err());
    }

    #[test]
    fn a_subdivision_has_its_own_days_besides_the_nations() {
        let berlin = holidays("DE-BE", 2026).unwrap();
        assert!(berlin.iter().any(|day| day.date.to_string() == "2026-03-08" && day.name.contains("Women")));
        assert!(holidays("DE", 2026).unwrap().iter().all(|day| day.date.to_string() != "2026-03-08"));
    }
}
