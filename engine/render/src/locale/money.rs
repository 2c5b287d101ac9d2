use super::{Locale, MINUS, NO_BREAK};

/// Where a language puts a currency's sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `$1,234.50`, with the minus before the sign.
    Before,
    /// `€ 1.234,50`, with the minus after the sign.
    BeforeSpaced,
    /// `1.234,50 €`
    After,
}

impl Locale {
    /// An amount with its currency, cents included unless the currency has none.
    pub fn currency(&self, amount: f64, code: &str) -> String {
        let places = if matches!(code, "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "PYG" | "UGX" | "XAF" | "XOF" | "XPF") {
            0
        } else {
            2
        };
        let digits = self.fixed(amount.abs(), places);
        let minus = if amount < 0.0 && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) { MINUS } else { "" };
        let sign = self.sign(code);
        // Letters need a space where a sign does not.
        let gap = if sign.ends_with(|c: char| c.is_ascii_alphabetic()) { NO_BREAK } else { "" };
        match self.money {
            Form::Before => format!("{minus}{sign}{gap}{digits}"),
            Form::BeforeSpaced => format!("{sign}{NO_BREAK}{minus}{digits}"),
            Form::After => format!("{minus}{digits}{NO_BREAK}{sign}"),
        }
    }

    /// The sign where readers of the language know it as this currency's, else the code.
    fn sign<'a>(&self, code: &'a str) -> &'a str {
        match (code, self.language) {
            ("EUR", _) => "€",
            ("GBP", _) => "£",
            ("INR", _) => "₹",
            ("RUB", _) => "₽",
            ("USD", "zh" | "nl") => "US$",
            ("USD", _) => "$",
            ("CNY", "zh") => "¥",
            ("CNY", _) => "CN¥",
            ("JPY", "zh" | "nl") => "JP¥",
            ("JPY", _) => "¥",
            _ => code,
        }
    }
}
