//! Sentences of the definition, one by one. The period is March 2026 in UTC unless a case says otherwise.

#![expect(clippy::needless_pass_by_value, reason = "json!(..) reads best as an argument")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::activity::Activity;
use crate::calendar::Book;
use crate::event::{Event, LaneKind};
use crate::history::History;
use crate::kpi::{Activities, Options, Request, Settings, Tickets};
use crate::sla::{Editions, Policies};

const MARCH: Request<'static> = Request {
    from: "2026-03-01",
    to: "2026-04-01",
    tz: None,
    calendar: None,
    by: None,
    bucket: None,
    fcr: None,
    source: None,
};

/// An event: when (in 2026, `MM-DDTHH:MM`), its type, subject and data.
fn on(time: &str, kind: &str, subject: &str, data: Value) -> Value {
    json!({ "time": format!("2026-{time}:00Z"), "type": format!("deskbell.{kind}"), "subject": subject, "data": data })
}

fn created(time: &str, ticket: &str, fields: Value) -> Value {
    let mut all = json!({ "subject": "s", "channel": "email", "requester": { "id": "c" } });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    on(time, "ticket.created", ticket, json!({ "ticket": all, "actor": { "id": "c", "role": "customer" } }))
}

fn status(time: &str, ticket: &str, to: &str) -> Value {
    let data = json!({ "changes": { "status": { "to": to } }, "actor": { "id": "ann", "role": "agent" } });
    on(time, "ticket.updated", ticket, data)
}

fn reply(time: &str, ticket: &str, role: &str) -> Value {
    let data = json!({ "comment": { "public": true, "body": "b" }, "actor": { "id": "ann", "role": role } });
    on(time, "ticket.commented", ticket, data)
}

fn rating(time: &str, ticket: &str, kind: &str, score: f64) -> Value {
    let data = json!({ "kind": kind, "score": score, "scale": { "min": 0, "max": 10 }, "agent": "ann" });
    on(time, "rating.submitted", ticket, data)
}

fn event(number: usize, mut event: Value) -> Event {
    let envelope = event.as_object_mut().unwrap();
    envelope.insert("specversion".to_owned(), json!("1.0"));
    envelope.insert("id".to_owned(), json!(number.to_string()));
    envelope.entry("source").or_insert(json!("one"));
    Event::from_value(&event).unwrap()
}

fn figures(request: &Request<'_>, config: &str, events: &[Value]) -> Value {
    let events: Vec<Event> = events.iter().cloned().enumerate().map(|(number, value)| event(number, value)).collect();
    let calendars = Book::from_toml(config, &|file| Err(format!("no file {file}"))).unwrap();
    let policies = Arc::new(Editions::new(Policies::from_toml(config, &calendars).unwrap()));
    let options = Options::new(request, &calendars).unwrap();
    let mut activities = Activities::new(options, Settings::new(policies, !config.is_empty()));
    let mut lanes: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in &events {
        if let Some(activity) = Activity::of(event) {
            activities.add(&event.source, &activity);
        }
        if let (LaneKind::Ticket, ticket) = event.lane() {
            lanes.entry((&event.source, ticket)).or_default().push(event);
        }
    }
    let mut tickets = Tickets::new(&activities.ready());
    for ((source, ticket), events) in lanes {
        if let Some(facts) = History::fold(&events).0.facts {
            tickets.add_facts(source, ticket, &facts).unwrap();
        }
    }
    serde_json::to_value(tickets.finish()).unwrap()
}

/// What the figures at a path (`/csat/mean`) are in March.
#[track_caller]
fn check(events: &[Value], path: &str, expected: Value) {
    let report = figures(&MARCH, "", events);
    assert_eq!(report["figures"].pointer(path), Some(&expected), "{path}");
}

#[test]
fn an_empty_period_has_no_bucket_and_no_figure_of_a_period_but_a_backlog() {
    let empty = Request { from: "2026-03-05", to: "2026-03-05", bucket: Some("day"), by: Some("tag"), ..MARCH };
    let cost = json!({ "amount": 5, "currency": "EUR", "from": "2026-03-05T00:00:00Z", "to": "2026-03-05T00:00:00Z" });
    let report =
        figures(&empty, "", &[created("03-01T00:00", "1", json!({})), on("03-05T00:00", "cost.recorded", "", cost)]);
    let figures = &report["figures"];
    assert_eq!(figures["opened_vs_solved"]["buckets"], json!([]));
    assert_eq!((&figures["backlog"]["buckets"], &figures["backlog"]["unsolved"]), (&json!([]), &json!(1)));
    assert_eq!((&figures["heatmap"]["busiest"], &figures["cost_per_ticket"]), (&Value::Null, &Value::Null));
    assert_eq!(report["by"]["values"]["(none)"]["backlog"]["unsolved"], json!(1));
    assert_eq!(
        figures["first_response_time"],
        json!({
        "calendar": { "count": 0, "mean": null, "p50": null, "p90": null, "p95": null }, "business": null })
    );
}

