//! Actions as webhooks to the system itself.

use deskbell::prelude::*;

use crate::settings::Settings;

/// Posts the action and reads what became of it.
pub(crate) fn render(action: &Action, so_far: &[Exchange], settings: &Settings, now: Instant) -> Result<RenderStep> {
    let Some(url) = settings.callback_url.as_deref().filter(|url| !url.is_empty()) else {
        let reason = "the source has no callback_url in its settings, so no action can reach it";
        return Ok(RenderStep::Impossible(reason.to_owned()));
    };
    match so_far.last() {
        None => Ok(RenderStep::Requests(vec![request(action, url, settings, now)])),
        Some(last) => outcome(&last.response),
    }
}

/// Idempotent: the receiver has to know an action by its id.
fn request(action: &Action, url: &str, settings: &Settings, now: Instant) -> Request {
    let mut data = json!({
        "key": action.key,
        "kind": action.kind,
        "ticket": ticket(action),
        "data": action.data,
    });
    if let (Some(data), Some(reason)) = (data.as_object_mut(), action.extra.get("reason")) {
        data.insert("reason".to_owned(), reason.clone());
    }
    let body = json!({ "type": "deskbell.action", "timestamp": now.to_rfc3339(), "data": data });
    Request::post(url)
        .header("webhook-id", &action.key)
        .json(&body)
        .sign_standard_webhooks(&settings.callback_secret)
        .idempotent()
}

/// The ticket as the engine knows it; at least its id.
fn ticket(action: &Action) -> Value {
    let known = action.ticket.as_ref().and_then(|ticket| serde_json::to_value(ticket).ok());
    let mut known = known.unwrap_or_else(|| json!({ "id": action.subject }));
    let present = |_: &String, value: &mut Value| !value.is_null();
    if let Some(requester) = known.get_mut("requester").and_then(Value::as_object_mut) {
        requester.retain(present);
    }
    if let Some(members) = known.as_object_mut() {
        members.retain(present);
        members.remove("extra");
    }
    known
}

fn outcome(response: &Response) -> Result<RenderStep> {
    if response.is_success() {
        let answer: Value = response.json().unwrap_or_default();
        let reference = answer.get("reference").and_then(Value::as_str).map(str::to_owned);
        return Ok(RenderStep::Done(reference));
    }
    response.check_available("the callback")?;
    match response.status {
        401 | 403 => {
            let problem = "the callback refused the signature; check that both sides have the same secret";
            Err(Error::retry(format!("{problem} (status {})", response.status)))
        }
        409 => Err(Error::retry("the callback answered 409: it is still at work on this action")),
        status => Ok(RenderStep::Impossible(format!("the callback answered {status}{}", said(response)))),
    }
}

/// The reason that the receiver gives, cut short.
fn said(response: &Response) -> String {
    let answer: Value = response.json().unwrap_or_default();
    answer
        .get("reason")
        .and_then(Value::as_str)
        .map(|text| format!(": {}", text.chars().take(200).collect::<String>()))
        .unwrap_or_default()
}
