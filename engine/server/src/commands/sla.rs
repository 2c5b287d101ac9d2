//! `deskbell sla`: the service level clocks of all tickets, as of any instant. It needs no running engine.

use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::sync::Arc;

use anyhow::bail;
use deskbell_model::sla::explain::{Reckoning, Stretch};
use deskbell_model::sla::{Clock, Clocks, Editions, Kind, Outcome, Row, row};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use deskbell_store::fact::TicketFacts;
use deskbell_workers::engine::{Clock as _, SystemClock};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::{self, Rows};
use crate::commands::{WrongUse, configuration, with_store};
use crate::service_levels::editions;

/// Tickets read at a time.
const PAGE: i64 = 5000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// As of this instant (absent: now).
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Of this ticket alone.
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,
    /// Of this source alone.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Also tell how each clock came to stand as it does; with --ticket.
    #[arg(long, requires = "ticket")]
    explain: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let at = arguments.at.unwrap_or_else(|| SystemClock.now());
    if arguments.explain && arguments.format == Format::Csv {
        return Err(WrongUse("--explain prints a table or JSON".to_owned()).into());
    }
    let source = arguments.source.as_deref();
    let Some(ticket) = arguments.ticket.as_deref() else {
        let rows = with_store(common, async |store| {
            let editions = editions(&config, &store, at).await?;
            all(&store, &editions, source, at).await
        })
        .await?;
        return print(&rows, arguments.format);
    };
    let (tickets, editions) = with_store(common, async |store| {
        Ok((found(&store, ticket, source).await?, editions(&config, &store, at).await?))
    })
    .await?;
    if arguments.explain {
        return explain(&tickets, &editions, at, arguments.format);
    }
    print(&sorted(rows_of(&tickets, &editions, at)), arguments.format)
}

/// The clocks of all tickets. While the clocks of some are computed, the next ones are read.
async fn all(store: &Store, editions: &Arc<Editions>, source: Option<&str>, at: Timestamp) -> anyhow::Result<Vec<Row>> {
    let source_id = match source {
        Some(name) => Some(source_id(store, name).await?),
        None => None,
    };
    let bar = ProgressBar::new_spinner();
    let mut rows = Vec::new();
    let mut n_tickets = 0;
    let mut page = Some(store.facts_page(0, source_id, PAGE).await?);
    while let Some(read) = page.take() {
        n_tickets += read.tickets.len();
        let (editions, next) = (Arc::clone(editions), read.next);
        let computing = tokio::task::spawn_blocking(move || rows_of(&read.tickets, &editions, at));
        if let Some(after) = next {
            page = Some(store.facts_page(after, source_id, PAGE).await?);
        }
        rows.append(&mut computing.await?);
        bar.set_message(format!("{n_tickets} tickets"));
        bar.tick();
    }
    bar.finish_and_clear();
    Ok(sorted(rows))
}

