//! What becomes of a ticket: taken up, answered, asked back, handed over, solved, opened again, rated.

use deskbell_model::ticket::{Fields, Status};
use deskbell_model::timestamp::Timestamp;
use serde_json::{Map, Value, json};

use super::super::desk::{Desk, Escalation};
use super::super::pace::Wait;
use super::super::people::{Agent, suited};
use super::super::plan::{Contact, Step};
use super::super::wording::{About, Phrases, Topic, from_agent, from_customer};
use super::{Case, Life, system};

/// After so many answers a ticket is solved one way or another.
const MOST_ROUNDS: u32 = 4;

/// The phrases of a topic in a language.
pub(super) fn about(language: &str, topic: Topic) -> &'static About {
    Phrases::of(language).about(topic)
}

fn wanted(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

impl Life {
    /// The ticket as it is and what is behind it, where somebody may still work on it.
    fn at_work_on(&self, desk: &Desk, id: &str) -> Option<(Fields, Case)> {
        let ticket = desk.ticket(id).filter(|ticket| ticket.merged_into.is_none())?;
        let is_open = !ticket.fields.status.is_solved();
        is_open.then(|| Some((ticket.fields.clone(), self.cases.get(id)?.clone())))?
    }

    pub(super) fn pick(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        let Some((fields, case)) = self.at_work_on(desk, id) else {
            return;
        };
        let Some(agent) = self.agent_of(&fields, &case) else {
            return;
        };
        let mut changes = Map::new();
        if fields.status == Status::New {
            changes.insert("status".to_owned(), json!(Status::Open));
        }
        if fields.assignee.is_none() {
            changes.insert("assignee".to_owned(), json!(agent.id));
        }
        if fields.group.is_none() {
            changes.insert("group".to_owned(), json!(case.topic.group()));
        }
        if fields.category.is_none() && self.dice.chance(0.85) {
            changes.insert("category".to_owned(), json!(case.topic.category()));
        }
        // A change of a ticket that is there, to values that can be, is not refused; nor are those below.
        let _ = desk.change(id, &changes, &agent.actor(), at);
        if fields.channel == "chat" {
            let soon = at.plus_seconds(self.dice.between(10, 90) as i64);
            self.plan.add(soon, Step::Answer(id.to_owned()));
        } else {
            self.plan_after(Wait::Answer, at, Step::Answer(id.to_owned()));
        }
    }

    pub(super) fn answer(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        let Some((fields, mut case)) = self.at_work_on(desk, id) else {
            return;
        };
        let Some(agent) = self.agent_of(&fields, &case) else {
            return;
        };
        let handed_over = case.rounds == 0 && self.hand_over(desk, id, &case, agent, at);
        if !handed_over {
            case.rounds += 1;
            let created_at = desk.ticket(id).map_or(at, |ticket| ticket.created_at);
            case.answered_after_seconds.get_or_insert(at.since(created_at) / 1_000_000);
            self.cases.insert(id.to_owned(), case.clone());
            if case.rounds < MOST_ROUNDS && self.dice.chance(0.34) {
                self.ask_back(desk, id, &case, agent, at);
            } else {
                self.say(desk, id, &case, about(&case.language, case.topic).answers, agent, at);
                self.plan_after(Wait::Solve, at, Step::Solve(id.to_owned()));
            }
        }
        if !matches!(fields.channel.as_str(), "phone" | "chat") {
            let seconds = self.dice.between(90, 900);
            let data = json!({ "agent": agent.id, "kind": "email", "seconds": seconds });
            desk.tell("deskbell.work.logged", Some(id), data, at);
        }
    }

    fn say(
        &mut self,
        desk: &mut Desk,
        id: &str,
        case: &Case,
        choices: &'static [&'static str],
        agent: Agent,
        at: Timestamp,
    ) {
        let text = from_agent(&case.language, choices, &case.particulars, agent.name, &mut self.dice);
        let _ = desk.comment(id, true, &text, &agent.actor(), at);
    }

    fn ask_back(&mut self, desk: &mut Desk, id: &str, case: &Case, agent: Agent, at: Timestamp) {
        self.say(desk, id, case, about(&case.language, case.topic).questions, agent, at);
        let _ = desk.change(id, &wanted(json!({ "status": Status::Pending })), &agent.actor(), at);
        if self.dice.chance(0.85) {
            self.plan_after(Wait::Reply, at, Step::Reply(id.to_owned()));
        } else {
            self.plan_after(Wait::Silence, at, Step::Solve(id.to_owned()));
        }
    }

    /// Whether the agent hands it over, escalates it or has to wait, in place of answering.
    fn hand_over(&mut self, desk: &mut Desk, id: &str, case: &Case, agent: Agent, at: Timestamp) -> bool {
        let chance = self.dice.fraction();
        let actor = agent.actor();
        if chance < 0.06 {
            let group = if case.topic.group() == "technical" { "frontline" } else { "technical" };
            let other = suited(group, &case.language, &mut self.dice).filter(|other| other.id != agent.id);
            let assignee = other.map(|other| other.id);
            let _ = desk.comment(id, false, "This is one for you, please have a look.", &actor, at);
            let _ = desk.change(id, &wanted(json!({ "group": group, "assignee": assignee })), &actor, at);
        } else if chance < 0.10 {
            let escalation = Escalation { tier: Some(2), group: None, reason: Some("needs a second pair of eyes") };
            let _ = desk.escalate(id, &escalation, &actor, at);
        } else if chance < 0.14 {
            let _ = desk.comment(id, false, "Asked the carrier, waiting for an answer.", &actor, at);
            let _ = desk.change(id, &wanted(json!({ "status": Status::OnHold })), &actor, at);
        } else {
            return false;
        }
        if let Some(case) = self.cases.get_mut(id) {
            case.rounds += 1;
        }
        self.plan_after(Wait::Answer, at, Step::Answer(id.to_owned()));
        true
    }

    pub(super) fn reply(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        let Some((fields, case)) = self.at_work_on(desk, id) else {
            return;
        };
        if fields.status != Status::Pending {
            return;
        }
        let phrases = Phrases::of(&case.language);
        let text = from_customer(phrases.details, &case.particulars, &mut self.dice);
        let _ = desk.comment(id, true, &text, &case.customer, at);
        self.plan_after(Wait::Answer, at, Step::Answer(id.to_owned()));
    }

    pub(super) fn solve(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        let Some((fields, case)) = self.at_work_on(desk, id) else {
            return;
        };
        let Some(agent) = self.agent_of(&fields, &case) else {
            return;
        };
        let mut changes = wanted(json!({ "status": Status::Solved }));
        if fields.assignee.is_none() {
            changes.insert("assignee".to_owned(), json!(agent.id));
        }
        let _ = desk.change(id, &changes, &agent.actor(), at);
        let id = id.to_owned();
        let chance = self.dice.fraction();
        if chance < 0.07 && case.rounds < MOST_ROUNDS {
            self.plan_after(Wait::Reopen, at, Step::Reopen(id.clone()));
        } else if chance < 0.10 && case.rounds < MOST_ROUNDS {
            self.plan_after(Wait::Rate, at, Step::Thank(id.clone()));
        } else if chance < 0.45 {
            self.plan_after(Wait::Rate, at, Step::Rate(id.clone()));
        }
        self.plan_after(Wait::Close, at, Step::Close(id));
    }

    pub(super) fn reopen(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        if self.come_back(desk, id, |phrases| phrases.again, at) {
            self.plan_after(Wait::Answer, at, Step::Answer(id.to_owned()));
        }
    }

    pub(super) fn thank(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        if self.come_back(desk, id, |phrases| phrases.thanks, at) {
            self.plan_after(Wait::Solve, at, Step::Solve(id.to_owned()));
        }
    }

    /// Whether the customer could still say something to a solved ticket.
    fn come_back(
        &mut self,
        desk: &mut Desk,
        id: &str,
        choices: fn(&Phrases) -> &'static [&'static str],
        at: Timestamp,
    ) -> bool {
        let is_solved = desk
            .ticket(id)
            .is_some_and(|ticket| ticket.merged_into.is_none() && ticket.fields.status == Status::Solved);
        let Some(case) = self.cases.get(id).cloned().filter(|_| is_solved) else {
            return false;
        };
        let text = from_customer(choices(Phrases::of(&case.language)), &case.particulars, &mut self.dice);
        desk.comment(id, true, &text, &case.customer, at).is_ok()
    }

    pub(super) fn close(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        let Some(ticket) = desk.ticket(id).filter(|ticket| ticket.merged_into.is_none()) else {
            return;
        };
        if ticket.fields.status == Status::Solved {
            let _ = desk.change(id, &wanted(json!({ "status": Status::Closed })), &system(), at);
            self.cases.remove(id);
        }
    }

    pub(super) fn merge(&mut self, desk: &mut Desk, id: &str, into: &str, at: Timestamp) {
        let Some((fields, case)) = self.at_work_on(desk, id) else { return };
        let Some(agent) = self.agent_of(&fields, &case) else { return };
        if self.at_work_on(desk, into).is_some() && desk.merge(id, into, &agent.actor(), at).is_ok() {
            self.cases.remove(id);
        } else {
            self.plan_after(Wait::Pick, at, Step::Pick(id.to_owned()));
        }
    }

    /// Somebody rates how it went; better where it went fast.
    pub(super) fn rate(&mut self, desk: &mut Desk, id: &str, at: Timestamp) {
        let Some(case) = self.cases.get(id).cloned() else {
            return;
        };
        let Some(ticket) = desk.ticket(id) else {
            return;
        };
        let agent = ticket.fields.assignee.clone();
        let is_slow = case.answered_after_seconds.is_some_and(|seconds| seconds > 4 * 3600) || case.rounds > 2;
        let weights: &[(u64, u32)] = if is_slow {
            &[(1, 9), (2, 10), (3, 16), (4, 35), (5, 30)]
        } else {
            &[(1, 3), (2, 4), (3, 10), (4, 32), (5, 51)]
        };
        let stars = self.dice.weighted(weights).unwrap_or(4);
        let phrases = Phrases::of(&case.language);
        let comment = match stars {
            4..=5 => Some(self.dice.pick(phrases.praise)),
            1..=2 => Some(self.dice.pick(phrases.complaints)),
            _ => None,
        };
        let comment = comment.filter(|_| self.dice.chance(0.5));
        // Most are asked how content they are, a few how likely they are to recommend us, or how easy it was.
        let (kind, score, min, max) = match self.dice.below(20) {
            0..=1 => ("nps", (stars * 2).saturating_sub(self.dice.below(2)), 0, 10),
            2 => ("ces", stars + self.dice.below(3), 1, 7),
            _ => ("csat", stars, 1, 5),
        };
        let mut data = wanted(json!({ "kind": kind, "score": score, "scale": { "min": min, "max": max } }));
        data.extend(comment.map(|comment| ("comment".to_owned(), json!(comment))));
        data.extend(agent.map(|agent| ("agent".to_owned(), json!(agent))));
        if kind == "csat" && self.dice.chance(0.3) {
            data.insert("criteria".to_owned(), json!({ "communication": stars }));
        }
        desk.tell("deskbell.rating.submitted", Some(id), Value::Object(data), at);
    }

    pub(super) fn end_contact(&mut self, desk: &mut Desk, contact: &Contact, at: Timestamp) {
        let talked = contact.answered_at.map_or(0, |answered_at| at.since(answered_at) / 1_000_000);
        let held = if contact.is_call && self.dice.chance(0.25) { talked / 5 } else { 0 };
        let by_agent = contact.answered_at.is_some() && self.dice.chance(0.4);
        let mut data = wanted(json!({
            "kind": if contact.is_call { "phone" } else { "chat" },
            "queued_at": contact.queued_at,
            "answered_at": contact.answered_at,
            "ended_at": at,
            "ended_by": if by_agent { "agent" } else { "customer" },
            "talk_seconds": talked - held,
            "hold_seconds": held,
            "wrap_up_seconds": if contact.answered_at.is_some() { self.dice.between(15, 180) } else { 0 },
        }));
        data.extend(contact.agent.map(|agent| ("agent".to_owned(), json!(agent))));
        desk.tell("deskbell.interaction.ended", contact.ticket.as_deref(), Value::Object(data), at);
    }
}
