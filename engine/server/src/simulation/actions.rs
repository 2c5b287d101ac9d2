//! What the engine asks of the helpdesk. Each action is carried out once, however often it comes.

use std::collections::{BTreeMap, HashMap};

use deskbell_model::effect::{self, Effect};
use deskbell_model::ticket::{Actor, Role};
use deskbell_model::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::desk::{self, Desk, Escalation};
use super::fields::words;

/// An action as the webhook has it.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    data: Action,
}

/// An action.
#[derive(Debug, Deserialize)]
pub(crate) struct Action {
    key: String,
    kind: String,
    ticket: Subject,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Subject {
    id: String,
}

/// Why an action is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the body is no action: {0}")]
    NoAction(String),
    #[error("the header webhook-id is not the action's key")]
    OtherKey,
    #[error(transparent)]
    Effect(#[from] effect::Invalid),
    #[error("'{0}' is nothing that is done at a helpdesk")]
    NotHere(String),
    #[error(transparent)]
    Desk(#[from] desk::Refused),
}

impl Action {
    /// Reads an action and compares its key with the header's.
    pub(crate) fn read(id: &str, body: &[u8]) -> Result<Self, Refused> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(|error| Refused::NoAction(error.to_string()))?;
        if envelope.kind != "deskbell.action" {
            return Err(Refused::NoAction("its type is not deskbell.action".to_owned()));
        }
        if envelope.data.key != id {
            return Err(Refused::OtherKey);
        }
        Ok(envelope.data)
    }
}

/// The actions that were carried out, by their keys, as long as the helpdesk runs.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    done: HashMap<String, Done>,
    n_received: u64,
    n_effective: u64,
    n_refused: u64,
}

/// An action that was carried out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Done {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) ticket: String,
    pub(crate) at: Timestamp,
    /// How often it came.
    pub(crate) received: u64,
    /// How often it was carried out.
    pub(crate) effective: u64,
    #[serde(skip)]
    answer: Value,
}

impl Ledger {
    /// Carries an action out, unless that has been done, and gives the answer: what was done.
    pub(crate) fn carry_out(&mut self, desk: &mut Desk, action: Action, at: Timestamp) -> Result<Value, Refused> {
        self.n_received += 1;
        if let Some(done) = self.done.get_mut(&action.key) {
            done.received += 1;
            return Ok(done.answer.clone());
        }
        let answer = apply(desk, &action, at).inspect_err(|_| self.n_refused += 1)?;
        self.n_effective += 1;
        let done = Done {
            key: action.key.clone(),
            kind: action.kind,
            ticket: action.ticket.id,
            at,
            received: 1,
            effective: 1,
            answer: answer.clone(),
        };
        self.done.insert(action.key, done);
        Ok(answer)
    }

    /// The figures; with each action where `in_full`.
    pub(crate) fn stats(&self, in_full: bool) -> Value {
        let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
        for done in self.done.values() {
            *by_kind.entry(&done.kind).or_default() += done.effective;
        }
        let mut stats = json!({
            "received": self.n_received,
            "effective": self.n_effective,
            "duplicates": self.n_received - self.n_effective - self.n_refused,
            "refused": self.n_refused,
            "keys": self.done.len(),
            "most_effective_per_key": self.done.values().map(|done| done.effective).max().unwrap_or_default(),
            "by_kind": by_kind,
        });
        if in_full && let Some(members) = stats.as_object_mut() {
            let mut all: Vec<&Done> = self.done.values().collect();
            all.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
            members.insert("done".to_owned(), json!(all));
        }
        stats
    }
}

/// As whom the engine acts here.
fn engine() -> Actor {
    Actor { id: "deskbell".to_owned(), role: Role::Bot, name: Some("Deskbell".to_owned()) }
}

