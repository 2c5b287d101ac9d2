//! A plugin author's way, from an empty folder to a plugin that an engine runs, as the README and the SDK's README tell it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::{Ended, TestEngine, ended};
use crate::support::helpdesk::Helpdesk;
use crate::support::webhook::created;

const NAME: &str = "urgent-tag";

/// A folder in which somebody writes a plugin, and the engine that is to run it. The folder is the same in each run, so that
/// the SDK is compiled in the first one alone; one run has it at a time.
struct Author {
    engine: TestEngine,
    folder: PathBuf,
    _alone: File,
}

impl Author {
    async fn start(config: &str) -> Self {
        let engine = TestEngine::prepare(config, Database::create().await).await;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("author");
        fs::create_dir_all(&folder).unwrap();
        let lock = File::create(folder.join("lock")).unwrap();
        let locking = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
        let alone = locking.await.unwrap().unwrap();
        // What the run before has left.
        let _ = fs::remove_dir_all(folder.join(NAME));
        Self { engine, folder, _alone: alone }
    }

    /// Runs a command in the folder, or in one below it. Whatever it compiles has been fetched for the workspace.
    async fn run_in(&self, below: &str, arguments: &[&str]) -> Ended {
        let mut command = self.engine.command(arguments);
        command.current_dir(self.folder.join(below)).env("CARGO", env!("CARGO"));
        command.env("CARGO_TARGET_DIR", self.folder.join("target")).env("CARGO_NET_OFFLINE", "true");
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "DESKBELL_SDK"] {
            command.env_remove(name);
        }
        ended(command).await
    }

    /// What a command prints that does what it should, in the plugin's folder.
    async fn run(&self, arguments: &[&str]) -> String {
        let ended = self.run_in(NAME, arguments).await;
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Replaces a text in one of the plugin's files.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(NAME).join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}:\n{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
    }

    /// Compiles the plugin and installs it; what `plugin install` prints.
    async fn install(&self) -> String {
        let built = self.run(&["plugin", "build"]).await;
        let component = built.lines().next().unwrap();
        assert!(component.ends_with("wasm32-wasip2/release/urgent_tag.wasm"), "{built}");
        self.run(&["plugin", "install", component]).await
    }

    /// The tags that an urgent ticket gets from whatever version the engine runs.
    async fn tags_of(&self, ticket: &str, helpdesk: &Helpdesk) -> Value {
        let mut event = created(ticket);
        event["data"]["ticket"]["priority"] = json!("urgent");
        self.engine.post(&event).await;
        self.engine.work_off().await;
        let done = helpdesk.done_on(ticket);
        assert_eq!(done.len(), 1, "{done:?}");
        assert_eq!(done[0].kind, "ticket.tag");
        done[0].data["add"].clone()
    }

    /// The state of each installed version, as `plugin list` has it.
    async fn versions(&self) -> Vec<Value> {
        let listed: Value = serde_json::from_str(&self.run(&["plugin", "list", "--format", "json"]).await).unwrap();
        let ours = listed.as_array().unwrap().iter().filter(|row| row["name"] == NAME);
        let mut versions: Vec<Value> = ours
            .map(|row| {
                assert!(row["from"].as_str().unwrap().starts_with("installed"), "{row}");
                json!([row["version"], row["state"], row["asks_for"], row["granted"]])
            })
            .collect();
        versions.sort_by_key(ToString::to_string);
        versions
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plugin_is_tested_run_installed_watched_and_rolled_back() {
    let helpdesk = Helpdesk::start().await;
    let address = helpdesk.address.to_string();
    let mut author = Author::start(&config::with(&address, &[])).await;

    let new = author.run_in("", &["plugin", "new", NAME]).await;
    assert!(new.status.success(), "{new:?}");
    assert!(new.stdout.contains("urgent-tag/src/lib.rs") && new.stderr.contains("deskbell plugin test"), "{new:?}");
    let again = author.run_in("", &["plugin", "new", NAME]).await;
    assert!(again.status.code() == Some(1) && again.stderr.contains("exists already"), "{again:?}");

    let tested = author.run_in(NAME, &["plugin", "test"]).await;
    assert!(tested.status.success(), "{tested:?}");
    assert!(tested.stderr.contains("urgent_tickets_are_tagged_and_others_are_not ... ok"), "{tested:?}");
    assert!(tested.stdout.starts_with("passed  created.json"), "{tested:?}");
    assert!(tested.stdout.ends_with("1 passed, 0 failed\n"), "{tested:?}");

    a_call_is_shown(&author).await;

    let installed = author.install().await;
    assert!(installed.starts_with("Installed urgent-tag 0.1.0 "), "{installed}");
    assert_eq!(author.versions().await, [json!(["0.1.0", "not used", "ticket.tag", ""])]);
    // What it prints at the end is what belongs into the configuration.
    let (_, stanza) = installed.split_once("restart the engine:\n").unwrap();
    author.engine.configure(&config::with(&address, &[stanza]));
    author.engine.start_again(None).await;
    assert_eq!(author.versions().await, [json!(["0.1.0", "used", "ticket.tag", "ticket.tag"])]);
    assert_eq!(author.tags_of("T-1", &helpdesk).await, json!(["urgent"]));
    what_it_did_is_shown(&author).await;

    // A fixture that the plugin does not do justice to any more is told.
    author.edit("src/lib.rs", r#"add_tags(["urgent"])"#, r#"add_tags(["at-once"])"#);
    for file in ["Cargo.toml", "plugin.toml"] {
        author.edit(file, r#"version = "0.1.0""#, r#"version = "0.2.0""#);
    }
    let tested = author.run_in(NAME, &["plugin", "test"]).await;
    assert_eq!(tested.status.code(), Some(1), "{tested:?}");
    assert!(tested.stdout.starts_with("FAILED  created.json") && tested.stdout.contains("at-once"), "{tested:?}");

    let installed = author.install().await;
    assert!(installed.contains("It takes the place of version 0.1.0."), "{installed}");
    assert_eq!(author.tags_of("T-2", &helpdesk).await, json!(["urgent"]), "a running engine keeps what it has");
    author.engine.restart().await;
    assert_eq!(author.tags_of("T-3", &helpdesk).await, json!(["at-once"]));

    let back = author.run(&["plugin", "rollback", NAME]).await;
    assert!(back.starts_with("Version 0.1.0 of 'urgent-tag' is active again"), "{back}");
    let replaced = json!(["0.2.0", "replaced", "ticket.tag", ""]);
    assert_eq!(author.versions().await, [json!(["0.1.0", "used", "ticket.tag", "ticket.tag"]), replaced]);
    author.engine.restart().await;
    assert_eq!(author.tags_of("T-4", &helpdesk).await, json!(["urgent"]));
}

/// `plugin run` shows effects, log and what the call used, to people and to programs.
async fn a_call_is_shown(author: &Author) {
    let run = ["plugin", "run", "--event", "fixtures/created.json"];
    let shown = author.run(&run).await;
    for expected in [
        "effects:\n  ticket.tag {\"add\":[\"urgent\"]}\n      because its priority is urgent\n",
        "log:\n  info  ticket 1 is urgent\n",
        "used:\n  instructions ",
        "\n  memory ",
        "\n  CPU time ",
        "\n  wall time ",
    ] {
        assert!(shown.contains(expected), "{expected:?} is not in:\n{shown}");
    }
    let shown = author.run(&[&run[..], &["--format", "json"]].concat()).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["effects"][0]["data"], json!({ "add": ["urgent"] }), "{shown:#}");
    assert_eq!(shown["log"][0], json!({ "level": "info", "message": "ticket 1 is urgent" }), "{shown:#}");
    for name in ["instructions", "memory_bytes", "wall_us"] {
        assert!(shown["usage"][name]["used"].as_u64().is_some_and(|used| used > 0), "{name}: {shown:#}");
    }
}

/// `plugin logs` and `explain` tell what it did on T-1, and why.
async fn what_it_did_is_shown(author: &Author) {
    let calls: Value = serde_json::from_str(&author.run(&["plugin", "logs", NAME, "--format", "json"]).await).unwrap();
    assert_eq!(calls.as_array().map(Vec::len), Some(1), "{calls:#}");
    for (column, expected) in [
        ("plugin", json!("urgent-tag 0.1.0")),
        ("ticket", json!("T-1")),
        ("event", json!("ticket.created")),
        ("outcome", json!("decided")),
        ("decided", json!(["ticket.tag"])),
        ("log", json!(["info: ticket T-1 is urgent"])),
    ] {
        assert_eq!(calls[0][column], expected, "{calls:#}");
    }
    let story = author.run(&["explain", "T-1"]).await;
    assert!(story.contains("because: its priority is urgent"), "{story}");
}
