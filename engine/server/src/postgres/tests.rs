//! Against the PostgreSQL programs of this machine, or a packaged build that is fetched once.

use std::fs::{Permissions, create_dir, read_to_string, set_permissions, write};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

use super::*;

/// A folder for a data directory and one to move to, both reachable by the account.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A cluster that survives its processes, and need not survive the machine.
    fn options(&self) -> Options {
        let off = ["fsync", "full_page_writes"];
        Options {
            elsewhere: self.path("elsewhere"),
            programs: fetched_programs(),
            settings: off.iter().map(|name| ((*name).to_owned(), "off".to_owned())).collect(),
            ..Options::new(self.path("data"))
        }
    }
}

/// A packaged build for all tests where the machine has no programs, for each cluster would fetch its own.
fn fetched_programs() -> Option<PathBuf> {
    static PROGRAMS: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let folder = std::env::temp_dir().join("deskbell-tests-postgres");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let programs = runtime.block_on(programs_for(&folder)).unwrap();
        programs.starts_with(&folder).then_some(programs)
    };
    // In a thread of its own: a runtime cannot run inside another.
    PROGRAMS.get_or_init(|| std::thread::spawn(find).join().unwrap()).clone()
}

/// Runs one statement over the socket of a URL and gives the last value of its last row.
fn query(url: &str, statement: &str) -> String {
    let folder = url.split_once("host=").unwrap().1.split_once('&').unwrap().0;
    let mut stream = UnixStream::connect(format!("{folder}/.s.PGSQL.5432")).unwrap();
    let startup = b"\0\x03\0\0user\0deskbell\0database\0deskbell\0\0";
    let length = |bytes: usize| u32::try_from(bytes + 4).unwrap().to_be_bytes();
    stream.write_all(&[&length(startup.len()), startup.as_slice()].concat()).unwrap();
    until_ready(&mut stream);
    let statement = [statement.as_bytes(), b"\0"].concat();
    stream.write_all(&[b"Q", length(statement.len()).as_slice(), &statement].concat()).unwrap();
    until_ready(&mut stream)
}

fn until_ready(stream: &mut UnixStream) -> String {
    let mut value = String::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let mut body = vec![0; u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4];
        stream.read_exact(&mut body).unwrap();
        match head[0] {
            b'Z' => return value,
            b'E' => value = format!("error: {}", String::from_utf8_lossy(&body)),
            // One column: their number, its length, its text.
            b'D' => value = String::from_utf8_lossy(&body[6..]).into_owned(),
            _ => {}
        }
    }
}

fn refuses_connections(url: &str) -> bool {
    let folder = url.split_once("host=").unwrap().1.split_once('&').unwrap().0;
    UnixStream::connect(format!("{folder}/.s.PGSQL.5432")).is_err()
}

#[tokio::test]
async fn makes_a_durable_database_and_keeps_what_is_in_it() {
    let ground = Ground::new();
    let options = Options { settings: Vec::new(), ..ground.options() };
    let cluster = Cluster::start(&options).await.unwrap();
    let url = cluster.url().to_owned();
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("shared_buffers", "256MB"),
        ("max_wal_size", "2GB"),
        ("max_connections", "100"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(query(&url, &format!("SHOW {setting}")), expected, "{setting}");
    }
    assert_ne!(query(&url, "SHOW wal_compression"), "off");
    assert_eq!(query(&url, "SELECT current_user"), "deskbell");
    assert_eq!(query(&url, "CREATE TABLE kept AS SELECT 42 AS answer"), "");
    cluster.stop().await.unwrap();
    assert!(refuses_connections(&url));

    let cluster = Cluster::start(&options).await.unwrap();
    assert_eq!(query(cluster.url(), "SELECT answer FROM kept"), "42");
    let cluster_folder = cluster.home().join("cluster");
    let mode = cluster_folder.metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
    cluster.stop().await.unwrap();
    assert!(!cluster_folder.join("postmaster.pid").exists());
}

