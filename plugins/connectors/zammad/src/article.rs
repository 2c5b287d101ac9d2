//! Articles: what customers and agents say on a ticket.

use deskbell::prelude::*;

use crate::html::to_text;
use crate::people::{actor, customer_id};
use crate::reading::{name, put, text, time};
use crate::settings::Settings;
use crate::words::channel;

/// Where an article carries the key of the action that wrote it.
pub(crate) const KEY: &str = "/preferences/deskbell/key";

/// What an article says, as text.
pub(crate) fn body(article: &Value) -> String {
    let body = article.get("body").and_then(Value::as_str).unwrap_or_default();
    let is_html = text(article.get("content_type")).is_some_and(|kind| kind.contains("html"));
    if is_html { to_text(body) } else { body.to_owned() }
}

/// Whether an article is the ticket's first: that one is its description.
pub(crate) fn opens(article: &Value, ticket: &Value) -> bool {
    let Some(id) = article.get("id").and_then(Value::as_u64) else {
        return false;
    };
    match ticket.get("article_ids").and_then(Value::as_array) {
        Some(ids) if !ids.is_empty() => ids.iter().filter_map(Value::as_u64).min() == Some(id),
        _ => ticket.get("article_count").and_then(Value::as_u64) == Some(1),
    }
}

/// The comment that an article is. Its id comes from the article, for several triggers may show the same one.
pub(crate) fn commented(
    article: &Value,
    ticket: &Value,
    ticket_id: &str,
    settings: &Settings,
    at: Instant,
) -> Option<CanonicalEvent> {
    let id = text(article.get("id"))?;
    let internal = article.get("internal").and_then(Value::as_bool).unwrap_or(false);
    let mut comment = json!({ "id": id, "public": !internal, "body": body(article) });
    put(&mut comment, "channel", name(article.get("type")).and_then(|kind| channel(&kind)));
    let author = author(article, ticket, settings);
    // A customer could write the marker too, so only other people's is believed.
    let key = article.pointer(KEY).and_then(Value::as_str);
    let action = key.filter(|_| author.get("role").and_then(Value::as_str) != Some("customer")).map(str::to_owned);
    let mut data = json!({ "comment": comment, "actor": author });
    put(&mut data, "action", action);
    let at = time(article.get("created_at")).unwrap_or(at);
    Some(CanonicalEvent::new("deskbell.ticket.commented", format!("article-{id}"), at).subject(ticket_id).data(data))
}

/// Who said it. The role is that of the sender, for an agent may write down what a customer said on the phone.
fn author(article: &Value, ticket: &Value, settings: &Settings) -> Value {
    let customer = customer_id(ticket);
    let writer = actor(article, "created_by", customer.as_deref(), settings);
    let has_marker = article.pointer(KEY).is_some();
    let role = match name(article.get("sender")).as_deref() {
        Some("Customer") => "customer",
        Some("System") => "system",
        _ if has_marker => "bot",
        _ => match &writer {
            Some(writer) if writer.get("role").and_then(Value::as_str) == Some("bot") => "bot",
            _ => "agent",
        },
    };
    let mut author = writer.unwrap_or_else(|| json!({ "id": "" }));
    if role == "customer" && author.get("role").and_then(Value::as_str) != Some("customer") {
        let origin = text(article.get("origin_by_id")).or(customer);
        author = json!({ "id": origin.unwrap_or_default() });
    }
    put(&mut author, "role", Some(role.to_owned()));
    author
}
