//! What Zammad's answers mean for an action.

use deskbell::prelude::*;

/// More requests than this are not asked for at a time; the host takes 20.
const MAX_STEP: usize = 10;

/// Why an action cannot be carried out; it will not be tried again.
pub(crate) type Reason = String;

/// Whether an answer is good. `Ok(Some(reason))` says that repeating the request would end the same way, an error that
/// it may not.
pub(crate) fn refusal(exchange: &Exchange) -> Result<Option<Reason>> {
    let response = &exchange.response;
    if response.is_success() {
        return Ok(None);
    }
    response.check_available("Zammad")?;
    match response.status {
        // The operator can mend the credentials, and then every waiting action goes through.
        401 => Err(Error::retry("Zammad refused the credentials (401); check the secret 'token'")),
        status => Ok(Some(format!("Zammad answered {status}{}", said(response)))),
    }
}

/// What Zammad says itself, cut short.
fn said(response: &Response) -> String {
    let Ok(body) = response.json::<Value>() else {
        return String::new();
    };
    ["error_human", "error"]
        .iter()
        .find_map(|member| body.get(*member).and_then(Value::as_str))
        .map(|text| format!(": {}", text.chars().take(200).collect::<String>()))
        .unwrap_or_default()
}

/// Asks for what of the plan is not sent yet; done when all of it was answered well.
pub(crate) fn follow(plan: Vec<Request>, so_far: &[Exchange]) -> Result<RenderStep> {
    for exchange in so_far {
        if let Some(reason) = refusal(exchange)? {
            return Ok(RenderStep::Impossible(reason));
        }
    }
    let step: Vec<Request> = plan.into_iter().skip(so_far.len()).take(MAX_STEP).collect();
    if step.is_empty() { Ok(RenderStep::Done(article(so_far))) } else { Ok(RenderStep::Requests(step)) }
}

/// The article that the last request made, where it made one.
fn article(so_far: &[Exchange]) -> Option<String> {
    let last = so_far.last().filter(|last| last.request.url.ends_with("/ticket_articles"))?;
    let made: Value = last.response.json().ok()?;
    crate::reading::text(made.get("id")).map(|id| format!("article {id}"))
}
