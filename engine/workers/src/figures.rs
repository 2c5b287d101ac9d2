//! Figures of a period: everything is read as of one instant and added up while it is read.
//!
//! Each reader has a connection and a thread of its own, so that arithmetic does not hold up whoever else is served.
//! Tickets go by the numbers of their lanes here: no two are the same, and no name has to be looked up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deskbell_model::activity::Activity;
use deskbell_model::kpi::report::Surge;
use deskbell_model::kpi::{Activities, Options, Ready, Report, Settings, Tickets, Watch};
use deskbell_store::Store;
use deskbell_store::figures::{READERS, Reader, Reading, Scope, StoredActivity, Stretch};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] deskbell_store::Error),
    #[error("there is no source '{name}'; there are {known}")]
    NoSource { name: String, known: String },
    #[error("the computation of the figures broke off")]
    BrokeOff(#[from] tokio::task::JoinError),
}

/// The figures that are asked for.
pub async fn report(store: &Store, options: Options, settings: Settings) -> Result<Report, Error> {
    let source_id = match &options.source {
        Some(name) => Some(source_id(store, name).await?),
        None => None,
    };
    let scope = Scope { source_id, from: options.from, to: options.to };
    let reading = store.read_figures(scope).await?;
    let handle = Handle::current();
    let (mut reading, ready) =
        spawn_blocking(move || handle.block_on(activities(reading, Activities::new(options, settings)))).await??;
    let (mut tickets, unreadable) = stored_tickets(&reading, &ready).await?;
    let names = reading.names();
    let mut broken = None;
    let add = |lane_id: i64, source_id, facts: &_| {
        let Some(source) = names.get(&source_id) else { return };
        if tickets.add_facts(source, &lane_id.to_string(), facts).is_err() {
            broken = Some(lane_id);
        }
    };
    reading.folded(&unreadable, add).await?;
    if let Some(lane_id) = broken {
        return Err(inconsistent("ticket_fact", lane_id).into());
    }
    drop(reading);
    let report = spawn_blocking(move || tickets.finish()).await?;
    // Giving back what was kept for so many tickets takes a while, and nobody has to wait for it.
    drop(std::thread::spawn(move || drop(ready)));
    Ok(report)
}

/// The first tickets of a source that are looked at for one that is not gone since.
const N_FIRST: i64 = 100;

/// The surges of a source in the hours that are watched.
pub async fn surges(store: &Store, source_id: i32, watch: Watch, settings: Settings) -> Result<Vec<Surge>, Error> {
    let Watch { options, stretches } = watch;
    let source = options.source.clone().unwrap_or_default();
    let recent = store.facts_created(source_id, &[(options.from, options.to)]).await?;
    if (recent.len() as u64) < Watch::LEAST {
        return Ok(Vec::new());
    }
    let mut stored = store.facts_created(source_id, &stretches).await?;
    stored.append(&mut store.facts_of_first(source_id, N_FIRST).await?);
    let ready = Activities::new(options, settings).ready();
    let of_source = source.clone();
    let (mut tickets, unreadable) = spawn_blocking(move || {
        let mut tickets = Tickets::new(&ready);
        stored.retain(|lane_id, facts| tickets.add(&of_source, &lane_id.to_string(), facts).is_err());
        (tickets, stored.into_keys().collect::<Vec<_>>())
    })
    .await?;
    for ticket in store.facts_of(&unreadable).await? {
        if tickets.add_facts(&source, &ticket.lane_id.to_string(), &ticket.facts).is_err() {
            return Err(inconsistent("ticket_fact", ticket.lane_id).into());
        }
    }
    Ok(spawn_blocking(move || tickets.finish()).await?.figures.surges)
}

async fn source_id(store: &Store, name: &str) -> Result<i32, Error> {
    let sources = store.sources().await?;
    let found = sources.iter().find(|source| source.name == name).map(|source| source.source_id);
    found.ok_or_else(|| {
        let known = sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
        Error::NoSource { name: name.to_owned(), known }
    })
}

async fn activities(mut reading: Reading, mut activities: Activities) -> Result<(Reading, Arc<Ready>), Error> {
    let names = reading.names();
    let mut unreadable = None;
    reading
        .activities(|stored| {
            let Some(source) = names.get(&stored.source_id) else { return };
            if add_activity(&mut activities, source, stored).is_none() {
                unreadable = Some(stored.event_id);
            }
        })
        .await?;
    match unreadable {
        Some(event_id) => Err(inconsistent("activity", event_id).into()),
        None => Ok((reading, activities.ready())),
    }
}

fn inconsistent(table: &'static str, row: i64) -> deskbell_store::Error {
    let problem = "it does not read back; another version has written it".to_owned();
    deskbell_store::Error::Inconsistent { table, row: row.to_string(), problem }
}

fn add_activity(activities: &mut Activities, source: &str, stored: StoredActivity<'_>) -> Option<()> {
    let lane = stored.lane_id.to_string();
    let mut activity = Activity::view(stored.data).ok()?;
    if let Activity::Interaction { ticket: Some(ticket), .. }
    | Activity::Work { ticket: Some(ticket), .. }
    | Activity::Rating { ticket: Some(ticket), .. } = &mut activity
    {
        *ticket = &lane;
    }
    activities.add(source, &activity);
    Some(())
}

/// Adds up the stored tickets; and the lanes of those whose facts are of another form.
async fn stored_tickets(reading: &Reading, ready: &Arc<Ready>) -> Result<(Tickets, Vec<i64>), Error> {
    let stretches: Arc<[Stretch]> = reading.fact_stretches().into();
    let next = Arc::new(AtomicUsize::new(0));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut parts = Vec::new();
    for _ in 0..cores.clamp(2, READERS as usize).min(stretches.len()) {
        let part = Part {
            reader: reading.reader().await?,
            names: reading.names(),
            stretches: Arc::clone(&stretches),
            next: Arc::clone(&next),
            tickets: Tickets::new(ready),
            unreadable: Vec::new(),
        };
        let handle = Handle::current();
        parts.push(spawn_blocking(move || handle.block_on(part.read())));
    }
    let (mut tickets, mut unreadable) = (Tickets::new(ready), Vec::new());
    for part in parts {
        let mut part = part.await??;
        tickets.merge(part.tickets);
        unreadable.append(&mut part.unreadable);
    }
    Ok((tickets, unreadable))
}

/// What one reader has come to.
struct Part {
    reader: Reader,
    names: Arc<BTreeMap<i32, String>>,
    stretches: Arc<[Stretch]>,
    /// The next stretch that nobody reads yet.
    next: Arc<AtomicUsize>,
    tickets: Tickets,
    unreadable: Vec<i64>,
}

impl Part {
    async fn read(mut self) -> Result<Self, Error> {
        let stretches = Arc::clone(&self.stretches);
        let mut lane = String::new();
        while let Some(stretch) = stretches.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let (names, tickets, unreadable) = (&self.names, &mut self.tickets, &mut self.unreadable);
            self.reader
                .facts(stretch, |stored| {
                    let Some(source) = names.get(&stored.source_id) else { return };
                    lane.clear();
                    // Writing to a text cannot fail.
                    let _ = write!(lane, "{}", stored.lane_id);
                    if tickets.add(source, &lane, stored.facts).is_err() {
                        unreadable.push(stored.lane_id);
                    }
                })
                .await?;
        }
        Ok(self)
    }
}
