//! Conversions of what both worlds share: the contract's types into the SDK's and back.

use serde_json::Value;

use crate::bindings::automation::deskbell::plugin::{agents, figures, types};
use crate::error::{Error, Refusal, Result};
use crate::host::{Agent, Summary};
use crate::instant::Instant;
use crate::{Actor, Effect, Event, Extras, Requester, Ticket};

/// Members whose values are JSON. A value that is not becomes the text that it is: the host writes JSON, and
/// a plugin that never looks at the member must not fail for it.
pub(super) fn extras_in(members: Vec<(String, String)>) -> Extras {
    members
        .into_iter()
        .map(|(name, text)| {
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            (name, value)
        })
        .collect()
}

pub(super) fn extras_out(members: &Extras) -> Vec<(String, String)> {
    members.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

pub(super) fn json_in(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::fail(format!("the host gave no JSON as {what}: {error}")))
}

pub(super) fn event_in(event: types::Event) -> Result<Event> {
    Ok(Event {
        data: json_in("the event's data", &event.data)?,
        id: event.id,
        source: event.source,
        kind: event.kind,
        subject: event.subject,
        time: Instant(event.time),
        received_at: Instant(event.received_at),
        late: event.late,
        actor: event.actor.map(|actor| Actor { id: actor.id, role: actor.role, name: actor.name }),
        ticket: event.ticket.map(ticket_in),
        extra: extras_in(event.extra),
    })
}

pub(super) fn ticket_in(ticket: types::Ticket) -> Ticket {
    Ticket {
        source: ticket.source,
        id: ticket.id,
        subject: ticket.subject,
        description: ticket.description,
        status: ticket.status,
        priority: ticket.priority,
        channel: ticket.channel,
        kind: ticket.type_,
        category: ticket.category,
        language: ticket.language,
        group: ticket.group,
        assignee: ticket.assignee,
        tags: ticket.tags,
        requester: Requester {
            id: ticket.requester.id,
            name: ticket.requester.name,
            email: ticket.requester.email,
            language: ticket.requester.language,
            organization: ticket.requester.organization,
        },
        custom: extras_in(ticket.custom),
        created_at: Instant(ticket.created_at),
        updated_at: Instant(ticket.updated_at),
        first_response_at: ticket.first_response_at.map(Instant),
        last_agent_reply_at: ticket.last_agent_reply_at.map(Instant),
        last_customer_comment_at: ticket.last_customer_comment_at.map(Instant),
        solved_at: ticket.solved_at.map(Instant),
        agent_replies: ticket.agent_replies,
        customer_comments: ticket.customer_comments,
        reopens: ticket.reopens,
        extra: extras_in(ticket.extra),
    }
}

pub(super) fn agent_in(agent: agents::Agent) -> Agent {
    Agent {
        id: agent.id,
        status: agent.status,
        capacity: agent.capacity,
        groups: agent.groups,
        skills: agent.skills,
        languages: agent.languages,
        open_tickets: agent.open_tickets,
        extra: extras_in(agent.extra),
    }
}

pub(super) fn summary_in(summary: figures::Summary) -> Summary {
    Summary {
        count: summary.count,
        mean_seconds: summary.mean_seconds,
        p50_seconds: summary.p50_seconds,
        p90_seconds: summary.p90_seconds,
    }
}

pub(super) fn refusal_in(refusal: types::Refusal) -> Refusal {
    Refusal { code: refusal.code, message: refusal.message }
}

pub(super) fn effect_out(effect: Effect) -> types::Effect {
    types::Effect {
        kind: effect.kind,
        data: effect.data.to_string(),
        reason: effect.reason,
        extra: extras_out(&effect.extra),
    }
}

