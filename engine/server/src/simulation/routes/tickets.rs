//! Tickets over HTTP, for people and tests. Whoever may reach the port may do everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use deskbell_model::ticket::{Actor, Fields, Priority, Requester, Role, Status};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::desk;
use super::super::helpdesk::Helpdesk;
use super::Refused;

/// A new ticket. Only the subject is needed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTicket {
    subject: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default = "web")]
    channel: String,
    #[serde(default)]
    priority: Priority,
    #[serde(default)]
    status: Status,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    assignee: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default = "visitor")]
    requester: Requester,
    #[serde(default)]
    custom: std::collections::BTreeMap<String, Value>,
    /// Who opens it; the requester where absent.
    #[serde(default)]
    actor: Option<Actor>,
}

/// A comment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    body: String,
    #[serde(default = "yes")]
    public: bool,
    /// Who writes it; the requester where absent.
    #[serde(default)]
    author: Option<Actor>,
}

fn web() -> String {
    "web".to_owned()
}

const fn yes() -> bool {
    true
}

fn visitor() -> Requester {
    let text = |text: &str| Some(text.to_owned());
    Requester {
        id: "visitor".to_owned(),
        name: text("Vera Visitor"),
        email: text("visitor@example.com"),
        ..Requester::default()
    }
}

fn customer(requester: &Requester) -> Actor {
    Actor { id: requester.id.clone(), role: Role::Customer, name: requester.name.clone() }
}

/// `GET /tickets`: all of them, without what was said.
pub(super) async fn list(State(helpdesk): State<Arc<Helpdesk>>) -> Json<Value> {
    let tickets: Vec<Value> = helpdesk.act(|state, _| {
        let tickets = state.desk.tickets().map(|ticket| {
            let mut ticket = json!(ticket);
            if let Some(members) = ticket.as_object_mut() {
                members.remove("comments");
            }
            ticket
        });
        tickets.collect()
    });
    Json(json!({ "tickets": tickets }))
}

/// `GET /tickets/{id}`
pub(super) async fn show(
    State(helpdesk): State<Arc<Helpdesk>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    helpdesk.act(|state, _| match state.desk.ticket(&id) {
        Some(ticket) => Ok(Json(json!(ticket))),
        None => Err(desk::Refused::NoTicket(id.chars().take(64).collect()).into()),
    })
}

/// `POST /tickets`
pub(super) async fn create(
    State(helpdesk): State<Arc<Helpdesk>>,
    Json(new): Json<NewTicket>,
) -> (StatusCode, Json<Value>) {
    let actor = new.actor.unwrap_or_else(|| customer(&new.requester));
    let fields = Fields {
        subject: new.subject,
        description: new.description,
        channel: new.channel,
        priority: new.priority,
        status: new.status,
        kind: new.kind,
        category: new.category,
        language: new.language,
        group: new.group,
        assignee: new.assignee,
        tags: new.tags,
        requester: new.requester,
        custom: new.custom,
    };
    let ticket = helpdesk.act(|state, now| {
        let id = state.desk.open(fields, &actor, None, now);
        state.go_on_with(&id, now);
        json!(state.desk.ticket(&id))
    });
    helpdesk.replanned.notify_one();
    (StatusCode::CREATED, Json(ticket))
}

/// `POST /tickets/{id}/comments`
pub(super) async fn comment(
    State(helpdesk): State<Arc<Helpdesk>>,
    Path(id): Path<String>,
    Json(new): Json<NewComment>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let comment_id = helpdesk.act(|state, now| {
        let requester = state.desk.ticket(&id).map(|ticket| customer(&ticket.fields.requester));
        let author = new.author.or(requester).unwrap_or_else(|| customer(&visitor()));
        let comment_id = state.desk.comment(&id, new.public, &new.body, &author, now)?;
        if author.role == Role::Customer {
            state.go_on_with(&id, now);
        }
        Ok::<_, desk::Refused>(comment_id)
    })?;
    helpdesk.replanned.notify_one();
    Ok((StatusCode::CREATED, Json(json!({ "id": comment_id }))))
}

/// `PATCH /tickets/{id}`: fields by name, and `actor`; the agent `ada` where that is absent.
pub(super) async fn change(
    State(helpdesk): State<Arc<Helpdesk>>,
    Path(id): Path<String>,
    Json(mut wanted): Json<Map<String, Value>>,
) -> Result<Json<Value>, Refused> {
    let actor = wanted.remove("actor").and_then(|actor| serde_json::from_value(actor).ok());
    let actor =
        actor.unwrap_or_else(|| Actor { id: "ada".to_owned(), role: Role::Agent, name: Some("Ada Lind".to_owned()) });
    let changes = helpdesk.act(|state, now| state.desk.change(&id, &wanted, &actor, now))?;
    Ok(Json(json!({ "changes": changes })))
}
