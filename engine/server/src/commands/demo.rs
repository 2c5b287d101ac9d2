//! `deskbell demo`: an engine, its private database and a simulated helpdesk, so that a newcomer sees it all work.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use deskbell_model::event::Event;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use deskbell_store::import::Imported;
use deskbell_workers::decision::deferred::new_event;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::report::make;
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::cli::Common;
use crate::commands::output::line;
use crate::commands::report;
use crate::commands::serve::{Requests, Running};
use crate::commands::{close, open};
use crate::config::{self, Config};
use crate::simulation::{Options, Past, Simulation, history};
use crate::wiring;

const CONFIG: &str = include_str!("demo.toml");
const SOURCE: &str = "demo";
/// The report of the demo's configuration.
const REPORT: &str = "weekly";
/// Events imported in one transaction.
const BATCH: usize = 2000;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the engine listens.
    #[arg(long, default_value = "127.0.0.1:8484")]
    listen: SocketAddr,
    /// Where the simulated helpdesk listens.
    #[arg(long, default_value = "127.0.0.1:8585")]
    helpdesk: SocketAddr,
    /// How many tickets come in a minute.
    #[arg(long, default_value_t = 12.0)]
    tickets_per_minute: f64,
    /// Days of history to begin with.
    #[arg(long, default_value_t = 28)]
    history_days: u32,
    /// Stop by itself after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    let (store, database) = open(common).await?;
    let done = play(common, &arguments, &store).await;
    close(store, database).await;
    done
}

async fn play(common: &Common, arguments: &Arguments, store: &Store) -> anyhow::Result<()> {
    let secret = secret(&common.data_dir.join("demo.secret"))?;
    let file = common.data_dir.join("demo.toml");
    let text = CONFIG
        .replace("@LISTEN@", &arguments.listen.to_string())
        .replace("@CALLBACK@", &format!("http://{}/actions", arguments.helpdesk))
        .replace("@CALLBACK_HOST@", &arguments.helpdesk.to_string());
    fs::write(&file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    let config = Config::parse(&text, &file).map_err(config::Error::Mistakes)?;
    // Before history is loaded for minutes, only to find that something else is there.
    for address in [arguments.listen, arguments.helpdesk] {
        drop(TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; is another demo running? See --listen and --helpdesk")
        })?);
    }
    let past = Past {
        days: arguments.history_days,
        until: SystemClock.now(),
        seed: 7,
        source: SOURCE.to_owned(),
        tickets_per_day: 60.0,
    };
    // A second demo goes on where the first one ended: another history would land on the same tickets.
    let is_first = store.sources().await?.iter().all(|source| source.name != SOURCE);
    let mut desk = None;
    if is_first && arguments.history_days > 0 {
        let (lines, left) = history(&past);
        eprintln!("Loading {} days of history: {} events ...", arguments.history_days, lines.len());
        import(store, &lines).await?;
        desk = Some(left);
    }
    eprintln!("Starting the engine (the first start compiles the plugins) ...");
    let running = Running::start(&config, store.clone(), &common.data_dir, arguments.listen).await?;
    file_report(common, &config, store).await;
    let helpdesk = Simulation::start(Options {
        listen: arguments.helpdesk,
        hook_url: format!("http://{}/hooks/{SOURCE}", running.address),
        source: Some(SOURCE.to_owned()),
        secret,
        seed: u64::from(std::process::id()),
        tickets_per_minute: arguments.tickets_per_minute,
        desk,
    })
    .await;
    let told = match helpdesk {
        Ok(helpdesk) => {
            let mut requests = Requests::listen();
            introduce(common, running.address, helpdesk.address)?;
            let told = tokio::select! {
                told = tell(store) => told,
                () = requests.next() => Ok(()),
                () = after(arguments.seconds) => Ok(()),
            };
            eprintln!("Stopping ...");
            helpdesk.stop().await;
            told
        }
        Err(error) => Err(error.into()),
    };
    running.stop().await;
    told
}

/// The weekly report over the history, as files.
async fn file_report(common: &Common, config: &Config, store: &Store) {
    let made = async {
        let (workshop, report) = wiring::reports::one(config, store.clone(), &common.data_dir, REPORT).await?;
        let made = make(&workshop, &report, None, SystemClock.now()).await?;
        let folder = common.data_dir.join("reports");
        report::write(&made, &folder, REPORT)?;
        anyhow::Ok(folder)
    };
    match made.await {
        Ok(folder) => eprintln!("A report on last week lies in {0}: {0}/{REPORT}.html, .pdf, .csv", folder.display()),
        Err(error) => eprintln!("The report on last week could not be made: {error:#}"),
    }
}

