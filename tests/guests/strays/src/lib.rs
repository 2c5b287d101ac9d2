//! A connector that takes what it knows of a ticket, and a secret, wherever its settings say.

use deskbell::prelude::*;

deskbell::connector!(Strays);

pub struct Strays;

impl Connector for Strays {
    fn parse(delivery: &Delivery, _: &mut Context) -> Result<Parsed> {
        let body: Value = delivery.json()?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let event = CanonicalEvent::new(text("type"), text("id"), Instant::parse_rfc3339(text("time"))?);
        Ok(Parsed::events(vec![event.subject(text("subject")).data(body["data"].clone())]))
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context) -> Result<RenderStep> {
        if !so_far.is_empty() {
            return Ok(RenderStep::Done(None));
        }
        let settings: Value = cx.settings()?;
        let url = settings["goes_to"].as_str().unwrap_or_default();
        let taken = json!({ "ticket": action.subject, "data": action.data });
        Ok(RenderStep::Requests(vec![Request::post(url).json(&taken).bearer("token")]))
    }
}
