use deskbell_model::document::{Chart, Kind, Value};

use super::{ColumnView, TableView};
use crate::locale::{Locale, NOTHING};
use crate::report::text::line;

/// A chart's numbers as a table: a row for each category, a column for each series.
pub(super) fn numbers(chart: &Chart, locale: &Locale) -> TableView {
    let currency = chart.currency.as_deref();
    let mut columns = vec![ColumnView::new(head(chart, locale), if by_date(chart) { Kind::Date } else { Kind::Text })];
    columns.extend(chart.series.iter().map(|series| ColumnView::new(&series.name, chart.values)));
    let one_year = one_year(chart);
    let rows = chart.categories.iter().enumerate().map(|(index, category)| {
        let cell = |number: Option<f64>| {
            number.map_or_else(|| NOTHING.to_owned(), |number| locale.number(number, chart.values, currency))
        };
        let name = match category {
            Value::Date(day) if one_year => locale.day_of(day),
            // Whole numbers as categories are years, hours, numbers of weeks: never grouped.
            Value::Integer(number) => number.to_string(),
            other => locale.value(other),
        };
        let mut row = vec![line(&name)];
        row.extend(chart.series.iter().map(|series| cell(series.values.get(index).copied().flatten())));
        row
    });
    TableView::new(locale.words.numbers.to_owned(), columns, rows.collect(), None)
}

fn by_date(chart: &Chart) -> bool {
    matches!(chart.categories.first(), Some(Value::Date(_)))
}

/// The heading of a chart's categories.
pub(in crate::report) fn head<'a>(chart: &'a Chart, locale: &Locale) -> &'a str {
    match &chart.category_label {
        Some(label) => label,
        None if by_date(chart) => locale.words.date,
        None => locale.words.category,
    }
}

/// Whether all dates lie in one year, which the report's period then names.
fn one_year(chart: &Chart) -> bool {
    let year = |value: &Value| match value {
        Value::Date(day) => day.get(..4).map(str::to_owned),
        _ => None,
    };
    let first = chart.categories.first().and_then(year);
    chart.categories.iter().all(|category| year(category) == first)
}
