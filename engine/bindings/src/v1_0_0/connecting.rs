//! What passes between the engine and a connector.

use deskbell_model::plugin::{
    Exchange, Parsed, ProbeStep, ReconcileStep, RenderStep, Request, Response, Signing, StatedEvent,
};
use deskbell_model::timestamp::Timestamp;

use super::generated::deskbell::plugin::{connecting, http};
use super::lend;

/// The headers of one exchange, lent.
pub(super) struct Headers<'a> {
    request: Vec<(&'a str, &'a str)>,
    response: Vec<(&'a str, &'a str)>,
}

/// Lends the headers of exchanges. Kept beside them while they are lent.
pub(super) fn headers(exchanges: &[Exchange]) -> Vec<Headers<'_>> {
    exchanges.iter().map(Headers::of).collect()
}

impl<'a> Headers<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        Self { request: lend(&exchange.request.headers), response: lend(&exchange.response.headers) }
    }
}

/// Lends exchanges.
pub(super) fn exchanges<'a>(exchanges: &'a [Exchange], headers: &'a [Headers<'a>]) -> Vec<http::Exchange<'a>> {
    let pairs = exchanges.iter().zip(headers);
    pairs
        .map(|(exchange, headers)| http::Exchange {
            request: request(&exchange.request, &headers.request),
            response: response(&exchange.response, &headers.response),
        })
        .collect()
}

fn request<'a>(request: &'a Request, headers: &'a [(&'a str, &'a str)]) -> http::RequestParam<'a> {
    let sign = request.sign.as_ref();
    http::RequestParam {
        method: &request.method,
        url: &request.url,
        headers,
        body: request.body.as_deref(),
        idempotent: request.idempotent,
        sign: sign.map(|sign| http::SigningParam { scheme: &sign.scheme, secret: &sign.secret }),
        extra: &[],
    }
}

fn response<'a>(response: &'a Response, headers: &'a [(&'a str, &'a str)]) -> http::Response<'a> {
    http::Response { status: response.status, headers, body: &response.body }
}

fn stated(event: connecting::CanonicalEvent) -> StatedEvent {
    StatedEvent {
        id: event.id,
        kind: event.kind,
        subject: event.subject,
        time: Timestamp::from_micros(event.time),
        data: event.data,
    }
}

fn stated_all(events: Vec<connecting::CanonicalEvent>) -> Vec<StatedEvent> {
    events.into_iter().map(stated).collect()
}

fn wanted(request: http::RequestResult) -> Request {
    Request {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        idempotent: request.idempotent,
        sign: request.sign.map(|sign| Signing { scheme: sign.scheme, secret: sign.secret }),
    }
}

fn wanted_all(requests: Vec<http::RequestResult>) -> Vec<Request> {
    requests.into_iter().map(wanted).collect()
}

impl From<connecting::Parsed> for Parsed {
    fn from(parsed: connecting::Parsed) -> Self {
        Self { events: stated_all(parsed.events), ignored: parsed.ignored }
    }
}

impl From<connecting::RenderStep> for RenderStep {
    fn from(step: connecting::RenderStep) -> Self {
        match step {
            connecting::RenderStep::Requests(requests) => Self::Requests(wanted_all(requests)),
            connecting::RenderStep::Done(reference) => Self::Done(reference),
            connecting::RenderStep::Impossible(reason) => Self::Impossible(reason),
        }
    }
}

impl From<connecting::ProbeStep> for ProbeStep {
    fn from(step: connecting::ProbeStep) -> Self {
        match step {
            connecting::ProbeStep::Requests(requests) => Self::Requests(wanted_all(requests)),
            connecting::ProbeStep::Effective => Self::Effective,
            connecting::ProbeStep::NotEffective => Self::NotEffective,
            connecting::ProbeStep::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<connecting::ReconcileStep> for ReconcileStep {
    fn from(step: connecting::ReconcileStep) -> Self {
        match step {
            connecting::ReconcileStep::Requests(requests) => Self::Requests(wanted_all(requests)),
            connecting::ReconcileStep::Page(page) => {
                Self::Page { events: stated_all(page.events), cursor: page.cursor, more: page.more }
            }
            connecting::ReconcileStep::Unsupported => Self::Unsupported,
        }
    }
}
