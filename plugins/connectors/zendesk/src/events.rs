//! Event webhooks: one of some 35 fine-grained types each, with the ticket in `detail` and what changed in `event`.

use deskbell::prelude::*;

use crate::digest::digest;
use crate::reading::{body, flag, scalar, tags, text, time};
use crate::settings::Settings;
use crate::ticket::{actor, put, reference, ticket};
use crate::words::{channel, priority, slug, status};

/// An event webhook.
struct Message<'a> {
    body: &'a Value,
    detail: &'a Value,
    /// What belongs to the type.
    event: &'a Value,
    id: String,
    ticket: String,
    time: Instant,
    settings: &'a Settings,
    cx: &'a Context<'a>,
}

/// The canonical event of an event webhook of the type `kind` (without its prefix).
pub(crate) fn parse(
    kind: &str,
    body: &Value,
    delivery: &Delivery,
    settings: &Settings,
    cx: &Context<'_>,
) -> Result<Parsed> {
    let (detail, event) = (body.get("detail").unwrap_or(&Value::Null), body.get("event").unwrap_or(&Value::Null));
    let ticket = text(detail.get("id")).or_else(|| {
        text(body.get("subject")).and_then(|subject| subject.strip_prefix("zen:ticket:").map(str::to_owned))
    });
    let Some(ticket) = ticket else {
        return Err(Error::fail(format!("the event {kind} names no ticket: neither detail.id nor subject has one")));
    };
    let id = text(body.get("id")).or_else(|| delivery.id.clone()).unwrap_or_else(|| digest(&delivery.body));
    let time = time(body.get("time")).unwrap_or(delivery.received_at);
    let message = Message { body, detail, event, id, ticket, time, settings, cx };
    Ok(match kind {
        "created" => message.created(),
        "comment_added" => message.commented(),
        "message_added" => message.messaged(),
        "merged" => message.merged(),
        "csat_received" => message.rated(),
        "sla_policy_changed" | "ola_policy_changed" | "next_sla_breach_changed" => message.service_level(kind),
        "soft_deleted" | "permanently_deleted" | "marked_as_spam" => message.deleted(),
        _ => message.changed(kind),
    })
}

