//! A ticket from its creation to its end.

use deskbell_model::timestamp::Timestamp;

use super::History;
use super::day::AGENTS_OF_GROUP;
use crate::simulation::Dice;

pub(super) const GROUPS: [&str; 8] =
    ["support", "billing", "returns", "technical", "accounts", "sales", "logistics", "second-line"];
const CHANNELS: [(&str, u32); 5] = [("email", 45), ("web", 20), ("chat", 15), ("phone", 15), ("social", 5)];
const PRIORITIES: [(&str, u32); 4] = [("low", 15), ("normal", 60), ("high", 20), ("urgent", 5)];
const LANGUAGES: [(&str, u32); 4] = [("en", 60), ("de", 25), ("nl", 10), ("fi", 5)];
const CATEGORIES: [&str; 12] = [
    "password", "invoice", "refund", "delivery", "defect", "login", "contract", "address", "payment", "feedback",
    "quote", "other",
];
const TAGS: [&str; 10] = ["vip", "spring", "bulk", "legal", "api", "mobile", "press", "partner", "trial", "renewal"];
const DAY: f64 = 86_400.0;

/// A ticket while it lives.
struct Ticket<'a, 'w> {
    history: &'a mut History<'w>,
    dice: &'a mut Dice,
    id: String,
    now: Timestamp,
    customer: String,
    group: usize,
    agent: String,
}

pub(super) fn live(history: &mut History<'_>, dice: &mut Dice, number: u64, created_at: Timestamp) {
    let group = dice.below(GROUPS.len() as u64) as usize;
    let agent = agent_of(dice, group);
    let customer = format!("c{}", dice.below(200_000));
    let mut ticket = Ticket { history, dice, id: format!("T{number}"), now: created_at, customer, group, agent };
    let channel = ticket.create();
    ticket.take_up(channel);
    if ticket.dice.chance(0.01) {
        return ticket.end_early();
    }
    ticket.answer(channel);
    if ticket.dice.chance(0.93) {
        ticket.solve();
        if ticket.dice.chance(0.06) {
            ticket.reopen();
        }
        ticket.rate();
    }
}

fn agent_of(dice: &mut Dice, group: usize) -> String {
    format!("agent-{}", group as u64 * AGENTS_OF_GROUP + dice.below(AGENTS_OF_GROUP))
}

impl Ticket<'_, '_> {
    fn add(&mut self, kind: &str, data: &str) {
        self.history.add(kind, Some(&self.id), self.now, data);
    }

    /// Lets time pass, about so many seconds.
    fn wait(&mut self, seconds: f64) {
        let micros = (self.dice.exponential(seconds) * 1000.0) as i64 * 1000;
        self.now = self.now.plus_micros(micros.max(1000));
    }

