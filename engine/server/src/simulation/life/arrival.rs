//! How tickets begin.

use deskbell_model::ticket::{Fields, Priority, Status};
use deskbell_model::timestamp::Timestamp;
use serde_json::{Value, json};

use super::super::desk::Desk;
use super::super::pace::Wait;
use super::super::people::{Agent, Customer, suited};
use super::super::plan::{Contact, Step};
use super::super::wording::{Particulars, Topic, question};
use super::{Case, Life};

/// The ways tickets come in, with their weights.
const CHANNELS: &[(&str, u32)] =
    &[("email", 44), ("web", 23), ("chat", 14), ("phone", 13), ("messaging", 3), ("social", 3)];
/// Of callers, so many hang up before anybody answers.
const ABANDONED: f64 = 0.12;
/// Of customers who write on the site itself, so many have looked into its help pages before.
const LOOKED_FIRST: f64 = 0.36;
/// For each one who writes, so many look and do not.
const ONLY_LOOKED: f64 = 0.5;
/// Of customers whose ticket nobody has taken up, so many write a second one for the same thing.
const REPEATED: f64 = 0.3;

impl Life {
    pub(super) fn arrive(&mut self, desk: &mut Desk, at: Timestamp) {
        if self.dice.chance(ONLY_LOOKED) {
            let later = at.plus_seconds(self.dice.below(1800) as i64);
            self.plan.add(later, Step::Visit);
        }
        let customer = Customer::draw(self.seed, &mut self.dice);
        let topic = self.topic(at);
        let channel = match self.dice.weighted(CHANNELS).unwrap_or("email") {
            // Outside business hours nobody takes calls or chats, and people write.
            "phone" if !self.pace.is_staffed(at) => "email",
            "chat" if !self.pace.is_staffed(at) => "web",
            channel => channel,
        };
        if channel == "phone" && self.dice.chance(ABANDONED) {
            let contact = Contact { ticket: None, is_call: true, queued_at: at, answered_at: None, agent: None };
            let patience = self.dice.between(20, 240) as i64;
            self.plan.add(at.plus_seconds(patience), Step::End(Box::new(contact)));
            return;
        }
        self.open(desk, &customer, topic, channel, at);
    }

    fn topic(&mut self, at: Timestamp) -> Topic {
        if self.pace.is_incident(at) && self.dice.chance(0.85) {
            return Topic::Outage;
        }
        self.dice.weighted(Topic::WEIGHTS).unwrap_or(Topic::Product)
    }

    fn open(&mut self, desk: &mut Desk, customer: &Customer, topic: Topic, channel: &'static str, at: Timestamp) {
        let particulars = Particulars::draw(&customer.name, &mut self.dice);
        let (subject, body) = question(customer.language, topic, &particulars, &mut self.dice);
        let session = self.session_before(desk, customer, topic, channel, &particulars, at);
        let mut fields = Fields {
            subject,
            description: Some(body),
            channel: channel.to_owned(),
            priority: self.priority(topic, channel),
            requester: customer.requester(),
            ..Fields::default()
        };
        if customer.organization.is_some() {
            fields.tags.push("business".to_owned());
        }
        if self.dice.chance(0.4) {
            fields.language = Some(customer.language.to_owned());
        }
        if channel == "web" {
            fields.tags.push("web-form".to_owned());
            fields.custom.insert("order".to_owned(), json!(particulars.order));
            if self.dice.chance(0.6) {
                fields.category = Some(topic.category().to_owned());
            }
        }
        let case = Case {
            topic,
            language: customer.language.to_owned(),
            particulars,
            customer: customer.actor(),
            rounds: 0,
            answered_after_seconds: None,
        };
        if channel == "phone" {
            self.open_by_phone(desk, fields, case, at);
        } else {
            self.open_in_writing(desk, fields, case, session.as_deref(), at);
        }
    }

