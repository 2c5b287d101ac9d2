//! Activities: what happens at a helpdesk besides the changes of its tickets, compact, as figures need it.
//!
//! Calls and chats, logged work, ratings, shifts, what agents are up to, the use of the knowledge base and costs. One
//! record is what one event says, less what no figure asks for; what was said about a rating stays, for the themes of
//! low ratings. Records are written when an event is taken in and read in bulk; read as [`Activity<&str>`] they borrow
//! their texts from the stored bytes.

use serde::{Deserialize, Serialize};

use crate::event::{Data, Event, InteractionKind, RatingKind, WorkKind};
use crate::ticket::Role;
use crate::timestamp::Timestamp;

/// One activity. Tickets are ids at the helpdesk of the event's source; seconds may have a fraction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Activity<T = String> {
    /// A call or chat that has ended.
    Interaction {
        ticket: Option<T>,
        kind: InteractionKind,
        queued_at: Timestamp,
        answered_at: Option<Timestamp>,
        ended_at: Timestamp,
        ended_by: Role,
        agent: Option<T>,
        talk_seconds: f64,
        hold_seconds: f64,
        wrap_up_seconds: f64,
    },
    Work {
        at: Timestamp,
        ticket: Option<T>,
        agent: T,
        kind: WorkKind,
        seconds: f64,
    },
    Rating {
        at: Timestamp,
        ticket: Option<T>,
        kind: RatingKind,
        score: f64,
        min: f64,
        max: f64,
        agent: Option<T>,
        /// By name, each on the rating's scale.
        criteria: Vec<(T, f64)>,
        comment: Option<T>,
    },
    Shift {
        agent: T,
        start: Timestamp,
        end: Timestamp,
        break_seconds: f64,
    },
    /// What an agent is up to: online, away or offline.
    Status {
        at: Timestamp,
        agent: T,
        status: T,
        capacity: Option<u32>,
        groups: Vec<T>,
        skills: Vec<T>,
        languages: Vec<T>,
    },
    Searched {
        at: Timestamp,
        session: T,
        query: T,
        results: u64,
    },
    Viewed {
        at: Timestamp,
        session: T,
        article: T,
    },
    ArticleRated {
        at: Timestamp,
        session: T,
        article: T,
        helpful: bool,
    },
    Cost {
        amount: f64,
        currency: T,
        from: Timestamp,
        to: Timestamp,
    },
}

/// A stored activity that does not read back; it is taken again from its event.
#[derive(Debug, thiserror::Error)]
#[error("the stored activity does not read back")]
pub struct Unreadable(#[source] postcard::Error);

/// The first byte of the stored form. A change of the type above needs a new number, so that old rows are taken again.
const FORM: u8 = 1;

impl Activity {
    /// The activity that an event tells of; none for changes of tickets, chat messages and unknown types.
    pub fn of(event: &Event) -> Option<Self> {
        let at = event.time;
        let ticket = || event.subject.clone();
        let agent = || event.subject.clone().unwrap_or_default();
        Some(match &event.data {
            Data::Interaction(interaction) => Self::Interaction {
                ticket: ticket(),
                kind: interaction.kind,
                queued_at: interaction.queued_at,
                answered_at: interaction.answered_at,
                ended_at: interaction.ended_at,
                ended_by: interaction.ended_by,
                agent: interaction.agent.clone(),
                talk_seconds: interaction.talk_seconds,
                hold_seconds: interaction.hold_seconds,
                wrap_up_seconds: interaction.wrap_up_seconds,
            },
            Data::Work { agent, kind, seconds } => {
                Self::Work { at, ticket: ticket(), agent: agent.clone(), kind: *kind, seconds: *seconds }
            }
            Data::Rating(rating) => Self::Rating {
                at,
                ticket: ticket(),
                kind: rating.kind,
                score: rating.score,
                min: rating.min,
                max: rating.max,
                agent: rating.agent.clone(),
                criteria: rating.criteria.iter().map(|(name, value)| (name.clone(), *value)).collect(),
                comment: rating.comment.clone(),
            },
            Data::Shift { start, end, break_seconds } => {
                Self::Shift { agent: agent(), start: *start, end: *end, break_seconds: *break_seconds }
            }
            Data::AgentStatus(status) => Self::Status {
                at,
                agent: agent(),
                status: status.status.clone(),
                capacity: status.capacity,
                groups: status.groups.clone(),
                skills: status.skills.clone(),
                languages: status.languages.clone(),
            },
            Data::Searched { session, query, results } => {
                Self::Searched { at, session: session.clone(), query: query.clone(), results: *results }
            }
            Data::Viewed { session, article } => {
                Self::Viewed { at, session: session.clone(), article: article.clone() }
            }
            Data::ArticleRated { session, article, helpful } => {
                Self::ArticleRated { at, session: session.clone(), article: article.clone(), helpful: *helpful }
            }
            Data::Cost { amount, currency, from, to } => {
                Self::Cost { amount: *amount, currency: currency.clone(), from: *from, to: *to }
            }
            _ => return None,
        })
    }

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        postcard::from_bytes(form(bytes)?).map_err(Unreadable)
    }
}

