//! The document that a reporter gives back: values with their kinds, without formats and without mark-up. The engine writes it
//! as page, mail, PDF and tables, in the document's language.

use serde::{Deserialize, Serialize};

use crate::instant::Instant;

/// One report, for one period, in one language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Stands above all, and is a mail's subject.
    pub title: String,
    /// Stands below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// A language tag such as `en`, `de` or `zh-CN`, by which values are written.
    pub language: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<DocumentPeriod>,
    /// As of when its figures are.
    pub generated_at: Instant,
    /// From top to bottom.
    #[serde(default)]
    pub blocks: Vec<Block>,
}

/// The time that a document covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPeriod {
    /// Belongs to it.
    pub from: Instant,
    /// Does not.
    pub to: Instant,
    /// The IANA zone in which all times are shown.
    pub tz: String,
}

/// One part of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// The title of a part.
    Heading {
        /// 1 for a chapter, 2 and 3 below it.
        level: u8,
        /// Without a full stop.
        text: String,
    },
    /// A paragraph.
    Text {
        /// One after the other.
        spans: Vec<Span>,
    },
    /// What stands out.
    Callout {
        /// Whether it is welcome.
        tone: Tone,
        /// A few words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// One after the other.
        spans: Vec<Span>,
    },
    /// Key figures side by side.
    Tiles {
        /// From left to right.
        tiles: Vec<Tile>,
    },
    /// Rows under named columns.
    Table(Table),
    /// Figures as a picture.
    Chart(Chart),
    /// What follows begins a new page on paper.
    PageBreak,
}

/// A stretch of a paragraph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Shown as it is.
    pub text: String,
    /// Bold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strong: bool,
    /// Italic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emphasis: bool,
}

/// Whether a finding is welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// It is.
    Good,
    /// It is not.
    Bad,
    /// It is neither.
    Neutral,
}

/// One key figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// What it is.
    pub label: String,
    /// How much it is.
    pub value: Value,
    /// How much it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What it is measured against, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// How many it is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Of what it is made, such as "solved tickets of the period".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
}

/// The same figure in the period before. The engine works out the difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Of the tile's own kind.
    pub before: Value,
    /// Which way it should go.
    #[serde(default)]
    pub better: Direction,
}

/// Which way a figure should go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither way is good or bad.
    #[default]
    Neither,
}

/// Rows under named columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
    /// A line below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A table's column. Values in it are of its kind, texts, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its heading.
    pub label: String,
    /// What is in it.
    pub kind: Kind,
}

/// Figures as a picture. The engine puts the numbers beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Its form.
    pub kind: ChartKind,
    /// What it shows.
    pub caption: String,
    /// What the picture shows, in a sentence or two, for those who cannot see it.
    pub alt: String,
    /// Texts, dates or integers; empty for a heat-map.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Value>,
    /// What a category is, such as `Channel`: the heading of the numbers' first column. Without it the language's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_label: Option<String>,
    /// Lines, or colours of bars.
    pub series: Vec<Series>,
    /// What the numbers are.
    pub values: Kind,
    /// The currency's code, where `values` is currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// A line below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The form of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// Bars side by side.
    Bar,
    /// Series on top of each other; no value below 0.
    StackedBar,
    /// Lines.
    Line,
    /// Seven series (Monday to Sunday) of 24 values (hours).
    Heatmap,
}

/// One line, or one colour of bars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it is.
    #[serde(default)]
    pub name: String,
    /// One for each category; none where there is nothing.
    pub values: Vec<Option<f64>>,
    /// A forecast or a target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dashed: bool,
}

/// A value with its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing to show, such as the mean of no tickets. Shown as a dash, never as 0.
    #[default]
    None,
    /// Shown as it is.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// A fraction of 1.
    Percent(f64),
    /// Seconds.
    Duration(f64),
    /// A calendar day, `2026-03-02`.
    Date(String),
    /// Money.
    Currency {
        /// How much.
        amount: f64,
        /// Three capital letters of ISO 4217.
        code: String,
    },
    /// A rating between 0 and 5.
    Stars(f64),
}

/// What a column or a chart's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the kinds of Value")]
pub enum Kind {
    Text,
    Integer,
    Decimal,
    Percent,
    Duration,
    Date,
    Currency,
    Stars,
}

