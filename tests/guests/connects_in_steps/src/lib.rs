//! A connector that takes several requests for an action and asks its helpdesk what was done.

use deskbell::prelude::*;

deskbell::connector!(InSteps);

pub struct InSteps;

impl Connector for InSteps {
    fn parse(delivery: &Delivery, _: &mut Context) -> Result<Parsed> {
        let body: Value = delivery.json()?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let event = CanonicalEvent::new(text("type"), text("id"), Instant::parse_rfc3339(text("time"))?);
        Ok(Parsed::events(vec![event.subject(text("subject")).data(body["data"].clone())]))
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context) -> Result<RenderStep> {
        for Exchange { request, response } in so_far {
            // A label that is not there is as good as one that is taken off.
            if response.is_success() || (request.method == "DELETE" && response.status == 404) {
                continue;
            }
            response.check_available("the helpdesk")?;
            return Ok(RenderStep::Impossible(format!("it answered {}", response.status)));
        }
        let rest: Vec<Request> = plan(action, &url(cx)?).into_iter().skip(so_far.len()).collect();
        if rest.is_empty() { Ok(RenderStep::Done(None)) } else { Ok(RenderStep::Requests(rest)) }
    }

    /// The helpdesk's list of what was done comes in pages.
    fn probe(action: &Action, so_far: &[Exchange], cx: &mut Context) -> Result<ProbeStep> {
        if let Some(Exchange { response, .. }) = so_far.last() {
            response.check_available("the helpdesk")?;
            let page: Value = response.json()?;
            let mut keys = page["keys"].as_array().into_iter().flatten();
            if keys.any(|key| key.as_str() == Some(action.key.as_str())) {
                return Ok(ProbeStep::Effective);
            }
            if page["more"] != true {
                return Ok(ProbeStep::NotEffective);
            }
        }
        let page = (so_far.len() + 1).to_string();
        Ok(ProbeStep::Requests(vec![Request::get(format!("{}/notes", url(cx)?)).query("page", page)]))
    }
}

fn url(cx: &mut Context) -> Result<String> {
    let settings: Value = cx.settings()?;
    Ok(settings["callback_url"].as_str().unwrap_or_default().to_owned())
}

/// An update takes off a dozen labels, one by one. A note is made, and then marked as seen.
fn plan(action: &Action, url: &str) -> Vec<Request> {
    let data =
        json!({ "key": action.key, "kind": action.kind, "ticket": { "id": action.subject }, "data": action.data });
    let whole = |request: Request| request.header("webhook-id", &action.key).json(&json!({ "data": data }));
    if action.kind == "ticket.update" {
        return (1..=12).map(|n| whole(Request::delete(format!("{url}/labels/{n}")).idempotent())).collect();
    }
    vec![whole(Request::post(format!("{url}/notes"))), whole(Request::put(format!("{url}/seen")).idempotent())]
}