    fn open_in_writing(&mut self, desk: &mut Desk, fields: Fields, case: Case, session: Option<&str>, at: Timestamp) {
        let (customer, is_chat) = (case.customer.clone(), fields.channel == "chat");
        let earlier = desk
            .tickets()
            .filter(|ticket| ticket.merged_into.is_none() && ticket.fields.status == Status::New)
            .find(|ticket| ticket.fields.requester.id == customer.id);
        let earlier = earlier.map(|ticket| ticket.id.clone());
        let agent = if is_chat { suited(case.topic.group(), &case.language, &mut self.dice) } else { None };
        let id = desk.open(fields, &customer, session, at);
        self.cases.insert(id.clone(), case);
        if let Some(earlier) = earlier.filter(|_| self.dice.chance(REPEATED)) {
            let seen_at = at.plus_seconds(self.dice.between(3, 60) as i64);
            self.plan.add(seen_at, Step::Merge { id, into: earlier });
            return;
        }
        match agent {
            Some(agent) => self.begin_chat(&id, agent, at),
            None => self.plan_after(Wait::Pick, at, Step::Pick(id)),
        }
    }

    fn begin_chat(&mut self, id: &str, agent: Agent, at: Timestamp) {
        let answered_at = at.plus_seconds(self.dice.between(5, 90) as i64);
        let contact = Contact {
            ticket: Some(id.to_owned()),
            is_call: false,
            queued_at: at,
            answered_at: Some(answered_at),
            agent: Some(agent.id),
        };
        let lasts = self.dice.between(120, 900) as i64;
        self.plan.add(answered_at, Step::Pick(id.to_owned()));
        self.plan.add(answered_at.plus_seconds(lasts), Step::End(Box::new(contact)));
    }

    /// Whoever takes the call writes the ticket; the caller has waited by then.
    fn open_by_phone(&mut self, desk: &mut Desk, mut fields: Fields, case: Case, at: Timestamp) {
        let Some(agent) = suited(case.topic.group(), &case.language, &mut self.dice) else {
            return;
        };
        let queued_at = at.plus_seconds(-(self.dice.between(4, 150) as i64));
        fields.status = Status::Open;
        fields.assignee = Some(agent.id.to_owned());
        fields.group = Some(case.topic.group().to_owned());
        fields.category = Some(case.topic.category().to_owned());
        let id = desk.open(fields, &agent.actor(), None, at);
        self.cases.insert(id.clone(), case);
        let contact = Contact {
            ticket: Some(id.clone()),
            is_call: true,
            queued_at,
            answered_at: Some(at),
            agent: Some(agent.id),
        };
        let ends_at = at.plus_seconds(self.dice.between(60, 780) as i64);
        self.plan.add(ends_at, Step::End(Box::new(contact)));
        if self.dice.chance(0.6) {
            self.plan.add(ends_at.plus_seconds(20), Step::Solve(id));
        } else {
            self.plan_after(Wait::Answer, ends_at, Step::Answer(id));
        }
    }

    /// What the customer did on the site before writing, and in which session.
    fn session_before(
        &mut self,
        desk: &mut Desk,
        customer: &Customer,
        topic: Topic,
        channel: &str,
        particulars: &Particulars,
        at: Timestamp,
    ) -> Option<String> {
        let is_chat = channel == "chat";
        let looked = matches!(channel, "web" | "chat") && self.dice.chance(LOOKED_FIRST);
        if !is_chat && !looked {
            return None;
        }
        let session = self.new_session();
        if looked {
            self.look_around(desk, &session, customer.language, topic, particulars, at);
        }
        if is_chat {
            let text = particulars.fill(self.dice.pick(super::work::about(customer.language, topic).problems));
            let data: Value = json!({
                "session": session, "text": text, "language": customer.language, "actor": customer.actor(),
            });
            desk.tell("deskbell.chat.message", Some(&format!("chat-{session}")), data, at);
        }
        Some(session)
    }

    fn priority(&mut self, topic: Topic, channel: &str) -> Priority {
        let choices: &[(Priority, u32)] = match (topic, channel) {
            (Topic::Outage, _) => &[(Priority::Normal, 4), (Priority::High, 4), (Priority::Urgent, 2)],
            (_, "web") => &[(Priority::Low, 2), (Priority::Normal, 12), (Priority::High, 3)],
            _ => &[(Priority::Normal, 1)],
        };
        self.dice.weighted(choices).unwrap_or_default()
    }
}
