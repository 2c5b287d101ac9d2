//! Tickets, requesters and actors.

use deskbell_model::ticket::{Actor, End, Requester, Ticket};
use deskbell_model::timestamp::Timestamp;
use serde_json::Value;

use super::generated::deskbell::plugin::types::{
    ActorParam, ActorResult, RequesterParam, RequesterResult, TicketParam, TicketResult,
};

/// The parts of a ticket that the contract has in another form. Kept beside the ticket while it is lent.
pub(super) struct Lists<'a> {
    tags: Vec<&'a str>,
    custom: Vec<(&'a str, &'a str)>,
    extra: Vec<(&'a str, &'a str)>,
}

/// JSON texts of a ticket's custom fields, and of what the contract has no member for.
pub(super) struct Json {
    custom: Vec<String>,
    extra: Vec<(&'static str, String)>,
}

impl Json {
    pub(super) fn of(ticket: &Ticket) -> Self {
        Self { custom: ticket.fields.custom.values().map(Value::to_string).collect(), extra: extra(ticket) }
    }
}

impl<'a> Lists<'a> {
    pub(super) fn of(ticket: &'a Ticket, json: &'a Json) -> Self {
        let names = ticket.fields.custom.keys().map(String::as_str);
        Self {
            tags: ticket.fields.tags.iter().map(String::as_str).collect(),
            custom: names.zip(json.custom.iter().map(String::as_str)).collect(),
            extra: json.extra.iter().map(|(name, value)| (*name, value.as_str())).collect(),
        }
    }
}

/// What a plugin may want to know and the contract's record has no member for.
fn extra(ticket: &Ticket) -> Vec<(&'static str, String)> {
    let mut extra = Vec::new();
    if ticket.escalations > 0 {
        extra.push(("escalations", ticket.escalations.to_string()));
    }
    match &ticket.end {
        None => {}
        Some(End::Deleted) => extra.push(("deleted", "true".to_owned())),
        Some(End::Merged(into)) => {
            extra.push(("merged_into", Value::from(into.as_str()).to_string()));
        }
    }
    extra
}

/// Lends a ticket.
pub(super) fn ticket<'a>(source: &'a str, id: &'a str, ticket: &'a Ticket, lists: &'a Lists<'a>) -> TicketParam<'a> {
    let fields = &ticket.fields;
    TicketParam {
        source,
        id,
        subject: &fields.subject,
        description: fields.description.as_deref(),
        status: fields.status.as_str(),
        priority: fields.priority.as_str(),
        channel: &fields.channel,
        type_: fields.kind.as_deref(),
        category: fields.category.as_deref(),
        language: fields.language.as_deref(),
        group: fields.group.as_deref(),
        assignee: fields.assignee.as_deref(),
        tags: &lists.tags,
        requester: requester(&fields.requester),
        custom: &lists.custom,
        created_at: ticket.created_at.micros(),
        updated_at: ticket.updated_at.micros(),
        first_response_at: ticket.first_response_at.map(Timestamp::micros),
        last_agent_reply_at: ticket.last_agent_reply_at.map(Timestamp::micros),
        last_customer_comment_at: ticket.last_customer_comment_at.map(Timestamp::micros),
        solved_at: ticket.solved_at.map(Timestamp::micros),
        agent_replies: ticket.agent_replies,
        customer_comments: ticket.customer_comments,
        reopens: ticket.reopens,
        extra: &lists.extra,
    }
}

fn requester(requester: &Requester) -> RequesterParam<'_> {
    RequesterParam {
        id: &requester.id,
        name: requester.name.as_deref(),
        email: requester.email.as_deref(),
        language: requester.language.as_deref(),
        organization: requester.organization.as_deref(),
    }
}

/// Lends an actor.
pub(super) fn actor(actor: &Actor) -> ActorParam<'_> {
    ActorParam { id: &actor.id, role: actor.role.as_str(), name: actor.name.as_deref() }
}

impl From<Actor> for ActorResult {
    fn from(actor: Actor) -> Self {
        Self { id: actor.id, role: actor.role.as_str().to_owned(), name: actor.name }
    }
}

impl TicketResult {
    /// A ticket to be given to a plugin that asked for it.
    pub fn of(source: String, id: String, ticket: &Ticket) -> Self {
        let fields = &ticket.fields;
        let custom = fields.custom.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        Self {
            source,
            id,
            subject: fields.subject.clone(),
            description: fields.description.clone(),
            status: fields.status.as_str().to_owned(),
            priority: fields.priority.as_str().to_owned(),
            channel: fields.channel.clone(),
            type_: fields.kind.clone(),
            category: fields.category.clone(),
            language: fields.language.clone(),
            group: fields.group.clone(),
            assignee: fields.assignee.clone(),
            tags: fields.tags.clone(),
            requester: fields.requester.clone().into(),
            custom,
            created_at: ticket.created_at.micros(),
            updated_at: ticket.updated_at.micros(),
            first_response_at: ticket.first_response_at.map(Timestamp::micros),
            last_agent_reply_at: ticket.last_agent_reply_at.map(Timestamp::micros),
            last_customer_comment_at: ticket.last_customer_comment_at.map(Timestamp::micros),
            solved_at: ticket.solved_at.map(Timestamp::micros),
            agent_replies: ticket.agent_replies,
            customer_comments: ticket.customer_comments,
            reopens: ticket.reopens,
            extra: extra(ticket).into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}

impl From<Requester> for RequesterResult {
    fn from(requester: Requester) -> Self {
        Self {
            id: requester.id,
            name: requester.name,
            email: requester.email,
            language: requester.language,
            organization: requester.organization,
        }
    }
}