async fn after(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// The demo's secret, made at its first start.
fn secret(file: &Path) -> anyhow::Result<SecretString> {
    if let Ok(text) = fs::read_to_string(file) {
        return Ok(SecretString::from(text.trim().to_owned()));
    }
    let mut random = [0; 24];
    getrandom::fill(&mut random).context("the system gives no random numbers")?;
    let text = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(random));
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    created
        .and_then(|mut file| writeln!(file, "{text}"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(SecretString::from(text))
}

async fn import(store: &Store, lines: &[String]) -> anyhow::Result<()> {
    store.make_partitions(SystemClock.now(), 1).await?;
    let source_id = store.source(SOURCE).await?;
    for lines in lines.chunks(BATCH) {
        let mut batch = Vec::with_capacity(lines.len());
        for line in lines {
            let event = Event::from_json(line.as_bytes())?;
            let data: Value = serde_json::from_str(line)?;
            let new = new_event(&event, source_id, data["data"].to_string());
            batch.push(Imported { source_id, event, new });
        }
        // The engine, which starts next, looks at every open ticket's clocks.
        store.import(&batch, SystemClock.now(), &|_, _, _| None).await?;
    }
    Ok(())
}

fn introduce(common: &Common, engine: SocketAddr, helpdesk: SocketAddr) -> anyhow::Result<()> {
    let mut options = String::new();
    if common.data_dir != Path::new("deskbell-data") {
        options = format!(" --data-dir {}", common.data_dir.display());
    }
    let config = common.data_dir.join("demo.toml");
    let config = config.display();
    line(&format!(
        "
The engine listens on http://{engine}, a simulated helpdesk on http://{helpdesk}.
Its customers write, the engine's plugins decide, and the decisions are written back to it.

Try, in another terminal, while this runs:
  deskbell{options} --config {config} explain TICKET            a ticket's whole story; the ids are below
  deskbell{options} plugin logs                          what the plugins were called for and decided
  deskbell{options} plugin list                          what ships
  deskbell{options} sla --config {config} --source {SOURCE}    the tickets' service level clocks
  curl http://{engine}/metrics                           figures for Prometheus
  curl -X POST http://{helpdesk}/faults -H 'content-type: application/json' \\
       -d '{{\"kind\": \"down\", \"seconds\": 20}}'            the helpdesk is down: actions wait and nothing is lost
  curl -X POST http://{helpdesk}/tickets -H 'content-type: application/json' \\
       -d '{{\"subject\": \"I was charged twice\", \"description\": \"Please refund me.\"}}'

An urgent ticket (an outage) that nobody answers is warned of after 10 seconds and breached and escalated after 20, by the
policy \"at the demo's pace\"; `sla: ticket.escalate` below names it, and with it
  deskbell{options} sla --config {config} --ticket TICKET --explain    tells how that came about. To have one now:
  curl -X POST http://{helpdesk}/tickets -H 'content-type: application/json' \\
       -d '{{\"subject\": \"Outage: nothing works any more\", \"description\": \"All is down.\"}}'

The configuration is {config}. What happens now (Ctrl-C ends it):
"
    ))
}

/// Tells what the plugins decide, as they do.
async fn tell(store: &Store) -> anyhow::Result<()> {
    let mut told: HashSet<(Timestamp, String, String)> = HashSet::new();
    let mut since = SystemClock.now();
    let mut looks = tokio::time::interval(Duration::from_millis(700));
    loop {
        looks.tick().await;
        let mut calls = store.recent_calls(None, since, 200).await?;
        calls.reverse();
        for call in calls {
            since = since.max(call.called_at.plus_seconds(-5));
            let known = (call.called_at, call.ticket.clone(), call.plugin.clone());
            if !told.insert(known) {
                continue;
            }
            if let Some(error) = &call.error {
                line(&format!("{}  ticket {:>6}  {}: {error}", clock(call.called_at), call.ticket, call.plugin))?;
            }
            let effects: Vec<Value> =
                call.effects.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            for effect in effects {
                line(&format!(
                    "{}  ticket {:>6}  {}",
                    clock(call.called_at),
                    call.ticket,
                    sentence(&call.plugin, &effect)
                ))?;
            }
        }
    }
}

fn clock(time: Timestamp) -> String {
    time.to_chrono().format("%H:%M:%S").to_string()
}

fn sentence(plugin: &str, effect: &Value) -> String {
    let text = |member: &str| effect[member].as_str().unwrap_or_default().to_owned();
    let data: String = effect["data"].to_string().chars().take(90).collect();
    let dropped = if text("became").starts_with("dropped") { format!(" ({})", text("became")) } else { String::new() };
    let reason = if text("reason").is_empty() { String::new() } else { format!(", because {}", text("reason")) };
    format!("{plugin}: {} {data}{reason}{dropped}", text("kind"))
}