fn apply(desk: &mut Desk, action: &Action, at: Timestamp) -> Result<Value, Refused> {
    let effect = Effect { kind: action.kind.clone(), data: action.data.clone(), reason: action.reason.clone() };
    effect.validate()?;
    let (actor, id) = (engine(), action.ticket.id.as_str());
    let mut comment_id = None;
    let changes = match effect.kind.as_str() {
        "ticket.update" => desk.change(id, &effect.data, &actor, at)?,
        "ticket.tag" => {
            let tags = |name| effect.data.get(name).map_or(Ok(Vec::new()), |tags| words(name, tags));
            desk.tag(id, &tags("add")?, &tags("remove")?, &actor, at)?
        }
        "ticket.reply" | "ticket.note" => {
            let body = effect.text("body").unwrap_or_default();
            comment_id = Some(desk.comment(id, effect.kind == "ticket.reply", body, &actor, at)?);
            Map::new()
        }
        "ticket.escalate" => {
            let escalation = Escalation {
                tier: effect.data.get("tier").and_then(Value::as_u64),
                group: effect.text("group"),
                reason: effect.reason.as_deref(),
            };
            desk.escalate(id, &escalation, &actor, at)?
        }
        _ => return Err(Refused::NotHere(effect.kind)),
    };
    let mut answer = json!({ "key": action.key, "ticket": id, "changes": changes });
    if let (Some(comment_id), Some(members)) = (comment_id, answer.as_object_mut()) {
        members.insert("reference".to_owned(), comment_id.into());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use deskbell_model::event::Event;
    use deskbell_model::ticket::{Fields, Status};

    use super::*;

    const AT: Timestamp = Timestamp::from_seconds(1_767_600_000);

    fn desk() -> Desk {
        let mut desk = Desk::new("shop", "run", 1);
        let fields = Fields { subject: "Lamp".to_owned(), channel: "web".to_owned(), ..Fields::default() };
        desk.open(fields, &engine(), None, AT);
        desk.take_made();
        desk
    }

    fn body(key: &str, kind: &str, data: &Value) -> Vec<u8> {
        let action = json!({ "key": key, "kind": kind, "ticket": { "id": "1", "status": "new" }, "data": data, "reason": "because" });
        json!({ "type": "deskbell.action", "timestamp": AT, "data": action }).to_string().into_bytes()
    }

    fn act(desk: &mut Desk, ledger: &mut Ledger, key: &str, kind: &str, data: &Value) -> Result<Value, Refused> {
        let action = Action::read(key, &body(key, kind, data)).unwrap();
        ledger.carry_out(desk, action, AT)
    }

    #[test]
    fn an_action_is_carried_out_once_however_often_it_comes() {
        for (kind, data) in [
            ("ticket.update", json!({ "status": "solved", "custom": { "score": 3 } })),
            ("ticket.tag", json!({ "add": ["vip"] })),
            ("ticket.reply", json!({ "body": "Hello" })),
            ("ticket.note", json!({ "body": "To ourselves" })),
            ("ticket.escalate", json!({ "tier": 2 })),
        ] {
            let (mut desk, mut ledger) = (desk(), Ledger::default());
            let first = act(&mut desk, &mut ledger, "k", kind, &data).unwrap();
            assert_eq!(desk.take_made().len(), 1, "{kind}");
            for _ in 0..3 {
                assert_eq!(act(&mut desk, &mut ledger, "k", kind, &data).unwrap(), first, "{kind}");
            }
            assert!(desk.take_made().is_empty(), "{kind} was done twice");
            let stats = ledger.stats(true);
            assert_eq!(stats["received"], 4);
            assert_eq!(stats["duplicates"], 3);
            assert_eq!(stats["most_effective_per_key"], 1);
            assert_eq!(stats["done"][0]["received"], 4);
        }
    }

    #[test]
    fn what_was_done_comes_back_as_an_event_of_the_engine() {
        let (mut desk, mut ledger) = (desk(), Ledger::default());
        act(&mut desk, &mut ledger, "a", "ticket.update", &json!({ "group": "billing" })).unwrap();
        let answer = act(&mut desk, &mut ledger, "b", "ticket.reply", &json!({ "body": "Hello" })).unwrap();
        assert!(answer["reference"].is_string());
        act(&mut desk, &mut ledger, "c", "ticket.escalate", &json!({ "group": "technical" })).unwrap();
        let made = desk.take_made();
        let events: Vec<Event> = made.iter().map(|made| Event::from_value(&made.event).unwrap()).collect();
        let kinds: Vec<&str> = events.iter().map(Event::short_kind).collect();
        assert_eq!(kinds, ["ticket.updated", "ticket.commented", "ticket.escalated", "ticket.updated"]);
        assert!(events.iter().all(|event| event.actor().unwrap().id == "deskbell"));
        assert_eq!(desk.ticket("1").unwrap().fields.status, Status::New);
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_may_come_again() {
        let (mut desk, mut ledger) = (desk(), Ledger::default());
        for (kind, data, expected) in [
            ("ticket.update", json!({ "status": "done" }), "status"),
            ("ticket.burn", json!({}), "ticket.burn"),
            ("notify", json!({ "to": "ops", "text": "x" }), "nothing that is done at a helpdesk"),
        ] {
            let refused = act(&mut desk, &mut ledger, "k", kind, &data).unwrap_err();
            assert!(refused.to_string().contains(expected), "{refused}");
        }
        assert!(act(&mut desk, &mut ledger, "k", "ticket.note", &json!({ "body": "x" })).is_ok());
        assert_eq!(ledger.stats(false)["refused"], 3);
    }

    #[test]
    fn what_is_no_action_is_told_from_one() {
        let good = body("k", "ticket.note", &json!({ "body": "x" }));
        assert_eq!(Action::read("other", &good).unwrap_err(), Refused::OtherKey);
        for body in ["", "{}", r#"{"type":"deskbell.alarm","data":{"key":"k","kind":"x","ticket":{"id":"1"}}}"#] {
            assert!(matches!(Action::read("k", body.as_bytes()), Err(Refused::NoAction(_))), "{body}");
        }
    }
}