    fn create(&mut self) -> &'static str {
        let channel = self.dice.weighted(&CHANNELS).unwrap_or("email");
        let priority = self.dice.weighted(&PRIORITIES).unwrap_or("normal");
        let language = self.dice.weighted(&LANGUAGES).unwrap_or("en");
        let category = self.dice.pick(&CATEGORIES);
        let tags = match self.dice.below(10) {
            0..6 => String::new(),
            6..9 => format!(r#""{}""#, self.dice.pick(&TAGS)),
            _ => r#""vip","bulk""#.to_owned(),
        };
        let (actor, role) =
            if self.dice.chance(0.08) { (self.agent.as_str(), "agent") } else { (self.customer.as_str(), "customer") };
        let session = if self.dice.chance(0.05) {
            format!(r#","session":"v{}-{}""#, self.dice.below(365), self.dice.below(200))
        } else {
            String::new()
        };
        let organization = self.dice.below(2000);
        let data = format!(
            r#"{{"ticket":{{"subject":"Question about {category}","channel":"{channel}","priority":"{priority}","category":"{category}","language":"{language}","tags":[{tags}],"group":"{}","requester":{{"id":"{}","organization":"o{organization}"}}}},"actor":{{"id":"{actor}","role":"{role}"}}{session}}}"#,
            GROUPS.get(self.group).unwrap_or(&"support"),
            self.customer,
        );
        self.add("ticket.created", &data);
        channel
    }

    /// Somebody takes it; some are handed on, some escalated.
    fn take_up(&mut self, channel: &str) {
        self.wait(if matches!(channel, "phone" | "chat") { 60.0 } else { 2400.0 });
        let taken = format!(r#"{{"assignee":{{"to":"{}"}},"status":{{"to":"open"}}}}"#, self.agent);
        self.change(&taken);
        if self.dice.chance(0.12) {
            self.wait(3600.0);
            self.group = self.dice.below(GROUPS.len() as u64) as usize;
            self.agent = agent_of(self.dice, self.group);
            let to = GROUPS.get(self.group).unwrap_or(&"support");
            self.change(&format!(r#"{{"group":{{"to":"{to}"}},"assignee":{{"to":"{}"}}}}"#, self.agent));
        }
        if self.dice.chance(0.04) {
            self.wait(1800.0);
            self.add("ticket.escalated", &format!(r#"{{"tier":2,"actor":{}}}"#, self.by_agent()));
        }
    }

    fn end_early(&mut self) {
        self.wait(1800.0);
        let actor = self.by_agent();
        if self.dice.chance(0.7) {
            let into = self.dice.below(1000);
            self.add("ticket.merged", &format!(r#"{{"into":"T{into}","actor":{actor}}}"#));
        } else {
            self.add("ticket.deleted", &format!(r#"{{"actor":{actor}}}"#));
        }
    }

    /// One reply, or several with the customer's answers between; and the time that it took.
    fn answer(&mut self, channel: &str) {
        if matches!(channel, "phone" | "chat") {
            self.talk(channel);
        }
        self.wait(1200.0);
        self.look_into();
        self.comment("agent");
        while self.dice.chance(0.45) {
            if self.dice.chance(0.4) {
                self.wait(60.0);
                self.change(r#"{"status":{"to":"pending"}}"#);
            }
            self.wait(0.5 * DAY);
            self.comment("customer");
            self.change(r#"{"status":{"to":"open"}}"#);
            self.wait(3.0 * 3600.0);
            self.comment("agent");
        }
        if self.dice.chance(0.35) {
            let seconds = 60 + self.dice.below(1200);
            let data = format!(r#"{{"agent":"{}","kind":"email","seconds":{seconds}}}"#, self.agent);
            self.add("work.logged", &data);
        }
    }

    /// Notes that the customer does not see, and fields that are put right: much of what a helpdesk records.
    fn look_into(&mut self) {
        while self.dice.chance(0.5) {
            self.wait(120.0);
            let data = format!(
                r#"{{"comment":{{"public":false,"body":"Looked into it; the order is on its way."}},"actor":{}}}"#,
                self.by_agent()
            );
            self.add("ticket.commented", &data);
        }
        if self.dice.chance(0.5) {
            let priority = self.dice.weighted(&PRIORITIES).unwrap_or("normal");
            self.change(&format!(r#"{{"priority":{{"to":"{priority}"}}}}"#));
        }
        if self.dice.chance(0.4) {
            let (category, tag) = (self.dice.pick(&CATEGORIES), self.dice.pick(&TAGS));
            self.change(&format!(r#"{{"category":{{"to":"{category}"}},"tags":{{"to":["{tag}"]}}}}"#));
        }
    }

    fn talk(&mut self, channel: &str) {
        let queued_at = self.now;
        self.wait(40.0);
        let answered_at = self.now;
        let (talk, wrap_up) = (30 + self.dice.below(900), self.dice.below(180));
        self.now = self.now.plus_seconds(talk as i64);
        let data = format!(
            r#"{{"kind":"{channel}","queued_at":"{queued_at}","answered_at":"{answered_at}","ended_at":"{}","ended_by":"customer","agent":"{}","talk_seconds":{talk},"wrap_up_seconds":{wrap_up}}}"#,
            self.now, self.agent
        );
        self.add("interaction.ended", &data);
    }

    fn solve(&mut self) {
        self.wait(1.0 * 3600.0);
        self.change(r#"{"status":{"to":"solved"}}"#);
    }

    fn reopen(&mut self) {
        self.wait(1.5 * DAY);
        self.comment("customer");
        self.change(r#"{"status":{"to":"open"}}"#);
        self.wait(0.3 * DAY);
        self.comment("agent");
        self.solve();
    }

    fn rate(&mut self) {
        if self.dice.chance(0.2) {
            self.wait(0.5 * DAY);
            let score = self.dice.weighted(&[(1, 1), (2, 1), (3, 2), (4, 6), (5, 10)]).unwrap_or(5);
            let data = format!(r#"{{"kind":"csat","score":{score},"scale":{{"min":1,"max":5}}}}"#);
            self.add("rating.submitted", &data);
        }
        if self.dice.chance(0.02) {
            let score = self.dice.below(11);
            self.add("rating.submitted", &format!(r#"{{"kind":"nps","score":{score},"scale":{{"min":0,"max":10}}}}"#));
        }
    }

    fn by_agent(&self) -> String {
        format!(r#"{{"id":"{}","role":"agent"}}"#, self.agent)
    }

    fn change(&mut self, changes: &str) {
        let data = format!(r#"{{"changes":{changes},"actor":{}}}"#, self.by_agent());
        self.add("ticket.updated", &data);
    }

    fn comment(&mut self, role: &str) {
        let id = if role == "agent" { &self.agent } else { &self.customer };
        let data = format!(
            r#"{{"comment":{{"public":true,"body":"Thank you for writing. This is how it stands today, and what comes next."}},"actor":{{"id":"{id}","role":"{role}"}}}}"#
        );
        self.add("ticket.commented", &data);
    }
}
