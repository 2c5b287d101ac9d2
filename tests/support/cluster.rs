//! A throw-away Postgres cluster, on a unix socket in a folder of its own. Nothing of it stays, however the tests end.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use nix::unistd::{User, geteuid};
use tokio::sync::OnceCell;

use super::program::Run;
use super::waiting::wait_blocking;

/// The role that owns everything.
pub(crate) const ROLE: &str = "deskbell";
/// Where a packaged build is kept that was fetched because the machine has no programs. Any account can reach it, and a
/// restart of the machine clears it away.
const FETCHED: &str = "deskbell-tests-postgres";
/// Without fsync what is committed survives a crash of the server, though not of the machine, which is all that is
/// asked of it here. Commits are waited for, as in earnest.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "port=5432",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=128MB",
    "max_wal_size=2GB",
    "timezone=UTC",
    "log_error_verbosity=terse",
    "log_line_prefix=%m [%p] <%d> ",
];

/// A running cluster. It ends when this is dropped, or with the process.
pub(crate) struct Cluster {
    folder: PathBuf,
    keeper: Mutex<ChildStdin>,
    /// Whether the template database has been made.
    pub(super) template: OnceCell<()>,
}

impl Cluster {
    /// The one that all tests share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One for a test that does something to the server itself.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let account = account();
        let folder = tempfile::Builder::new().prefix("deskbell-tests-db-").tempdir().unwrap().keep();
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        if let Some((uid, gid)) = account {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let as_account = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
            if let Some((uid, gid)) = account {
                command.uid(uid).gid(gid);
            }
            command
        };
        let data = folder.join("data");
        let made = as_account(&programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-U", ROLE, "--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync"])
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let mut keeper = as_account(Path::new("/bin/sh"));
        keeper.args(["-c", include_str!("keep_cluster.sh"), "keep_cluster"]).arg(&folder);
        keeper.arg(programs.join("postgres")).arg("-D").arg(&data).arg("-k").arg(&folder);
        for setting in SETTINGS {
            keeper.args(["-c", setting]);
        }
        // Out of the terminal's reach, so that it outlives an interrupted run and can clear up.
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let stdin = keeper.spawn().unwrap().stdin.take().unwrap();
        let cluster = Self { folder, keeper: Mutex::new(stdin), template: OnceCell::new() };
        wait_blocking("Postgres is ready", || cluster.ready_pid().is_some());
        cluster
    }

    /// Crashes the server and starts it again. It is ready when this returns.
    pub(crate) fn crash(&self) {
        let before = self.ready_pid();
        self.keeper.lock().unwrap().write_all(b"restart\n").unwrap();
        wait_blocking("Postgres is ready again", || {
            let now = self.ready_pid();
            now.is_some() && now != before
        });
    }

    /// Where a database of the cluster is.
    pub(crate) fn url(&self, database: &str) -> String {
        let host = self.folder.display();
        format!("postgres:///{database}?host={host}&port=5432&user={ROLE}&sslmode=disable")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// What the server has logged about a database.
    pub(crate) fn log_of(&self, database: &str) -> Vec<String> {
        let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(&format!("<{database}>"))).map(str::to_owned).collect()
    }

    /// The server's process, once it takes connections.
    fn ready_pid(&self) -> Option<u32> {
        let state = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        let mut lines = state.lines();
        let pid = lines.next()?.parse().ok()?;
        lines.nth(6).is_some_and(|status| status.trim() == "ready").then_some(pid)
    }
}

/// The account for the server where we are root, as which it refuses to run.
fn account() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let user = ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
    let user = user.expect("an account `postgres` or `nobody`, for Postgres does not run as root");
    Some((user.uid.as_raw(), user.gid.as_raw()))
}

/// The folder of Postgres' programs: as an engine finds them, which fetches a packaged build where there are none.
fn programs() -> PathBuf {
    let mut find = Command::new(&Run::get().deskbell);
    find.arg("postgres-programs").arg(std::env::temp_dir().join(FETCHED)).stderr(Stdio::inherit());
    let found = find.output().unwrap();
    assert!(found.status.success(), "there are no programs of PostgreSQL");
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim_end())
}
