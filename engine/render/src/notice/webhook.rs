//! The body for a program: the notice as data. Escaping is what JSON does; what the receiver shows, it must escape itself.

use serde_json::{Map, Value, json};

use super::Notice;

/// `type` is always `deskbell.notice`, `key` and `text` are always there, `subject`, `ticket` and `link` where the notice has them.
pub fn body(notice: &Notice<'_>) -> Value {
    let mut body = Map::new();
    body.insert("type".to_owned(), json!("deskbell.notice"));
    body.insert("key".to_owned(), json!(notice.key));
    if let Some(subject) = notice.subject {
        body.insert("subject".to_owned(), json!(subject));
    }
    body.insert("text".to_owned(), json!(notice.text));
    if let Some(ticket) = notice.ticket {
        body.insert("ticket".to_owned(), json!({ "source": ticket.source, "id": ticket.id }));
    }
    if let Some(link) = notice.web_link() {
        body.insert("link".to_owned(), json!(link));
    }
    Value::Object(body)
}