#[tokio::test]
async fn settings_of_the_operator_win_over_ours() {
    let ground = Ground::new();
    let options = ground.options();
    let cluster = Cluster::start(&options).await.unwrap();
    let conf = cluster.home().join("cluster/postgresql.conf");
    cluster.stop().await.unwrap();
    write(&conf, read_to_string(&conf).unwrap() + "max_connections = 33\n").unwrap();
    let cluster = Cluster::start(&options).await.unwrap();
    assert_eq!(query(cluster.url(), "SHOW max_connections"), "33");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn several_users_share_a_server_and_the_last_one_stops_it() {
    let ground = Ground::new();
    let options = ground.options();
    let (first, second) = tokio::join!(Cluster::start(&options), Cluster::start(&options));
    let (first, second) = (first.unwrap(), second.unwrap());
    let url = first.url().to_owned();
    assert_eq!(second.url(), url);
    let server = |url: &str| query(url, "SELECT pg_postmaster_start_time()");
    let started = server(&url);
    first.stop().await.unwrap();
    let third = Cluster::start(&options).await.unwrap();
    assert_eq!(server(second.url()), started);
    second.stop().await.unwrap();
    assert_eq!(server(third.url()), started);
    third.stop().await.unwrap();
    assert!(refuses_connections(&url));
}

#[tokio::test]
async fn adopts_the_server_that_a_killed_process_left() {
    let ground = Ground::new();
    let options = ground.options();
    let cluster = Cluster::start(&options).await.unwrap();
    query(cluster.url(), "CREATE TABLE kept AS SELECT 42 AS answer");
    let orphan = cluster.abandon();
    let cluster = Cluster::start(&options).await.unwrap();
    assert_eq!(cluster.pid(), orphan);
    assert_eq!(query(cluster.url(), "SELECT answer FROM kept"), "42");
    let url = cluster.url().to_owned();
    cluster.stop().await.unwrap();
    assert!(refuses_connections(&url));
}

#[tokio::test]
async fn starts_over_a_stale_process_file() {
    let ground = Ground::new();
    let options = ground.options();
    let cluster = Cluster::start(&options).await.unwrap();
    query(cluster.url(), "CREATE TABLE kept AS SELECT 42 AS answer");
    let file = cluster.home().join("cluster/postmaster.pid");
    let killed = cluster.abandon();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let cluster = Cluster::start(&options).await.unwrap();
    assert_ne!(cluster.pid(), killed);
    assert_eq!(query(cluster.url(), "SELECT answer FROM kept"), "42");

    // And where the number belongs to somebody else by now.
    let killed = cluster.abandon();
    let stale = read_to_string(&file).unwrap();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let cluster = Cluster::start(&options).await.unwrap();
    cluster.stop().await.unwrap();
    write(&file, stale.replacen(&killed.to_string(), &std::process::id().to_string(), 1)).unwrap();
    let cluster = Cluster::start(&options).await.unwrap();
    assert_eq!(query(cluster.url(), "SELECT answer FROM kept"), "42");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn starts_a_server_again_that_was_killed() {
    let ground = Ground::new();
    let options = ground.options();
    let mut ours = Cluster::start(&options).await.unwrap();
    let mut adopted = Cluster::start(&options).await.unwrap();
    query(ours.url(), "CREATE TABLE kept AS SELECT 42 AS answer");
    let killed = ours.pid();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let successor = ours.successor_of(killed).await;
    assert_eq!(adopted.successor_of(killed).await, successor);
    assert_eq!(query(ours.url(), "SELECT answer FROM kept"), "42");
    ours.stop().await.unwrap();
    assert_eq!(query(adopted.url(), "SELECT answer FROM kept"), "42");
    adopted.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_the_last_one_asks_the_server_to_stop() {
    let ground = Ground::new();
    let options = ground.options();
    let cluster = Cluster::start(&options).await.unwrap();
    let pid = cluster.pid();
    drop(cluster);
    // The next one waits for the end of the server that is stopping.
    let cluster = Cluster::start(&options).await.unwrap();
    assert_ne!(cluster.pid(), pid);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn throws_a_half_made_cluster_away() {
    let ground = Ground::new();
    let options = ground.options();
    let unfinished = ground.path("data/postgres/cluster.new");
    std::fs::create_dir_all(unfinished.join("base")).unwrap();
    write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    for folder in [&options.data_dir, &ground.path("data/postgres")] {
        set_permissions(folder, Permissions::from_mode(0o711)).unwrap();
    }
    let cluster = Cluster::start(&options).await.unwrap();
    assert_eq!(query(cluster.url(), "SELECT 1"), "1");
    assert!(!unfinished.exists());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_socket_moves_where_its_path_is_short_enough() {
    let ground = Ground::new();
    let options = Options { data_dir: ground.path(&"long".repeat(25)), ..ground.options() };
    let cluster = Cluster::start(&options).await.unwrap();
    assert_eq!(query(cluster.url(), "SELECT 1"), "1");
    let folder = PathBuf::from(cluster.url().split_once("host=").unwrap().1.split_once('&').unwrap().0);
    assert!(!folder.starts_with(ground.folder.path()), "{}", folder.display());
    assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
    cluster.stop().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn as_root_the_database_moves_where_the_account_reaches_it() {
    if !geteuid().is_root() {
        return;
    }
    let ground = Ground::new();
    let options = Options { data_dir: ground.path("private/data"), ..ground.options() };
    create_dir(ground.path("private")).unwrap();
    set_permissions(ground.path("private"), Permissions::from_mode(0o700)).unwrap();
    let cluster = Cluster::start(&options).await.unwrap();
    let home = cluster.home().to_owned();
    assert!(home.starts_with(ground.path("elsewhere")), "{}", home.display());
    query(cluster.url(), "CREATE TABLE kept AS SELECT 42 AS answer");
    cluster.stop().await.unwrap();

    // The note leads back to it, even when the data directory has moved.
    std::fs::rename(&options.data_dir, ground.path("private/moved")).unwrap();
    let moved = Options { data_dir: ground.path("private/moved"), ..options };
    let cluster = Cluster::start(&moved).await.unwrap();
    assert_eq!((cluster.home(), query(cluster.url(), "SELECT answer FROM kept")), (home.as_path(), "42".to_owned()));
    cluster.stop().await.unwrap();

    std::fs::remove_dir_all(&home).unwrap();
    let error = Cluster::start(&moved).await.err().unwrap();
    assert!(matches!(error, Error::Vanished { .. }), "{error}");
}

#[tokio::test]
async fn as_root_a_cluster_that_became_unreachable_is_not_replaced() {
    if !geteuid().is_root() {
        return;
    }
    let ground = Ground::new();
    let options = ground.options();
    std::fs::create_dir_all(ground.path("data/postgres/cluster")).unwrap();
    set_permissions(&options.data_dir, Permissions::from_mode(0o700)).unwrap();
    let error = Cluster::start(&options).await.err().unwrap();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_cluster_stays_with_the_version_that_made_it() {
    let ground = Ground::new();
    let options = ground.options();
    Cluster::start(&options).await.unwrap().stop().await.unwrap();
    write(ground.path("data/postgres/cluster/PG_VERSION"), "14\n").unwrap();
    let error = Cluster::start(&options).await.err().unwrap();
    assert!(matches!(error, Error::ProgramsGone { major: 14, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("apt-get install postgresql-14") && text.contains(" has version "), "{text}");
}

#[tokio::test]
async fn says_what_to_install_where_there_are_no_programs() {
    let ground = Ground::new();
    let options = Options { programs: Some(ground.path("nothing")), ..ground.options() };
    let text = Cluster::start(&options).await.err().unwrap().to_string();
    for part in ["nothing cannot be used", "apt-get install postgresql", "DATABASE_URL"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_start_says_why() {
    let ground = Ground::new();
    let mut options = ground.options();
    Cluster::start(&options).await.unwrap().stop().await.unwrap();
    options.settings.push(("shared_buffers".to_owned(), "none".to_owned()));
    let text = Cluster::start(&options).await.err().unwrap().to_string();
    assert!(text.contains("shared_buffers"), "{text}");
}

#[tokio::test]
async fn a_url_of_the_operator_comes_before_all_else() {
    let options = Options::new("/nonexistent/never made");
    let given = Database::open(Some(" postgres://db.example/desk "), &options).await.unwrap();
    assert_eq!(given.url(), "postgres://db.example/desk");
    given.close().await.unwrap();
    assert!(!Path::new("/nonexistent").exists());

    let ground = Ground::new();
    let private = Database::open(Some(""), &ground.options()).await.unwrap();
    assert_eq!(query(private.url(), "SELECT 1"), "1");
    private.close().await.unwrap();
}
