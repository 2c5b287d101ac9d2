//! Connects a ticket system of one's own. Its webhooks look like this:
//!
//! ```json
//! { "id": "w-1", "at": "2026-01-05T08:00:00Z", "event": "opened", "ticket": "7", "title": "Help", "text": "It broke",
//!   "by": { "id": "c1", "agent": false } }
//! ```
//!
//! with the events `opened`, `message` (a `text`) and `closed`. Its API takes `POST /tickets/ID/messages`.

use deskbell::prelude::*;

deskbell::connector!(Desk);

/// The ticket system.
pub struct Desk;

#[derive(serde::Deserialize)]
struct Webhook {
    id: String,
    at: Instant,
    event: String,
    ticket: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
    by: Person,
}

#[derive(serde::Deserialize)]
struct Person {
    id: String,
    agent: bool,
}

#[derive(serde::Deserialize)]
struct Settings {
    base_url: String,
}

impl Connector for Desk {
    fn parse(delivery: &Delivery, _: &mut Context) -> Result<Parsed> {
        let webhook: Webhook = delivery.json()?;
        let actor = json!({ "id": webhook.by.id, "role": if webhook.by.agent { "agent" } else { "customer" } });
        let (kind, data) = match webhook.event.as_str() {
            "opened" => {
                let requester = json!({ "id": webhook.by.id });
                let ticket = json!({
                    "subject": webhook.title, "description": webhook.text, "channel": "web", "requester": requester,
                });
                (
                    "deskbell.ticket.created",
                    json!({ "ticket": ticket, "actor": actor }),
                )
            }
            "message" => {
                let comment = json!({ "public": true, "body": webhook.text });
                (
                    "deskbell.ticket.commented",
                    json!({ "comment": comment, "actor": actor }),
                )
            }
            "closed" => {
                let changes = json!({ "status": { "to": "solved" } });
                (
                    "deskbell.ticket.updated",
                    json!({ "changes": changes, "actor": actor }),
                )
            }
            other => {
                return Ok(Parsed::ignored(format!(
                    "'{other}' says nothing about tickets"
                )));
            }
        };
        let event = CanonicalEvent::new(kind, webhook.id, webhook.at)
            .subject(webhook.ticket)
            .data(data);
        Ok(Parsed::events(vec![event]))
    }

    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context) -> Result<RenderStep> {
        let public = match action.kind.as_str() {
            "ticket.reply" => true,
            "ticket.note" => false,
            other => return Ok(RenderStep::Impossible(format!("the desk has no {other}"))),
        };
        if let Some(Exchange { response, .. }) = so_far.last() {
            response.check_available("the desk")?;
            return Ok(match response.status {
                200..=299 => {
                    RenderStep::Done(response.json::<Value>()?["id"].as_str().map(str::to_owned))
                }
                status => RenderStep::Impossible(format!("the desk answered {status}")),
            });
        }
        let settings: Settings = cx.settings()?;
        let url = format!(
            "{}/tickets/{}/messages",
            settings.base_url,
            deskbell::encode(action.subject()?)
        );
        // The desk makes one message of all posts with the same key, so repeating one is harmless.
        let request = Request::post(url)
            .bearer("token")
            .header("idempotency-key", &action.key)
            .json(&json!({ "text": action.text("body")?, "public": public }))
            .idempotent();
        Ok(RenderStep::Requests(vec![request]))
    }
}

#[cfg(test)]
mod tests {
    use deskbell::testing::{self, TestHost};

    use super::*;

    fn kind_of(event: &str) -> Option<String> {
        let body = json!({
            "id": "w-1", "at": "2026-01-05T08:00:00Z", "event": event, "ticket": "7", "by": { "id": "a1", "agent": true },
        });
        let delivery = testing::delivery(json!({ "body": body }));
        let parsed = TestHost::new().parse::<Desk>(&delivery).unwrap();
        assert_eq!(parsed.events.is_empty(), parsed.ignored.is_some());
        parsed.events.into_iter().next().map(|event| event.kind)
    }

    #[test]
    fn each_webhook_has_its_kind() {
        assert_eq!(
            kind_of("opened").as_deref(),
            Some("deskbell.ticket.created")
        );
        assert_eq!(
            kind_of("message").as_deref(),
            Some("deskbell.ticket.commented")
        );
        assert_eq!(
            kind_of("closed").as_deref(),
            Some("deskbell.ticket.updated")
        );
        assert_eq!(kind_of("ping"), None);
    }

    #[test]
    fn what_is_no_webhook_is_an_error_that_is_not_retried() {
        let delivery = testing::delivery(json!({ "body": "hello" }));
        assert!(!TestHost::new().parse::<Desk>(&delivery).unwrap_err().retry);
    }

    #[test]
    fn answers_decide_how_an_action_ends() {
        let action = testing::action(json!({ "kind": "ticket.note", "data": { "body": "seen" } }));
        let host = TestHost::new().settings(json!({ "base_url": "https://desk.example" }));
        let end = |status| {
            host.carry_out::<Desk>(&action, |_| {
                Response::new(status).with_json(&json!({ "id": "m1" }))
            })
        };
        assert_eq!(end(201), Ok(RenderStep::Done(Some("m1".to_owned()))));
        assert_eq!(
            end(404),
            Ok(RenderStep::Impossible("the desk answered 404".to_owned()))
        );
        assert_eq!(end(503), Err(Error::retry("the desk answered 503")));
    }

    #[test]
    fn the_fixtures_hold() {
        for fixture in ["fixtures/opened.json", "fixtures/reply.json"] {
            TestHost::check_connector_fixture::<Desk>(fixture);
        }
    }
}
