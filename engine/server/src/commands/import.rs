//! `deskbell import`: history into state, facts and clocks. It runs no plugin and sends nothing.
//!
//! It can be interrupted and started again: what is there already is a duplicate and changes nothing.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use deskbell_model::event::{Data, Event};
use deskbell_model::facts::Facts;
use deskbell_store::Store;
use deskbell_store::import::Imported;
use deskbell_workers::decision::deferred::new_event;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::levels::Levels;
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::cli::{Common, Format};
use crate::commands::{configuration, output, with_store};
use crate::service_levels;

/// Events of one transaction. A ticket is written once for all of its events in it, so many are cheaper than few; yet others
/// wait for its lanes that long.
const BATCH: usize = 10_000;
/// Of the rejected lines so many are told.
const MAX_TOLD: usize = 1000;
/// A longer line is rejected unread.
const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Canonical events, one a line; `.gz` too; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What came of an import.
#[derive(Debug, Default)]
struct Report {
    n_lines: u64,
    n_accepted: u64,
    n_duplicates: u64,
    n_unknown: u64,
    n_blank: u64,
    n_rejected: u64,
    rejected: Vec<(u64, String, String)>,
}

impl Report {
    /// Notes that the line read last is no event.
    fn reject(&mut self, (member, problem): Rejection) {
        self.n_rejected += 1;
        if self.rejected.len() < MAX_TOLD {
            self.rejected.push((self.n_lines, member, problem));
        }
    }
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    // Policies and calendars say when an imported ticket's clocks wake it.
    let config = configuration(common)?;
    let (reader, bar) = open(&arguments.file)?;
    let report = with_store(common, async |store| {
        let levels = service_levels::levels(&config, &store, SystemClock.now()).await?;
        read_all(&store, reader, &bar, &levels).await
    })
    .await?;
    bar.finish_and_clear();
    print(&report, arguments.format)
}

fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead + Send>, ProgressBar)> {
    let style = ProgressStyle::with_template("{bar:30} {percent}% {msg} {elapsed} (about {eta} to go)")?;
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(std::io::stdin())), ProgressBar::no_length()));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bar =
        ProgressBar::with_draw_target(Some(file.metadata()?.len()), ProgressDrawTarget::stderr()).with_style(style);
    // Progress is that through the file as it lies on disk, packed or not.
    let mut counted = BufReader::with_capacity(1 << 16, bar.wrap_read(file));
    let packed = counted.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn BufRead + Send> = if packed {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(counted)))
    } else {
        Box::new(counted)
    };
    Ok((reader, bar))
}

/// Events that lie one after the other.
struct Batch {
    events: Vec<Imported>,
    /// How many lines had been read by its end.
    n_lines: u64,
}

/// The next batch is read while the database takes one.
async fn read_all(
    store: &Store,
    reader: Box<dyn BufRead + Send>,
    bar: &ProgressBar,
    levels: &Levels,
) -> anyhow::Result<Report> {
    store.make_partitions(SystemClock.now(), 1).await?;
    let (sender, mut batches) = mpsc::channel(1);
    let lines = Lines { reader, store: store.clone(), sources: HashMap::new(), report: Report::default() };
    let lines = spawn_blocking(move || lines.read(&sender));
    let mut taken = Report::default();
    while let Some(batch) = batches.recv().await {
        flush(store, levels, &batch, &mut taken).await?;
        bar.set_message(format!("{} events", taken.n_accepted));
    }
    let Report { n_accepted, n_duplicates, n_unknown, .. } = taken;
    Ok(Report { n_accepted, n_duplicates, n_unknown, ..lines.await?? })
}

/// The file while it is read.
struct Lines {
    reader: Box<dyn BufRead + Send>,
    store: Store,
    sources: HashMap<String, i32>,
    report: Report,
}

impl Lines {
    /// Reads to the end, or until nobody takes the batches any more.
    fn read(mut self, batches: &mpsc::Sender<Batch>) -> anyhow::Result<Report> {
        let mut line = Vec::new();
        let mut events = Vec::with_capacity(BATCH);
        while self.next(&mut line)? {
            events.extend(self.event(&line)?);
            if events.len() >= BATCH {
                let events = std::mem::replace(&mut events, Vec::with_capacity(BATCH));
                if batches.blocking_send(Batch { events, n_lines: self.report.n_lines }).is_err() {
                    return Ok(self.report);
                }
            }
        }
        // Where nobody takes it, what went wrong is told there.
        let _ = batches.blocking_send(Batch { events, n_lines: self.report.n_lines });
        Ok(self.report)
    }

