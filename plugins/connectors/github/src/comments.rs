//! Webhooks of the kind `issue_comment`: what was said on an issue.

use deskbell::prelude::*;

use crate::marker;
use crate::parse::Change;
use crate::people::author;
use crate::reading::{put, text, time};

/// The comment that a webhook tells of. Deskbell keeps comments as they were first written.
pub(crate) fn parse(action: &str, change: &Change<'_>) -> Parsed {
    if change.issue.get("pull_request").is_some_and(|link| !link.is_null()) && !change.settings.pull_requests {
        return Parsed::ignored("a comment on a pull request; settings.pull_requests = true lets them in");
    }
    let Some(comment) = change.body.get("comment").filter(|_| action == "created") else {
        return Parsed::ignored(format!("issue_comment.{action} adds no comment"));
    };
    let mut actor = author(comment.get("user"), comment.get("author_association"), change.issue, change.settings);
    let body = comment.get("body").and_then(Value::as_str).unwrap_or_default();
    // A customer could write the marker too, so only other people's is believed.
    let is_customer = actor.get("role").and_then(Value::as_str) == Some("customer");
    let (said, action) = if is_customer { (body, None) } else { marker::split(body) };
    if action.is_some() {
        put(&mut actor, "role", Some("bot".to_owned()));
    }
    let mut stated = json!({ "public": true, "body": said });
    put(&mut stated, "id", text(comment.get("id")));
    put(&mut stated, "channel", Some(change.settings.channel.clone()));
    let mut data = json!({ "comment": stated, "actor": actor });
    put(&mut data, "action", action);
    let at = time(comment.get("created_at")).unwrap_or(change.received_at);
    change.event("deskbell.ticket.commented", at, data)
}
