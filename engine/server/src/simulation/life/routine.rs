//! What belongs to no ticket: shifts and breaks of agents, visits to the help pages, the costs of a week.

use chrono::Datelike;
use deskbell_model::timestamp::Timestamp;
use serde_json::json;

use super::super::desk::Desk;
use super::super::pace::{business_hours, start_of_day};
use super::super::people::{AGENTS, Customer, by_id};
use super::super::plan::Step;
use super::super::wording::{Particulars, Topic};
use super::Life;
use super::work::about;

/// What a shift of eight hours has of breaks.
const BREAK_SECONDS: u64 = 1800;
/// What a week of support costs, roughly.
const WEEKLY_COST: u64 = 6800;

impl Life {
    /// Tells who is there: each agent online, on a shift from now on.
    pub(crate) fn introduce_agents(desk: &mut Desk, at: Timestamp) {
        for agent in AGENTS {
            desk.tell("deskbell.agent.status", Some(agent.id), agent.status("online"), at);
            let shift = json!({ "start": at, "end": at.plus_seconds(8 * 3600), "break_seconds": BREAK_SECONDS });
            desk.tell("deskbell.agent.shift", Some(agent.id), shift, at);
        }
    }

    pub(super) fn pause(&mut self, desk: &mut Desk, at: Timestamp) {
        let agents: Vec<(&'static str, u32)> = AGENTS.iter().map(|agent| (agent.id, 1)).collect();
        if let Some(agent) = self.dice.weighted(&agents) {
            show_status(desk, agent, "away", at);
            let back_at = at.plus_seconds(self.dice.between(30, 120) as i64);
            self.plan.add(back_at, Step::Status { agent, status: "online" });
        }
        let next_at = at.plus_seconds(self.dice.between(120, 300) as i64);
        self.plan.add(next_at, Step::Pause);
    }

    pub(super) fn begin_day(&mut self, desk: &mut Desk, at: Timestamp) {
        let day = start_of_day(at);
        let weekday = day.to_chrono().weekday().num_days_from_monday();
        self.plan.add(at.plus_seconds(86_400), Step::Day);
        if weekday == 0 {
            let amount = WEEKLY_COST + self.dice.below(1500);
            let data = json!({ "amount": amount, "currency": "EUR", "from": day.plus_seconds(-7 * 86_400), "to": day });
            desk.tell("deskbell.cost.recorded", None, data, at);
        }
        if let Some(hours) = business_hours(weekday) {
            for (place, agent) in AGENTS.iter().enumerate() {
                // On Saturdays two of them work, each week two others; on other days now and then one is ill.
                let week = day.micros().div_euclid(7 * 86_400_000_000).unsigned_abs() as usize;
                let is_in = if weekday == 5 { place % 4 == week % 4 } else { !self.dice.chance(0.04) };
                if is_in {
                    let hours = if weekday == 5 { (i64::from(hours.0), i64::from(hours.1)) } else { agent.hours };
                    let (start, end) = (day.plus_seconds(hours.0 * 3600), day.plus_seconds(hours.1 * 3600));
                    let shift = json!({ "start": start, "end": end, "break_seconds": BREAK_SECONDS });
                    desk.tell("deskbell.agent.shift", Some(agent.id), shift, at);
                    self.plan.add(start, Step::Status { agent: agent.id, status: "online" });
                    self.plan.add(end, Step::Status { agent: agent.id, status: "offline" });
                }
            }
        }
        if weekday == 4 {
            self.review_week(desk, at);
        }
    }

    /// On Fridays agents say how content they are, and some of their answers are read by somebody else.
    fn review_week(&mut self, desk: &mut Desk, at: Timestamp) {
        for agent in AGENTS {
            if self.dice.chance(0.5) {
                let data = json!({
                    "kind": "agent_satisfaction", "score": self.dice.between(2, 5), "scale": { "min": 1, "max": 5 },
                    "agent": agent.id,
                });
                desk.tell("deskbell.rating.submitted", None, data, at);
            }
            let (communication, accuracy) = (self.dice.between(65, 100), self.dice.between(55, 100));
            let data = json!({
                "kind": "qa", "score": u64::midpoint(communication, accuracy), "scale": { "min": 0, "max": 100 },
                "agent": agent.id, "criteria": { "communication": communication, "accuracy": accuracy },
            });
            desk.tell("deskbell.rating.submitted", None, data, at);
        }
    }

    /// Somebody finds the answer in the help pages, or gives up.
    pub(super) fn visit(&mut self, desk: &mut Desk, at: Timestamp) {
        let customer = Customer::draw(self.seed, &mut self.dice);
        let topic = self.dice.weighted(Topic::WEIGHTS).unwrap_or(Topic::Product);
        let particulars = Particulars::draw(&customer.name, &mut self.dice);
        let session = self.new_session();
        self.look_around(desk, &session, customer.language, topic, &particulars, at);
        if self.dice.chance(0.4) {
            let data = json!({ "session": session, "article": topic.article(), "helpful": self.dice.chance(0.75) });
            desk.tell("deskbell.knowledge.rated", None, data, at);
        }
    }

    /// A search in the help pages and what it leads to.
    pub(super) fn look_around(
        &mut self,
        desk: &mut Desk,
        session: &str,
        language: &str,
        topic: Topic,
        particulars: &Particulars,
        at: Timestamp,
    ) {
        let query = particulars.fill(self.dice.pick(about(language, topic).searches));
        let n_results = if self.dice.chance(0.15) { 0 } else { self.dice.between(1, 9) };
        let data = json!({ "session": session, "query": query, "results": n_results });
        desk.tell("deskbell.knowledge.searched", None, data, at);
        if n_results > 0 {
            let data = json!({ "session": session, "article": topic.article() });
            desk.tell("deskbell.knowledge.viewed", None, data, at);
        }
    }

    pub(super) fn new_session(&mut self) -> String {
        format!("s-{:012x}", self.dice.next() >> 16)
    }
}

/// Tells what an agent is up to.
pub(super) fn show_status(desk: &mut Desk, agent: &str, status: &str, at: Timestamp) {
    if let Some(agent) = by_id(agent) {
        desk.tell("deskbell.agent.status", Some(agent.id), agent.status(status), at);
    }
}
