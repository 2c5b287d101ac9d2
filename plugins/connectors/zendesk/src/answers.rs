//! What Zendesk's answers mean for an action.

use deskbell::prelude::*;

/// Why an action cannot be carried out; it will not be tried again.
pub(crate) type Reason = String;

/// Whether an answer is good. `Ok(Some(reason))` says that repeating the request would end the same way, an error that
/// it may not.
pub(crate) fn refusal(exchange: &Exchange) -> Result<Option<Reason>> {
    let response = &exchange.response;
    if response.is_success() {
        return Ok(None);
    }
    response.check_available("Zendesk")?;
    match response.status {
        // The operator can mend the credentials, and then every waiting action goes through.
        401 => Err(Error::retry("Zendesk refused the credentials (401); check settings.user and the secret 'token'")),
        // Another update of the ticket came between.
        409 => Err(Error::retry("Zendesk answered 409: the ticket was being updated by someone else")),
        status => Ok(Some(format!("Zendesk answered {status}{}", said(response)))),
    }
}

/// What Zendesk says itself, cut short: `description`, or the first detail, or `error`.
fn said(response: &Response) -> String {
    let Ok(body) = response.json::<Value>() else {
        return String::new();
    };
    let detail = body
        .get("details")
        .and_then(Value::as_object)
        .and_then(|details| details.values().next())
        .and_then(|detail| detail.pointer("/0/description"));
    let named = ["/description", "/error/message", "/error/title", "/error"];
    detail
        .into_iter()
        .chain(named.iter().filter_map(|pointer| body.pointer(pointer)))
        .find_map(Value::as_str)
        .map(|text| format!(": {}", text.chars().take(200).collect::<String>()))
        .unwrap_or_default()
}

/// Asks for the first request of the plan that is not sent yet; done when all of it was answered well. One at a time, so that
/// nothing follows on what was refused; no plan holds more than two.
pub(crate) fn follow(plan: Vec<Request>, so_far: &[Exchange]) -> Result<RenderStep> {
    for exchange in so_far {
        if let Some(reason) = refusal(exchange)? {
            return Ok(RenderStep::Impossible(reason));
        }
    }
    if let Some(next) = plan.into_iter().nth(so_far.len()) {
        return Ok(RenderStep::Requests(vec![next]));
    }
    let audit = so_far
        .last()
        .and_then(|last| last.response.json::<Value>().ok())
        .and_then(|body| crate::reading::text(body.pointer("/audit/id")));
    Ok(RenderStep::Done(audit.map(|id| format!("audit {id}"))))
}