impl Message<'_> {
    fn event(&self, kind: &str, time: Instant, data: Value) -> Parsed {
        let event = CanonicalEvent::new(kind, self.id.as_str(), time).subject(self.ticket.as_str()).data(data);
        Parsed::events(vec![event])
    }

    fn actor(&self) -> Value {
        actor(self.body, self.settings)
    }

    fn created(&self) -> Parsed {
        // The ticket's own time, for the other events of the same action must not lie before it.
        let at = time(self.detail.get("created_at")).unwrap_or(self.time);
        let ticket = ticket(self.detail, self.settings, self.cx);
        self.event("deskbell.ticket.created", at, json!({ "ticket": ticket, "actor": self.actor() }))
    }

    fn commented(&self) -> Parsed {
        let Some(comment) = self.event.get("comment") else {
            return Parsed::ignored("comment_added holds no comment");
        };
        let said = body(comment.get("body"));
        if self.opens_the_ticket(&said) {
            return Parsed::ignored("the ticket's first message, which is its description already");
        }
        let mut stated = json!({ "public": flag(comment.get("is_public")).unwrap_or(true), "body": said });
        put(&mut stated, "id", text(comment.get("id")));
        put(&mut stated, "channel", text(comment.pointer("/via/channel")).map(|via| channel(Some(&via))));
        let data = json!({ "comment": stated, "actor": self.author(comment) });
        self.event("deskbell.ticket.commented", self.time, data)
    }

    /// Zendesk tells a new ticket's first message twice: as the description and as its first comment.
    fn opens_the_ticket(&self, said: &str) -> bool {
        let is_new = time(self.detail.get("created_at")).is_some_and(|at| self.time.seconds_since(at) < 60);
        is_new && !said.trim().is_empty() && said.trim() == body(self.detail.get("description")).trim()
    }

    fn author(&self, comment: &Value) -> Value {
        let author = comment.get("author").unwrap_or(&Value::Null);
        let Some(id) = text(author.get("id")) else {
            return self.actor();
        };
        let role = match flag(author.get("is_staff")) {
            _ if self.settings.is_bot(&id) => "bot",
            _ if id.starts_with('-') => "system",
            Some(false) => "customer",
            None if reference(self.detail.get("requester_id")).as_ref() == Some(&id) => "customer",
            Some(true) | None => "agent",
        };
        let id = if role == "agent" { self.settings.agents.name_of(id) } else { id };
        let mut actor = json!({ "id": id, "role": role });
        put(&mut actor, "name", text(author.get("name")));
        actor
    }

    /// A message of a conversation. Its webhook shows nothing of the ticket but the id, and says what its author is.
    fn messaged(&self) -> Parsed {
        let Some(message) = self.event.get("message") else {
            return Parsed::ignored("message_added holds no message");
        };
        let mut stated = json!({ "public": true, "body": body(message.get("body")), "channel": "messaging" });
        put(&mut stated, "id", text(message.get("id")));
        let author = self.event.get("actor").unwrap_or(&Value::Null);
        let id = text(author.get("id")).unwrap_or_else(|| "system".to_owned());
        let role = match author.get("type").and_then(Value::as_str) {
            _ if self.settings.is_bot(&id) => "bot",
            Some("end_user") => "customer",
            Some("agent") => "agent",
            Some("trigger") => "bot",
            _ => "system",
        };
        let id = if role == "agent" { self.settings.agents.name_of(id) } else { id };
        let mut actor = json!({ "id": id, "role": role });
        put(&mut actor, "name", text(author.get("name")));
        self.event("deskbell.ticket.commented", self.time, json!({ "comment": stated, "actor": actor }))
    }

    fn merged(&self) -> Parsed {
        let into = ["/target_ticket_id", "/target_ticket/id", "/target_id", "/merged_into", "/current"]
            .iter()
            .find_map(|pointer| scalar(self.event.pointer(pointer)));
        match into {
            Some(into) => {
                self.event("deskbell.ticket.merged", self.time, json!({ "into": into, "actor": self.actor() }))
            }
            None => Parsed::ignored("merged does not say into which ticket"),
        }
    }

    fn deleted(&self) -> Parsed {
        self.event("deskbell.ticket.deleted", self.time, json!({ "actor": self.actor() }))
    }

    /// What the helpdesk's own service levels say. It is kept beside the engine's and judges nothing.
    fn service_level(&self, kind: &str) -> Parsed {
        let stated = |member: &str| self.event.get(member).cloned().unwrap_or_default();
        let data = json!({ "vendor": "zendesk", "current": stated("current"), "previous": stated("previous") });
        self.event(&format!("deskbell.vendor.sla.{kind}"), self.time, data)
    }

    fn rated(&self) -> Parsed {
        let stated = ["/score", "/satisfaction_score/score", "/rating", "/current"]
            .iter()
            .find_map(|pointer| scalar(self.event.pointer(pointer)))
            .unwrap_or_default();
        let Some((score, min, max)) = score(&stated) else {
            return Parsed::ignored("csat_received holds no rating that is good, bad or from 1 to 5");
        };
        let mut rating = json!({ "kind": "csat", "score": score, "scale": { "min": min, "max": max } });
        let comment = ["/comment", "/satisfaction_score/comment", "/comment/body"]
            .iter()
            .find_map(|pointer| text(self.event.pointer(pointer)));
        put(&mut rating, "comment", comment);
        let assignee = reference(self.detail.get("assignee_id"));
        put(&mut rating, "agent", assignee.map(|id| self.settings.agents.name_of(id)));
        self.event("deskbell.rating.submitted", self.time, rating)
    }

    fn changed(&self, kind: &str) -> Parsed {
        let Some((field, to, from)) = self.change(kind) else {
            return Parsed::ignored(format!("ticket.{kind} changes nothing that Deskbell keeps"));
        };
        let mut change = json!({ "to": to });
        if let (Some(change), Some(from)) = (change.as_object_mut(), from) {
            change.insert("from".to_owned(), from);
        }
        let data = json!({ "changes": { field: change }, "actor": self.actor() });
        self.event("deskbell.ticket.updated", self.time, data)
    }

    /// The field that an event of this type changes, its new value and, where stated, the old one.
    fn change(&self, kind: &str) -> Option<(String, Value, Option<Value>)> {
        let (now, before) = (self.event.get("current"), self.event.get("previous"));
        let each = |read: &dyn Fn(String) -> Value| {
            let to = scalar(now).map_or(Value::Null, read);
            (to, scalar(before).map(read))
        };
        let settings = self.settings;
        let (field, (to, from)) = match kind {
            "status_changed" => {
                scalar(now)?;
                ("status", each(&|word| Value::from(status(&word, settings, self.cx))))
            }
            "priority_changed" => {
                let (_, from) = each(&|word| Value::from(priority(Some(&word), settings, self.cx)));
                ("priority", (Value::from(priority(scalar(now).as_deref(), settings, self.cx)), from))
            }
            "subject_changed" => ("subject", each(&Value::from)),
            "type_changed" => ("type", each(&|word| Value::from(slug(&word)))),
            "group_assignment_changed" => ("group", each(&|id| name(id, |id| settings.groups.name_of(id)))),
            "agent_assignment_changed" => ("assignee", each(&|id| name(id, |id| settings.agents.name_of(id)))),
            "custom_status_changed" => ("custom.custom_status", each(&Value::from)),
            "tags_changed" => return self.tags(),
            "custom_field_changed" => return self.custom_field(),
            _ => return None,
        };
        Some((field.to_owned(), to, from))
    }

    /// The whole list, which only `detail` has; without it nothing can be said.
    fn tags(&self) -> Option<(String, Value, Option<Value>)> {
        let list = self.detail.get("tags")?;
        Some(("tags".to_owned(), json!(tags(Some(list))), None))
    }

    fn custom_field(&self) -> Option<(String, Value, Option<Value>)> {
        let field = self.event.get("custom_field").or_else(|| self.event.get("field")).unwrap_or(self.event);
        let id = text(self.event.get("field_id")).or_else(|| text(field.get("id")))?;
        let settings = self.settings;
        let is = |own: &Option<crate::settings::Id>| own.as_ref().is_some_and(|own| own.0 == id);
        let known = if is(&settings.category_field) {
            Some("category")
        } else if is(&settings.language_field) {
            Some("language")
        } else {
            None
        };
        let (now, before) = (self.event.get("current"), self.event.get("previous"));
        if let Some(known) = known {
            let to = scalar(now).map_or(Value::Null, Value::from);
            return Some((known.to_owned(), to, scalar(before).map(Value::from)));
        }
        let mut name = settings.custom_fields.name_of(id.clone());
        if name == id {
            let title = ["field_name", "raw_title", "title"];
            name = title.iter().find_map(|member| text(field.get(*member))).unwrap_or(id);
        }
        let from = before.filter(|value| !value.is_null()).cloned();
        Some((format!("custom.{name}"), now.cloned().unwrap_or(Value::Null), from))
    }
}

/// An id by its name; "0" stands for nobody.
fn name(id: String, name_of: impl Fn(String) -> String) -> Value {
    if id == "0" { Value::Null } else { Value::from(name_of(id)) }
}

/// A satisfaction rating and its scale: good and bad as 1 and 0, the newer surveys' 1 to 5 as they are.
fn score(stated: &str) -> Option<(u8, u8, u8)> {
    let word = slug(stated);
    if word.starts_with("good") {
        return Some((1, 0, 1));
    }
    if word.starts_with("bad") {
        return Some((0, 0, 1));
    }
    word.parse().ok().filter(|score| (1..=5).contains(score)).map(|score| (score, 1, 5))
}
