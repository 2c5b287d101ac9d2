//! Conversions of what only connectors have.

use super::convert::{extras_in, extras_out, json_in, ticket_in};
use crate::bindings::connector::deskbell::plugin::{connecting, http};
use crate::error::Result;
use crate::instant::Instant;
use crate::{
    Action, CanonicalEvent, Delivery, Exchange, Page, Parsed, ProbeStep, ReconcileStep, RenderStep, Request, Response,
    Signing,
};

pub(super) fn delivery_in(delivery: connecting::Delivery) -> Delivery {
    Delivery {
        id: delivery.id,
        source: delivery.source,
        headers: delivery.headers,
        body: delivery.body,
        received_at: Instant(delivery.received_at),
        extra: extras_in(delivery.extra),
    }
}

pub(super) fn action_in(action: connecting::Action) -> Result<Action> {
    Ok(Action {
        data: json_in("the action's data", &action.data)?,
        kind: action.kind,
        key: action.key,
        subject: action.subject,
        ticket: action.ticket.map(ticket_in),
        extra: extras_in(action.extra),
    })
}

pub(super) fn exchanges_in(exchanges: Vec<http::Exchange>) -> Vec<Exchange> {
    exchanges.into_iter().map(exchange_in).collect()
}

fn exchange_in(exchange: http::Exchange) -> Exchange {
    let http::Exchange { request, response } = exchange;
    Exchange {
        request: Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            idempotent: request.idempotent,
            sign: request.sign.map(|sign| Signing { scheme: sign.scheme, secret: sign.secret }),
            extra: extras_in(request.extra),
        },
        response: Response { status: response.status, headers: response.headers, body: response.body },
    }
}

pub(super) fn parsed_out(parsed: Parsed) -> connecting::Parsed {
    connecting::Parsed { events: events_out(parsed.events), ignored: parsed.ignored, extra: extras_out(&parsed.extra) }
}

pub(super) fn render_out(step: RenderStep) -> connecting::RenderStep {
    match step {
        RenderStep::Requests(requests) => connecting::RenderStep::Requests(requests_out(requests)),
        RenderStep::Done(reference) => connecting::RenderStep::Done(reference),
        RenderStep::Impossible(reason) => connecting::RenderStep::Impossible(reason),
    }
}

pub(super) fn probe_out(step: ProbeStep) -> connecting::ProbeStep {
    match step {
        ProbeStep::Requests(requests) => connecting::ProbeStep::Requests(requests_out(requests)),
        ProbeStep::Effective => connecting::ProbeStep::Effective,
        ProbeStep::NotEffective => connecting::ProbeStep::NotEffective,
        ProbeStep::Unknown(reason) => connecting::ProbeStep::Unknown(reason),
    }
}

pub(super) fn reconcile_out(step: ReconcileStep) -> connecting::ReconcileStep {
    match step {
        ReconcileStep::Requests(requests) => connecting::ReconcileStep::Requests(requests_out(requests)),
        ReconcileStep::Page(Page { events, cursor, more }) => {
            connecting::ReconcileStep::Page(connecting::Page { events: events_out(events), cursor, more })
        }
        ReconcileStep::Unsupported => connecting::ReconcileStep::Unsupported,
    }
}

fn events_out(events: Vec<CanonicalEvent>) -> Vec<connecting::CanonicalEvent> {
    let convert = |event: CanonicalEvent| connecting::CanonicalEvent {
        id: event.id,
        kind: event.kind,
        subject: event.subject,
        time: event.time.0,
        data: event.data.to_string(),
        extra: extras_out(&event.extra),
    };
    events.into_iter().map(convert).collect()
}