impl<'a> Activity<&'a str> {
    /// Reads the stored form without copying its texts.
    pub fn view(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        postcard::from_bytes(form(bytes)?).map_err(Unreadable)
    }
}

impl<T> Activity<T> {
    /// When it happens as far as figures are concerned: an interaction when it ended, a shift when it starts, a cost
    /// from when it is for, all else at the time of its event.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Interaction { ended_at: at, .. }
            | Self::Shift { start: at, .. }
            | Self::Cost { from: at, .. }
            | Self::Work { at, .. }
            | Self::Rating { at, .. }
            | Self::Status { at, .. }
            | Self::Searched { at, .. }
            | Self::Viewed { at, .. }
            | Self::ArticleRated { at, .. } => *at,
        }
    }

    /// The last instant at which it still matters: the end of a shift or of what a cost is for, else when it happens.
    /// A report looks at what happens before its end and matters at or after its beginning; ratings it looks at from
    /// their first on.
    pub const fn until(&self) -> Timestamp {
        match self {
            Self::Shift { end, .. } => *end,
            Self::Cost { to, .. } => *to,
            _ => self.at(),
        }
    }
}

impl<T: Serialize> Activity<T> {
    /// The stored form: one byte for the form, then postcard.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain data into memory has no way to fail.
        postcard::to_extend(self, vec![FORM]).unwrap_or_default()
    }
}

fn form(bytes: &[u8]) -> Result<&[u8], Unreadable> {
    match bytes.split_first() {
        Some((&FORM, rest)) => Ok(rest),
        _ => Err(Unreadable(postcard::Error::DeserializeBadEncoding)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, subject: Option<&str>, data: &Value) -> Event {
        let envelope = json!({
            "specversion": "1.0", "id": "1", "source": "s", "type": format!("deskbell.{kind}"),
            "time": "2026-03-02T09:00:00Z", "subject": subject, "data": data,
        });
        Event::from_value(&envelope).unwrap()
    }

    #[track_caller]
    fn check(kind: &str, subject: Option<&str>, data: &Value, at: &str) {
        let activity = Activity::of(&event(kind, subject, data)).unwrap();
        assert_eq!(activity.at().to_string(), at);
        let bytes = activity.to_bytes();
        assert_eq!(Activity::from_bytes(&bytes).unwrap(), activity);
        let view = Activity::view(&bytes).unwrap();
        assert_eq!(view.at(), activity.at());
        assert_eq!(view.to_bytes(), bytes);
    }

    #[test]
    fn every_activity_happens_at_its_own_instant_and_reads_back() {
        let call = json!({ "kind": "phone", "queued_at": "2026-03-02T08:00:00Z", "answered_at": null,
            "ended_at": "2026-03-02T08:01:00Z", "ended_by": "customer", "talk_seconds": 0 });
        check("interaction.ended", Some("7"), &call, "2026-03-02T08:01:00Z");
        check("interaction.ended", None, &call, "2026-03-02T08:01:00Z");
        let work = json!({ "agent": "ann", "kind": "email", "seconds": 1.5 });
        check("work.logged", Some("7"), &work, "2026-03-02T09:00:00Z");
        let rating = json!({ "kind": "csat", "score": 4, "scale": { "min": 1, "max": 5 }, "comment": "slow",
            "agent": "ann", "criteria": { "tone": 2 } });
        check("rating.submitted", Some("7"), &rating, "2026-03-02T09:00:00Z");
        let shift = json!({ "start": "2026-03-02T10:00:00Z", "end": "2026-03-02T18:00:00Z", "break_seconds": 60 });
        check("agent.shift", Some("ann"), &shift, "2026-03-02T10:00:00Z");
        let status = json!({ "status": "online", "capacity": 3, "groups": ["g"] });
        check("agent.status", Some("ann"), &status, "2026-03-02T09:00:00Z");
        let searched = json!({ "session": "s", "query": "reset", "results": 0 });
        check("knowledge.searched", None, &searched, "2026-03-02T09:00:00Z");
        check("knowledge.viewed", None, &json!({ "session": "s", "article": "a" }), "2026-03-02T09:00:00Z");
        let rated = json!({ "session": "s", "article": "a", "helpful": true });
        check("knowledge.rated", None, &rated, "2026-03-02T09:00:00Z");
        let cost =
            json!({ "amount": 1, "currency": "EUR", "from": "2026-01-01T00:00:00Z", "to": "2026-04-01T00:00:00Z" });
        check("cost.recorded", None, &cost, "2026-01-01T00:00:00Z");
    }

    #[test]
    fn changes_of_tickets_and_chat_messages_are_none() {
        let actor = json!({ "id": "c", "role": "customer" });
        let message = json!({ "session": "s", "text": "hello", "actor": actor });
        assert_eq!(Activity::of(&event("chat.message", Some("c1"), &message)), None);
        assert_eq!(Activity::of(&event("ticket.deleted", Some("7"), &json!({ "actor": actor }))), None);
    }

    #[test]
    fn another_form_is_refused() {
        assert!(Activity::from_bytes(&[0]).is_err());
        assert!(Activity::from_bytes(&[]).is_err());
    }
}
