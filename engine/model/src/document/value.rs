use serde::{Deserialize, Serialize};

/// A value with its kind, to be written in the document's language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing to show, such as the mean of no tickets. Shown as a dash, never as 0.
    #[default]
    None,
    Text(String),
    Integer(i64),
    /// A number with a fraction, such as replies per ticket.
    Decimal(f64),
    /// A fraction of 1.
    Percent(f64),
    /// Seconds.
    Duration(f64),
    /// A calendar day, `2026-03-02`.
    Date(String),
    Currency {
        amount: f64,
        /// Three capital letters of ISO 4217.
        code: String,
    },
    /// A rating between 0 and 5.
    Stars(f64),
}

/// What a column or a chart's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn date(day: impl Into<String>) -> Self {
        Self::Date(day.into())
    }

    pub fn currency(amount: f64, code: impl Into<String>) -> Self {
        Self::Currency { amount, code: code.into() }
    }

    /// The number inside, in the kind's own unit; none for texts, dates and nothing.
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::None | Self::Text(_) | Self::Date(_) => None,
            Self::Integer(number) => Some(*number as f64),
            Self::Decimal(number) | Self::Percent(number) | Self::Duration(number) | Self::Stars(number) => {
                Some(*number)
            }
            Self::Currency { amount, .. } => Some(*amount),
        }
    }

    /// None for [`Value::None`].
    pub const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::None => return None,
            Self::Text(_) => Kind::Text,
            Self::Integer(_) => Kind::Integer,
            Self::Decimal(_) => Kind::Decimal,
            Self::Percent(_) => Kind::Percent,
            Self::Duration(_) => Kind::Duration,
            Self::Date(_) => Kind::Date,
            Self::Currency { .. } => Kind::Currency,
            Self::Stars(_) => Kind::Stars,
        })
    }
}

impl Kind {
    /// Whether values of the kind are numbers, which stand right-aligned and can be drawn.
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::Text | Self::Date)
    }

    /// The word of it, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Percent => "percent",
            Self::Duration => "duration",
            Self::Date => "date",
            Self::Currency => "currency",
            Self::Stars => "stars",
        }
    }
}
