//! The server's first process: whether one runs on a cluster, starting one, stopping it.

use std::fs::{OpenOptions, read_dir, read_link, read_to_string, rename};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use super::account::{Account, last_lines};
use super::place::Place;
use super::programs::Programs;
use super::{Error, Options, file_error, say, settings};

/// A server that runs and takes connections.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pid: i32,
    /// The folder that it listens in.
    pub(super) socket: PathBuf,
    /// Ours to reap, if we started it.
    child: Option<Child>,
}

/// How often a file or process is looked at while something is under way.
const GLANCE: Duration = Duration::from_millis(20);

/// How often we look whether a server that is not our child still lives.
const WATCH: Duration = Duration::from_millis(500);

/// Recovery after a crash may replay gigabytes of log.
const START_LIMIT: Duration = Duration::from_mins(30);

/// When waiting is worth a word.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sessions end within milliseconds of a fast shutdown; its checkpoint may take longer.
const STOP_LIMIT: Duration = Duration::from_mins(2);

/// Server processes see that their postmaster is gone and end.
const LINGER_LIMIT: Duration = Duration::from_secs(30);

/// A log this long makes way for a new one at the next start.
const LONGEST_LOG_BYTES: u64 = 16 * 1024 * 1024;

/// What `postmaster.pid` says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PidFile {
    pid: i32,
    socket: PathBuf,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    Stopping,
}

impl PidFile {
    fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    /// Its lines are: process, cluster, start, port, socket folder, address, shared memory, state.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let state = match lines.get(7).map(|line| line.trim()) {
            Some("ready" | "standby") => State::Ready,
            Some("stopping") => State::Stopping,
            _ => State::Starting,
        };
        let socket = lines.get(4).copied().unwrap_or_default().into();
        Some(Self { pid: lines.first()?.trim().parse().ok()?, socket, state })
    }
}

impl Running {
    /// Returns when the server has ended.
    pub(super) async fn gone(&mut self, cluster: &Path) {
        if let Some(child) = &mut self.child {
            // An error means that there is nothing left to wait for.
            drop(child.wait().await);
            return;
        }
        while lives(cluster, self.pid) {
            sleep(WATCH).await;
        }
    }

    /// Fast shutdown: sessions are cut off, what was committed is kept.
    pub(super) async fn stop(mut self, place: &Place) -> Result<(), Error> {
        let cluster = place.cluster();
        for signal in [Signal::SIGINT, Signal::SIGQUIT] {
            interrupt(&cluster, self.pid, signal);
            if tokio::time::timeout(STOP_LIMIT, self.gone(&cluster)).await.is_ok() {
                return Ok(());
            }
            tracing::error!(pid = self.pid, "PostgreSQL does not stop; asking it more firmly");
        }
        Err(Error::NotStopped { pid: self.pid, log: place.log() })
    }
}

/// Sends a signal to the server of this cluster, and to nobody who has its number by now.
pub(super) fn interrupt(cluster: &Path, pid: i32, signal: Signal) {
    if lives(cluster, pid)
        && let Err(error) = kill(Pid::from_raw(pid), signal)
    {
        tracing::warn!(pid, %error, "cannot signal PostgreSQL");
    }
}

/// The server that this cluster has, or a new one. To be called inside the gate.
pub(super) async fn ensure(
    place: &Place,
    programs: &Programs,
    options: &Options,
    account: &Account,
) -> Result<Running, Error> {
    let cluster = place.cluster();
    if let Some(running) = adopt(place).await? {
        return Ok(running);
    }
    wait_for_stragglers(&cluster).await?;
    let stale = cluster.join("postmaster.pid");
    if PidFile::read(&cluster).is_some_and(|file| exists(file.pid)) {
        // Its number has gone to another process, which the server would take for one of its own. Nobody works in the
        // cluster, so the file may go; any other stale one the server deals with itself, and with more checks.
        std::fs::remove_file(&stale).map_err(file_error("remove", &stale))?;
    }
    settings::write_tuning(&cluster, programs, account).await?;
    start(place, programs, options, account).await
}

/// A server that runs already, as soon as it is ready. None if there is none, or once it has ended.
async fn adopt(place: &Place) -> Result<Option<Running>, Error> {
    let cluster = place.cluster();
    let mut patience = Patience::new("waiting for the database to get ready");
    while let Some(file) = PidFile::read(&cluster).filter(|file| lives(&cluster, file.pid)) {
        if file.state == State::Ready {
            tracing::info!(pid = file.pid, "the database runs already");
            return Ok(Some(Running { pid: file.pid, socket: file.socket, child: None }));
        }
        patience.wait(|seconds| Error::NotReady { log: place.log(), seconds }).await?;
    }
    Ok(None)
}

