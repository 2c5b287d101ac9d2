//! What GitHub's answers mean for an action.

use deskbell::prelude::*;

/// More requests than this are not asked for at a time; the host takes 20.
const MAX_STEP: usize = 10;

/// Why an action cannot be carried out; it will not be tried again.
pub(crate) type Reason = String;

/// Whether an answer is good. `Ok(Some(reason))` says that repeating the request would end the same way, an error that
/// it may not.
pub(crate) fn refusal(exchange: &Exchange) -> Result<Option<Reason>> {
    let response = &exchange.response;
    if response.is_success() || is_gone_already(exchange) {
        return Ok(None);
    }
    response.check_available("GitHub")?;
    let said = said(response);
    match response.status {
        // The operator can mend the credentials, and then every waiting action goes through.
        401 => Err(Error::retry("GitHub refused the credentials (401); check the secret 'token'")),
        403 if is_rate_limit(response, &said) => Err(Error::retry("GitHub answered 403: the rate limit is used up")),
        status => Ok(Some(format!("GitHub answered {status}{said}"))),
    }
}

/// Removing a label that is not there is answered 404, but it is as was asked.
fn is_gone_already(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    exchange.response.status == 404 && request.method == "DELETE" && request.url.contains("/labels/")
}

fn is_rate_limit(response: &Response, said: &str) -> bool {
    response.header("x-ratelimit-remaining") == Some("0")
        || response.header("retry-after").is_some()
        || said.contains("rate limit")
}

/// What GitHub says itself, cut short.
fn said(response: &Response) -> String {
    let Ok(body) = response.json::<Value>() else {
        return String::new();
    };
    body.get("message")
        .and_then(Value::as_str)
        .map(|text| format!(": {}", text.chars().take(200).collect::<String>()))
        .unwrap_or_default()
}

/// Asks for what of the plan is not sent yet; done when all of it was answered well. What takes something away is not asked
/// for together with what comes before it: that may be refused, and then the old shall stay.
pub(crate) fn follow(plan: Vec<Request>, so_far: &[Exchange]) -> Result<RenderStep> {
    for exchange in so_far {
        if let Some(reason) = refusal(exchange)? {
            return Ok(RenderStep::Impossible(reason));
        }
    }
    let mut rest = plan.into_iter().skip(so_far.len()).peekable();
    let Some(removes) = rest.peek().map(is_removal) else {
        return Ok(RenderStep::Done(comment(so_far)));
    };
    let step = rest.take_while(|request| is_removal(request) == removes).take(MAX_STEP);
    Ok(RenderStep::Requests(step.collect()))
}

fn is_removal(request: &Request) -> bool {
    request.method == "DELETE"
}

/// The address of the comment that the last request made, where it made one.
fn comment(so_far: &[Exchange]) -> Option<String> {
    let last = so_far.last().filter(|last| last.request.url.ends_with("/comments"))?;
    let made: Value = last.response.json().ok()?;
    crate::reading::text(made.get("html_url"))
}
