//! A connector for a helpdesk that does not exist.

use deskbell::prelude::*;

deskbell::connector!(Acme);

pub struct Acme;

impl Connector for Acme {
    fn parse(delivery: &Delivery, cx: &mut Context) -> Result<Parsed> {
        let body: Value = delivery.json()?;
        if let Some(number) = body["many"].as_u64() {
            let event = |id: u64| CanonicalEvent::new("deskbell.ticket.deleted", id.to_string(), cx.now());
            return Ok(Parsed::events((0..number).map(event).collect()));
        }
        let Some(id) = body["ticket"].as_str() else {
            return Ok(Parsed::ignored(format!("{} says nothing of tickets", delivery.source)));
        };
        let kind = delivery.header("x-kind").unwrap_or("deleted");
        let event = CanonicalEvent::new(format!("deskbell.ticket.{kind}"), format!("e-{id}"), cx.now());
        Ok(Parsed::events(vec![event.subject(id).data(json!({ "actor": { "id": "acme", "role": "system" } }))]))
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context) -> Result<RenderStep> {
        let settings: Value = cx.settings()?;
        match (action.kind.as_str(), so_far) {
            ("ticket.note", []) => {
                let url =
                    format!("{}/tickets/{}", settings["base_url"].as_str().unwrap_or_default(), action.subject()?);
                Ok(RenderStep::Requests(vec![Request::get(url)]))
            }
            ("ticket.note", [read]) => {
                let version: Value = read.response.json()?;
                let note = json!({ "note": action.text("body")?, "version": version["version"], "key": action.key });
                let url = format!("{}/notes", read.request.url);
                Ok(RenderStep::Requests(vec![Request::post(url).json(&note).bearer("token")]))
            }
            ("ticket.note", [.., written]) => Ok(RenderStep::Done(Some(written.response.status.to_string()))),
            ("ticket.reply", _) => Ok(RenderStep::Requests(vec![])),
            ("ticket.tag", _) => Ok(RenderStep::Requests(vec![Request::get("https://acme.example"); 100])),
            (kind, _) => Ok(RenderStep::Impossible(format!("Acme knows no {kind}"))),
        }
    }

    fn probe(action: &Action, so_far: &[Exchange], _: &mut Context) -> Result<ProbeStep> {
        match so_far.last() {
            None => Ok(ProbeStep::Requests(vec![Request::get(format!("https://acme.example/by-key/{}", action.key))])),
            Some(last) if last.response.status == 404 => Ok(ProbeStep::NotEffective),
            Some(_) => Ok(ProbeStep::Effective),
        }
    }

    fn reconcile(cursor: Option<&str>, so_far: &[Exchange], cx: &mut Context) -> Result<ReconcileStep> {
        match so_far {
            [] => Ok(ReconcileStep::Requests(vec![Request::get(format!(
                "https://acme.example/since/{}",
                cursor.unwrap_or("now")
            ))])),
            _ => Ok(ReconcileStep::Page(Page {
                events: vec![CanonicalEvent::new("deskbell.ticket.deleted", "e-1", cx.now()).subject("7")],
                cursor: "next".to_owned(),
                more: true,
            })),
        }
    }
}
