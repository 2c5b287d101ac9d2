//! Events, agents and figures.

use deskbell_model::plugin::{Agent, Event, Summary};

use super::generated::deskbell::plugin::types::{EventResult, TicketResult};
use super::generated::deskbell::plugin::{agents, figures};

impl From<Event> for EventResult {
    /// An event to be given to a plugin that asked for it.
    fn from(event: Event) -> Self {
        let ticket = event.ticket.map(|(id, ticket)| TicketResult::of(event.source.clone(), id, &ticket));
        Self {
            id: event.id,
            source: event.source,
            kind: event.kind,
            subject: event.subject,
            time: event.time.micros(),
            received_at: event.received_at.micros(),
            late: event.late,
            actor: event.actor.map(Into::into),
            ticket,
            data: event.data,
            extra: event.extra,
        }
    }
}

/// An agent to be given to a plugin that asked for it.
pub fn agent(agent: Agent) -> agents::Agent {
    agents::Agent {
        id: agent.id,
        status: agent.status,
        capacity: agent.capacity,
        groups: agent.groups,
        skills: agent.skills,
        languages: agent.languages,
        open_tickets: agent.open_tickets,
        extra: Vec::new(),
    }
}

/// Figures to be given to a plugin that asked for them.
pub fn summary(summary: Summary) -> figures::Summary {
    figures::Summary {
        count: summary.count,
        mean_seconds: summary.mean_seconds,
        p50_seconds: summary.p50_seconds,
        p90_seconds: summary.p90_seconds,
    }
}
