//! Plugins that reach for what is not theirs: hosts that nobody granted, addresses inside, what others remember.

use serde_json::Value;

use super::reports::files;
use crate::support::config::{self, ROUTING, SECRET_VARIABLE};
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::program::{STRAY, guest};
use crate::support::recorder::Recorder;
use crate::support::waiting::wait_until;
use crate::support::webhook::{Delivery, SECRET, commented, created};

/// Tells a folder of each new ticket, whatever becomes of the others' work.
const NOTICES: &str = r#"
[[destination]]
name = "share"
kind = "folder"
path = "share"

[[plugin]]
name = "notify"
settings = { to = "share", rules = [{ name = "new", event = "ticket.created", text = "{{ticket.id}} is new" }] }
"#;

/// An account of the connector that goes where `goes_to` says.
fn account(name: &str, base_url: &str, goes_to: &str, hosts: &[&str]) -> String {
    let hosts = hosts.iter().map(|host| format!("\"{host}\"")).collect::<Vec<_>>().join(", ");
    format!(
        "\n[[source]]\nname = \"{name}\"\nconnector = \"strays\"\nhosts = [{hosts}]\n\
         settings = {{ base_url = \"{base_url}\", goes_to = \"{goes_to}\" }}\n\
         secrets = {{ webhook = {{ env = \"{SECRET_VARIABLE}\" }}, token = {{ env = \"{SECRET_VARIABLE}\" }} }}\n"
    )
}

/// An engine that has the connector.
async fn start(config: &str) -> TestEngine {
    let mut engine = TestEngine::prepare(config, Database::create().await).await;
    let installed = engine.run(&["plugin", "install", &guest(STRAY).display().to_string()]).await;
    assert!(installed.status.success(), "{installed:?}");
    engine.start_again(None).await;
    engine
}

async fn take_in(engine: &TestEngine, account: &str, ticket: &str) {
    let answer = engine.deliver(&Delivery::of(&created(ticket)).to(account)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

/// Why the one action of an account was given up, at its first attempt.
async fn refusal(engine: &TestEngine, account: &str) -> String {
    let listed = engine.run(&["dead-letters", "list", "--format", "json"]).await;
    let letters: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    let of = format!("source:{account}");
    let own: Vec<&Value> = letters.iter().filter(|letter| letter["of"] == of.as_str()).collect();
    assert_eq!(own.len(), 1, "{letters:#?}");
    assert_eq!(own[0]["attempts"], 1, "what is refused is not tried again");
    own[0]["error"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_reaches_no_host_that_it_was_not_granted() {
    let (helpdesk, trap) = (Helpdesk::start().await, Recorder::start().await);
    let host = trap.address.to_string();
    let goes_to = format!("http://{host}/collect");
    // The operator lists the host for one account and the connector asks for it in the other; it takes both.
    let unasked = account("unasked", "http://help.example", &goes_to, &["help.example", &host]);
    let ungranted = account("ungranted", &format!("http://{host}"), &goes_to, &[]);
    let further = [ROUTING, NOTICES, &unasked, &ungranted];
    let engine = start(&config::with(&helpdesk.address.to_string(), &further)).await;
    take_in(&engine, "unasked", "T-1").await;
    take_in(&engine, "ungranted", "T-2").await;
    take_in(&engine, "desk", "T-3").await;
    engine.work_off().await;

    assert_eq!(trap.asked().len(), 0, "{:#?}", trap.asked());
    let expected = format!("the manifest of connector 'strays' does not list the host; add '{host}' there to allow it");
    let error = refusal(&engine, "unasked").await;
    assert!(error.contains(&expected), "{error}");
    let expected = format!("`hosts` of source 'ungranted' does not list the host; add '{host}' there to allow it");
    let error = refusal(&engine, "ungranted").await;
    assert!(error.contains(&expected), "{error}");
    assert!(!engine.log().contains(SECRET), "the secret that it wanted to take along stands in no log");
    // Everything else goes on.
    assert_eq!(helpdesk.done_on("T-3").len(), 1);
    assert_eq!(files(&engine.folder().join("share"), ".txt").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_name_that_leads_to_this_machine_is_not_followed_without_leave() {
    let trap = Recorder::start().await;
    let host = format!("localhost:{}", trap.address.port());
    let inside = account("inside", &format!("http://{host}"), &format!("http://{host}/collect"), &[&host]);
    let with_leave = config::with("127.0.0.1:1", &[&inside, ROUTING, NOTICES]);
    let mut engine = start(&with_leave.replace(r#"allow_private = ["127.0.0.1"]"#, "allow_private = []")).await;
    take_in(&engine, "inside", "T-1").await;
    engine.work_off().await;
    assert_eq!(trap.asked().len(), 0, "{:#?}", trap.asked());
    let error = refusal(&engine, "inside").await;
    for expected in [host.as_str(), "its address is not public", "is this machine", "allow_private"] {
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(files(&engine.folder().join("share"), ".txt").len(), 1);

    // With leave it would have come, secret and all.
    engine.configure(&with_leave);
    engine.restart().await;
    let replayed = engine.run(&["dead-letters", "replay", "--all"]).await;
    assert!(replayed.status.success(), "{replayed:?}");
    wait_until("the request comes", async || trap.asked().len() == 1).await;
    engine.work_off().await;
    let asked = trap.asked();
    assert_eq!((asked.len(), asked[0].what().as_str()), (1, "POST /collect"));
    assert_eq!(asked[0].header("authorization"), format!("Bearer {SECRET}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_plugin_reads_what_another_one_remembers() {
    let helpdesk = Helpdesk::start().await;
    let remembers = config::with_guest("remembers", r#""ticket.note", "kv", "timers""#);
    let reads = config::with_guest("reads_others_kv", r#""ticket.note", "kv""#);
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[&remembers, &reads])).await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    // What the other plugin wrote is there by now, and a secret of one that does not run.
    engine
        .database
        .execute("INSERT INTO kv (tenant_id, plugin, lane_id, key, value) SELECT DISTINCT tenant_id, 'routing', 0, 'secret', 'x' FROM kv")
        .await;
    let others = "SELECT count(*) FROM kv WHERE plugin <> 'reads-others-kv'";
    assert!(engine.database.number(others).await >= 4, "there is something to see");
    engine.post(&commented("T-1", "Hello?")).await;
    engine.work_off().await;
    let done = helpdesk.done_on("T-1");
    let notes = done.iter().filter_map(|done| done.data["body"].as_str());
    let seen: Vec<&str> = notes.filter(|note| note.starts_with("saw ")).collect();
    assert_eq!(seen, ["saw []", "saw []"]);
}
