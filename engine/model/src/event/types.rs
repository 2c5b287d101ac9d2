//! The types of canonical events, member by member.

use serde_json::{Map, Value};

use super::reading::{Object, Read, key, rejected};
use super::{AgentStatus, Change, Comment, Data, Event, Interaction, InteractionKind, Rating, RatingKind, WorkKind};
use crate::ticket::{Actor, Fields, Priority, Requester, Role, Status};

const PRIORITIES: &str = "low, normal, high, urgent";
const STATUSES: &str = "new, open, pending, on_hold, solved, closed";
const ROLES: &str = "agent, customer, bot, system";

pub(super) fn event(value: &Value) -> Read<Event> {
    let Some(members) = value.as_object() else { return rejected("(event)", "must be a JSON object") };
    let envelope = Object::new(members, "");
    if envelope.text("specversion")? != "1.0" {
        return envelope.reject("specversion", "must be 1.0");
    }
    let id = key("id", envelope.word("id")?)?;
    let source = key("source", envelope.word("source")?)?;
    let kind = envelope.word("type")?;
    let time = envelope.time("time")?;
    let subject = subject(envelope, &kind)?;
    let data = if is_known(&kind) { data(&kind, Object::new(envelope.map("data")?, "data"))? } else { Data::Unknown };
    Ok(Event { id, source, kind, subject, time, data })
}

/// An event of a connector; its envelope is made of typed parts, so only what those leave open is checked.
pub(super) fn stated(stated: &crate::plugin::StatedEvent, source: &str, data: &Value) -> Read<Event> {
    let (id, kind) = (key("id", stated.id.clone())?, stated.kind.clone());
    for (member, text) in [("id", &id), ("type", &kind)] {
        if text.is_empty() {
            return rejected(member, "must not be empty");
        }
    }
    let mut members = Map::new();
    if let Some(subject) = &stated.subject {
        members.insert("subject".to_owned(), Value::String(subject.clone()));
    }
    let subject = subject(Object::new(&members, ""), &kind)?;
    let data = data_of(&kind, data)?;
    Ok(Event { id, source: source.to_owned(), kind, subject, time: stated.time, data })
}

/// The data of an event whose envelope is known to be right.
pub(super) fn data_of(kind: &str, value: &Value) -> Read<Data> {
    if !is_known(kind) {
        return Ok(Data::Unknown);
    }
    let Some(members) = value.as_object() else { return rejected("data", "must be an object") };
    data(kind, Object::new(members, "data"))
}

fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "deskbell.ticket.created"
            | "deskbell.ticket.snapshot"
            | "deskbell.ticket.updated"
            | "deskbell.ticket.commented"
            | "deskbell.ticket.escalated"
            | "deskbell.ticket.merged"
            | "deskbell.ticket.deleted"
            | "deskbell.interaction.ended"
            | "deskbell.work.logged"
            | "deskbell.rating.submitted"
            | "deskbell.agent.shift"
            | "deskbell.agent.status"
            | "deskbell.knowledge.searched"
            | "deskbell.knowledge.viewed"
            | "deskbell.knowledge.rated"
            | "deskbell.chat.message"
            | "deskbell.cost.recorded"
    )
}

/// Required for tickets, agents and chats; ignored, whatever it is, for knowledge and costs.
fn subject(envelope: Object<'_>, kind: &str) -> Read<Option<String>> {
    if kind.starts_with("deskbell.knowledge.") || kind.starts_with("deskbell.cost.") {
        return Ok(None);
    }
    if is_known(kind)
        && (kind.starts_with("deskbell.ticket.")
            || kind.starts_with("deskbell.agent.")
            || kind == "deskbell.chat.message")
    {
        return key("subject", envelope.word("subject")?).map(Some);
    }
    let subject = envelope.text_or_none("subject")?;
    subject.filter(|subject| !subject.is_empty()).map(|subject| key("subject", subject)).transpose()
}

