//! Life at a small shop's helpdesk: customers write, agents answer and solve, customers come back.
//!
//! A life is told by its seed, its pace and its beginning: the same three give the same events. What others do to the
//! tickets in between (the engine, people at the routes) is taken as it comes: each step looks at the ticket as it is.

use std::collections::HashMap;

use deskbell_model::ticket::{Actor, Fields, Role, Status};
use deskbell_model::timestamp::Timestamp;

use super::desk::Desk;
use super::dice::Dice;
use super::pace::{Pace, Wait, start_of_day};
use super::people::{AGENTS, Agent, suited};
use super::plan::{Plan, Step};
use super::wording::{Particulars, Topic};

mod arrival;
mod routine;
mod work;

/// The life of a helpdesk.
#[derive(Debug)]
pub(crate) struct Life {
    seed: u64,
    dice: Dice,
    pace: Pace,
    plan: Plan,
    cases: HashMap<String, Case>,
}

/// What is behind a ticket.
#[derive(Clone, Debug)]
struct Case {
    topic: Topic,
    language: String,
    particulars: Particulars,
    customer: Actor,
    /// How often an agent has answered.
    rounds: u32,
    /// When the agent first did.
    answered_after_seconds: Option<i64>,
}

impl Life {
    /// A life that begins at `at`.
    pub(super) fn new(seed: u64, pace: Pace, at: Timestamp) -> Self {
        let mut life = Self { seed, dice: Dice::new(seed), pace, plan: Plan::default(), cases: HashMap::new() };
        life.plan_arrival(at);
        if life.pace.is_live() {
            life.plan.add(at.plus_seconds(60), Step::Pause);
        } else {
            let first = start_of_day(at).plus_seconds(5 * 3600);
            let first = if first < at { first.plus_seconds(86_400) } else { first };
            life.plan.add(first, Step::Day);
        }
        life
    }

    /// When something happens next.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.plan.next_at()
    }

    /// Lives through everything that is due at `until`.
    pub(crate) fn live_until(&mut self, desk: &mut Desk, until: Timestamp) {
        while let Some((at, step)) = self.plan.due(until) {
            self.live(desk, step, at);
        }
    }

    /// Has the agents take up a ticket that was made elsewhere, or goes on.
    pub(crate) fn take_up(&mut self, desk: &Desk, id: &str, at: Timestamp) {
        let Some(ticket) = desk.ticket(id) else {
            return;
        };
        let status = ticket.fields.status;
        if !self.cases.contains_key(id) {
            let case = self.case_of(&ticket.fields);
            self.cases.insert(id.to_owned(), case);
        }
        match status {
            Status::New => self.plan_after(Wait::Pick, at, Step::Pick(id.to_owned())),
            Status::Open | Status::OnHold => {
                self.plan_after(Wait::Answer, at, Step::Answer(id.to_owned()));
            }
            Status::Pending => self.plan_after(Wait::Reply, at, Step::Reply(id.to_owned())),
            Status::Solved => self.plan_after(Wait::Close, at, Step::Close(id.to_owned())),
            Status::Closed => {}
        }
    }

    fn live(&mut self, desk: &mut Desk, step: Step, at: Timestamp) {
        match step {
            Step::Arrival => {
                self.arrive(desk, at);
                self.plan_arrival(at);
            }
            Step::Pick(id) => self.pick(desk, &id, at),
            Step::Answer(id) => self.answer(desk, &id, at),
            Step::Reply(id) => self.reply(desk, &id, at),
            Step::Solve(id) => self.solve(desk, &id, at),
            Step::Reopen(id) => self.reopen(desk, &id, at),
            Step::Thank(id) => self.thank(desk, &id, at),
            Step::Rate(id) => self.rate(desk, &id, at),
            Step::Close(id) => self.close(desk, &id, at),
            Step::Merge { id, into } => self.merge(desk, &id, &into, at),
            Step::End(contact) => self.end_contact(desk, &contact, at),
            Step::Visit => self.visit(desk, at),
            Step::Day => self.begin_day(desk, at),
            Step::Status { agent, status } => routine::show_status(desk, agent, status, at),
            Step::Pause => self.pause(desk, at),
        }
    }

    fn plan_arrival(&mut self, at: Timestamp) {
        if let Some(next) = self.pace.next_arrival(at, &mut self.dice) {
            self.plan.add(next, Step::Arrival);
        }
    }

    fn plan_after(&mut self, wait: Wait, at: Timestamp, step: Step) {
        let then = self.pace.after(wait, at, &mut self.dice);
        self.plan.add(then, step);
    }

    /// The case of a ticket that this life did not make.
    fn case_of(&mut self, fields: &Fields) -> Case {
        let requester = &fields.requester;
        let name = requester.name.clone().unwrap_or_else(|| requester.id.clone());
        let language = fields.language.clone().or_else(|| requester.language.clone());
        Case {
            topic: Topic::of_category(fields.category.as_deref().unwrap_or_default()),
            language: language.unwrap_or_else(|| "en".to_owned()),
            particulars: Particulars::draw(&name, &mut self.dice),
            customer: Actor { id: requester.id.clone(), role: Role::Customer, name: requester.name.clone() },
            rounds: 0,
            answered_after_seconds: None,
        }
    }

    /// The agent who works on a ticket: its assignee, or somebody who is suited.
    fn agent_of(&mut self, fields: &Fields, case: &Case) -> Option<Agent> {
        let assigned = |id: &String| AGENTS.iter().copied().find(|agent| agent.id == id);
        let group = fields.group.as_deref().unwrap_or_else(|| case.topic.group());
        fields.assignee.as_ref().and_then(assigned).or_else(|| suited(group, &case.language, &mut self.dice))
    }
}

/// The helpdesk itself, where no person acts.
fn system() -> Actor {
    Actor { id: "helpdesk".to_owned(), role: Role::System, name: None }
}

#[cfg(test)]
#[path = "life/tests.rs"]
mod tests;
