//! Finding out which canned replies an agent asks for: by a command in an internal note, or by a tag.

use deskbell::prelude::*;
use serde_json::Value;

use crate::settings::Settings;

/// More commands in one note are a mistake.
const MAX_ORDERS: usize = 5;
/// Characters of a note that are looked at. Commands stand at its beginning, pasted logs behind them.
const MAX_NOTE_CHARS: usize = 20_000;
/// How far back to look for the removal of a tag.
const MAX_HISTORY: u32 = 100;

/// One reply that is asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Order {
    /// By a command; without a name, the list of names is asked for.
    Command(Option<String>),
    /// By this tag, for the reply of this name.
    Tag { tag: String, name: String },
}

/// What the event asks for, in its order and each once.
pub(crate) fn read(event: &Event, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Vec<Order>> {
    if event.kind == "ticket.commented" {
        let comment = event.comment().filter(|comment| !comment.public && event.by_agent());
        return Ok(comment.map(|comment| commands(&comment.body, &settings.command)).unwrap_or_default());
    }
    let may_have_tags = matches!(event.kind.as_str(), "ticket.created" | "ticket.updated");
    if !may_have_tags || event.by_customer() || settings.tag_prefix.is_empty() {
        return Ok(vec![]);
    }
    let mut orders = Vec::new();
    for tag in &ticket.tags {
        let Some(name) = tag.strip_prefix(settings.tag_prefix.as_str()) else {
            continue;
        };
        if is_new(tag, event, cx)? {
            cx.kv(Scope::Ticket).set_json(key(tag), &event.time.0)?;
            orders.push(Order::Tag { tag: tag.clone(), name: name.to_lowercase() });
        }
    }
    orders.truncate(MAX_ORDERS);
    Ok(orders)
}

fn key(tag: &str) -> String {
    format!("done/{tag}")
}

/// Whether the tag has come since it was last seen to. Its removal, which we ask for, takes its time; until then every
/// other change of the ticket shows the tag once more.
fn is_new(tag: &str, event: &Event, cx: &Context) -> Result<bool> {
    let Some(done) = cx.kv(Scope::Ticket).get_json::<i64>(key(tag))? else {
        return Ok(true);
    };
    let lacks = |tags: &Value| tags.as_array().is_some_and(|tags| !tags.iter().any(|other| other == tag));
    if let Some(before) = event.change("tags").and_then(|change| change.from) {
        return Ok(lacks(&before));
    }
    let removals = cx.history(MAX_HISTORY)?.into_iter().filter(|event| event.time.0 > done);
    Ok(removals.filter_map(|event| event.change("tags")).any(|change| change.to.is_null() || lacks(&change.to)))
}

/// The commands of a note: each stands at the beginning of a line.
fn commands(body: &str, command: &str) -> Vec<Order> {
    let mut orders = Vec::new();
    for line in without_markup(body).lines() {
        let Some(rest) = line.trim().strip_prefix(command) else {
            continue;
        };
        if rest.starts_with(|c: char| !c.is_whitespace()) {
            continue;
        }
        let order = Order::Command(rest.split_whitespace().next().map(str::to_lowercase));
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    orders.truncate(MAX_ORDERS);
    orders
}

/// The text of a note that may be HTML: each tag ends a line.
fn without_markup(body: &str) -> String {
    let end = body.char_indices().nth(MAX_NOTE_CHARS).map_or(body.len(), |(end, _)| end);
    let mut rest = body.get(..end).unwrap_or_default();
    let mut text = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        if !is_tag {
            text.push('<');
            rest = after;
        } else if let Some((_, after)) = after.split_once('>') {
            text.push('\n');
            rest = after;
        } else {
            // A tag that does not end: what follows is no text.
            return text;
        }
    }
    text.push_str(rest);
    text.replace("&nbsp;", " ").replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[Option<&str>]) {
        let expected: Vec<Order> = expected.iter().map(|name| Order::Command(name.map(str::to_owned))).collect();
        assert_eq!(commands(body, "/canned"), expected, "{body}");
    }

    #[test]
    fn commands_stand_at_the_beginning_of_a_line() {
        check("/canned refund", &[Some("refund")]);
        check("  /canned   Refund please", &[Some("refund")]);
        check("Sending it now.\n/canned refund\n/canned bye\n/canned refund", &[Some("refund"), Some("bye")]);
        check("I used /canned refund", &[]);
        check("> /canned refund", &[]);
        check("/cannedrefund", &[]);
        check("/canned", &[None]);
        check("/canned возврат", &[Some("возврат")]);
        check("/canned 退款", &[Some("退款")]);
        check("", &[]);
    }

    #[test]
    fn notes_may_be_html() {
        check("<p>/canned refund</p>", &[Some("refund")]);
        check("<div>ok<br>/canned&nbsp;refund<br/></div>", &[Some("refund")]);
        check("a < b\n/canned refund", &[Some("refund")]);
        check("<", &[]);
        check("<p /canned refund", &[]);
    }

    #[test]
    fn a_huge_note_asks_for_a_few_replies_at_most() {
        let body = ["/canned a\n", "/canned b\n", "/canned c\n", "/canned d\n", "/canned e\n", "/canned f\n"]
            .concat()
            .repeat(10_000);
        assert_eq!(commands(&body, "/canned").len(), MAX_ORDERS);
    }
}