fn data(kind: &str, data: Object<'_>) -> Read<Data> {
    Ok(match kind {
        "deskbell.ticket.created" => Data::Created {
            ticket: Box::new(fields(data)?),
            actor: actor(data)?,
            session: data.text_or_none("session")?,
        },
        "deskbell.ticket.snapshot" => {
            let ticket = Box::new(fields(data)?);
            let actor = if data.map_or_none("actor")?.is_some() { Some(actor(data)?) } else { None };
            Data::Snapshot { ticket, actor }
        }
        "deskbell.ticket.updated" => Data::Updated { changes: changes(data)?, actor: actor(data)? },
        "deskbell.ticket.commented" => Data::Commented { comment: comment(data)?, actor: actor(data)? },
        "deskbell.ticket.escalated" => Data::Escalated {
            tier: data.integer_or_none("tier")?,
            reason: data.text_or_none("reason")?,
            actor: actor(data)?,
        },
        "deskbell.ticket.merged" => Data::Merged { into: data.word("into")?, actor: actor(data)? },
        "deskbell.ticket.deleted" => Data::Deleted { actor: actor(data)? },
        "deskbell.interaction.ended" => Data::Interaction(interaction(data)?),
        "deskbell.work.logged" => Data::Work {
            agent: data.text("agent")?,
            kind: data.one_of("kind", work_kind, "email, phone, chat, other")?,
            seconds: data.seconds("seconds")?,
        },
        "deskbell.rating.submitted" => Data::Rating(rating(data)?),
        "deskbell.agent.shift" => shift(data)?,
        "deskbell.agent.status" => Data::AgentStatus(agent_status(data)?),
        "deskbell.knowledge.searched" => Data::Searched {
            session: data.text("session")?,
            query: data.text("query")?,
            results: data.count("results")?,
        },
        "deskbell.knowledge.viewed" => Data::Viewed { session: data.text("session")?, article: data.text("article")? },
        "deskbell.knowledge.rated" => Data::ArticleRated {
            session: data.text("session")?,
            article: data.text("article")?,
            helpful: data.bool("helpful")?,
        },
        "deskbell.chat.message" => Data::ChatMessage {
            session: Some(data.text("session")?),
            text: data.text("text")?,
            language: data.text_or_none("language")?,
            actor: actor(data)?,
        },
        "deskbell.cost.recorded" => cost(data)?,
        _ => Data::Unknown,
    })
}

fn actor(data: Object<'_>) -> Read<Actor> {
    let actor = Object::new(data.map("actor")?, "data.actor");
    Ok(Actor {
        id: actor.text("id")?,
        role: actor.one_of("role", Role::parse, ROLES)?,
        name: actor.text_or_none("name")?,
    })
}

fn fields(data: Object<'_>) -> Read<Fields> {
    let ticket = Object::new(data.map("ticket")?, "data.ticket");
    let requester = Object::new(ticket.map("requester")?, "data.ticket.requester");
    Ok(Fields {
        subject: ticket.text("subject")?,
        description: ticket.text_or_none("description")?,
        channel: channel(ticket, ticket.text("channel")?)?,
        priority: ticket.one_of_or("priority", Priority::parse, PRIORITIES, Priority::Normal)?,
        status: ticket.one_of_or("status", Status::parse, STATUSES, Status::New)?,
        kind: ticket.text_or_none("type")?,
        category: ticket.text_or_none("category")?,
        language: ticket.text_or_none("language")?,
        group: ticket.text_or_none("group")?,
        assignee: ticket.text_or_none("assignee")?,
        tags: ticket.texts_or_none("tags")?,
        requester: Requester {
            id: requester.text("id")?,
            name: requester.text_or_none("name")?,
            email: requester.text_or_none("email")?,
            language: requester.text_or_none("language")?,
            organization: requester.text_or_none("organization")?,
        },
        custom: ticket
            .map_or_none("custom")?
            .map(|custom| custom.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect())
            .unwrap_or_default(),
    })
}

fn channel(holder: Object<'_>, channel: String) -> Read<String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if channel.is_empty() || !channel.chars().all(is_word) {
        return holder.reject("channel", "must be a lower-case word of a-z, 0-9, _ and -, such as email");
    }
    Ok(channel)
}

fn comment(data: Object<'_>) -> Read<Comment> {
    let comment = Object::new(data.map("comment")?, "data.comment");
    Ok(Comment {
        id: comment.text_or_none("id")?,
        public: comment.bool("public")?,
        body: comment.text("body")?,
        channel: comment.text_or_none("channel")?.map(|word| channel(comment, word)).transpose()?,
    })
}

fn changes(data: Object<'_>) -> Read<Vec<Change>> {
    let members = data.map("changes")?;
    let named = Object::new(members, "data.changes");
    let mut changes = Vec::with_capacity(members.len());
    for (field, stated) in members {
        let known = matches!(
            field.as_str(),
            "subject" | "priority" | "status" | "group" | "assignee" | "category" | "type" | "language" | "tags"
        );
        let custom = field.strip_prefix("custom.").filter(|name| !name.is_empty());
        if !known && custom.is_none() {
            continue;
        }
        let to = stated.as_object().and_then(|change| change.get("to"));
        let Some(to) = to else { return named.reject(field, "must be an object with the member 'to'") };
        changes.push(match custom {
            Some(name) => Change::Custom(name.to_owned(), to.clone()),
            None => change(named, field, to)?,
        });
    }
    // Of the changes of one event the status takes effect last.
    changes.sort_by_key(|change| matches!(change, Change::Status(_)));
    Ok(changes)
}

