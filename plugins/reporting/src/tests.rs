//! The reports over the golden figures.

use std::fs;
use std::path::Path;

use deskbell::Instant;
use deskbell::report::{Block, Document, LowRating, Period, Request};
use deskbell::testing::TestHost;
use serde_json::{Value as Json, json};

use super::report;

fn truth(number: u32) -> Json {
    let path = format!("../../tests/fixtures/kpi-golden/truth-{number}.json");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn request(kind: &str, of: &Json) -> Request {
    let at = |member: &str| Instant::parse_rfc3339(of[member].as_str().unwrap()).unwrap();
    let mut request = Request::new(kind, Period { from: at("from"), to: at("to") });
    request.tz = of["tz"].as_str().unwrap().to_owned();
    request.calendar = of["calendar"].as_str().map(str::to_owned);
    request
}

/// With the figures of the period, and those of another period as those before.
fn host(now: &Json, request: &Request) -> TestHost {
    let comment = |text: &str| LowRating {
        at: request.period.from,
        kind: "csat".to_owned(),
        normalized: 0.0,
        ticket: None,
        agent: None,
        comment: text.to_owned(),
    };
    TestHost::new()
        .figures(Some(request.period.from), now.clone())
        .figures(Some(request.previous.from), truth(4))
        .low_rating(comment("The refund never came"))
        .low_rating(comment("No refund, no answer"))
        .automation_figures(json!({
            "plugins": { "routing": { "calls": 10, "errors": 2, "cpu_seconds": 0.5, "actions": { "ticket.update": 7 } } },
            "actions": { "source:support": { "completed": 6, "waiting": 0, "discarded": 1, "cancelled": 0 } },
        }))
}

fn made(kind: &str, number: u32, language: &str) -> Document {
    let mut now = truth(number);
    now["by"] = json!({ "dimension": "group", "values": {
        "tier-2": { "opened_vs_solved": { "opened": 50, "solved": 30, "net": 20 } },
        "billing": { "opened_vs_solved": { "opened": 50, "solved": 50, "net": 0 } },
    } });
    let mut request = request(kind, &now);
    request.language = language.to_owned();
    host(&now, &request).report(report, &request).unwrap()
}

fn tile(document: &Document, label: &str) -> Json {
    let tiles = document.blocks.iter().filter_map(|block| match block {
        Block::Tiles { tiles } => Some(tiles),
        _ => None,
    });
    let found = tiles.flatten().find(|tile| tile.label == label).unwrap_or_else(|| panic!("no tile {label}"));
    json!(found)
}

#[test]
fn tiles_show_the_golden_figures_with_n_and_benchmark() {
    let document = made("weekly", 1, "en");
    let created = tile(&document, "Tickets created");
    assert_eq!((&created["value"], &created["n"]), (&json!({ "integer": 821 }), &json!(821)));
    let fcr = tile(&document, "First contact resolution");
    assert_eq!(fcr["value"]["percent"], json!(242.0 / 690.0));
    assert_eq!((&fcr["n"], &fcr["population"]), (&json!(690), &json!("solved tickets of the period")));
    assert!(fcr["benchmark"].as_str().unwrap().contains("70–79%"));
    assert!(fcr["change"]["before"]["percent"].is_number() && fcr["change"]["better"] == "higher");
    let response = tile(&document, "First response");
    assert_eq!(response["value"], json!({ "duration": 3070.0 }));
}

#[test]
fn a_calendar_makes_durations_working_time() {
    let truth = truth(2);
    let document = made("weekly", 2, "de");
    let response = tile(&document, "Erste Antwort (Arbeitszeit)");
    assert_eq!(response["value"]["duration"], truth["figures"]["first_response_time"]["business"]["p50"]);
}

#[test]
fn every_report_is_made_in_every_language_from_every_truth() {
    for kind in ["weekly", "monthly", "sla", "rating", "automation"] {
        for language in ["en", "de", "nl", "fi", "ru", "zh", "pt"] {
            for number in 1..=8 {
                let document = made(kind, number, language);
                assert!(document.blocks.len() > 3, "{kind} {language} {number}");
            }
        }
    }
}

#[test]
fn what_stands_out_is_told_in_words() {
    let text = json!(made("weekly", 1, "en")).to_string();
    for expected in [
        "The busiest weekday is ",
        "On Mar\u{a0}17, 2026, in the hour from 9:00, 32 tickets came in; usual are 1.5.",
        "The group tier-2 is falling behind: 50 tickets opened, 30 solved, 20 more than it solved.",
        "refund",
        "“The refund never came”",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let automation = json!(made("automation", 1, "en")).to_string();
    assert!(automation.contains("routing failed in 2 of 10 calls."), "{automation}");
}

#[test]
fn an_empty_period_makes_a_report_too() {
    let empty = json!({ "from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z", "tz": "UTC", "figures": {} });
    for kind in ["weekly", "monthly", "sla", "rating"] {
        let request = request(kind, &empty);
        let mut host = TestHost::new().figures(None, empty.clone());
        assert!(host.report(report, &request).unwrap().blocks.len() > 2, "{kind}");
    }
}

#[test]
fn a_report_that_is_not_there_is_told_with_those_that_are() {
    let request = Request::new("daily", Period::default());
    let error = TestHost::new().report(report, &request).unwrap_err();
    assert!(error.message.contains("there is no report 'daily'; there are weekly"), "{}", error.message);
}
