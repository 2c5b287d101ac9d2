//! Webhooks of triggers and automations. Their body is the admin's own; the README has one to copy, and `settings.fields`
//! tells where another one holds what. They show the ticket as it is and do not say what changed.

use deskbell::prelude::*;

use crate::digest::digest;
use crate::reading::{body as said, flag, tags, text, time};
use crate::settings::Settings;
use crate::ticket::{first_line, put};
use crate::words::{channel, priority, slug, status};

/// Where members are looked for when the settings name no place: the README's body first, then common flat spellings.
const PLACES: &[(&str, &[&str])] = &[
    ("id", &["/ticket/id", "/ticket_id", "/id"]),
    ("subject", &["/ticket/subject", "/ticket/title", "/ticket_title", "/ticket_subject", "/title", "/subject"]),
    ("description", &["/ticket/description", "/ticket_description", "/description"]),
    ("status", &["/ticket/status", "/ticket_status", "/status"]),
    ("priority", &["/ticket/priority", "/ticket_priority", "/priority"]),
    ("type", &["/ticket/type", "/ticket_type"]),
    ("channel", &["/ticket/channel", "/ticket/via", "/ticket_via", "/channel", "/via"]),
    ("tags", &["/ticket/tags", "/ticket_tags", "/tags"]),
    ("category", &["/ticket/category", "/category"]),
    ("language", &["/ticket/language", "/language"]),
    ("group", &["/ticket/group_id", "/ticket/group", "/group_id", "/group_name", "/group"]),
    ("assignee", &["/ticket/assignee_id", "/ticket/assignee", "/assignee_id", "/assignee_full_name", "/assignee"]),
    ("updated_at", &["/ticket/updated_at", "/updated_at"]),
    ("requester.id", &["/requester/id", "/ticket/requester_id", "/requester_id"]),
    ("requester.name", &["/requester/name", "/requester_full_name", "/requester_name"]),
    ("requester.email", &["/requester/email", "/requester_email"]),
    ("requester.language", &["/requester/language", "/requester_language"]),
    ("requester.organization", &["/requester/organization", "/ticket/organization", "/organization"]),
    ("actor.id", &["/actor/id"]),
    ("actor.name", &["/actor/name"]),
    ("comment.body", &["/comment/body"]),
    ("comment.public", &["/comment/public"]),
    ("comment.time", &["/comment/created_at"]),
    ("comment.author", &["/comment/author_id"]),
    ("comment.author_name", &["/comment/author_name"]),
];

/// A trigger's body.
struct Form<'a> {
    body: &'a Value,
    settings: &'a Settings,
}

impl<'a> Form<'a> {
    fn find(&self, member: &str) -> Option<&'a Value> {
        if let Some(pointer) = self.settings.fields.get(member) {
            return self.body.pointer(pointer);
        }
        let (_, places) = PLACES.iter().find(|(name, _)| *name == member)?;
        places.iter().find_map(|place| self.body.pointer(place))
    }

    fn text(&self, member: &str) -> Option<String> {
        text(self.find(member))
    }

    fn person(&self, id: Option<&str>, name: Option<String>) -> Option<Value> {
        let settings = self.settings;
        let known = id.map(str::to_owned).or_else(|| name.clone())?;
        let is_requester = match id {
            Some(id) => self.text("requester.id").as_deref() == Some(id),
            None => self.text("requester.name") == name,
        };
        let role = if settings.is_bot(&known) {
            "bot"
        } else if is_requester {
            "customer"
        } else {
            "agent"
        };
        let known = match role {
            "agent" => settings.agents.name_of(known),
            "customer" => self.requester_id(),
            _ => known,
        };
        let mut person = json!({ "id": known, "role": role });
        put(&mut person, "name", name);
        Some(person)
    }

    fn requester_id(&self) -> String {
        ["requester.id", "requester.email", "requester.name"]
            .iter()
            .find_map(|member| self.text(member))
            .unwrap_or_default()
    }
}

/// A snapshot of the ticket that the body shows, and the comment that came with it, where there is one.
pub(crate) fn parse(body: &Value, delivery: &Delivery, settings: &Settings, cx: &Context<'_>) -> Parsed {
    let form = Form { body, settings };
    let Some(id) = form.text("id") else {
        return Parsed::ignored("the body holds no ticket id; the connector's README has a body for triggers to copy");
    };
    let at = time(form.find("updated_at")).unwrap_or(delivery.received_at);
    let event_id = delivery.id.clone().unwrap_or_else(|| digest(&delivery.body));
    let mut data = json!({ "ticket": snapshot(&form, cx) });
    if let (Some(data), Some(actor)) =
        (data.as_object_mut(), form.person(form.text("actor.id").as_deref(), form.text("actor.name")))
    {
        data.insert("actor".to_owned(), actor);
    }
    let mut events =
        vec![CanonicalEvent::new("deskbell.ticket.snapshot", event_id, at).subject(id.as_str()).data(data)];
    events.extend(comment(&form, &id, at));
    Parsed::events(events)
}

fn snapshot(form: &Form<'_>, cx: &Context<'_>) -> Value {
    let settings = form.settings;
    let description = said(form.find("description"));
    let mut requester = json!({ "id": form.requester_id() });
    for member in ["name", "email", "language", "organization"] {
        put(&mut requester, member, form.text(&format!("requester.{member}")));
    }
    let mut ticket = json!({
        "subject": form.text("subject").unwrap_or_else(|| first_line(&description)),
        "channel": channel(form.text("channel").as_deref()),
        "status": form.text("status").map_or("open", |word| status(&word, settings, cx)),
        "priority": priority(form.text("priority").as_deref(), settings, cx),
        "tags": tags(form.find("tags")),
        "requester": requester,
    });
    put(&mut ticket, "description", (!description.is_empty()).then_some(description));
    put(&mut ticket, "type", form.text("type").map(|word| slug(&word)));
    put(&mut ticket, "group", form.text("group").map(|id| settings.groups.name_of(id)));
    put(&mut ticket, "assignee", form.text("assignee").map(|id| settings.agents.name_of(id)));
    for member in ["category", "language"] {
        put(&mut ticket, member, form.text(member));
    }
    ticket
}

/// The latest comment. Triggers show it again at every later change, so its id comes from what it says and when, not from
/// the delivery.
fn comment(form: &Form<'_>, ticket: &str, at: Instant) -> Option<CanonicalEvent> {
    let words = said(form.find("comment.body"));
    if words.trim().is_empty() || words.trim() == said(form.find("description")).trim() {
        return None;
    }
    let stated = form.text("comment.time");
    let (author, name) = (form.text("comment.author"), form.text("comment.author_name"));
    let content = json!([ticket, stated, author, name, words]).to_string();
    let public = flag(form.find("comment.public")).unwrap_or(true);
    let actor = form.person(author.as_deref(), name).unwrap_or_else(|| json!({ "id": "", "role": "system" }));
    let data = json!({ "comment": { "public": public, "body": words }, "actor": actor });
    let id = format!("comment-{}", digest(content.as_bytes()));
    let at = time(form.find("comment.time")).unwrap_or(at);
    Some(CanonicalEvent::new("deskbell.ticket.commented", id, at).subject(ticket).data(data))
}