fn change(named: Object<'_>, field: &str, to: &Value) -> Read<Change> {
    let text = || if to.is_null() { Ok(None) } else { named.as_text(field, to).map(Some) };
    let word = || text()?.map_or_else(|| named.reject(field, "cannot become null"), Ok);
    Ok(match field {
        "subject" => Change::Subject(text()?.unwrap_or_default()),
        "priority" => match Priority::parse(&word()?) {
            Some(priority) => Change::Priority(priority),
            None => return named.reject(field, format!("must be one of {PRIORITIES}")),
        },
        "status" => match Status::parse(&word()?) {
            Some(status) => Change::Status(status),
            None => return named.reject(field, format!("must be one of {STATUSES}")),
        },
        "group" => Change::Group(text()?),
        "assignee" => Change::Assignee(text()?),
        "category" => Change::Category(text()?),
        "type" => Change::Kind(text()?),
        "language" => Change::Language(text()?),
        _ => Change::Tags(if to.is_null() { Vec::new() } else { named.as_texts(field, to)? }),
    })
}

fn interaction(data: Object<'_>) -> Read<Interaction> {
    let kind = |word: &str| match word {
        "phone" => Some(InteractionKind::Phone),
        "chat" => Some(InteractionKind::Chat),
        _ => None,
    };
    let interaction = Interaction {
        kind: data.one_of("kind", kind, "phone, chat")?,
        queued_at: data.time("queued_at")?,
        answered_at: data.nullable_time("answered_at")?,
        ended_at: data.time("ended_at")?,
        ended_by: data.one_of("ended_by", Role::parse, ROLES)?,
        agent: data.text_or_none("agent")?,
        talk_seconds: data.seconds("talk_seconds")?,
        hold_seconds: data.seconds_or_zero("hold_seconds")?,
        wrap_up_seconds: data.seconds_or_zero("wrap_up_seconds")?,
    };
    if interaction.ended_at < interaction.queued_at {
        return data.reject("ended_at", "lies before queued_at");
    }
    if interaction.answered_at.is_some_and(|at| at < interaction.queued_at || at > interaction.ended_at) {
        return data.reject("answered_at", "must lie between queued_at and ended_at");
    }
    Ok(interaction)
}

fn work_kind(word: &str) -> Option<WorkKind> {
    Some(match word {
        "email" => WorkKind::Email,
        "phone" => WorkKind::Phone,
        "chat" => WorkKind::Chat,
        "other" => WorkKind::Other,
        _ => return None,
    })
}

fn rating(data: Object<'_>) -> Read<Rating> {
    let kind = |word: &str| {
        Some(match word {
            "csat" => RatingKind::Csat,
            "nps" => RatingKind::Nps,
            "ces" => RatingKind::Ces,
            "qa" => RatingKind::Qa,
            "agent_satisfaction" => RatingKind::AgentSatisfaction,
            _ => return None,
        })
    };
    let kind = data.one_of("kind", kind, "csat, nps, ces, qa, agent_satisfaction")?;
    let score = data.number("score")?;
    let scale = Object::new(data.map("scale")?, "data.scale");
    let (min, max) = (scale.number("min")?, scale.number("max")?);
    if min >= max {
        return data.reject("scale", "its min must be below its max");
    }
    if !(min..=max).contains(&score) {
        return data.reject("score", "lies outside its scale");
    }
    let mut criteria = std::collections::BTreeMap::new();
    let named = Object::new(data.map_or_none("criteria")?.unwrap_or(empty()), "data.criteria");
    for (name, value) in data.map_or_none("criteria")?.into_iter().flatten() {
        let value = named.as_number(name, value)?;
        if !(min..=max).contains(&value) {
            return named.reject(name, "lies outside the scale");
        }
        criteria.insert(name.clone(), value);
    }
    let (comment, agent) = (data.text_or_none("comment")?, data.text_or_none("agent")?);
    Ok(Rating { kind, score, min, max, comment, agent, criteria })
}

fn empty() -> &'static Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    &EMPTY
}

fn shift(data: Object<'_>) -> Read<Data> {
    let (start, end) = (data.time("start")?, data.time("end")?);
    let break_seconds = data.seconds_or_zero("break_seconds")?;
    if end <= start {
        return data.reject("end", "must lie after start");
    }
    if break_seconds * 1e6 > end.since(start) as f64 {
        return data.reject("break_seconds", "is longer than the shift");
    }
    Ok(Data::Shift { start, end, break_seconds })
}

fn agent_status(data: Object<'_>) -> Read<AgentStatus> {
    let status = |word: &str| matches!(word, "online" | "away" | "offline").then(|| word.to_owned());
    Ok(AgentStatus {
        status: data.one_of("status", status, "online, away, offline")?,
        capacity: data.count_or_none("capacity")?,
        groups: data.texts_or_none("groups")?,
        skills: data.texts_or_none("skills")?,
        languages: data.texts_or_none("languages")?,
    })
}

fn cost(data: Object<'_>) -> Read<Data> {
    let amount = data.number("amount")?;
    let currency = data.text("currency")?;
    let (from, to) = (data.time("from")?, data.time("to")?);
    if to < from {
        return data.reject("to", "lies before from");
    }
    Ok(Data::Cost { amount, currency, from, to })
}
