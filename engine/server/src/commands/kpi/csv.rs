//! Figures as CSV: a row for each number, with the figure and the way to the number within it.

use serde_json::{Value, json};

use crate::cli::Format;
use crate::commands::output::Rows;

pub(super) fn print(report: &Value) -> anyhow::Result<()> {
    let mut rows = Rows::new(["dimension", "of", "figure", "member", "value"]);
    for (key, figure) in report["figures"].as_object().into_iter().flatten() {
        leaves(figure, &mut Vec::new(), &mut |member, value| {
            rows.push([json!(null), json!(null), json!(key), json!(member), value.clone()]);
        });
    }
    let dimension = &report["by"]["dimension"];
    for (of, figures) in report["by"]["values"].as_object().into_iter().flatten() {
        for (key, figure) in figures.as_object().into_iter().flatten() {
            leaves(figure, &mut Vec::new(), &mut |member, value| {
                rows.push([dimension.clone(), json!(of), json!(key), json!(member), value.clone()]);
            });
        }
    }
    rows.print(Format::Csv)
}

/// Every leaf, with the names that lead to it; items of lists by their number from 1.
fn leaves(value: &Value, path: &mut Vec<String>, each: &mut impl FnMut(String, &Value)) {
    let mut below = |name: String, value: &Value| {
        path.push(name);
        leaves(value, path, each);
        path.pop();
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| below(name.clone(), member)),
        Value::Array(items) => (1..).zip(items).for_each(|(n, item): (usize, _)| below(n.to_string(), item)),
        leaf => each(path.join("/"), leaf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_way() {
        let value = json!({ "a": { "b": 1, "c": [{ "d": null }, { "d": 2.5 }] }, "e": "x" });
        let mut found = Vec::new();
        leaves(&value, &mut Vec::new(), &mut |member, value| found.push(format!("{member}={value}")));
        assert_eq!(found, ["a/b=1", "a/c/1/d=null", "a/c/2/d=2.5", "e=\"x\""]);
    }
}
