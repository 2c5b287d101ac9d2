//! What each kind of event brings as its data, for [`Event::data_as`](crate::Event::data_as).
//!
//! Members that these types do not name are ignored, so they keep working when a kind grows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::instant::Instant;

/// One changed field of a `ticket.updated`, whose data are `{ "changes": { FIELD: change } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The value now; null where it was cleared.
    pub to: Value,
    /// The value before, where the helpdesk tells it.
    #[serde(default)]
    pub from: Option<Value>,
}

/// The comment of a `ticket.commented`, whose data are `{ "comment": comment }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id at the helpdesk.
    #[serde(default)]
    pub id: Option<String>,
    /// Whether the customer sees it.
    pub public: bool,
    /// Its text.
    pub body: String,
    /// How it came in.
    #[serde(default)]
    pub channel: Option<String>,
}

/// The data of a `ticket.escalated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The tier it went to.
    #[serde(default)]
    pub tier: Option<i64>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The data of a `ticket.merged`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The id of the ticket that goes on.
    pub into: String,
}

/// The data of an `interaction.ended`: a call or a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InteractionEnded {
    /// phone or chat.
    pub kind: String,
    /// When the customer began to wait.
    pub queued_at: Instant,
    /// When somebody answered; none where nobody did.
    pub answered_at: Option<Instant>,
    /// When it was over.
    pub ended_at: Instant,
    /// The role of who ended it.
    pub ended_by: String,
    /// The agent's id.
    #[serde(default)]
    pub agent: Option<String>,
    /// Seconds of talk.
    #[serde(default)]
    pub talk_seconds: f64,
    /// Seconds on hold.
    #[serde(default)]
    pub hold_seconds: f64,
    /// Seconds of work afterwards.
    #[serde(default)]
    pub wrap_up_seconds: f64,
}

/// The data of a `work.logged`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkLogged {
    /// The agent's id.
    pub agent: String,
    /// email, phone, chat or other.
    pub kind: String,
    /// How long.
    pub seconds: f64,
}

/// The ends of a rating's scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The worst.
    pub min: f64,
    /// The best.
    pub max: f64,
}

/// The data of a `rating.submitted`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// csat, nps, ces, qa or `agent_satisfaction`.
    pub kind: String,
    /// The answer.
    pub score: f64,
    /// What it is an answer on.
    pub scale: Scale,
    /// In the customer's words.
    #[serde(default)]
    pub comment: Option<String>,
    /// The id of the agent who is rated.
    #[serde(default)]
    pub agent: Option<String>,
    /// Scores of single criteria, on the same scale.
    #[serde(default)]
    pub criteria: BTreeMap<String, f64>,
}

/// The data of an `agent.shift`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentShift {
    /// When it begins.
    pub start: Instant,
    /// When it ends.
    pub end: Instant,
    /// Seconds of break in it.
    #[serde(default)]
    pub break_seconds: f64,
}

/// The data of an `agent.status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// online, away or offline.
    pub status: String,
    /// How many tickets the agent takes at a time.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// The agent's groups, where told.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// The agent's skills, where told.
    #[serde(default)]
    pub skills: Option<Vec<String>>,
    /// The languages that the agent answers in, where told.
    #[serde(default)]
    pub languages: Option<Vec<String>>,
}

/// The data of a `chat.message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// The session it belongs to, where told.
    #[serde(default)]
    pub session: Option<String>,
    /// What was written.
    pub text: String,
    /// A BCP 47 tag.
    #[serde(default)]
    pub language: Option<String>,
}

/// The data of a `timer.fired`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimerFired {
    /// The name it was set under.
    pub name: String,
    /// What was given along.
    #[serde(default)]
    pub payload: Value,
    /// When it was due.
    pub due: Instant,
}