#[test]
fn the_last_csat_rating_of_a_ticket_counts_alone_and_of_one_instant_the_last_to_arrive() {
    let ticket = created("02-01T00:00", "1", json!({}));
    let two = [ticket.clone(), rating("03-02T00:00", "1", "csat", 10.0), rating("03-02T00:00", "1", "csat", 2.0)];
    check(&two, "/csat/mean", json!(20.0));
    check(
        &[ticket.clone(), rating("03-09T00:00", "1", "csat", 10.0), rating("03-02T00:00", "1", "csat", 2.0)],
        "/csat/mean",
        json!(100.0),
    );
    // The last one before the end of the period lies in it or none does.
    check(&[ticket.clone(), rating("02-09T00:00", "1", "csat", 1.0)], "/csat/denominator", json!(0));
    check(
        &[ticket.clone(), rating("03-09T00:00", "1", "csat", 3.0), rating("04-01T00:00", "1", "csat", 9.0)],
        "/csat/mean",
        json!(30.0),
    );
    // Other kinds count each.
    check(
        &[ticket.clone(), rating("03-02T00:00", "1", "ces", 0.0), rating("03-02T00:00", "1", "ces", 10.0)],
        "/ces",
        json!({ "count": 2, "mean": 4.0 }),
    );
    // A rating of a ticket that is not known counts nowhere.
    check(&[rating("03-02T00:00", "2", "csat", 3.0)], "/csat/denominator", json!(0));
}

#[test]
fn work_on_a_ticket_that_is_gone_or_not_known_is_work_without_one() {
    let work =
        |ticket| on("03-02T00:00", "work.logged", ticket, json!({ "agent": "ann", "kind": "email", "seconds": 60 }));
    let gone = on("03-31T23:59", "ticket.deleted", "1", json!({ "actor": { "id": "ann", "role": "agent" } }));
    let events = [created("03-01T00:00", "1", json!({})), work("1"), work("2"), work(""), gone];
    check(&events, "/handle_time/email", json!({ "numerator": 180, "denominator": 3, "value": 60.0 }));
    check(&events, "/handle_time/ticket", json!({ "numerator": 0, "denominator": 0, "value": null }));
    check(&events, "/ticket_volume", json!(0));
    // Without the deletion, which an event at the end of the period is.
    let kept = [
        created("03-01T00:00", "1", json!({})),
        work("1"),
        on("04-01T00:00", "ticket.deleted", "1", json!({ "actor": { "id": "ann", "role": "agent" } })),
    ];
    check(&kept, "/handle_time/ticket/denominator", json!(1));
}

#[test]
fn a_reply_may_be_all_that_an_agent_is_listed_for_but_an_nps_rating_is_not_enough() {
    let mut by_agent = created("02-01T00:00", "1", json!({ "status": "solved" }));
    by_agent["data"]["actor"]["role"] = json!("agent");
    check(&[by_agent.clone(), reply("03-02T00:00", "1", "agent")], "/agent_performance/ann/agent_replies", json!(1));
    check(&[by_agent, rating("03-02T00:00", "1", "nps", 9.0)], "/agent_performance", json!({}));
}

#[test]
fn only_what_comes_before_the_last_solve_counts() {
    let moved = |time: &str, group: &str, status: Option<&str>| {
        let mut changes = json!({ "group": { "to": group } });
        if let Some(status) = status {
            changes["status"] = json!({ "to": status });
        }
        on(time, "ticket.updated", "1", json!({ "changes": changes, "actor": { "id": "ann", "role": "agent" } }))
    };
    let ticket = created("03-01T00:00", "1", json!({ "group": "a" }));
    // An event that is both the transfer and the last solve is not before it; with a later solve it is.
    check(&[ticket.clone(), moved("03-02T00:00", "b", Some("solved"))], "/transfer_rate/numerator", json!(0));
    let again = [
        ticket.clone(),
        moved("03-02T00:00", "b", Some("solved")),
        status("03-03T00:00", "1", "open"),
        status("03-04T00:00", "1", "closed"),
    ];
    check(&again, "/transfer_rate/numerator", json!(1));
    check(&again, "/reopen_rate/numerator", json!(1));
    check(&again, "/opened_vs_solved/solved", json!(2));
    // Closing what is solved is no solve.
    check(
        &[ticket, status("03-02T00:00", "1", "solved"), status("03-04T00:00", "1", "closed")],
        "/opened_vs_solved/solved",
        json!(1),
    );
}

