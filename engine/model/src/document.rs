//! Report documents: what a report says, as data.
//!
//! A reporting plugin returns a [`Document`]; the host renders it as page, mail, PDF, tables and text. Values carry their
//! kind and no format, so that the host writes them in the document's language. All texts are shown as they are: there is
//! no mark-up in them, and whatever a ticket quotes stays a quotation.
//!
//! As JSON, a block is told by its `type`, a value by its one key: `{"duration": 5400}`, `{"percent": 0.87}`, `"none"`.
//! Unknown fields are refused. [`Document::check`] holds the limits.

mod check;
mod value;

pub use check::{Invalid, Limits};
pub use value::{Kind, Value};

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// One report, for one period, in one language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// A language tag such as `en`, `de` or `zh-CN`. Languages that the renderer does not know are written in English forms.
    pub language: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    pub generated_at: Timestamp,
    #[serde(default)]
    pub blocks: Vec<Block>,
}

/// The time that a report covers, `from` included and `to` not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
    /// An IANA zone such as `Europe/Berlin`, in which all times of the document are shown.
    pub tz: String,
}

/// One part of a document, from top to bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    Heading(Heading),
    Text(Text),
    Callout(Callout),
    Tiles(Tiles),
    Table(Table),
    Chart(Chart),
    PageBreak,
}

/// The title of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// 1 for a chapter, 2 and 3 below it. The document's own title stands above them all.
    pub level: u8,
    pub text: String,
}

/// A paragraph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub spans: Vec<Span>,
}

/// A stretch of a paragraph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strong: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emphasis: bool,
}

/// What stands out: one finding, set off from the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callout {
    pub tone: Tone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub spans: Vec<Span>,
}

/// Whether a finding is welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Good,
    Bad,
    Neutral,
}

/// Key figures side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiles {
    pub tiles: Vec<Tile>,
}

/// One key figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    pub label: String,
    pub value: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What the figure is measured against, such as "Target 4 hours".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// How many tickets, ratings or calls the figure is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Of what the figure is made, such as "solved tickets of the period".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
}

/// The same figure in the period before. The renderer works out the difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub before: Value,
    #[serde(default)]
    pub better: Direction,
}

/// Which way a figure should go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Higher,
    Lower,
    /// Neither way is good or bad.
    #[default]
    Neither,
}

/// Rows under named columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub caption: String,
    pub columns: Vec<Column>,
    /// Each as long as `columns`. No rows is a table too: the renderer says that there is no data.
    pub rows: Vec<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A table's column. Values in it are of its kind, texts, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub label: String,
    pub kind: Kind,
}

/// Figures as a picture. The renderer puts the numbers beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    pub kind: ChartKind,
    pub caption: String,
    /// What the picture shows, in a sentence or two, for those who cannot see it.
    pub alt: String,
    /// Texts, dates or integers. Empty for a heat-map, whose rows are the weekdays from Monday and whose columns the hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Value>,
    /// What a category is, such as `Channel`: the heading of the numbers' first column. Without it the language's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_label: Option<String>,
    pub series: Vec<Series>,
    /// What the numbers are: integer, decimal, percent (fractions of 1), duration (seconds), currency or stars.
    pub values: Kind,
    /// The currency's code, where `values` is currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The form of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    Bar,
    /// Series on top of each other; no value below 0.
    StackedBar,
    Line,
    /// Seven series (Monday to Sunday) of 24 values (hours).
    Heatmap,
}

/// One line, or one colour of bars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    #[serde(default)]
    pub name: String,
    /// One for each category; null where there is none.
    pub values: Vec<Option<f64>>,
    /// A forecast or a target, drawn with dashes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dashed: bool,
}

impl Span {
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: true, emphasis: false }
    }

    pub fn emphasis(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: false, emphasis: true }
    }
}

impl Block {
    pub fn heading(level: u8, text: impl Into<String>) -> Self {
        Self::Heading(Heading { level, text: text.into() })
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text { spans: vec![Span::plain(text)] })
    }
}

impl Column {
    pub fn new(label: impl Into<String>, kind: Kind) -> Self {
        Self { label: label.into(), kind }
    }
}

impl Tile {
    /// A figure with nothing beside it yet.
    pub fn new(label: impl Into<String>, value: Value) -> Self {
        Self { label: label.into(), value, change: None, benchmark: None, n: None, population: None }
    }
}

impl Series {
    pub fn new(name: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self { name: name.into(), values: values.into_iter().collect(), dashed: false }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_and_values_read_as_plugins_write_them() {
        let document: Document = serde_json::from_value(json!({
            "title": "Weekly report", "language": "en", "generated_at": "2026-03-09T06:00:00Z",
            "period": {"from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z", "tz": "UTC"},
            "blocks": [
                {"type": "heading", "level": 1, "text": "Volume"},
                {"type": "text", "spans": [{"text": "All "}, {"text": "well", "strong": true}]},
                {"type": "callout", "tone": "good", "spans": [{"text": "Fewer reopens"}]},
                {"type": "tiles", "tiles": [{"label": "Created", "value": {"integer": 12}, "change": {"before": {"integer": 10}, "better": "lower"}}]},
                {"type": "table", "caption": "By agent", "columns": [{"label": "Agent", "kind": "text"}, {"label": "First reply", "kind": "duration"}],
                 "rows": [[{"text": "Ada"}, {"duration": 5400.5}], [{"text": "Bo"}, "none"]]},
                {"type": "chart", "kind": "line", "caption": "Per day", "alt": "Rising.", "categories": [{"date": "2026-03-02"}],
                 "series": [{"name": "Created", "values": [3]}, {"name": "Solved", "values": [null]}], "values": "integer"},
                {"type": "page_break"}
            ]
        }))
        .unwrap();
        assert_eq!(document.check(), Ok(()));
        let again: Document = serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
        assert_eq!(again, document);
    }

    #[test]
    fn unknown_fields_are_refused_wherever_they_stand() {
        for text in [
            r#"{"title":"t","language":"en","generated_at":"2026-03-09T06:00:00Z","colour":"red"}"#,
            r#"{"title":"t","language":"en","generated_at":"2026-03-09T06:00:00Z","blocks":[{"type":"heading","level":1,"text":"x","html":"<b>"}]}"#,
            r#"{"title":"t","language":"en","generated_at":"2026-03-09T06:00:00Z","blocks":[{"type":"iframe"}]}"#,
            r#"{"title":"t","language":"en","generated_at":"2026-03-09T06:00:00Z","blocks":[{"type":"tiles","tiles":[{"label":"x","value":{"money":1}}]}]}"#,
        ] {
            assert!(serde_json::from_str::<Document>(text).is_err(), "{text}");
        }
    }
}
