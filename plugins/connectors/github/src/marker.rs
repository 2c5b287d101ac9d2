//! The marker that a reply carries: an HTML comment at its end, which GitHub keeps and does not show.

const BEGIN: &str = "<!-- deskbell:";
const END: &str = " -->";

/// A text with the marker of the action that it is written for.
pub(crate) fn mark(text: &str, key: &str) -> String {
    format!("{text}\n\n{}", marker(key))
}

fn marker(key: &str) -> String {
    // Nothing in a key can end the comment before its time.
    let key: String = key.chars().map(|c| if matches!(c, '<' | '>' | '\n' | '\r') { '_' } else { c }).collect();
    format!("{BEGIN}{key}{END}")
}

/// Whether a text carries the marker of an action.
pub(crate) fn carries(text: &str, key: &str) -> bool {
    text.trim_end().ends_with(&marker(key))
}

/// A text without its marker, and the key that the marker holds. A marker counts at the end alone: elsewhere it is quoted.
pub(crate) fn split(text: &str) -> (&str, Option<String>) {
    let found = text.trim_end().strip_suffix(END).and_then(|rest| rest.rsplit_once(BEGIN));
    match found {
        Some((said, key)) if !key.contains('\n') && !said.trim_end_matches(' ').ends_with('>') => {
            (said.trim_end(), Some(key.to_owned()))
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_at_the_end_alone() {
        let marked = mark("Hello\nthere", "0198-ab:1");
        assert_eq!(split(&marked), ("Hello\nthere", Some("0198-ab:1".to_owned())));
        assert!(carries(&marked, "0198-ab:1") && !carries(&marked, "0198-ab:2"));
        let quoted = format!("> {marked}\n\nWhat is this?");
        assert_eq!(split(&quoted), (quoted.as_str(), None));
        assert_eq!(split("> <!-- deskbell:k -->"), ("> <!-- deskbell:k -->", None));
        assert_eq!(split("none"), ("none", None));
        assert!(carries(&mark("x", "a-->b"), "a-->b"));
    }
}
