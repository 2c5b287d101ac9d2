//! Reports from a history to files, mails and the archive.

use std::fs;
use std::path::{Path, PathBuf};

use mail_parser::{MessageParser, MimeHeaders as _};
use serde_json::{Value, json};

use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::waiting::wait_until;
use crate::support::webhook::get_as;
use crate::support::{config, golden};

/// March, which the first options of the golden history are about.
pub(super) const MARCH: &str = "2026-03-01..2026-04-01";

fn with(schedule: &str) -> String {
    let reports = format!(
        "
[mail]
folder = \"outgoing\"
from = \"Deskbell <deskbell@example.com>\"

[[report]]
name = \"team\"
report = \"weekly\"
recipients = [\"Ada <ada@example.com>\", \"bo@example.com\"]
{schedule}
"
    );
    config::with("127.0.0.1:1", &[&reports, &golden::calendars()])
}

async fn with_history(schedule: &str) -> TestEngine {
    import_golden(&with(schedule)).await
}

/// An engine that is not running yet, with the golden history.
pub(super) async fn import_golden(config: &str) -> TestEngine {
    let engine = TestEngine::prepare(config, Database::create().await).await;
    let events = golden::file("events.ndjson.gz");
    let ended = engine.run(&["import", events.to_str().unwrap(), "--format", "json"]).await;
    assert!(ended.status.success(), "{ended:?}");
    engine
}

fn truth() -> Value {
    serde_json::from_str(&fs::read_to_string(golden::file("truth-1.json")).unwrap()).unwrap()
}

/// The tile with this label.
fn tile<'a>(document: &'a Value, label: &str) -> &'a Value {
    let blocks = document["blocks"].as_array().unwrap();
    let tiles = blocks.iter().filter_map(|block| block["tiles"].as_array()).flatten();
    tiles.into_iter().find(|tile| tile["label"] == label).unwrap_or_else(|| panic!("no tile {label}"))
}

fn says_the_truth(document: &Value) {
    let figures = &truth()["figures"];
    assert_eq!(tile(document, "Tickets created")["value"], json!({ "integer": figures["ticket_volume"] }));
    let fcr = tile(document, "First contact resolution");
    let close = |actual: &Value, expected: &Value| {
        let (actual, expected) = (actual.as_f64().unwrap(), expected.as_f64().unwrap());
        assert!((actual - expected).abs() <= 1e-6 * expected.abs(), "{actual} {expected}");
    };
    close(&fcr["value"]["percent"], &figures["first_contact_resolution"]["value"]);
    assert_eq!(fcr["n"], figures["first_contact_resolution"]["denominator"]);
    close(&tile(document, "First response")["value"]["duration"], &figures["first_response_time"]["calendar"]["p50"]);
}

pub(super) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_has_the_figures_of_the_history_in_every_form() {
    let engine = with_history("").await;
    let out = engine.folder().join("out");
    let ended = engine.run(&["report", "preview", "team", "--out", out.to_str().unwrap(), "--period", MARCH]).await;
    assert!(ended.status.success(), "{ended:?}");
    let document: Value = serde_json::from_str(&fs::read_to_string(out.join("team.json")).unwrap()).unwrap();
    says_the_truth(&document);
    let html = fs::read_to_string(out.join("team.html")).unwrap();
    assert!(html.contains("821") && html.contains("35.1"), "{html}");
    assert!(fs::read(out.join("team.pdf")).unwrap().starts_with(b"%PDF-"));
    assert!(files(&out, ".csv").len() >= 3, "{ended:?}");
    // Nothing was filed.
    assert_eq!(engine.database.number("SELECT count(*) FROM report_run").await, 0);

    let ended = engine.run(&["report", "preview", "tean", "--out", "out"]).await;
    assert!(ended.status.code() == Some(2) && ended.stderr.contains("did you mean 'team'?"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_filed_and_mailed_once_with_what_it_says() {
    let mut engine = with_history("").await;
    let ended = engine.run(&["report", "run", "team", "--period", MARCH, "--send"]).await;
    assert!(ended.status.success(), "{ended:?}");
    let id = ended.stdout.trim().to_owned();
    engine.start_again(None).await;
    let outgoing = engine.folder().join("outgoing");
    wait_until("the mail lies in the folder", async || files(&outgoing, ".eml").len() == 1).await;
    let bytes = fs::read(&files(&outgoing, ".eml")[0]).unwrap();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let to: Vec<&str> = mail.to().unwrap().iter().filter_map(|address| address.address()).collect();
    assert_eq!(to, ["ada@example.com", "bo@example.com"]);
    assert!(mail.subject().unwrap().contains("Weekly report"), "{:?}", mail.subject());
    for body in [mail.body_html(0).unwrap(), mail.body_text(0).unwrap()] {
        assert!(body.contains("821") && body.contains("35.1"), "{body}");
    }
    let names: Vec<&str> = mail.attachments().filter_map(|part| part.attachment_name()).collect();
    for extension in ["pdf", "csv"] {
        let has = names.iter().any(|name| Path::new(name).extension().is_some_and(|has| has == extension));
        assert!(has, "{extension}: {names:?}");
    }

    let list = engine.run(&["report", "list", "--format", "json"]).await;
    assert!(list.stdout.contains("\"made\""), "{list:?}");
    let made = engine.run(&["token", "create", "reports", "--scope", "read"]).await;
    let address = engine.address.lock().unwrap().clone();
    let url = format!("{address}/api/v1/reports/{id}.json");
    let (status, document) = get_as(&url, made.stdout.trim()).await.unwrap();
    assert_eq!(status, 200);
    says_the_truth(&serde_json::from_str(&document).unwrap());
    for (file, expected) in [("html", 200), ("csv", 200), ("99.csv", 404), ("exe", 404)] {
        let url = format!("{address}/api/v1/reports/{id}.{file}");
        assert_eq!(get_as(&url, made.stdout.trim()).await.unwrap().0, expected, "{file}");
    }

    // Sent again by hand, it is another mail; the archive stays as it is.
    let again = engine.run(&["report", "send", &id]).await;
    assert!(again.status.success(), "{again:?}");
    wait_until("the second mail", async || files(&outgoing, ".eml").len() == 2).await;
    assert_eq!(engine.database.number("SELECT count(*) FROM report_run").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_report_is_made_once_whichever_process_does_it() {
    let daily = "period = \"yesterday\"\nschedule = { cron = \"0 0 * * *\", missed = \"once\" }";
    let mut engine = TestEngine::start(&with(daily)).await;
    wait_until("the schedule is known", async || engine.database.number("SELECT count(*) FROM schedule").await == 1)
        .await;
    assert!(engine.stop().await.success());
    engine.database.execute("UPDATE schedule SET checked_to = checked_to - interval '1 day'").await;
    let beside = engine.beside(&with(daily)).await;
    engine.start_again(None).await;
    let completed = "SELECT count(*) FROM schedule_run WHERE state = 2 AND kind = 'report'";
    wait_until("the report is made", async || engine.database.number(completed).await == 1).await;
    assert_eq!(engine.database.number("SELECT count(*) FROM report_run WHERE state = 0").await, 1);
    assert_eq!(engine.database.number("SELECT count(*) FROM outbox WHERE kind = 'report.mail'").await, 1);
    drop(beside);
}
