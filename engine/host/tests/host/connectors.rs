//! Connectors.

use std::sync::Arc;

use deskbell_host::{Failure, Limit, NoReads};
use deskbell_model::plugin::{
    Action, Delivery, Exchange, Parsed, ProbeStep, ReconcileStep, RenderStep, Request, Response,
};

use crate::support::{NOON, event, plugin, settings, ticket};

fn delivery(body: &str) -> Delivery {
    Delivery {
        id: Some("d-1".to_owned()),
        source: "support".to_owned(),
        headers: vec![("x-kind".to_owned(), "merged".to_owned())],
        body: body.to_owned().into(),
        received_at: NOON,
    }
}

fn action(kind: &str) -> Action {
    Action {
        kind: kind.to_owned(),
        data: r#"{"body":"Hello"}"#.to_owned(),
        key: "k-1".to_owned(),
        subject: Some("7".to_owned()),
        ticket: Some(("support".to_owned(), "7".to_owned(), Arc::new(ticket()))),
        extra: Vec::new(),
    }
}

fn answered(request: Request, status: u16, body: &str) -> Exchange {
    let response = Response { status, headers: vec![("etag".to_owned(), "1".to_owned())], body: body.into() };
    Exchange { request, response }
}

#[tokio::test]
async fn reads_events_out_of_webhooks() {
    let plugin = plugin("connects").await;
    let parse = async |body: &str| plugin.parse(&delivery(body), &settings()).await.result;
    let parsed = parse(r#"{"ticket":"7"}"#).await.unwrap();
    let [event] = parsed.events.as_slice() else { panic!("{parsed:?}") };
    assert_eq!((event.kind.as_str(), event.id.as_str()), ("deskbell.ticket.merged", "e-7"));
    assert_eq!((event.subject.as_deref(), event.time), (Some("7"), NOON));
    assert_eq!(event.data, r#"{"actor":{"id":"acme","role":"system"}}"#);
    let Parsed { events, ignored } = parse("{}").await.unwrap();
    assert!(events.is_empty());
    assert_eq!(ignored.as_deref(), Some("support says nothing of tickets"));
    assert!(matches!(parse("no json").await, Err(Failure::Refused { retry: false, .. })));
    assert!(matches!(parse(r#"{"many":1001}"#).await, Err(Failure::Limit { limit: Limit::Events, .. })));
}

#[tokio::test]
async fn renders_an_action_step_by_step() {
    let plugin = plugin("connects").await;
    let action = action("ticket.note");
    let render = async |so_far: &[Exchange]| plugin.render(&action, so_far, &settings(), NOON).await.result.unwrap();
    let RenderStep::Requests(requests) = render(&[]).await else { panic!("no requests") };
    let [read] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((read.method.as_str(), read.url.as_str()), ("GET", "https://acme.example/tickets/7"));
    let first = answered(read.clone(), 200, r#"{"version":3}"#);
    let RenderStep::Requests(requests) = render(std::slice::from_ref(&first)).await else { panic!("no requests") };
    let [write] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(write.url, "https://acme.example/tickets/7/notes");
    let body: serde_json::Value = serde_json::from_slice(write.body.as_deref().unwrap()).unwrap();
    assert_eq!(body, serde_json::json!({ "note": "Hello", "version": 3, "key": "k-1" }));
    assert!(write.headers.iter().any(|(_, value)| value.contains("{{secret:token}}")), "{write:?}");
    let second = answered(write.clone(), 201, "");
    assert_eq!(render(&[first, second]).await, RenderStep::Done(Some("201".to_owned())));
}

#[tokio::test]
async fn steps_that_lead_nowhere_are_refused() {
    let plugin = plugin("connects").await;
    let render = async |kind: &str| plugin.render(&action(kind), &[], &settings(), NOON).await.result;
    assert_eq!(render("notify").await.unwrap(), RenderStep::Impossible("Acme knows no notify".to_owned()));
    assert!(matches!(render("ticket.reply").await, Err(Failure::Garbage { .. })));
    assert!(matches!(render("ticket.tag").await, Err(Failure::Limit { limit: Limit::Requests, .. })));
}

#[tokio::test]
async fn probes_and_reconciles() {
    let plugin = plugin("connects").await;
    let action = action("ticket.note");
    let probe = async |so_far: &[Exchange]| plugin.probe(&action, so_far, &settings(), NOON).await.result.unwrap();
    let ProbeStep::Requests(requests) = probe(&[]).await else { panic!("no requests") };
    let request = requests.first().unwrap().clone();
    assert_eq!(request.url, "https://acme.example/by-key/k-1");
    assert_eq!(probe(&[answered(request.clone(), 404, "")]).await, ProbeStep::NotEffective);
    assert_eq!(probe(&[answered(request.clone(), 200, "")]).await, ProbeStep::Effective);
    let reconcile =
        async |so_far: &[Exchange]| plugin.reconcile(Some("c-1"), so_far, &settings(), NOON).await.result.unwrap();
    let ReconcileStep::Requests(requests) = reconcile(&[]).await else { panic!("no requests") };
    assert_eq!(requests.first().unwrap().url, "https://acme.example/since/c-1");
    let ReconcileStep::Page { events, cursor, more } = reconcile(&[answered(request, 200, "{}")]).await else {
        panic!("no page")
    };
    assert_eq!((events.len(), cursor.as_str(), more), (1, "next", true));
}

#[tokio::test]
async fn a_connector_is_not_called_as_an_automation() {
    let plugin = plugin("connects").await;
    let call = plugin.handle(&event(), &settings(), Arc::new(NoReads)).await;
    assert!(call.result.unwrap_err().to_string().contains("plugin connects 1.2.3 is no automation"));
}
