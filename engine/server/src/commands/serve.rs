//! `deskbell serve`: the engine.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use deskbell_store::Store;
use deskbell_workers::deliverer::Deliverer;
use deskbell_workers::dispatcher::Dispatcher;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::report::maker;
use deskbell_workers::{cleaner, scheduler, watcher};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::cli::Common;
use crate::commands::{close, configuration, open};
use crate::config::Config;
use crate::intake::Intake;
use crate::intake::committer::{self, Committer};
use crate::wiring::{self, Wired};
use crate::{api, background, http, service_levels, telemetry};

/// What is under way may take so long when the engine stops; what is not done by then is done by the next one.
const STOP_WITHIN: Duration = Duration::from_secs(25);
/// Requests may take so much of it: the rest is for the work, whoever is still in the middle of a request.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
/// Deliveries that may wait to be taken in.
const MAX_WAITING: usize = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Listen here instead of server.listen.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let (store, database) = open(common).await?;
    let listen = arguments.listen.unwrap_or(config.server.listen);
    let running = Running::start(&config, store.clone(), &common.data_dir, listen).await;
    let done = match running {
        Ok(running) => {
            let mut requests = Requests::listen();
            eprintln!("deskbell listens on http://{}", running.address);
            requests.next().await;
            eprintln!("deskbell is stopping; press Ctrl-C again to stop at once");
            tokio::select! {
                () = running.stop() => {}
                () = requests.next() => eprintln!("deskbell stopped at once; what was under way is done by the next start"),
            }
            Ok(())
        }
        Err(error) => Err(error),
    };
    close(store, database).await;
    done
}

/// Requests to end: Ctrl-C and SIGTERM.
pub(crate) struct Requests {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Requests {
    /// Hears them from now on. Until then one ends the process on the spot, so nobody may be told before that the engine runs.
    pub(crate) fn listen() -> Self {
        let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
        Self { interrupt, terminate }
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            () = hear(&mut self.interrupt) => {}
            () = hear(&mut self.terminate) => {}
        }
    }
}

async fn hear(requests: &mut Option<Signal>) {
    let heard = match requests {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        // It cannot be heard; the other one can.
        std::future::pending::<()>().await;
    }
}

/// An engine that is running.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    node: Uuid,
    store: Store,
    stop_intake: CancellationToken,
    stop_committers: CancellationToken,
    stop_work: CancellationToken,
    server: JoinSet<()>,
    committers: JoinSet<()>,
    loops: JoinSet<()>,
}

impl Running {
    pub(crate) async fn start(
        config: &Config,
        store: Store,
        data_dir: &Path,
        listen: SocketAddr,
    ) -> anyhow::Result<Self> {
        telemetry::collect()?;
        let node = Uuid::now_v7();
        let digest = config.digest();
        if !store.join(node, digest.bytes()).await? {
            bail!(
                "another engine is running on this database with another configuration; give all of them the same one (only server.listen, [intake], [dispatch] and deliver.concurrency may differ)"
            );
        }
        service_levels::note(config, &store, SystemClock.now()).await?;
        let Wired { engine, accounts, sender } = wiring::wire(config, store.clone(), data_dir).await?;
        store.make_partitions(engine.now(), cleaner::DAYS_AHEAD).await?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let (stop_intake, stop_committers) = (CancellationToken::new(), CancellationToken::new());
        let stop_work = CancellationToken::new();
        let mut loops = JoinSet::new();
        let background = background::start().context("the threads for decisions do not start")?;
        let dispatcher = Dispatcher::new(Arc::clone(&engine), &background);
        let door = dispatcher.door();
        loops.spawn_on(dispatcher.run(stop_work.clone()), &background);
        loops.spawn_on(Arc::new(Deliverer::new(Arc::clone(&engine), sender)).run(stop_work.clone()), &background);
        loops.spawn_on(scheduler::run(Arc::clone(&engine), stop_work.clone()), &background);
        loops.spawn_on(maker::run(Arc::clone(&engine), stop_work.clone()), &background);
        loops.spawn_on(cleaner::run(Arc::clone(&engine), stop_work.clone()), &background);
        loops.spawn_on(watcher::run(Arc::clone(&engine), stop_work.clone()), &background);
        loops.spawn(telemetry::upkeep(stop_work.clone()));
        loops.spawn(heartbeat(store.clone(), node, *digest.bytes(), stop_work.clone()));
        let options = committer::Options {
            committers: config.intake.committers,
            max_batch: config.intake.max_batch,
            max_waiting: MAX_WAITING,
        };
        let (committer, committers) = Committer::start(&engine, &door, options, &stop_committers);
        drop(door);
        let api = api::Api::new(config, Arc::clone(&engine));
        let max_body_bytes = usize::try_from(config.server.max_body).unwrap_or(usize::MAX);
        let intake = Arc::new(Intake { engine, accounts, committer, max_body_bytes });
        let router = http::router(intake, api);
        let mut server = JoinSet::new();
        let graceful = stop_intake.clone();
        server.spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(graceful.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        Ok(Self { address, node, store, stop_intake, stop_committers, stop_work, server, committers, loops })
    }

    /// Stops: takes no more in, answers what has come, finishes what is under way and hands the rest back.
    pub(crate) async fn stop(mut self) {
        let until = tokio::time::Instant::now() + STOP_WITHIN;
        self.stop_intake.cancel();
        let answering = async { while self.server.join_next().await.is_some() {} };
        if tokio::time::timeout(ANSWER_WITHIN, answering).await.is_err() {
            tracing::warn!("some requests had not ended; they are cut off");
        }
        // They end with the server, or by this where a connection that did not end still holds it.
        self.stop_committers.cancel();
        self.stop_work.cancel();
        let stopping = async {
            while self.committers.join_next().await.is_some() {}
            while self.loops.join_next().await.is_some() {}
        };
        if tokio::time::timeout_at(until, stopping).await.is_err() {
            tracing::warn!("some work was still under way; the next start goes on with it");
        }
        if let Err(error) = self.store.leave(self.node).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "this process did not sign off");
        }
    }
}

async fn heartbeat(store: Store, node: Uuid, digest: [u8; 32], stop: CancellationToken) {
    let mut beats = tokio::time::interval(wiring::HEARTBEAT);
    loop {
        tokio::select! {
            _ = beats.tick() => {}
            () = stop.cancelled() => return,
        }
        match store.join(node, &digest).await {
            Ok(true) => {}
            Ok(false) => tracing::error!(
                "another engine is running on this database with another configuration; stop one of them"
            ),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "this process could not say that it is running"
            ),
        }
    }
}
