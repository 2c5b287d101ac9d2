//! `deskbell demo`, as a newcomer starts and ends it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::program::Run;
use crate::support::waiting::wait_until;
use crate::support::webhook::get;

/// A demo. Dropping it kills it.
struct Demo {
    process: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Demo {
    /// Starts one in the data directory and on the database of an engine that does not run.
    fn start(engine: &TestEngine, name: &str, arguments: &[&str]) -> Self {
        let [stdout, stderr] = ["out", "err"].map(|end| engine.folder().join(format!("{name}.{end}")));
        let mut command = engine.command(arguments);
        command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
        let process = command.spawn().unwrap();
        Run::get().keep(process.id());
        Self { process, stdout, stderr }
    }

    /// What it has told so far: what happens, and its talk beside it.
    fn told(&self) -> (String, String) {
        (fs::read_to_string(&self.stdout).unwrap(), fs::read_to_string(&self.stderr).unwrap())
    }

    /// A decision of routing among what it tells: the ticket's id.
    fn routed(&mut self) -> Option<String> {
        let (stdout, stderr) = self.told();
        assert!(self.process.try_wait().unwrap().is_none(), "the demo has ended:\n{stdout}\n{stderr}");
        // Only a whole line: what is read may end in the middle of one.
        let mut lines = stdout.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        lines.find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().take(5).collect();
            match words[..] {
                [_, "ticket", id, "routing:", kind] if kind.starts_with("ticket.") => Some(id.to_owned()),
                _ => None,
            }
        })
    }

    async fn end(&mut self) -> ExitStatus {
        wait_until("the demo ends", async || self.process.try_wait().unwrap().is_some()).await;
        self.process.wait().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that is free and stays so: of these the system gives none to whoever does not ask for it by its number.
fn free_port() -> u16 {
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a port is free")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_tells_its_decisions_acts_on_them_and_ends_with_ctrl_c() {
    let engine = TestEngine::prepare("", Database::create().await).await;
    let helpdesk = format!("127.0.0.1:{}", free_port());
    let arguments = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--helpdesk",
        helpdesk.as_str(),
        "--tickets-per-minute",
        "120",
        "--history-days",
        "8",
    ];
    let mut demo = Demo::start(&engine, "demo", &arguments);
    let mut routed = None;
    wait_until("the demo tells of a decision", async || {
        routed = demo.routed();
        routed.is_some()
    })
    .await;
    let done = "SELECT count(*) FROM outbox WHERE state = 2";
    wait_until("the helpdesk has done something", async || engine.database.number(done).await > 0).await;

    // What it says at its beginning is so: where the engine listens, the report, and how a ticket is looked at.
    let (stdout, stderr) = demo.told();
    assert!(stderr.contains("Loading 8 days of history"), "{stderr}");
    let (_, listens) = stdout.split_once("The engine listens on ").unwrap();
    let (address, _) = listens.split_once(',').unwrap();
    assert_eq!(get(&format!("{address}/healthz")).await.unwrap(), (200, "ok".to_owned()));
    let data = engine.folder().join("data");
    assert!(data.join("reports/weekly.html").is_file(), "{stderr}");
    engine.configure(&fs::read_to_string(data.join("demo.toml")).unwrap());
    let story = engine.run(&["explain", &routed.unwrap()]).await;
    assert!(story.status.success() && story.stdout.contains("because: "), "{story:?}");

    kill(Pid::from_raw(demo.process.id().cast_signed()), Signal::SIGINT).unwrap();
    let status = demo.end().await;
    let (_, stderr) = demo.told();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("Stopping ...\n"), "{stderr}");
    for held in ["lane", "outbox_lane"] {
        let held = format!("SELECT count(*) FROM {held} WHERE lease_token IS NOT NULL");
        assert_eq!(engine.database.number(&held).await, 0, "{held}");
    }
    assert_eq!(engine.database.number("SELECT count(*) FROM node").await, 0, "it signed off");

    // The next one goes on where this one has ended.
    let mut next = Demo::start(&engine, "next", &[&arguments[..], &["--seconds", "1"]].concat());
    let status = next.end().await;
    let (_, stderr) = next.told();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("Loading"), "{stderr}");
}
