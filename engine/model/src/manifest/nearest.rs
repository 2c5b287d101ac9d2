//! Which word was meant.

/// The known word that is nearest to a misspelled one, where one is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, but two always may: short words are misspelled too.
    let allowed = (word.chars().count() / 3).max(2);
    let distances = known.into_iter().map(|candidate| (distance(word, candidate), candidate));
    distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// How many letters to insert, delete, replace or swap with their neighbour to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(64).collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
    for (line, letter) in from.iter().enumerate() {
        let mut current = vec![line + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = at(&previous, column) + usize::from(letter != other);
            let mut best = replaced.min(at(&previous, column + 1) + 1).min(at(&current, column) + 1);
            let neighbours =
                line > 0 && column > 0 && from.get(line - 1) == Some(other) && to.get(column - 1) == Some(letter);
            if neighbours {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    at(&previous, to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let known = ["ticket.update", "ticket.tag", "notify", "kv"];
        for (word, expected) in [
            ("ticket.udpate", Some("ticket.update")),
            ("tickt.tag", Some("ticket.tag")),
            ("notfy", Some("notify")),
            ("kvs", Some("kv")),
            ("something", None),
            ("", Some("kv")),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