async fn source_id(store: &Store, name: &str) -> anyhow::Result<i32> {
    let sources = store.sources().await?;
    match sources.iter().find(|source| source.name == name) {
        Some(source) => Ok(source.source_id),
        None => bail!(
            "there is no source '{name}'; there are {}",
            sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The facts of the tickets with this id: one for each source that has it.
async fn found(store: &Store, ticket: &str, source: Option<&str>) -> anyhow::Result<Vec<TicketFacts>> {
    let lanes = store.find_ticket(ticket, source).await?;
    if lanes.is_empty() {
        let at = source.map(|source| format!(" of source '{source}'")).unwrap_or_default();
        bail!("there is no ticket '{ticket}'{at}; ids are those of the helpdesk");
    }
    let lanes: Vec<i64> = lanes.iter().map(|(lane_id, ..)| *lane_id).collect();
    let mut found = store.facts_of(&lanes).await?;
    found.sort_by(|one, other| one.source.cmp(&other.source));
    Ok(found)
}

fn rows_of(tickets: &[TicketFacts], editions: &Editions, at: Timestamp) -> Vec<Row> {
    let of = |ticket: &TicketFacts| {
        let clocks = editions.clocks(&ticket.source, &ticket.facts, at);
        row::rows(&ticket.source, &ticket.ticket, &clocks)
    };
    tickets.iter().flat_map(of).collect()
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    row::sort(&mut rows);
    rows
}

fn print(rows: &[Row], format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        return print_json(rows);
    }
    let mut table = Rows::new([
        "source",
        "ticket",
        "metric",
        "cycle",
        "policy",
        "target",
        "state",
        "started at",
        "due at",
        "ended at",
        "counted seconds",
        "warnings",
    ]);
    for row in rows {
        table.push([
            json!(row.source),
            json!(row.ticket),
            json!(row.metric),
            json!(row.cycle),
            json!(row.policy),
            json!(row.target),
            json!(row.state),
            json!(row.started_at),
            json!(row.due_at),
            json!(row.ended_at),
            json!(row.counted_seconds),
            json!(row.warnings),
        ]);
    }
    table.print(format)
}

/// A list with one object a line: it can be long.
fn print_json(rows: &[Row]) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut write = || -> io::Result<()> {
        out.write_all(b"[")?;
        for (place, row) in rows.iter().enumerate() {
            out.write_all(if place == 0 { b"\n  " } else { b",\n  " })?;
            serde_json::to_writer(&mut out, row)?;
        }
        out.write_all(if rows.is_empty() { b"]\n" } else { b"\n]\n" })?;
        out.flush()
    };
    match write() {
        // A reader that has gone away ends the command in peace.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// A clock with how it came about.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    row: Row,
    reckonings: &'a [Reckoning],
    stretches: &'a [Stretch],
    outcomes: &'a [Outcome],
}

/// How the clocks of a ticket came about: each stretch of their time, each due time, each outcome.
fn explain(tickets: &[TicketFacts], editions: &Editions, at: Timestamp, format: Format) -> anyhow::Result<()> {
    let clocks_of = |ticket: &TicketFacts| editions.clocks(&ticket.source, &ticket.facts, at);
    let all: Vec<Clocks> = tickets.iter().map(clocks_of).collect();
    let mut explained = Vec::new();
    for (ticket, clocks) in tickets.iter().zip(&all) {
        for row in sorted(row::rows(&ticket.source, &ticket.ticket, clocks)) {
            let same = |clock: &&Clock| (clock.metric(), clock.cycle()) == (row.metric, row.cycle);
            let Some(clock) = clocks.listed().find(same) else {
                continue;
            };
            explained.push((row, clock));
        }
    }
    if format != Format::Json {
        return explained.iter().try_for_each(|(row, clock)| tell(row, clock));
    }
    let explained = explained.into_iter().map(|(row, clock)| Explained {
        row,
        reckonings: clock.reckonings(),
        stretches: clock.stretches(),
        outcomes: clock.outcomes(),
    });
    output::line(&serde_json::to_string_pretty(&explained.collect::<Vec<_>>())?)
}

fn tell(row: &Row, clock: &Clock) -> anyhow::Result<()> {
    let Row { source, ticket, metric, cycle, state, .. } = row;
    output::line(&format!("{} of ticket {ticket} ({source}), cycle {cycle}: {}", metric.as_str(), state.as_str()))?;
    for reckoning in clock.reckonings() {
        output::line(&format!("  {reckoning}"))?;
    }
    for stretch in clock.stretches() {
        output::line(&format!("  {stretch}"))?;
    }
    for outcome in clock.outcomes() {
        let which = outcome.warning.as_deref().map(|at| format!(" ({at})")).unwrap_or_default();
        output::line(&format!("  {}: {}{which}", outcome.at, word(outcome.kind)))?;
    }
    Ok(())
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Warning => "warning",
        Kind::Breached => "breached",
        Kind::Met => "met",
        Kind::BreachedMet => "met after the breach",
        Kind::Cancelled => "cancelled",
    }
}
