//! A private cluster, from its first start to the last process that leaves it.

use std::fs::{Permissions, create_dir, remove_dir_all, rename, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::account::{Account, last_lines, run};
use super::occupancy::{Gate, Seat};
use super::place::{self, DATABASE, Place};
use super::postmaster::{self, Running};
use super::programs::{self, Programs};
use super::{Error, Options, file_error, say, settings};

/// A cluster in use. Dropping it instead of calling [`Cluster::stop`] asks the server to stop, if nobody else uses it,
/// but does not wait for it.
pub(crate) struct Cluster {
    url: String,
    service: Arc<Service>,
    /// None once it has been given up.
    seat: Option<Seat>,
    watcher: Option<JoinHandle<Running>>,
    leaving: CancellationToken,
    pid: watch::Receiver<i32>,
}

/// What it takes to start the server, and to start it again.
struct Service {
    account: Account,
    place: Place,
    programs: Programs,
    options: Options,
}

/// Making a cluster on a slow disk.
const INIT_LIMIT: Duration = Duration::from_mins(5);

/// Between attempts to start a server that has died; doubled each time up to the second.
const RESTART_DELAY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

impl Cluster {
    /// Gives the data directory's cluster, running: made if it is new, started if it does not run, shared if it does.
    pub(crate) async fn start(options: &Options) -> Result<Self, Error> {
        let account = Account::choose()?;
        let place = Place::settle(options, &account)?;
        let gate = Gate::enter(&place.home).await?;
        let seat = Seat::take(&place.home, &gate)?;
        let programs = programs::choose(&place, options, &account).await?;
        let service = Arc::new(Service { account, place, programs, options: options.clone() });
        service.make_if_new().await?;
        let running = service.ensure().await?;
        drop(gate);

        let url = place::url(running.socket.as_os_str());
        let leaving = CancellationToken::new();
        let (now, pid) = watch::channel(running.pid);
        let watcher = tokio::spawn(watch_over(Arc::clone(&service), running, leaving.clone(), now));
        Ok(Self { url, service, seat: Some(seat), watcher: Some(watcher), leaving, pid })
    }

    /// Where to connect to, as the role that owns the database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The folder with all that belongs to it: database, programs, log.
    #[cfg(test)]
    pub(crate) fn home(&self) -> &Path {
        &self.service.place.home
    }

    /// Leaves it, and stops the server if nobody else uses it: sessions are cut off, what was committed is kept.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.leaving.cancel();
        let watcher = self.watcher.take();
        let seat = self.seat.take();
        let running = match watcher {
            Some(watcher) => watcher.await.ok(),
            None => None,
        };
        let place = &self.service.place;
        let gate = Gate::enter(&place.home).await?;
        let last = seat.is_some_and(|seat| seat.leave(&gate));
        match running {
            _ if !last => Ok(()),
            Some(running) => running.stop(place).await,
            // The watcher panicked; the server can still be told.
            None => {
                postmaster::interrupt(&place.cluster(), *self.pid.borrow(), Signal::SIGINT);
                Ok(())
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(seat) = self.seat.take() else { return };
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
        // Whoever has the gate now uses the cluster and will stop it.
        if let Some(gate) = Gate::try_enter(&self.service.place.home)
            && seat.leave(&gate)
        {
            postmaster::interrupt(&self.service.place.cluster(), *self.pid.borrow(), Signal::SIGINT);
        }
    }
}

/// Keeps a server running until we leave, and gives back the one that runs then.
async fn watch_over(
    service: Arc<Service>,
    mut running: Running,
    leaving: CancellationToken,
    now: watch::Sender<i32>,
) -> Running {
    let cluster = service.place.cluster();
    let (first_delay, longest_delay) = RESTART_DELAY;
    let mut delay = first_delay;
    loop {
        tokio::select! {
            biased;
            () = leaving.cancelled() => return running,
            () = running.gone(&cluster) => {}
        }
        tracing::error!(pid = running.pid, "PostgreSQL has ended; starting it again");
        match service.again(&leaving).await {
            Some(Ok(new)) => {
                now.send_replace(new.pid);
                running = new;
                delay = first_delay;
            }
            Some(Err(error)) => {
                tracing::error!(error = programs::chain(&error), ?delay, "PostgreSQL cannot be started; trying again");
                tokio::select! {
                    () = leaving.cancelled() => return running,
                    () = sleep(delay) => delay = (delay * 2).min(longest_delay),
                }
            }
            None => return running,
        }
    }
}

impl Service {
    async fn ensure(&self) -> Result<Running, Error> {
        postmaster::ensure(&self.place, &self.programs, &self.options, &self.account).await
    }

    /// Starts the server again, unless we leave while another process is at the gate. A start under way is finished,
    /// so that we know what there is to stop.
    async fn again(&self, leaving: &CancellationToken) -> Option<Result<Running, Error>> {
        let gate = tokio::select! {
            () = leaving.cancelled() => return None,
            gate = Gate::enter(&self.place.home) => gate,
        };
        match gate {
            Ok(_gate) => Some(self.ensure().await),
            Err(error) => Some(Err(error)),
        }
    }

    /// Makes the cluster beside its final folder, where it appears whole or not at all.
    async fn make_if_new(&self) -> Result<(), Error> {
        let cluster = self.place.cluster();
        if cluster.exists() {
            return Ok(());
        }
        say(&format!("making a PostgreSQL {} database in {}", self.programs.major, cluster.display()));
        let unfinished = cluster.with_extension("new");
        if unfinished.exists() {
            remove_dir_all(&unfinished).map_err(file_error("remove", &unfinished))?;
        }
        // Upper and lower case of all languages, for searches; order by bytes, which no update of a library changes.
        let unicode = ["--lc-collate=C", "--lc-ctype=C.UTF-8"];
        match self.init(&unfinished, &unicode).await {
            Err(Error::Failed { output, .. }) if output.contains("locale") => {
                tracing::warn!("this system has no locale C.UTF-8; letters outside ASCII keep their case in searches");
                self.init(&unfinished, &["--locale=C"]).await?;
            }
            made => made?,
        }
        settings::write_entry(&unfinished, &self.account)?;
        self.make_database(&unfinished).await?;
        rename(&unfinished, &cluster).map_err(file_error("rename", &unfinished))?;
        let home = &self.place.home;
        let synced = std::fs::File::open(home).and_then(|folder| folder.sync_all());
        synced.map_err(file_error("write", home))
    }

    async fn init(&self, folder: &Path, locale: &[&str]) -> Result<(), Error> {
        if folder.exists() {
            remove_dir_all(folder).map_err(file_error("remove", folder))?;
        }
        // Made here, for the account cannot write into the home.
        create_dir(folder).map_err(file_error("make", folder))?;
        set_permissions(folder, Permissions::from_mode(0o700)).map_err(file_error("set the mode of", folder))?;
        self.account.own(folder)?;
        let mut command = self.account.command(&self.programs.program("initdb"));
        command.arg("-D").arg(folder).args(["-U", DATABASE, "--encoding=UTF8", "--lc-messages=C"]);
        // Whoever gets to the socket, in its private folder, is trusted; nobody else gets anywhere.
        command.args(["--auth-local=trust", "--auth-host=reject"]).args(locale);
        if self.options.settings.iter().any(|(name, value)| name == "fsync" && value == "off") {
            command.arg("--no-sync");
        }
        run(command, b"", INIT_LIMIT).await.map(drop)
    }

    /// A server in single-user mode makes the database before anybody can connect.
    async fn make_database(&self, folder: &Path) -> Result<(), Error> {
        let mut command = self.account.command(&self.programs.program("postgres"));
        command.arg("--single").arg("-D").arg(folder);
        for (name, value) in &self.options.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.arg("postgres");
        let statement = format!("CREATE DATABASE {DATABASE}\n");
        let output = run(command, statement.as_bytes(), INIT_LIMIT).await?;
        // In this mode it reports a failed statement and still ends well.
        if ["ERROR:", "FATAL:", "PANIC:"].iter().any(|word| output.stderr.contains(word)) {
            let program = "postgres --single".to_owned();
            return Err(Error::Failed { program, output: last_lines(&output.stderr, 8) });
        }
        Ok(())
    }
}

#[cfg(test)]
impl Cluster {
    /// Ends like a process that is killed: the server stays.
    pub(super) fn abandon(mut self) -> i32 {
        self.watcher.iter().for_each(JoinHandle::abort);
        drop(self.seat.take());
        *self.pid.borrow()
    }

    pub(super) fn pid(&self) -> i32 {
        *self.pid.borrow()
    }

    /// Waits for another server than this one.
    pub(super) async fn successor_of(&mut self, pid: i32) -> i32 {
        let changed = self.pid.wait_for(|now| *now != pid).await;
        changed.map_or(pid, |now| *now)
    }
}
