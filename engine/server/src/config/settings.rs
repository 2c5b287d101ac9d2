//! What plugins and connectors read as their settings: TOML in the file, JSON for them.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Number, Value};

/// A JSON object.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Settings(Map<String, Value>);

impl Settings {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// As JSON.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// As JSON text.
    pub(crate) fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let members = table.into_iter().map(|(name, value)| Some((name, json(value)?)));
        let members: Option<Map<_, _>> = members.collect();
        members.map(Self).ok_or_else(|| D::Error::custom("numbers have to be finite, since plugins read them as JSON"))
    }
}

/// Dates and times become texts. None for infinite numbers, which JSON does not have.
pub(super) fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::Number(number.into()),
        toml::Value::Float(number) => Value::Number(Number::from_f64(number)?),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect::<Option<_>>()?),
        toml::Value::Table(table) => {
            let members = table.into_iter().map(|(name, value)| Some((name, json(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_toml_as_json() {
        let text = "a = [1, 2.5, true]\nday = 2026-01-05\nb = { c = 'd' }\n";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(settings.to_json(), r#"{"a":[1,2.5,true],"b":{"c":"d"},"day":"2026-01-05"}"#);
        assert!(toml::from_str::<Settings>("a = [{ b = inf }]").unwrap_err().message().contains("finite"));
    }
}
