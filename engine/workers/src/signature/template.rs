//! Texts with `{placeholders}`, taken apart once.

use super::Invalid;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<P> {
    Text(String),
    Value(P),
}

/// Takes `template` apart. `names` are the placeholders it may hold; there is no way to write a brace of one's own,
/// since no scheme seen so far needs one.
pub(super) fn pieces<P: Copy>(
    template: &str,
    member: &'static str,
    names: &[(&'static str, P)],
    known: &'static str,
) -> Result<Vec<Piece<P>>, Invalid> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (name, after) = after.split_once('}').ok_or(Invalid::OpenPlaceholder { member })?;
        let Some((_, value)) = names.iter().find(|(candidate, _)| *candidate == name) else {
            return Err(Invalid::UnknownPlaceholder { member, placeholder: name.to_owned(), known });
        };
        pieces.push(Piece::Value(*value));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_apart(template: &str) -> Result<Vec<Piece<u8>>, Invalid> {
        pieces(template, "signed", &[("id", 1), ("body", 2)], "{id} and {body}")
    }

    #[test]
    fn keeps_the_order_of_texts_and_values() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(take_apart("{id}.{body}"), Ok(vec![Piece::Value(1), text("."), Piece::Value(2)]));
        assert_eq!(take_apart("v0:{body}!"), Ok(vec![text("v0:"), Piece::Value(2), text("!")]));
        assert_eq!(take_apart(""), Ok(vec![]));
    }

    #[test]
    fn names_the_placeholder_that_it_does_not_know() {
        let placeholder = "boddy".to_owned();
        let expected = Invalid::UnknownPlaceholder { member: "signed", placeholder, known: "{id} and {body}" };
        assert_eq!(take_apart("{id}{boddy}"), Err(expected));
        assert_eq!(take_apart("{id}{body"), Err(Invalid::OpenPlaceholder { member: "signed" }));
    }
}