pub(super) fn failure_out(error: Error) -> types::Failure {
    types::Failure { message: error.message, retry: error.retry }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "every use needs an option")]
    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn members() -> Vec<(String, String)> {
        vec![("seats".to_owned(), "40".to_owned()), ("word".to_owned(), "not json".to_owned())]
    }

    fn wit_ticket() -> types::Ticket {
        types::Ticket {
            source: "support".to_owned(),
            id: "7".to_owned(),
            subject: "Help".to_owned(),
            description: text("It broke"),
            status: "open".to_owned(),
            priority: "high".to_owned(),
            channel: "email".to_owned(),
            type_: text("incident"),
            category: text("billing"),
            language: text("de"),
            group: text("tier-1"),
            assignee: text("anna"),
            tags: vec!["vip".to_owned()],
            requester: types::Requester {
                id: "c1".to_owned(),
                name: text("Cleo"),
                email: text("cleo@acme.example"),
                language: text("fr"),
                organization: text("acme"),
            },
            custom: members(),
            created_at: 1,
            updated_at: 2,
            first_response_at: Some(3),
            last_agent_reply_at: Some(4),
            last_customer_comment_at: Some(5),
            solved_at: Some(6),
            agent_replies: 7,
            customer_comments: 8,
            reopens: 9,
            extra: members(),
        }
    }

    fn wit_event(data: &str) -> types::Event {
        types::Event {
            id: "e1".to_owned(),
            source: "support".to_owned(),
            kind: "ticket.created".to_owned(),
            subject: text("7"),
            time: 10,
            received_at: 11,
            late: true,
            actor: Some(types::Actor { id: "c1".to_owned(), role: "customer".to_owned(), name: text("Cleo") }),
            ticket: Some(wit_ticket()),
            data: data.to_owned(),
            extra: members(),
        }
    }

    #[test]
    fn every_member_of_an_event_arrives() {
        let event = event_in(wit_event("{\"session\":\"s\"}")).unwrap();
        let extra = json!({ "seats": 40, "word": "not json" });
        let expected = json!({
            "id": "e1", "source": "support", "kind": "ticket.created", "subject": "7",
            "time": "1970-01-01T00:00:00.00001Z", "received_at": "1970-01-01T00:00:00.000011Z", "late": true,
            "actor": { "id": "c1", "role": "customer", "name": "Cleo" },
            "ticket": {
                "source": "support", "id": "7", "subject": "Help", "description": "It broke", "status": "open", "priority": "high",
                "channel": "email", "type": "incident", "category": "billing", "language": "de", "group": "tier-1",
                "assignee": "anna", "tags": ["vip"],
                "requester": {
                    "id": "c1", "name": "Cleo", "email": "cleo@acme.example", "language": "fr", "organization": "acme"
                },
                "custom": extra,
                "created_at": "1970-01-01T00:00:00.000001Z", "updated_at": "1970-01-01T00:00:00.000002Z",
                "first_response_at": "1970-01-01T00:00:00.000003Z", "last_agent_reply_at": "1970-01-01T00:00:00.000004Z",
                "last_customer_comment_at": "1970-01-01T00:00:00.000005Z", "solved_at": "1970-01-01T00:00:00.000006Z",
                "agent_replies": 7, "customer_comments": 8, "reopens": 9, "extra": extra,
            },
            "data": { "session": "s" }, "extra": extra,
        });
        assert_eq!(serde_json::to_value(event).unwrap(), expected);
    }

    #[test]
    fn data_that_are_no_json_are_an_error() {
        let error = event_in(wit_event("{")).unwrap_err();
        assert!(error.message.contains("the event's data"), "{error}");
    }

    #[test]
    fn an_effect_leaves_with_its_reason_and_extras() {
        let mut effect = Effect::set_priority("high").because("premium");
        effect.extra.insert("weight".to_owned(), json!(2));
        let out = effect_out(effect);
        assert_eq!((out.kind.as_str(), out.data.as_str()), ("ticket.update", "{\"priority\":\"high\"}"));
        assert_eq!(out.reason.as_deref(), Some("premium"));
        assert_eq!(out.extra, [("weight".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn failures_refusals_agents_and_summaries_keep_their_members() {
        let out = failure_out(Error::retry("503"));
        assert_eq!((out.message.as_str(), out.retry), ("503", true));

        let refusal = refusal_in(types::Refusal { code: "limit".to_owned(), message: "too many".to_owned() });
        assert_eq!(refusal, Refusal::new(Refusal::LIMIT, "too many"));

        let agent = agent_in(agents::Agent {
            id: "anna".to_owned(),
            status: "away".to_owned(),
            capacity: Some(3),
            groups: vec!["g".to_owned()],
            skills: vec!["s".to_owned()],
            languages: vec!["de".to_owned()],
            open_tickets: 2,
            extra: vec![],
        });
        let expected = json!({
            "id": "anna", "status": "away", "capacity": 3, "groups": ["g"], "skills": ["s"], "languages": ["de"],
            "open_tickets": 2, "extra": {},
        });
        assert_eq!(serde_json::to_value(agent).unwrap(), expected);

        let summary = summary_in(figures::Summary { count: 1, mean_seconds: 2.0, p50_seconds: 3.0, p90_seconds: 4.0 });
        let expected = Summary { count: 1, mean_seconds: 2.0, p50_seconds: 3.0, p90_seconds: 4.0 };
        assert_eq!(summary, expected);
    }
}
