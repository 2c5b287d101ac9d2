//! A ticket's whole story: what came in, which plugin decided what and why, what was sent, what came back, and what
//! waits. The command `explain` and the API tell the same one, built here.

use deskbell_model::ticket::{Actor, Ticket};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

mod building;
mod echo;
mod rows;

pub(crate) use building::{Setting, tell};
pub(crate) use rows::log_lines;

/// Events, and calls and actions for them, that a story has at most.
pub(crate) const MAX_EVENTS: i64 = 2000;

/// A ticket that was found.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) lane_id: i64,
    pub(crate) source: String,
    pub(crate) ticket: String,
}

/// Why there is not one ticket to speak of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOne {
    #[error("there is no ticket '{ticket}'{}; ids are those of the helpdesk", at_source(.at.as_deref()))]
    Unknown { ticket: String, at: Option<String> },
    #[error("the ticket '{ticket}' exists at several sources ({}); say at which one", .sources.join(", "))]
    Ambiguous { ticket: String, sources: Vec<String> },
    #[error(transparent)]
    Store(#[from] deskbell_store::Error),
}

fn at_source(source: Option<&str>) -> String {
    source.map(|source| format!(" at the source '{source}'")).unwrap_or_default()
}

/// Finds the one ticket with this id.
pub(crate) async fn find(store: &Store, ticket: &str, source: Option<&str>) -> Result<Place, NotOne> {
    let mut found = store.find_ticket(ticket, source).await?;
    match (found.pop(), found.is_empty()) {
        (Some((lane_id, _, source)), true) => Ok(Place { lane_id, source, ticket: ticket.to_owned() }),
        (None, _) => Err(NotOne::Unknown { ticket: ticket.chars().take(80).collect(), at: source.map(str::to_owned) }),
        (Some(last), false) => {
            let sources = found.into_iter().chain([last]).map(|(.., source)| source);
            Err(NotOne::Ambiguous { ticket: ticket.to_owned(), sources: sources.collect() })
        }
    }
}

/// What a ticket went through.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Story {
    pub(crate) source: String,
    /// The id at its helpdesk.
    pub(crate) ticket: String,
    /// How the ticket stands; null before its creation is known.
    #[schema(value_type = Option<Object>)]
    pub(crate) state: Option<Ticket>,
    /// As of when this is told.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) told_at: Timestamp,
    /// What came in, in the order of arrival, with what followed from it.
    pub(crate) events: Vec<Event>,
    pub(crate) waiting: Waiting,
    /// What could not be done, replayed or not, oldest first.
    pub(crate) dead_letters: Vec<DeadLetter>,
    /// Older events are left out.
    pub(crate) shortened: bool,
}

/// Something that happened, and what followed from it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryEvent)]
pub(crate) struct Event {
    /// Its place in the order of arrival; what came later has a higher one.
    pub(crate) number: i64,
    pub(crate) id: String,
    /// Without the prefix `deskbell.`; `timer.fired` and its like are the engine's own.
    pub(crate) kind: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) received_at: Timestamp,
    /// It arrived after something that happened later.
    pub(crate) late: bool,
    /// It came by an import, which calls no plugin.
    pub(crate) imported: bool,
    /// The webhook that it came in, as long as that is kept.
    pub(crate) delivery: Option<Delivery>,
    #[schema(value_type = Option<Object>)]
    pub(crate) actor: Option<Actor>,
    /// What it did to the ticket; null where it is not about the ticket's fields, or the story is shortened.
    pub(crate) effect: Option<Did>,
    /// The fields that changed.
    pub(crate) changes: Vec<Change>,
    #[schema(value_type = Object)]
    pub(crate) data: Value,
    /// How many of the engine's own writes led to it, as far as that was noted with it.
    pub(crate) hop: i16,
    /// It was done by one of the engine's own users at the helpdesk.
    pub(crate) own: bool,
    /// The keys of the actions that it seems to be the echo of.
    pub(crate) echo_of: Vec<String>,
    /// Why it reached no plugin, where that is known.
    pub(crate) kept_back: Option<String>,
    /// The plugins that were called for it.
    pub(crate) calls: Vec<Call>,
    /// Actions whose call is not kept any more.
    pub(crate) actions: Vec<Action>,
}

/// What an event did to its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Did {
    Created,
    Changed,
    Nothing,
}

/// A webhook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    pub(crate) number: i64,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) received_at: Timestamp,
    /// The sender's id of it.
    pub(crate) sender_id: Option<String>,
    pub(crate) state: DeliveryState,
    /// Why it was put off, ignored or not understood.
    pub(crate) detail: Option<String>,
}

