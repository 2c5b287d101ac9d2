//! A simulated helpdesk: a small server of its own with tickets in memory, for the demo, for tests and for trying
//! plugins out.
//!
//! Customers write and agents answer by themselves, at the pace asked for; every change leaves as a signed webhook in
//! the engine's own language, and what the engine asks for at `/actions` is carried out once and comes back as a
//! webhook, as with any helpdesk. It can be made to fail. Nothing is kept when it ends.
//!
//! Who lives here: `desk` (tickets and the events of their changes), `life` (what happens, step by step, from a seed),
//! `past` (weeks of it for an import), `actions` (what the engine asks for), `poster` (webhooks), `faults`, `routes`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::{Clock, SystemClock};
use deskbell_workers::signature::{Invalid, Kind, Scheme, Verifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub(crate) use command::{Args, command};
pub(crate) use dice::Dice;
pub(crate) use past::{Past, count_by_type, history};

use connection::{Cut, Listener};
use desk::Desk;
use faults::Faults;
use helpdesk::{Helpdesk, State};
use life::Life;
use pace::Pace;
use poster::Poster;

mod actions;
mod command;
mod connection;
mod desk;
mod dice;
mod faults;
mod fields;
mod helpdesk;
mod lanes;
mod life;
mod pace;
mod past;
mod people;
mod plan;
mod poster;
mod routes;
mod wording;

/// The pause after a webhook's first failed attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long the end waits for what is being answered.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How a helpdesk is simulated.
pub(crate) struct Options {
    /// Where it listens; port 0 takes any that is free.
    pub(crate) listen: SocketAddr,
    /// Where its webhooks go: an account of the engine, `http://.../hooks/NAME`.
    pub(crate) hook_url: String,
    /// The `source` of its events; the last part of `hook_url` where absent.
    pub(crate) source: Option<String>,
    /// Signs its webhooks and verifies the engine's actions; of the form of Standard Webhooks.
    pub(crate) secret: SecretString,
    /// The same seed and the same moment of starting give the same life.
    pub(crate) seed: u64,
    /// 0: nothing happens by itself.
    pub(crate) tickets_per_minute: f64,
    /// The tickets it begins with, as [`history`] leaves them; none where absent.
    pub(crate) desk: Option<Desk>,
}

/// Why a helpdesk cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("'{0}' is no address that webhooks can be posted to; give something like http://127.0.0.1:8484/hooks/demo")]
    HookUrl(String),
    #[error("the secret cannot sign webhooks; make one with: echo whsec_$(head -c 24 /dev/urandom | base64)")]
    Secret(#[from] Invalid),
    #[error("cannot listen on {address}; is something else there?")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
    #[error("{0} tickets a minute are no pace; give a number from 0 to 6000")]
    Pace(f64),
}

/// A simulated helpdesk that runs. It ends when this is dropped, and gracefully by [`Simulation::stop`].
pub(crate) struct Simulation {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stopping: DropGuard,
    tasks: TaskTracker,
}

impl Simulation {
    /// Starts it, with the agents telling that they are there.
    pub(crate) async fn start(options: Options) -> Result<Self, Error> {
        Self::start_at(options, Arc::new(SystemClock), FIRST_PAUSE).await
    }

    async fn start_at(options: Options, clock: Arc<dyn Clock>, first_pause: Duration) -> Result<Self, Error> {
        let now = clock.now();
        let source = source_of(&options)?;
        if !(0.0..=6000.0).contains(&options.tickets_per_minute) {
            return Err(Error::Pace(options.tickets_per_minute));
        }
        let scheme = Scheme::of(Kind::StandardWebhooks);
        let verifier = Verifier::new(&scheme, &[options.secret.expose_secret()])?;
        let listen = |source| Error::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let faults = Arc::new(Faults::new(options.seed));
        let settings = poster::Settings { hook_url: options.hook_url, secret: options.secret, first_pause };
        let poster = Poster::new(settings, Arc::clone(&faults), Arc::clone(&clock), tasks.clone(), stopping.clone())?;
        let state = state(options.seed, options.tickets_per_minute, options.desk, &source, now);
        let helpdesk = Arc::new(Helpdesk::new(state, faults, poster, verifier, clock));

        let router = routes::routes(Arc::clone(&helpdesk)).into_make_service_with_connect_info::<Cut>();
        let server = axum::serve(Listener(listener), router).with_graceful_shutdown(stopping.clone().cancelled_owned());
        tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the simulated helpdesk does not answer any more");
            }
        });
        let stop_life = stopping.clone();
        tasks.spawn(async move { helpdesk.live(&stop_life).await });
        Ok(Self { address, stopping: stopping.drop_guard(), tasks })
    }

    /// Where the engine posts its actions: the `callback_url` of a source with the generic connector.
    pub(crate) fn actions_url(&self) -> String {
        format!("http://{}/actions", self.address)
    }

    /// Ends it: what is being answered is answered, webhooks that still wait are lost.
    pub(crate) async fn stop(self) {
        self.stopping.disarm().cancel();
        self.tasks.close();
        if tokio::time::timeout(END_TIMEOUT, self.tasks.wait()).await.is_err() {
            tracing::warn!("the simulated helpdesk ends although a connection is still open");
        }
    }
}

/// The helpdesk at its beginning.
fn state(seed: u64, tickets_per_minute: f64, desk: Option<Desk>, source: &str, now: Timestamp) -> State {
    // Ids of events and tickets are those of this run, so that an engine that saw an earlier one takes none of them
    // for a repetition. Tickets are numbered by the tenths of seconds since 2026 began.
    let run = format!("run-{seed:x}-{:x}", now.micros());
    let first_ticket = u64::try_from(now.micros() / 100_000 - 17_672_256_000).unwrap_or(1);
    let mut desk = match desk {
        Some(mut desk) => {
            desk.continue_as(&run, first_ticket);
            desk
        }
        None => Desk::new(source, &run, first_ticket),
    };
    Life::introduce_agents(&mut desk, now);
    let life = (tickets_per_minute > 0.0).then(|| {
        let mut life = Life::new(seed, Pace::Live { tickets_per_minute }, now);
        let open: Vec<String> = desk
            .tickets()
            .filter(|ticket| ticket.merged_into.is_none() && !ticket.fields.status.is_solved())
            .map(|ticket| ticket.id.clone())
            .collect();
        for (place, id) in open.iter().enumerate() {
            // One after the other, as agents work them off.
            life.take_up(&desk, id, now.plus_seconds(10 * place as i64));
        }
        life
    });
    State { desk, ledger: actions::Ledger::default(), life }
}

fn source_of(options: &Options) -> Result<String, Error> {
    let wrong = || Error::HookUrl(options.hook_url.chars().take(200).collect());
    let url = reqwest::Url::parse(&options.hook_url).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    let last = url.path_segments().and_then(Iterator::last).unwrap_or_default();
    match &options.source {
        Some(source) => Ok(source.clone()),
        None if last.is_empty() => Err(wrong()),
        None => Ok(last.to_owned()),
    }
}

#[cfg(test)]
mod tests;