    /// Reads the next line that is not too long; false at the end.
    fn next(&mut self, line: &mut Vec<u8>) -> anyhow::Result<bool> {
        loop {
            line.clear();
            let n_lines = self.report.n_lines;
            let broken = || format!("the file breaks off after line {n_lines}");
            // With room for the line break.
            let most = MAX_LINE_BYTES as u64 + 1;
            let n_read = (&mut self.reader).take(most).read_until(b'\n', line).with_context(broken)?;
            if n_read == 0 {
                return Ok(false);
            }
            self.report.n_lines += 1;
            if line.len() <= MAX_LINE_BYTES || line.ends_with(b"\n") {
                return Ok(true);
            }
            self.reader.skip_until(b'\n').with_context(broken)?;
            self.report.reject(("(line)".to_owned(), format!("is longer than {MAX_LINE_BYTES} bytes")));
        }
    }

    fn event(&mut self, line: &[u8]) -> anyhow::Result<Option<Imported>> {
        match read_line(line) {
            None => self.report.n_blank += 1,
            Some(Err(rejection)) => self.report.reject(rejection),
            Some(Ok((event, data))) => {
                let source_id = self.source(&event.source)?;
                let new = new_event(&event, source_id, data);
                return Ok(Some(Imported { source_id, event, new }));
            }
        }
        Ok(None)
    }

    fn source(&mut self, name: &str) -> anyhow::Result<i32> {
        if let Some(source_id) = self.sources.get(name) {
            return Ok(*source_id);
        }
        let source_id = Handle::current().block_on(self.store.source(name))?;
        self.sources.insert(name.to_owned(), source_id);
        Ok(source_id)
    }
}

type Rejection = (String, String);

/// An event and its data as JSON text; nothing for a blank line.
fn read_line(line: &[u8]) -> Option<Result<(Event, String), Rejection>> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    let read = || {
        let mut value: Value =
            serde_json::from_slice(line).map_err(|error| ("(json)".to_owned(), format!("is no JSON: {error}")))?;
        let event = Event::from_value(&value).map_err(|rejected| (rejected.member, rejected.problem))?;
        let data = value.get_mut("data").map_or_else(|| json!({}), Value::take);
        Ok((event, data.to_string()))
    };
    Some(read())
}

async fn flush(store: &Store, levels: &Levels, batch: &Batch, taken: &mut Report) -> anyhow::Result<()> {
    let events = &batch.events;
    let now = SystemClock.now();
    let next_clock = |source_id: i32, source: &str, facts: &Facts| levels.next_clock(source_id, source, facts, now);
    let added = store.import(events, now, &next_clock).await.with_context(|| {
        format!("the database did not take the events before line {}; what was taken before stays, start the import again to go on", batch.n_lines)
    })?;
    let n_unknown =
        added.iter().filter(|place| events.get(**place).is_some_and(|e| e.event.data == Data::Unknown)).count();
    taken.n_unknown += n_unknown as u64;
    taken.n_accepted += (added.len() - n_unknown) as u64;
    taken.n_duplicates += (events.len() - added.len()) as u64;
    Ok(())
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let rejected: Vec<Value> = report
                .rejected
                .iter()
                .map(|(line, member, problem)| json!({ "line": line, "member": member, "problem": problem }))
                .collect();
            let report = json!({ "lines": report.n_lines, "accepted": report.n_accepted, "duplicates": report.n_duplicates,
                "unknown_types": report.n_unknown, "blank": report.n_blank, "n_rejected": report.n_rejected, "rejected": rejected });
            output::line(&serde_json::to_string_pretty(&report)?)
        }
        Format::Table | Format::Csv => {
            for (line, member, problem) in &report.rejected {
                output::line(&format!("line {line}: {member} {problem}"))?;
            }
            let n_more = report.n_rejected - report.rejected.len() as u64;
            if n_more > 0 {
                output::line(&format!("and {n_more} more"))?;
            }
            output::line(&format!(
                "{} lines: {} events accepted, {} duplicates, {} of unknown types, {} blank, {} rejected",
                report.n_lines,
                report.n_accepted,
                report.n_duplicates,
                report.n_unknown,
                report.n_blank,
                report.n_rejected
            ))
        }
    }
}