fn requests_out(requests: Vec<Request>) -> Vec<http::Request> {
    let convert = |request: Request| http::Request {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        idempotent: request.idempotent,
        sign: request.sign.map(|sign| http::Signing { scheme: sign.scheme, secret: sign.secret }),
        extra: extras_out(&request.extra),
    };
    requests.into_iter().map(convert).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> Request {
        let mut request =
            Request::post("https://acme.example").json(&json!({ "a": 1 })).idempotent().sign_standard_webhooks("hook");
        request.extra.insert("x".to_owned(), json!(true));
        request
    }

    #[test]
    fn a_request_comes_back_in_its_exchange_as_it_left() {
        let connecting::RenderStep::Requests(mut out) = render_out(RenderStep::Requests(vec![request()])) else {
            unreachable!("a step keeps its case")
        };
        let exchange = http::Exchange {
            request: out.remove(0),
            response: http::Response { status: 201, headers: vec![("a".to_owned(), "b".to_owned())], body: vec![1] },
        };
        let back = exchanges_in(vec![exchange]).remove(0);
        assert_eq!(back.request, request());
        assert_eq!(back.response.status, 201);
        assert_eq!((back.response.header("A"), back.response.body.as_slice()), (Some("b"), &[1][..]));
    }

    #[test]
    fn steps_keep_their_cases() {
        let text = || "why".to_owned();
        assert_eq!(render_out(RenderStep::Done(Some(text()))), connecting::RenderStep::Done(Some(text())));
        assert_eq!(render_out(RenderStep::Impossible(text())), connecting::RenderStep::Impossible(text()));
        assert_eq!(probe_out(ProbeStep::Effective), connecting::ProbeStep::Effective);
        assert_eq!(probe_out(ProbeStep::NotEffective), connecting::ProbeStep::NotEffective);
        assert_eq!(probe_out(ProbeStep::Unknown(text())), connecting::ProbeStep::Unknown(text()));
        assert_eq!(probe_out(ProbeStep::Requests(vec![])), connecting::ProbeStep::Requests(vec![]));
        assert_eq!(reconcile_out(ReconcileStep::Unsupported), connecting::ReconcileStep::Unsupported);
        assert_eq!(reconcile_out(ReconcileStep::Requests(vec![])), connecting::ReconcileStep::Requests(vec![]));
        let page = Page { events: vec![], cursor: text(), more: true };
        let connecting::ReconcileStep::Page(out) = reconcile_out(ReconcileStep::Page(page)) else {
            unreachable!("a step keeps its case")
        };
        assert_eq!((out.cursor, out.more), (text(), true));
    }

    #[test]
    fn deliveries_and_actions_arrive_whole() {
        let delivery = delivery_in(connecting::Delivery {
            id: Some("d".to_owned()),
            source: "support".to_owned(),
            headers: vec![("x".to_owned(), "y".to_owned())],
            body: b"{}".to_vec(),
            received_at: 5,
            extra: vec![("a".to_owned(), "1".to_owned())],
        });
        let expected = Delivery {
            id: Some("d".to_owned()),
            source: "support".to_owned(),
            headers: vec![("x".to_owned(), "y".to_owned())],
            body: b"{}".to_vec(),
            received_at: Instant(5),
            extra: [("a".to_owned(), json!(1))].into(),
        };
        assert_eq!(delivery, expected);

        let wit_action = |data: &str| connecting::Action {
            kind: "ticket.note".to_owned(),
            data: data.to_owned(),
            key: "k".to_owned(),
            subject: Some("7".to_owned()),
            ticket: None,
            extra: vec![],
        };
        let action = action_in(wit_action("{\"body\":\"hi\"}")).unwrap();
        assert_eq!((action.kind.as_str(), action.key.as_str(), action.subject().unwrap()), ("ticket.note", "k", "7"));
        assert_eq!(action.text("body").unwrap(), "hi");
        assert!(action_in(wit_action("")).is_err());
    }

    #[test]
    fn events_leave_with_their_envelope() {
        let event =
            CanonicalEvent::new("deskbell.ticket.deleted", "e", Instant(7)).subject("9").data(json!({ "a": 1 }));
        let out = parsed_out(Parsed::events(vec![event])).events.remove(0);
        assert_eq!((out.kind.as_str(), out.id.as_str(), out.time), ("deskbell.ticket.deleted", "e", 7));
        assert_eq!((out.subject.as_deref(), out.data.as_str()), (Some("9"), "{\"a\":1}"));
        assert_eq!(parsed_out(Parsed::ignored("ping")).ignored.as_deref(), Some("ping"));
    }
}