async fn start(place: &Place, programs: &Programs, options: &Options, account: &Account) -> Result<Running, Error> {
    let (cluster, log) = (place.cluster(), place.log());
    if log.metadata().is_ok_and(|meta| meta.len() > LONGEST_LOG_BYTES) {
        let old = log.with_extension("log.1");
        rename(&log, old).map_err(file_error("rename", &log))?;
    }
    let mut opening = OpenOptions::new();
    opening.create(true).append(true).mode(0o600);
    let file = opening.open(&log).map_err(file_error("open", &log))?;
    let log_before = file.metadata().map_or(0, |meta| meta.len());
    let program = programs.program("postgres");
    let mut command = account.command(&program);
    command.args(settings::arguments(place, options)).stdout(Stdio::null()).stderr(Stdio::from(file));
    // Its own group, so that Ctrl-C in our terminal reaches it through us, after we are done with it.
    command.process_group(0);
    let failed = |source| Error::Run { program: program.display().to_string(), source };
    let mut child = command.spawn().map_err(failed)?;
    let pid = child.id().map_or(0, u32::cast_signed);
    let mut patience = Patience::new("the database is recovering what was not written when it ended");
    loop {
        if let Ok(Some(_)) = child.try_wait() {
            return Err(Error::NotStarted { tail: last_lines(&read_from(&log, log_before), 6), log });
        }
        match PidFile::read(&cluster) {
            Some(file) if file.pid == pid && file.state == State::Ready => {
                tracing::info!(pid, major = programs.major, "started PostgreSQL");
                return Ok(Running { pid, socket: file.socket, child: Some(child) });
            }
            _ => {}
        }
        let waited = patience.wait(|seconds| Error::NotReady { log: log.clone(), seconds }).await;
        if let Err(error) = waited {
            interrupt(&cluster, pid, Signal::SIGQUIT);
            return Err(error);
        }
    }
}

/// Waits until no server process works in the cluster. They outlive a postmaster that was killed, for a moment; to
/// start another beside them would destroy the database.
async fn wait_for_stragglers(cluster: &Path) -> Result<(), Error> {
    let deadline = Instant::now() + LINGER_LIMIT;
    loop {
        let pids = inhabitants(cluster);
        if pids.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let pids: Vec<String> = pids.iter().map(i32::to_string).collect();
            return Err(Error::Lingering { cluster: cluster.to_owned(), pids: pids.join(", ") });
        }
        sleep(GLANCE).await;
    }
}

/// Looks again and again, says so when it takes long, and gives up in the end.
struct Patience {
    since: Instant,
    text: &'static str,
    said: bool,
}

impl Patience {
    fn new(text: &'static str) -> Self {
        Self { since: Instant::now(), text, said: false }
    }

    async fn wait(&mut self, give_up: impl FnOnce(u64) -> Error) -> Result<(), Error> {
        let waited = self.since.elapsed();
        if waited > START_LIMIT {
            return Err(give_up(START_LIMIT.as_secs()));
        }
        if waited > PATIENCE && !self.said {
            say(self.text);
            self.said = true;
        }
        sleep(GLANCE).await;
        Ok(())
    }
}

/// Whether this process is the server of this cluster and no other one that has its number by now. Servers work in
/// their cluster's folder; a process that has ended and waits to be reaped works nowhere.
fn lives(cluster: &Path, pid: i32) -> bool {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    if !Path::new("/proc/self").exists() {
        return exists(pid);
    }
    match read_link(proc.join("cwd")) {
        Ok(folder) => cluster.canonicalize().is_ok_and(|cluster| cluster == folder),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            read_to_string(proc.join("comm")).is_ok_and(|name| name.trim() == "postgres")
        }
        Err(_) => false,
    }
}

/// Whether there is any process of this number.
fn exists(pid: i32) -> bool {
    !matches!(kill(Pid::from_raw(pid), None), Err(nix::errno::Errno::ESRCH))
}

/// The processes that work in the cluster's folder. Where the system has no such list, none: then the server's own
/// check has to do.
fn inhabitants(cluster: &Path) -> Vec<i32> {
    let Ok(entries) = read_dir("/proc") else {
        return Vec::new();
    };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let Ok(cluster) = cluster.canonicalize() else {
        return Vec::new();
    };
    numbers.filter(|pid| read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == cluster)).collect()
}

/// The end of a log, from this byte on.
fn read_from(log: &Path, start: u64) -> String {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut bytes)
    });
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(it cannot be read: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_server_says_of_itself() {
        let text = "4711\n/srv/cluster\n1767322445\n5432\n/run/deskbell\n\n  5432001         3\nready   \n";
        let file = |state| Some(PidFile { pid: 4711, socket: "/run/deskbell".into(), state });
        assert_eq!(PidFile::parse(text), file(State::Ready));
        assert_eq!(PidFile::parse(&text.replace("ready   ", "stopping")), file(State::Stopping));
        assert_eq!(PidFile::parse(&text.replace("ready   ", "starting")), file(State::Starting));
        assert_eq!(PidFile::parse(&text.replace("ready   \n", "")), file(State::Starting));
    }

    #[test]
    fn a_file_without_a_process_says_nothing() {
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("-\n/srv/cluster\n"), None);
        // Half written: the process is known, that it is ready is not.
        let half = PidFile { pid: 4711, socket: "".into(), state: State::Starting };
        assert_eq!(PidFile::parse("4711\n/srv"), Some(half));
    }

    #[test]
    fn our_own_process_is_no_server_of_any_cluster() {
        let own = std::process::id().cast_signed();
        assert!(exists(own));
        assert!(!lives(Path::new("/nonexistent"), own));
        assert!(!lives(Path::new("/"), i32::MAX));
    }
}
