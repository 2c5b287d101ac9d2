//! The real binary, running on a database of the test's own.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::config;
use super::database::Database;
use super::program::{Run, compiled};
use super::waiting::{PATIENCE, wait_until};
use super::webhook::{Answer, Delivery, SECRET};

/// An engine. Dropping it kills it.
pub(crate) struct TestEngine {
    pub(crate) database: Database,
    /// Where it listens now; a sender looks here before each attempt.
    pub(crate) address: Arc<Mutex<String>>,
    folder: PathBuf,
    /// What it gets as `DATABASE_URL`.
    url: String,
    process: Option<Child>,
    log: PathBuf,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl TestEngine {
    /// An engine with this configuration on a new database.
    pub(crate) async fn start(config: &str) -> Self {
        let mut engine = Self::prepare(config, Database::create().await).await;
        engine.start_again(None).await;
        engine
    }

    /// An engine that is not running yet.
    pub(crate) async fn prepare(config: &str, database: Database) -> Self {
        warm_up().await;
        let folder = new_folder(&database.name);
        let url = database.url.clone();
        let engine =
            Self { database, address: Arc::default(), log: folder.join("none.log"), folder, url, process: None };
        engine.configure(config);
        engine
    }

    /// Another one on the same database.
    pub(crate) async fn beside(&self, config: &str) -> Self {
        let mut engine = Self::prepare(config, self.database.clone()).await;
        engine.start_again(None).await;
        engine
    }

    /// Has it reach its database elsewhere, from the next start on.
    pub(crate) fn reach_database_at(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    /// Changes the configuration, from the next start on.
    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.folder.join("deskbell.toml"), config).unwrap();
    }

    /// Starts it, to die where `chaos` (`point:n`) says.
    pub(crate) async fn start_again(&mut self, chaos: Option<&str>) {
        self.launch(chaos);
        wait_until("the engine listens", async || {
            let log = self.log();
            // Only a whole line: what is read may end in the middle of one.
            let address = log
                .split_inclusive('\n')
                .find_map(|line| line.strip_prefix("deskbell listens on ")?.strip_suffix('\n'));
            if let Some(address) = address {
                address.clone_into(&mut self.address.lock().unwrap());
            }
            assert!(address.is_some() || !self.has_ended(), "the engine did not start:\n{log}");
            address.is_some()
        })
        .await;
    }

    /// Starts it without waiting for anything.
    pub(crate) fn launch(&mut self, chaos: Option<&str>) {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        assert!(self.process.is_none(), "the engine is running");
        self.log = self.folder.join(format!("engine-{}.log", NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        if let Some(chaos) = chaos {
            command.env("DESKBELL_CHAOS", chaos);
        }
        let log = File::create(&self.log).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Run::get().keep(process.id());
        self.process = Some(process);
    }

    /// A command beside it, as yet to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&Run::get().deskbell);
        command.arg("--config").arg(self.folder.join("deskbell.toml"));
        command.arg("--data-dir").arg(self.folder.join("data")).args(arguments);
        command.env("DATABASE_URL", &self.url).env(config::SECRET_VARIABLE, SECRET);
        // Whatever stands in the environment of whoever runs the tests.
        for name in ["DESKBELL_LOG", "DESKBELL_SECRET_KEY", "DESKBELL_CHAOS", "DESKBELL_DATA_DIR"] {
            command.env_remove(name);
        }
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a command beside it.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, None).await
    }

    /// The same, to die where `chaos` says.
    pub(crate) async fn run_with(&self, arguments: &[&str], chaos: Option<&str>) -> Ended {
        let mut command = self.command(arguments);
        if let Some(chaos) = chaos {
            command.env("DESKBELL_CHAOS", chaos);
        }
        ended(command).await
    }

    /// Kills it, as the machine's end would.
    pub(crate) fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            process.wait().unwrap();
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let process = self.process.as_ref().expect("the engine runs");
        kill(Pid::from_raw(process.id().cast_signed()), Signal::SIGTERM).unwrap();
        self.end().await
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        wait_until("the engine ends", async || self.has_ended()).await;
        self.process.take().unwrap().wait().unwrap()
    }

    /// Ends it and starts it again.
    pub(crate) async fn restart(&mut self) {
        assert!(self.stop().await.success(), "{}", self.log());
        self.start_again(None).await;
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some())
    }

    /// Whether it died at its chaos point.
    pub(crate) fn has_died(&mut self) -> bool {
        let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
        match ended {
            None => false,
            Some(status) => {
                assert_eq!(status.signal(), Some(Signal::SIGABRT as i32), "{}", self.log());
                self.process = None;
                true
            }
        }
    }

    /// What it has said since its last start.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A folder for files of the test.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Posts an event of its own, expecting it to be taken in.
    pub(crate) async fn post(&self, event: &Value) {
        let answer = self.deliver(&Delivery::of(event)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Answer {
        let address = self.address.lock().unwrap().clone();
        delivery.send(&address).await.unwrap()
    }

    /// What the API answers.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let address = self.address.lock().unwrap().clone();
        super::webhook::get(&format!("{address}{path}")).await.unwrap()
    }

    pub(crate) async fn sql(&self, query: &str) -> Vec<Value> {
        self.database.rows(query).await
    }

    /// Waits until everything that came has been worked off.
    pub(crate) async fn work_off(&self) {
        super::invariants::wait_until_quiet(&self.database).await;
    }
}

/// Runs a command to its end.
pub(crate) async fn ended(command: Command) -> Ended {
    let arguments: Vec<_> = command.get_args().map(OsStr::to_owned).collect();
    let mut command = tokio::process::Command::from(command);
    let output = tokio::time::timeout(PATIENCE * 2, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{arguments:?} does not end")).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), self.log());
        }
        self.kill9();
    }
}

/// A folder with a data directory whose compiled plugins are everybody's.
fn new_folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = Run::get().folder.join(format!("{name}-{number}"));
    DirBuilder::new().recursive(true).create(folder.join("data")).unwrap();
    symlink(compiled(), folder.join("data/compiled")).unwrap();
    folder
}

/// Has `deskbell check` compile every plugin of the tests once, so that their engines need not all do it at a time.
async fn warm_up() {
    static WARM: OnceCell<()> = OnceCell::const_new();
    // Kept apart, so that not every future that waits for it is as large.
    let warming = Box::pin(async {
        let database = Database::create().await;
        let folder = new_folder("warm-up");
        let url = database.url.clone();
        let engine =
            TestEngine { database, address: Arc::default(), log: folder.join("none.log"), folder, url, process: None };
        engine.configure(&config::with_everything());
        let checked = engine.run(&["check"]).await;
        assert!(checked.status.success(), "{checked:?}");
    });
    WARM.get_or_init(|| warming).await;
}
