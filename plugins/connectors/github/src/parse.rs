//! Which kind of webhook it is: GitHub names it in a header.

use deskbell::prelude::*;

use crate::digest::digest;
use crate::settings::Settings;
use crate::{comments, issues};

/// The header that names the kind: GitHub's, and what Gitea and Forgejo call it.
const KIND: &[&str] = &["x-github-event", "x-gitea-event", "x-forgejo-event"];

/// The events of a webhook.
pub(crate) fn parse(delivery: &Delivery, settings: &Settings) -> Result<Parsed> {
    let Some(kind) = KIND.iter().find_map(|name| delivery.header(name)) else {
        return Err(Error::fail("the webhook has no header X-GitHub-Event, which names its kind"));
    };
    if !matches!(kind, "issues" | "issue_comment") {
        return Ok(Parsed::ignored(format!("{kind} says nothing about issues")));
    }
    let body: Value = delivery.json()?;
    let Some(issue) = body.get("issue").filter(|issue| issue.is_object()) else {
        return Err(Error::fail(format!("the webhook of kind {kind} holds no issue")));
    };
    let Some(ticket) = crate::issue::ticket_id(&body) else {
        return Err(Error::fail(format!("the webhook of kind {kind} names no repository and issue number")));
    };
    let change = Change {
        body: &body,
        issue,
        id: delivery.id.clone().unwrap_or_else(|| digest(&delivery.body)),
        ticket,
        received_at: delivery.received_at,
        settings,
    };
    let action = body.get("action").and_then(Value::as_str).unwrap_or_default();
    Ok(if kind == "issues" { issues::parse(action, &change) } else { comments::parse(action, &change) })
}

/// A webhook about an issue.
pub(crate) struct Change<'a> {
    pub body: &'a Value,
    pub issue: &'a Value,
    /// The delivery's id, which is also that of its one event.
    pub id: String,
    pub ticket: String,
    pub received_at: Instant,
    pub settings: &'a Settings,
}

impl Change<'_> {
    /// The canonical event of the webhook.
    pub(crate) fn event(&self, kind: &str, at: Instant, data: Value) -> Parsed {
        let event = CanonicalEvent::new(kind, self.id.as_str(), at).subject(self.ticket.as_str()).data(data);
        Parsed::events(vec![event])
    }
}
