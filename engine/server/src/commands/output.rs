//! Printing what a command found: a table for people, JSON and CSV for programs.

use std::io::Write as _;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Map, Value};

use crate::cli::Format;

/// Rows under headings.
pub(crate) struct Rows {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    pub(crate) fn new(headings: impl IntoIterator<Item = &'static str>) -> Self {
        Self { headings: headings.into_iter().collect(), rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Prints them on stdout.
    pub(crate) fn print(&self, format: Format) -> anyhow::Result<()> {
        let text = match format {
            Format::Table => self.table(),
            Format::Json => self.json()?,
            Format::Csv => self.csv(),
        };
        line(&text)
    }

    fn table(&self) -> String {
        if self.rows.is_empty() {
            return "(none)".to_owned();
        }
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(&self.headings);
        for row in &self.rows {
            table.add_row(row.iter().map(shown));
        }
        table.to_string()
    }

    fn json(&self) -> anyhow::Result<String> {
        let object = |row: &Vec<Value>| -> Map<String, Value> {
            self.headings.iter().map(|heading| heading.replace(' ', "_")).zip(row.iter().cloned()).collect()
        };
        Ok(serde_json::to_string_pretty(&self.rows.iter().map(object).collect::<Vec<_>>())?)
    }

    fn csv(&self) -> String {
        let cell = |text: &str| {
            if text.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.to_owned()
            }
        };
        let mut lines = vec![self.headings.iter().map(|heading| cell(&heading.replace(' ', "_"))).collect::<Vec<_>>()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(|value| cell(&shown(value))).collect()));
        lines.iter().map(|line| line.join(",")).collect::<Vec<_>>().join("\n")
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Prints a line on stdout. A reader that has gone away ends the command in peace.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => Ok(done?),
    }
}
