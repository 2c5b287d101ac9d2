//! An operator's own text, and the shipped one where it is missing or cannot be filled in.

use deskbell::prelude::*;
use serde_json::Value;

use crate::template;

/// Fills the operator's text. Where there is none, or it has a gap, the shipped text takes its place, and `complain` is
/// told what is wrong with the own one: a plain message is better than none.
pub fn fill_or(own: Option<&str>, shipped: &str, values: &Value, complain: impl FnOnce(&str)) -> Result<String> {
    if let Some(own) = own {
        match template::fill(own, values) {
            Ok(text) if !text.trim().is_empty() => return Ok(text),
            Ok(_) => complain("it is empty"),
            Err(problem) => complain(&problem),
        }
    }
    template::fill(shipped, values).map_err(|problem| Error::fail(format!("the shipped text '{shipped}': {problem}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shipped_text_takes_the_place_of_one_that_cannot_be_filled_in() {
        let values = json!({ "ticket": { "id": "7" } });
        for (own, expected, complaint) in [
            (None, "shipped 7", ""),
            (Some("own {{ticket.id}}"), "own 7", ""),
            (Some("own {{ticket.group}}"), "shipped 7", "no value for ticket.group"),
            (Some("own {{ticket.id"), "shipped 7", "it cannot be read"),
            (Some("{% if ticket.group %}x{% endif %}"), "shipped 7", "it is empty"),
        ] {
            let mut complaints = String::new();
            let text = fill_or(own, "shipped {{ticket.id}}", &values, |problem| {
                complaints = problem.to_owned();
            });
            assert_eq!(text.unwrap(), expected);
            assert!(complaints.starts_with(complaint) && complaint.is_empty() == complaints.is_empty(), "{complaints}");
        }
    }
}
