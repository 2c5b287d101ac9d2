//! `deskbell calendar`: arithmetic with business calendars. It needs no database.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use deskbell_model::calendar::amount::Amount;
use deskbell_model::calendar::{self, Book, Calendar, region};
use deskbell_model::timestamp::Timestamp;
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::{self, Rows};
use crate::commands::{WrongUse, configuration};
use crate::wiring;

const MICROS: i64 = 1_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the working seconds between two instants.
    Between {
        /// A calendar of the configuration, `always` or `default`.
        name: String,
        /// RFC 3339, such as 2026-01-05T08:00:00Z.
        from: Timestamp,
        to: Timestamp,
    },
    /// Print the instant by which so much working time has passed.
    Add {
        /// A calendar of the configuration, `always` or `default`.
        name: String,
        /// RFC 3339, such as 2026-01-05T08:00:00Z.
        start: Timestamp,
        /// Working time such as 90m or 1h30m, or business days such as 2bd.
        duration: Amount,
    },
    /// Print the public holidays that `holiday_region` would close.
    Holidays {
        /// A country or its subdivision, such as DE or DE-BE.
        region: String,
        year: i32,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Answer a file of cases, one JSON object a line.
    Batch {
        /// The file; `-` is standard input.
        file: PathBuf,
    },
}

pub(crate) fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    if let Command::Holidays { region, year, format } = &arguments.command {
        return holidays(region, *year, *format);
    }
    let book = wiring::calendars(&configuration(common)?)?;
    match arguments.command {
        Command::Between { name, from, to } => {
            let micros = named(&book, &name)?.between(from, to)?;
            output::line(&micros.div_euclid(MICROS).to_string())
        }
        Command::Add { name, start, duration } => output::line(&named(&book, &name)?.add(start, duration)?.to_string()),
        Command::Batch { file } => answer_lines(&file, |line| calendar::batch_line(&book, line)),
        Command::Holidays { .. } => Ok(()),
    }
}

fn named<'a>(book: &'a Book, name: &str) -> anyhow::Result<&'a Arc<Calendar>> {
    book.get(name).ok_or_else(|| {
        let known: Vec<&str> = book.names().collect();
        WrongUse(format!(
            "there is no calendar '{name}'; the calendars are {} (more with [calendars.NAME] in the configuration)",
            known.join(", ")
        ))
        .into()
    })
}

fn holidays(region: &str, year: i32, format: Format) -> anyhow::Result<()> {
    let mut rows = Rows::new(["date", "name"]);
    for holiday in region::holidays(region, year)? {
        rows.push([json!(holiday.date.to_string()), json!(holiday.name)]);
    }
    rows.print(format)
}

/// Prints an answer for each line of a file, `-` being standard input, in its order; none for a line without one. Whoever
/// asks through a pipe gets each answer before the next question.
pub(crate) fn answer_lines(file: &Path, answer: impl Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    let stdout = io::stdout().lock();
    let done = if file == Path::new("-") {
        answer_each(io::stdin().lock(), stdout, answer)
    } else {
        let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        answer_each(BufReader::new(opened), BufWriter::new(stdout), answer)
    };
    match done {
        // A reader that has gone away ends the command in peace.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.with_context(|| format!("{} was not answered to its end", file.display())),
    }
}

fn answer_each(
    mut questions: impl BufRead,
    mut answers: impl Write,
    answer: impl Fn(&str) -> Option<String>,
) -> io::Result<()> {
    let mut line = Vec::new();
    while questions.read_until(b'\n', &mut line)? > 0 {
        // What is no text is no case, which the answer says.
        if let Some(answer) = answer(&String::from_utf8_lossy(&line)) {
            writeln!(answers, "{answer}")?;
        }
        line.clear();
    }
    answers.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_line_by_line_and_skips_what_has_no_answer() {
        let questions = b"one\n\n\xff\nlast" as &[u8];
        let mut answers = Vec::new();
        let echo = |line: &str| (!line.trim().is_empty()).then(|| format!("<{}>", line.trim()));
        answer_each(questions, &mut answers, echo).unwrap();
        assert_eq!(String::from_utf8(answers).unwrap(), "<one>\n<\u{fffd}>\n<last>\n");
    }

    #[test]
    fn tells_which_calendars_there_are() {
        let book = Book::default();
        assert!(named(&book, "always").is_ok());
        let error = named(&book, "berlin").unwrap_err();
        assert!(error.to_string().contains("always, default"), "{error}");
        assert_eq!(crate::commands::exit_code(&error), 2);
    }
}