impl Value {
    /// Shown as it is.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A calendar day, `2026-03-02`.
    pub fn date(day: impl Into<String>) -> Self {
        Self::Date(day.into())
    }

    /// A whole number, rounded; none where there is none.
    pub fn integer(number: impl Into<Option<f64>>) -> Self {
        number.into().map_or(Self::None, |number| Self::Integer(number.round() as i64))
    }

    /// A number with a fraction; none where there is none.
    pub fn decimal(number: impl Into<Option<f64>>) -> Self {
        number.into().map_or(Self::None, Self::Decimal)
    }

    /// A fraction of 1; none where there is none.
    pub fn percent(fraction: impl Into<Option<f64>>) -> Self {
        fraction.into().map_or(Self::None, Self::Percent)
    }

    /// Seconds; none where there are none.
    pub fn duration(seconds: impl Into<Option<f64>>) -> Self {
        seconds.into().map_or(Self::None, Self::Duration)
    }

    /// Stars; none where there are none.
    pub fn stars(stars: impl Into<Option<f64>>) -> Self {
        stars.into().map_or(Self::None, Self::Stars)
    }

    /// The number inside, in the kind's own unit.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::None | Self::Text(_) | Self::Date(_) => None,
            Self::Integer(number) => Some(*number as f64),
            Self::Decimal(number) | Self::Percent(number) | Self::Duration(number) | Self::Stars(number) => {
                Some(*number)
            }
            Self::Currency { amount, .. } => Some(*amount),
        }
    }
}

impl Document {
    /// Adds a part.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Sets what stands below the title.
    #[must_use]
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = Some(subtitle.into());
        self
    }

    /// Adds the title of a part.
    #[must_use]
    pub fn heading(self, level: u8, text: impl Into<String>) -> Self {
        self.block(Block::Heading { level, text: text.into() })
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text { spans: vec![Span::plain(text)] })
    }

    /// Adds a finding.
    #[must_use]
    pub fn callout(self, tone: Tone, text: impl Into<String>) -> Self {
        self.block(Block::Callout { tone, title: None, spans: vec![Span::plain(text)] })
    }

    /// Adds key figures side by side.
    #[must_use]
    pub fn tiles(self, tiles: impl IntoIterator<Item = Tile>) -> Self {
        self.block(Block::Tiles { tiles: tiles.into_iter().collect() })
    }

    /// Adds a table.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds a chart.
    #[must_use]
    pub fn chart(self, chart: Chart) -> Self {
        self.block(Block::Chart(chart))
    }
}

impl Span {
    /// As the rest.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Bold.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: true, emphasis: false }
    }
}

impl Tile {
    /// A figure with nothing beside it yet.
    pub fn new(label: impl Into<String>, value: Value) -> Self {
        Self { label: label.into(), value, change: None, benchmark: None, n: None, population: None }
    }

    /// With what it was in the period before.
    #[must_use]
    pub fn change(mut self, before: Value, better: Direction) -> Self {
        self.change = Some(Change { before, better });
        self
    }

    /// With what it is measured against.
    #[must_use]
    pub fn benchmark(mut self, benchmark: impl Into<String>) -> Self {
        self.benchmark = Some(benchmark.into());
        self
    }

    /// With how many it is made of, and of what.
    #[must_use]
    pub fn of(mut self, n: u64, population: impl Into<String>) -> Self {
        self.n = Some(n);
        self.population = Some(population.into());
        self
    }
}

impl Table {
    /// A table without rows yet.
    pub fn new<L: Into<String>>(caption: impl Into<String>, columns: impl IntoIterator<Item = (L, Kind)>) -> Self {
        let columns = columns.into_iter().map(|(label, kind)| Column { label: label.into(), kind }).collect();
        Self { caption: caption.into(), columns, rows: Vec::new(), note: None }
    }
}

impl Chart {
    /// A chart without series yet.
    pub fn new(kind: ChartKind, values: Kind, caption: impl Into<String>, alt: impl Into<String>) -> Self {
        Self {
            kind,
            caption: caption.into(),
            alt: alt.into(),
            categories: Vec::new(),
            category_label: None,
            series: Vec::new(),
            values,
            currency: None,
            note: None,
        }
    }
}

impl Series {
    /// With its values.
    pub fn new(name: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self { name: name.into(), values: values.into_iter().collect(), dashed: false }
    }
}