#[test]
fn costs_are_prorated_and_those_at_an_instant_belong_to_its_period() {
    let cost = |amount: f64, from: &str, to: &str| {
        on("01-01T00:00", "cost.recorded", "", json!({ "amount": amount, "currency": "EUR", "from": from, "to": to }))
    };
    let (start, end, middle) = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-03-16T12:00:00Z");
    check(
        &[cost(5.0, start, start), cost(7.0, end, end)],
        "/cost_per_ticket",
        json!({ "EUR": { "numerator": 5, "denominator": 0, "value": null } }),
    );
    check(&[cost(62.0, "2026-02-13T12:00:00Z", middle)], "/cost_per_ticket/EUR/numerator", json!(31));
    check(&[cost(5.0, "2026-02-01T00:00:00Z", start)], "/cost_per_ticket", Value::Null);
}

#[test]
fn searches_are_compared_in_full_lower_case_with_its_final_sigma() {
    let search = |query: &str, results: u32| {
        on("03-02T00:00", "knowledge.searched", "", json!({ "session": "s", "query": query, "results": results }))
    };
    let events = [search(" ΟΔΟΣ ", 1), search("οδος", 0), search("  ", 0), search("İ", 1), search("b", 1)];
    let frequent = [("οδος", 2), ("b", 1), ("i̇", 1)].map(|(query, count)| json!({ "query": query, "count": count }));
    check(&events, "/knowledge/frequent", json!(frequent));
    check(&events, "/knowledge/no_result", json!({ "numerator": 2, "denominator": 5, "value": 0.4 }));
}

#[test]
fn a_ticket_counts_once_under_each_of_its_tags() {
    let by_tag = Request { by: Some("tag"), ..MARCH };
    let report = figures(
        &by_tag,
        "",
        &[
            created("03-02T00:00", "1", json!({ "tags": ["a", "b", "a"] })),
            created("02-02T00:00", "2", json!({ "tags": ["old"] })),
        ],
    );
    let values = &report["by"]["values"];
    assert_eq!(values["a"]["ticket_volume"], json!(1));
    assert_eq!(values["old"]["ticket_volume"], json!(0));
    assert_eq!(values.as_object().unwrap().len(), 3);
}

#[test]
fn attainment_has_what_fell_due_or_was_met_in_the_period() {
    let policy = "[[sla]]\nname = \"p\"\n[sla.targets.normal]\nfirst_response = \"1h\"\nresolution = \"24h\"";
    let events = [
        created("03-02T00:00", "1", json!({})),
        reply("03-02T01:00", "1", "agent"),
        status("03-03T00:01", "1", "solved"),
        // Due at the end of the period, which is not in it.
        created("03-31T23:00", "2", json!({})),
        // Due in it, never answered; resolution breached before.
        created("02-01T00:00", "3", json!({ "status": "pending" })),
    ];
    let report = figures(&MARCH, policy, &events);
    let attained = |metric: &str, numerator: u32, denominator: u32, value: f64| json!({ "policy": "p", "metric": metric, "numerator": numerator, "denominator": denominator, "value": value });
    assert_eq!(
        report["figures"]["sla_attainment"],
        json!([attained("first_response", 1, 1, 1.0), attained("resolution", 0, 1, 0.0)])
    );
}

#[test]
fn surges_need_four_weeks_of_the_same_hour() {
    let at = |date: &str, n: usize| {
        (0..n)
            .map(|minute| created(&format!("{date}T09:{minute:02}"), &format!("{date}-{minute}"), json!({})))
            .collect::<Vec<_>>()
    };
    // Mondays: the first ticket comes on 2 February.
    let mut events: Vec<Value> = ["02-02", "02-09", "02-16", "02-23"].iter().flat_map(|date| at(date, 1)).collect();
    events.extend(at("03-02", 6));
    let surge = json!([{ "date": "2026-03-02", "hour": 9, "count": 6, "mean": 1.0, "limit": 5 }]);
    check(&events, "/surges", surge);
    check(&events[1..], "/surges", json!([]));
    check(&events[..events.len() - 1], "/surges", json!([]));
}

#[test]
fn the_busiest_weekday_is_the_earlier_one_of_two() {
    let week = Request { from: "2026-03-02", to: "2026-03-16", ..MARCH };
    let events = [created("03-06T10:00", "1", json!({})), created("03-03T10:00", "2", json!({}))];
    let report = figures(&week, "", &events);
    assert_eq!(report["figures"]["heatmap"]["busiest"], json!({ "weekday": 2, "load": 3.5 }));
}
