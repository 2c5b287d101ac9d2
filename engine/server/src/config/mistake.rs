//! What is wrong with a configuration file, where, and what was probably meant.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place in a text, both numbers beginning with 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// The place of this byte.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { line: before.matches('\n').count() + 1, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) at: Position,
    /// The setting, with the tables that it is in: `server.listen`. Empty for mistakes of form.
    pub(crate) key: String,
    /// What is wrong with it. It never repeats a text that could be a secret.
    pub(crate) problem: String,
}

impl Mistake {
    pub(super) fn new(text: &str, span: &Range<usize>, key: String, problem: impl Into<String>) -> Self {
        Self { at: Position::of(text, span.start), key, problem: problem.into() }
    }
}

/// Everything that is wrong with a file, in its order. Printed as one line each, as compilers do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistakes {
    pub(crate) file: PathBuf,
    pub(crate) list: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(file: &Path, mut list: Vec<Mistake>) -> Self {
        list.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        list.dedup();
        Self { file: file.to_owned(), list }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_mistakes = self.list.len();
        let noun = if n_mistakes == 1 { "mistake" } else { "mistakes" };
        write!(f, "{n_mistakes} {noun} in the configuration")?;
        for Mistake { at, key, problem } in &self.list {
            write!(f, "\n{}:{at}: ", self.file.display())?;
            if !key.is_empty() {
                write!(f, "`{key}` ")?;
            }
            f.write_str(problem)?;
        }
        Ok(())
    }
}

/// What serde says, as an operator reads it.
pub(super) enum Said {
    /// A member of this name is missing.
    Missing(String),
    /// There is no such member. With what it was probably meant to be.
    Unknown {
        problem: String,
        meant: Option<String>,
    },
    Other(String),
}

impl Said {
    /// serde gives texts alone; these are the forms of those that concern us.
    pub(super) fn of(message: &str) -> Self {
        let message = message.lines().next().unwrap_or_default();
        let quoted = quoted(message);
        match quoted.split_first() {
            Some((name, _)) if message.starts_with("missing field") => Self::Missing((*name).to_owned()),
            Some((name, known)) if message.starts_with("unknown field") => {
                let meant = nearest(name, known.iter().copied());
                let problem = match meant {
                    Some(meant) => format!("is no setting; did you mean `{meant}`?"),
                    None => format!("is no setting; here belong {}", listed(known)),
                };
                Self::Unknown { problem, meant: meant.map(str::to_owned) }
            }
            Some((name, known)) if message.starts_with("unknown variant") => {
                let meant = nearest(name, known.iter().copied());
                let meant = meant.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
                Self::Other(format!("is none of {}{meant}", listed(known)))
            }
            _ => Self::Other(without_texts(message)),
        }
    }
}

/// The words between backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// serde repeats what stands where another type belongs, and that may be a secret. What our own types say of a value
/// goes on from the setting's name.
fn without_texts(message: &str) -> String {
    if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        let expected = message.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
        let expected = match expected {
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => "a whole number",
            "f32" | "f64" => "a number",
            "a boolean" => "true or false",
            "a string" | "a borrowed string" => "a text in quotes",
            "a sequence" => "a list",
            other if other == "a map" || other.starts_with("struct ") => "a table",
            other => other,
        };
        return format!("should be {expected}");
    }
    let own = ["is ", "has ", "must "].iter().any(|verb| message.starts_with(verb));
    if own { message.to_owned() } else { format!("is wrong: {message}") }
}

/// The known name that is nearest to a misspelled one, where one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, but two always may: short names are misspelled too.
    let allowed = (name.chars().count() / 3).max(2);
    let distance = |candidate: &str| strsim::damerau_levenshtein(name, candidate);
    let near = known.into_iter().map(|candidate| (distance(candidate), candidate));
    near.filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters() {
        let text = "a = 1\n\u{e9}\u{e8} = 2\n";
        for (byte, line, column) in [(0, 1, 1), (4, 1, 5), (6, 2, 1), (10, 2, 3), (999, 3, 1)] {
            assert_eq!(Position::of(text, byte), Position { line, column }, "{byte}");
        }
    }

    #[test]
    fn finds_the_name_that_was_meant() {
        let known = ["listen", "max_body", "public_url"];
        for (name, expected) in [
            ("lsiten", Some("listen")),
            ("maxbody", Some("max_body")),
            ("url", None),
            ("publicurl", Some("public_url")),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }

    #[test]
    fn does_not_repeat_a_text_in_the_wrong_place() {
        let Said::Other(problem) = Said::of("invalid type: string \"hunter2, expected x\", expected u16") else {
            panic!("it is neither missing nor unknown");
        };
        assert_eq!(problem, "should be a whole number");
    }
}