/// What was made of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// To be read later.
    Later,
    Read,
    Ignored,
    Unreadable,
}

/// A field that an event changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    pub(crate) field: String,
    #[schema(value_type = Value)]
    pub(crate) from: Value,
    #[schema(value_type = Value)]
    pub(crate) to: Value,
}

/// A call of a plugin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryCall)]
pub(crate) struct Call {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    pub(crate) plugin: String,
    pub(crate) version: String,
    /// 1 for the first call on the event.
    pub(crate) attempt: i16,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
    /// What it asked for, in its order.
    pub(crate) effects: Vec<Effect>,
    /// What it logged.
    pub(crate) log: Vec<LogLine>,
    pub(crate) cpu_us: i32,
    pub(crate) wall_us: i32,
    pub(crate) memory_bytes: i64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CallOutcome)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Decided,
    /// It failed and is called again.
    WillRetry,
    /// It failed and is a dead letter.
    SetAside,
    /// It failed and was passed over.
    Skipped,
}

impl Outcome {
    /// From the number in the database.
    pub(crate) const fn of(number: i16) -> Self {
        match number {
            0 => Self::Decided,
            1 => Self::WillRetry,
            2 => Self::SetAside,
            _ => Self::Skipped,
        }
    }
}

/// A line of a plugin's log.
#[derive(Debug, Serialize, serde::Deserialize, ToSchema)]
pub(crate) struct LogLine {
    pub(crate) level: String,
    pub(crate) message: String,
}

/// Something that a plugin asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryEffect)]
pub(crate) struct Effect {
    pub(crate) kind: String,
    #[schema(value_type = Object)]
    pub(crate) data: Value,
    /// Why, in the plugin's words.
    pub(crate) reason: Option<String>,
    /// Why nothing came of it.
    pub(crate) dropped: Option<String>,
    /// What came of it; absent too where the action is not kept any more.
    pub(crate) action: Option<Action>,
}

/// An effect on its way out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryAction)]
pub(crate) struct Action {
    /// What makes a repeat harmless.
    pub(crate) key: String,
    pub(crate) plugin: String,
    pub(crate) kind: String,
    /// source:NAME for a helpdesk, destination:NAME for a configured one.
    pub(crate) destination: String,
    /// What is asked for, without what was so already.
    #[schema(value_type = Object)]
    pub(crate) data: Value,
    pub(crate) state: ActionState,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) ended_at: Option<Timestamp>,
    /// The helpdesk's reference to what was made, or why nothing was.
    pub(crate) reference: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActionState {
    Available,
    Retryable,
    Completed,
    /// Given up: a dead letter.
    Discarded,
    /// Impossible at this helpdesk.
    Cancelled,
}

/// A try to carry an action out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryAttempt)]
pub(crate) struct Attempt {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    pub(crate) number: i32,
    pub(crate) outcome: AttemptOutcome,
    /// The last HTTP status, where there was one.
    pub(crate) status: Option<i16>,
    pub(crate) elapsed_ms: i32,
    /// Requests and answers in short.
    pub(crate) detail: String,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AttemptOutcome {
    Done,
    WillRetry,
    /// It may have taken effect; the helpdesk is asked before it is repeated.
    Ambiguous,
    GivenUp,
    Impossible,
}

/// What is still to come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waiting {
    /// Plugins that failed and get their events again.
    pub(crate) plugins: Vec<Held>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) actions: Vec<ActionsWait>,
    /// When the engine looks at the ticket next.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) next_wake: Option<Timestamp>,
}

/// A plugin that is behind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Held {
    pub(crate) plugin: String,
    /// The number of the first event that it gets again.
    pub(crate) from_event: i64,
    pub(crate) attempts: i32,
    /// Null: not before somebody replays it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) error: String,
}

/// What a plugin wants to be woken for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timer {
    pub(crate) plugin: String,
    pub(crate) name: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
}

/// Actions that are not done yet, by destination.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionsWait {
    pub(crate) destination: String,
    /// When the next one is tried.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) under_way: bool,
    /// Since when an operator has the destination paused.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) paused_at: Option<Timestamp>,
}

/// Something that could not be done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoryDeadLetter)]
pub(crate) struct DeadLetter {
    pub(crate) id: i64,
    /// plugin, action or delivery.
    pub(crate) kind: String,
    pub(crate) plugin: Option<String>,
    /// The number of the event.
    pub(crate) event: Option<i64>,
    /// The key of the action.
    pub(crate) action: Option<String>,
    pub(crate) error: String,
    pub(crate) attempts: i32,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) set_aside_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) replayed_at: Option<Timestamp>,
}
