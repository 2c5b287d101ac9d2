//! `deskbell bench history`: a long history of a large helpdesk, for measuring imports and figures.
//!
//! Made as it is written: a year with a million tickets takes no more memory than the tickets that are open at a time.
//! The same seed gives the same bytes. It is no story to read (that is `deskbell simulate --history`): texts are short
//! and say nothing, but times, fields, replies, calls and ratings are spread as those of a helpdesk are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use deskbell_model::timestamp::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;

use crate::simulation::Dice;

mod day;
mod life;

/// Write a long history for `deskbell import`
#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// How many tickets it has
    #[arg(long, default_value_t = 100_000)]
    tickets: u64,
    /// Over how many days they are spread
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Its end
    #[arg(long, value_name = "TIME", default_value = "2026-07-01T00:00:00Z")]
    until: Timestamp,
    /// The same seed gives the same history
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where it is written; packed where the name ends in .gz; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// An event that waits for its turn: the earliest first, those of one instant in the order of being made.
type Waiting = Reverse<(Timestamp, u64, String)>;

/// Events in the order of their times.
struct History<'w> {
    out: &'w mut dyn Write,
    waiting: BinaryHeap<Waiting>,
    n_made: u64,
    n_written: u64,
    until: Timestamp,
}

pub(crate) fn write_history(args: &HistoryArgs) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", args.out.display());
    let bar = ProgressBar::new(args.tickets);
    let n_events = if args.out == Path::new("-") {
        make(args, &bar, &mut BufWriter::new(io::stdout().lock())).with_context(cannot)?
    } else {
        let file = BufWriter::with_capacity(1 << 18, File::create(&args.out).with_context(cannot)?);
        if args.out.extension().is_some_and(|extension| extension == "gz") {
            let mut packed = GzEncoder::new(file, Compression::fast());
            let n_events = make(args, &bar, &mut packed).with_context(cannot)?;
            packed.finish().and_then(|mut file| file.flush()).with_context(cannot)?;
            n_events
        } else {
            let mut file = file;
            make(args, &bar, &mut file).with_context(cannot)?
        }
    };
    bar.finish_and_clear();
    eprintln!("{n_events} events of {} tickets", args.tickets);
    Ok(())
}

fn make(args: &HistoryArgs, bar: &ProgressBar, out: &mut dyn Write) -> io::Result<u64> {
    let from = args.until.plus_seconds(-i64::from(args.days) * 86_400);
    let mut history = History { out, waiting: BinaryHeap::new(), n_made: 0, n_written: 0, until: args.until };
    let mut dice = Dice::new(args.seed);
    for day in 0..i64::from(args.days) {
        let begins = from.plus_seconds(day * 86_400);
        day::routine(&mut history, &mut dice, begins, day);
        for (number, created_at) in day::tickets(args, &mut dice, begins, day) {
            history.write_until(created_at)?;
            life::live(&mut history, &mut dice, number, created_at);
            bar.inc(1);
        }
    }
    history.write_until(Timestamp::from_micros(i64::MAX))?;
    history.out.flush()?;
    Ok(history.n_written)
}

impl History<'_> {
    /// Adds an event, unless it lies beyond the history's end. `data` is JSON.
    fn add(&mut self, kind: &str, subject: Option<&str>, at: Timestamp, data: &str) {
        if at >= self.until {
            return;
        }
        self.n_made += 1;
        let n = self.n_made;
        let mut line = String::with_capacity(data.len() + 160);
        // Writing to a text cannot fail.
        let _ = write!(line, r#"{{"specversion":"1.0","id":"e{n}","source":"bench","type":"deskbell.{kind}""#);
        if let Some(subject) = subject {
            let _ = write!(line, r#","subject":"{subject}""#);
        }
        let _ = writeln!(line, r#","time":"{at}","data":{data}}}"#);
        self.waiting.push(Reverse((at, n, line)));
    }

    /// Writes what lies before `at`: nothing that comes later is older.
    fn write_until(&mut self, at: Timestamp) -> io::Result<()> {
        while self.waiting.peek().is_some_and(|Reverse((time, ..))| *time < at) {
            if let Some(Reverse((.., line))) = self.waiting.pop() {
                self.out.write_all(line.as_bytes())?;
                self.n_written += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use deskbell_model::event::Event;

    use super::*;

    fn history(seed: u64) -> Vec<u8> {
        let until = "2026-07-01T00:00:00Z".parse().unwrap();
        let args = HistoryArgs { tickets: 500, days: 90, until, seed, out: PathBuf::from("-") };
        let mut out = Vec::new();
        make(&args, &ProgressBar::hidden(), &mut out).unwrap();
        out
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(history(1), history(1));
        assert_ne!(history(1), history(2));
    }

    #[test]
    fn every_line_is_a_canonical_event_in_the_order_of_time() {
        let text = history(3);
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events: Vec<Event> = lines.map(|line| Event::from_json(line).unwrap()).collect();
        assert!(events.is_sorted_by_key(|event| event.time));
        let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids.len(), events.len());
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &events {
            *counts.entry(event.short_kind()).or_default() += 1;
        }
        assert_eq!(counts["ticket.created"], 500);
        // Shifts and searches are as many a day, however few tickets there are.
        let is_daily =
            |event: &&Event| ["agent.", "knowledge."].iter().any(|kind| event.short_kind().starts_with(kind));
        let n_of_tickets = events.len() - events.iter().filter(is_daily).count();
        assert!((3000..6500).contains(&n_of_tickets), "{counts:?}");
        for kind in
            ["ticket.merged", "rating.submitted", "work.logged", "agent.shift", "knowledge.viewed", "cost.recorded"]
        {
            assert!(counts.contains_key(kind), "{kind}: {counts:?}");
        }
    }
}
