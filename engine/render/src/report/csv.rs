//! Tables for spreadsheets and programs: RFC 4180, UTF-8 with a byte order mark (without it the most used spreadsheet reads
//! another encoding), numbers with a point and without units, which stand in the column's name.

use deskbell_model::document::{Block, Chart, ChartKind, Document, Kind, Table, Value};

use super::File;
use super::text::{file_stem, line};
use crate::locale::Locale;

/// A file for each table and each chart, in the order of the document.
pub(super) fn files(document: &Document) -> Vec<File> {
    let locale = Locale::of(&document.language);
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some((table.caption.as_str(), rows(table))),
        Block::Chart(chart) => Some((chart.caption.as_str(), rows(&numbers(chart, locale)))),
        _ => None,
    });
    let file = |(index, (caption, rows)): (usize, (&str, Vec<Vec<String>>))| File {
        name: format!("{:02}-{}.csv", index + 1, file_stem(caption)),
        media_type: "text/csv; charset=utf-8",
        bytes: bytes(&rows),
    };
    tables.enumerate().map(file).collect()
}

/// A chart's numbers as a table, with the numbers still numbers.
fn numbers(chart: &Chart, locale: &Locale) -> Table {
    use deskbell_model::document::Column;
    let heat = chart.kind == ChartKind::Heatmap;
    let number = |number: Option<f64>| match (number, &chart.currency) {
        (None, _) => Value::None,
        (Some(amount), Some(code)) => Value::currency(amount, code),
        (Some(number), None) => match chart.values {
            Kind::Percent => Value::Percent(number),
            Kind::Duration => Value::Duration(number),
            _ => Value::Decimal(number),
        },
    };
    let (mut columns, rows): (Vec<Column>, Vec<Vec<Value>>) = if heat {
        // A row for each weekday, as in the picture.
        let columns = (0..24).map(|hour| Column::new(format!("{hour:02}"), chart.values));
        let row = |(day, series): (&&str, &deskbell_model::document::Series)| {
            std::iter::once(Value::text(*day)).chain(series.values.iter().map(|n| number(*n))).collect()
        };
        (columns.collect(), locale.weekdays.iter().zip(&chart.series).map(row).collect())
    } else {
        let columns = chart.series.iter().map(|series| Column::new(&series.name, chart.values));
        let row = |(index, category): (usize, &Value)| {
            let cells = chart.series.iter().map(|series| number(series.values.get(index).copied().flatten()));
            std::iter::once(category.clone()).chain(cells).collect()
        };
        (columns.collect(), chart.categories.iter().enumerate().map(row).collect())
    };
    let head = if heat { locale.words.weekday } else { super::view::numbers::head(chart, locale) };
    columns.insert(0, Column::new(head, Kind::Text));
    Table { caption: chart.caption.clone(), columns, rows, note: None }
}

fn rows(table: &Table) -> Vec<Vec<String>> {
    let heads = table.columns.iter().enumerate().map(|(index, column)| {
        let unit = match column.kind {
            Kind::Duration => " [s]".to_owned(),
            Kind::Percent => " [%]".to_owned(),
            Kind::Currency => only_currency(table, index).map_or_else(String::new, |code| format!(" [{code}]")),
            _ => String::new(),
        };
        guarded(&format!("{}{unit}", line(&column.label)))
    });
    let mut rows = vec![heads.collect::<Vec<_>>()];
    let one_currency: Vec<bool> = (0..table.columns.len()).map(|index| only_currency(table, index).is_some()).collect();
    rows.extend(
        table.rows.iter().map(|row| row.iter().zip(&one_currency).map(|(cell, one)| field(cell, *one)).collect()),
    );
    rows
}

/// The currency of a column whose amounts are all of one.
fn only_currency(table: &Table, index: usize) -> Option<&str> {
    let mut codes = table.rows.iter().filter_map(|row| match row.get(index) {
        Some(Value::Currency { code, .. }) => Some(code.as_str()),
        _ => None,
    });
    let first = codes.next()?;
    codes.all(|code| code == first).then_some(first)
}

fn field(value: &Value, unit_in_head: bool) -> String {
    match value {
        Value::None => String::new(),
        Value::Text(text) => guarded(&super::text::clean(text)),
        Value::Date(day) => day.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) | Value::Duration(number) | Value::Stars(number) => plain(*number, 1e6),
        Value::Percent(number) => plain(number * 100.0, 1e4),
        Value::Currency { amount, .. } if unit_in_head => plain(*amount, 1e4),
        Value::Currency { amount, code } => format!("{} {code}", plain(*amount, 1e4)),
    }
}

/// Without the noise of binary fractions, and without an exponent.
fn plain(number: f64, parts: f64) -> String {
    let rounded = (number * parts).round() / parts;
    if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }
}

/// A text that no spreadsheet takes for a formula. What is a number stays as it is: `-3` is no formula.
fn guarded(text: &str) -> String {
    let risky =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    // Some programs look behind leading spaces.
    let risky = risky || text.trim_start().starts_with(['=', '+', '-', '@']);
    if risky && text.parse::<f64>().is_err() { format!("'{text}") } else { text.to_owned() }
}

fn bytes(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = String::from("\u{feff}");
    for row in rows {
        for (index, field) in row.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            if field.contains([',', '"', '\n', '\r']) || field.starts_with(' ') || field.ends_with(' ') {
                out.push('"');
                out.push_str(&field.replace('"', "\"\""));
                out.push('"');
            } else {
                out.push_str(field);
            }
        }
        out.push_str("\r\n");
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use deskbell_model::document::Column;

    use super::*;

    fn written(columns: &[Kind], rows_of: Vec<Vec<Value>>) -> String {
        let columns = columns.iter().map(|kind| Column::new("c", *kind)).collect();
        let table = Table { caption: "t".to_owned(), columns, rows: rows_of, note: None };
        String::from_utf8(bytes(&rows(&table))).unwrap()
    }

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        let text = |text: &str| vec![Value::text(text)];
        let cases = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1 call me", "'+1 call me"),
            ("-2", "-2"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1+1", "'  =1+1"),
            ("\u{ff1d}1+1", "'\u{ff1d}1+1"),
        ];
        for (given, expected) in cases {
            assert_eq!(written(&[Kind::Text], vec![text(given)]), format!("\u{feff}c\r\n{expected}\r\n"), "{given}");
        }
    }

    #[test]
    fn numbers_stay_numbers_and_columns_name_their_units() {
        let kinds = [Kind::Duration, Kind::Percent, Kind::Currency, Kind::Decimal, Kind::Date];
        let row = |amount| {
            vec![
                Value::Duration(90.5),
                Value::Percent(0.871),
                Value::currency(amount, "EUR"),
                Value::Decimal(0.1 + 0.2),
                Value::date("2026-03-02"),
            ]
        };
        let none = vec![Value::None; 5];
        assert_eq!(
            written(&kinds, vec![row(12.5), none]),
            "\u{feff}c [s],c [%],c [EUR],c,c\r\n90.5,87.1,12.5,0.3,2026-03-02\r\n,,,,\r\n"
        );
        let mixed = vec![vec![Value::currency(1.0, "EUR")], vec![Value::currency(2.0, "USD")]];
        assert_eq!(written(&[Kind::Currency], mixed), "\u{feff}c\r\n1 EUR\r\n2 USD\r\n");
    }
}
