//! What a figure means: definition, formula, source and benchmark, and the targets and weights in force.

use deskbell_model::kpi::Settings;
use deskbell_model::kpi::explain::{ALL, explain, settings_of};
use serde_json::{Map, Value, json};

use crate::cli::Format;
use crate::commands::WrongUse;
use crate::commands::output::{self, Rows};
use crate::config::mistake::nearest;

pub(super) fn print(key: &str, settings: &Settings, format: Format) -> anyhow::Result<()> {
    let Some(explanation) = explain(key) else { return Err(WrongUse(unknown(key)).into()) };
    let in_force = settings_of(key, settings);
    let mut parts = vec![
        ("figure", explanation.key.to_owned()),
        ("definition", explanation.definition.to_owned()),
        ("formula", explanation.formula.to_owned()),
        ("source", explanation.source.to_owned()),
    ];
    if let Some(benchmark) = explanation.benchmark {
        parts.push(("benchmark", format!("{} ({})", benchmark.text, benchmark.origin)));
    }
    match format {
        Format::Json => {
            let settings: Map<String, Value> = in_force.into_iter().map(|(name, value)| (name, json!(value))).collect();
            let mut members: Map<String, Value> =
                parts.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
            members.insert("settings".to_owned(), Value::Object(settings));
            output::line(&serde_json::to_string_pretty(&members)?)
        }
        Format::Csv => {
            let mut rows = Rows::new(["part", "text"]);
            for (name, text) in parts {
                rows.push([json!(name), json!(text)]);
            }
            for (name, value) in in_force {
                rows.push([json!(name), json!(value)]);
            }
            rows.print(format)
        }
        Format::Table => {
            for (name, text) in parts {
                output::line(&format!("{:<12}{text}", format!("{name}:")))?;
            }
            in_force.iter().try_for_each(|(name, value)| output::line(&format!("{name} = {value}")))
        }
    }
}

fn unknown(key: &str) -> String {
    let known = || ALL.iter().map(|explanation| explanation.key);
    match nearest(key, known()) {
        Some(meant) => format!("--explain: there is no figure '{key}'; did you mean '{meant}'?"),
        None => format!("--explain: there is no figure '{key}'; there are {}", known().collect::<Vec<_>>().join(", ")),
    }
}
