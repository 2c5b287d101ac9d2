//! A connector for a helpdesk that does a repeated action twice and cannot say what it has done.

use deskbell::prelude::*;

deskbell::connector!(SendsOnce);

pub struct SendsOnce;

impl Connector for SendsOnce {
    fn parse(delivery: &Delivery, _: &mut Context) -> Result<Parsed> {
        let body: Value = delivery.json()?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let event = CanonicalEvent::new(text("type"), text("id"), Instant::parse_rfc3339(text("time"))?);
        Ok(Parsed::events(vec![event.subject(text("subject")).data(body["data"].clone())]))
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context) -> Result<RenderStep> {
        let settings: Value = cx.settings()?;
        let Some(last) = so_far.last() else {
            let data = json!({ "key": action.key, "kind": action.kind, "ticket": { "id": action.subject }, "data": action.data });
            let body = json!({ "type": "deskbell.action", "timestamp": cx.now().to_rfc3339(), "data": data });
            let url = settings["callback_url"].as_str().unwrap_or_default();
            let request = Request::post(url).header("webhook-id", &action.key).json(&body);
            return Ok(RenderStep::Requests(vec![request.sign_standard_webhooks("callback")]));
        };
        match last.response.status {
            200..=299 => Ok(RenderStep::Done(None)),
            status => Ok(RenderStep::Impossible(format!("it answered {status}"))),
        }
    }
}