/// The data of `sla.warning`, `sla.breached`, `sla.met`, `sla.cancelled` and `sla.retracted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// The ticket's id.
    #[serde(default)]
    pub ticket: String,
    /// `first_response`, `next_response` or `resolution`.
    pub metric: String,
    /// Which one of its kind at this ticket, from 1 on; only `next_response` has several.
    #[serde(default)]
    pub cycle: u32,
    /// The policy's name.
    #[serde(default)]
    pub policy: String,
    /// The target, as written in the configuration: `4h`, `1bd`.
    #[serde(default)]
    pub target: String,
    /// Which warning, as written in the configuration: `75%`, `30m`.
    #[serde(default)]
    pub warning: Option<String>,
    /// When it happened, however late it is told.
    pub at: Instant,
    /// When the clock began.
    pub started_at: Instant,
    /// When it was due; none while it stood still.
    #[serde(default)]
    pub due_at: Option<Instant>,
    /// Working time that had been counted by then.
    #[serde(default)]
    pub counted_seconds: i64,
    /// Of `sla.met`: it came after the target.
    #[serde(default)]
    pub breached: bool,
    /// What was told before and does not hold any more; this takes its place.
    #[serde(default)]
    pub corrects: Option<Corrected>,
}

/// What was told of a clock and does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// `sla.breached` and its like.
    pub kind: String,
    /// When that was said to have happened.
    pub at: Instant,
    /// Which warning it was.
    #[serde(default)]
    pub warning: Option<String>,
    /// When the clock was said to be due.
    #[serde(default)]
    pub due_at: Option<Instant>,
}

/// The data of a `schedule.fired`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleFired {
    /// The schedule's name.
    pub schedule: String,
    /// When it was due, however late it is told.
    pub due: Instant,
    /// What the configuration gives along.
    #[serde(default)]
    pub data: Value,
}

/// The data of a `delivery.failed`: an action was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFailed {
    /// The action's key.
    pub key: String,
    /// The effect's kind, such as `ticket.reply`.
    pub kind: String,
    /// The plugin that asked for it, where one did.
    #[serde(default)]
    pub plugin: Option<String>,
    /// Where it was to go: `source:NAME` for a helpdesk, `destination:NAME` for a destination of the configuration.
    #[serde(default)]
    pub destination: Option<String>,
    /// What the last attempt ended with.
    #[serde(default)]
    pub error: Option<String>,
}

/// The data of a `source.silent`: no webhook has come for longer than configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSilent {
    /// The account.
    pub source: String,
    /// For how long that is allowed.
    pub silent_for_seconds: u64,
}

/// The data of a `source.surge`: in an hour that goes on, far more tickets have come in than that hour of the weekday
/// showed in the eight weeks before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceSurge {
    /// Where they come from.
    pub source: String,
    /// The local date, `2026-03-02`.
    pub date: String,
    /// The local hour, 0 to 23.
    pub hour: u32,
    /// The zone of date and hour.
    pub tz: String,
    /// The tickets created in the hour so far.
    pub count: u64,
    /// How many there usually are in the whole hour.
    pub mean: f64,
    /// More than so many chance brings once in a thousand such hours.
    pub limit: u64,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    fn check<T: DeserializeOwned>(data: Value) -> T {
        T::deserialize(data).unwrap()
    }

    #[test]
    fn the_smallest_data_of_each_kind_are_read() {
        let time = "2026-01-05T08:00:00Z";
        check::<Change>(json!({ "to": null }));
        check::<Comment>(json!({ "public": false, "body": "", "unknown": 1 }));
        check::<Escalated>(json!({}));
        check::<Merged>(json!({ "into": "7" }));
        check::<InteractionEnded>(json!({
            "kind": "phone", "queued_at": time, "answered_at": null, "ended_at": time, "ended_by": "customer", "talk_seconds": 0
        }));
        check::<WorkLogged>(json!({ "agent": "a", "kind": "email", "seconds": 90 }));
        check::<Rating>(json!({ "kind": "nps", "score": 9, "scale": { "min": 0, "max": 10 } }));
        check::<AgentShift>(json!({ "start": time, "end": time }));
        check::<AgentStatus>(json!({ "status": "away" }));
        check::<ChatMessage>(json!({ "text": "hi" }));
        check::<DeliveryFailed>(json!({ "key": "k", "kind": "ticket.note" }));
        check::<SourceSurge>(json!({
            "source": "support", "date": "2026-03-02", "hour": 9, "tz": "UTC", "count": 12, "mean": 2.5, "limit": 9
        }));
        check::<SourceSilent>(json!({ "source": "support", "silent_for_seconds": 7200 }));
        check::<TimerFired>(json!({ "name": "n", "due": time }));
        check::<ScheduleFired>(json!({ "schedule": "nightly", "due": time }));
        check::<Sla>(json!({ "metric": "resolution", "at": time, "started_at": time }));
    }
}
