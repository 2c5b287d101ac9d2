//! Choosing an agent: who can take the ticket, and whose turn it is.
//!
//! Turns are kept per group as a running number for each agent, so that agents who come, go or are passed over do not
//! put the round out of step. What was given away in the last minute counts as load even if the helpdesk has not
//! reported it back yet; otherwise a burst of tickets would all go to whoever was idle before it.

use std::collections::BTreeMap;

use deskbell::Agent;
use deskbell::prelude::*;
use deskbell_wording::language;
use serde::Deserialize;

/// How long a helpdesk may take to report an assignment back.
const GIVEN_SECONDS: u64 = 60;
/// More agents than a group has.
const MAX_LISTED: u32 = 1_000;
/// How many agents that were passed over a reason names.
const MAX_SHOWN: usize = 5;

/// How an agent of the group is chosen.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assign {
    strategy: Strategy,
    /// All of them are needed.
    #[serde(default)]
    skills: Vec<String>,
    /// Whether the agent must speak the ticket's language, where it is known.
    #[serde(default)]
    language: bool,
    #[serde(default = "yes")]
    only_online: bool,
    /// What is given up, one after the other, while nobody can take the ticket.
    #[serde(default)]
    relax: Vec<Demand>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Strategy {
    /// Whoever has waited longest for a ticket.
    RoundRobin,
    /// Whoever has the fewest open tickets; among equals, whoever has waited longest.
    LeastLoaded,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Demand {
    Skills,
    Language,
    Online,
}

impl Demand {
    fn name(self) -> &'static str {
        match self {
            Self::Skills => "skills",
            Self::Language => "language",
            Self::Online => "being online",
        }
    }
}

/// Who takes the ticket, if anybody can, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) agent: Option<String>,
    pub(crate) reason: String,
}

/// What was given to whom before.
struct Past {
    /// When each agent's last turn was, as a running number.
    turns: BTreeMap<String, i64>,
    /// Tickets given in the last minute.
    given: BTreeMap<String, u32>,
}

impl Past {
    fn read(cx: &Context, group: &str) -> Result<Self> {
        let kv = cx.kv(Scope::Plugin);
        let prefix = format!("turn/{group}/");
        let turns = kv.list(&prefix, MAX_LISTED)?.into_iter();
        let turns = turns.filter_map(|(key, turn)| Some((key.strip_prefix(&prefix)?.to_owned(), turn.parse().ok()?)));
        let mut given = BTreeMap::new();
        for (_, agent) in kv.list("given/", MAX_LISTED)? {
            *given.entry(agent).or_insert(0) += 1;
        }
        Ok(Self { turns: turns.collect(), given })
    }

    fn load(&self, agent: &Agent) -> u32 {
        agent.open_tickets.saturating_add(self.given.get(&agent.id).copied().unwrap_or_default())
    }

    fn last_turn(&self, agent: &Agent) -> i64 {
        self.turns.get(&agent.id).copied().unwrap_or_default()
    }
}

impl Assign {
    /// Chooses an agent of the group, or of all where there is none, and remembers the turn.
    pub(crate) fn choose(
        &self,
        ticket: &Ticket,
        group: Option<&str>,
        spoken: Option<&str>,
        cx: &Context,
    ) -> Result<Choice> {
        let agents = cx.agents(group)?;
        let kv = cx.kv(Scope::Plugin);
        let queue = group.unwrap_or("*");
        let past = Past::read(cx, queue)?;
        for n_given_up in 0..=self.relax.len() {
            let given_up = self.relax.get(..n_given_up).unwrap_or_default();
            let (able, passed): (Vec<_>, Vec<_>) = agents
                .iter()
                .map(|agent| (agent, self.obstacle(agent, spoken, given_up, &past)))
                .partition(|(_, obstacle)| obstacle.is_none());
            let Some((agent, _)) = able.iter().min_by_key(|(agent, _)| self.rank(agent, &past)) else {
                continue;
            };
            let turn = kv.increment(format!("turns/{queue}"), 1)?;
            kv.set(format!("turn/{queue}/{}", agent.id), turn.to_string())?;
            kv.set_for(format!("given/{}/{}", ticket.source, ticket.id), &agent.id, GIVEN_SECONDS)?;
            let praise = self.praise(agent, spoken, given_up, able.len(), &past);
            let reason = format!("assigned to {praise}{}", passed_over(&passed));
            return Ok(Choice { agent: Some(agent.id.clone()), reason });
        }
        let passed: Vec<_> =
            agents.iter().map(|agent| (agent, self.obstacle(agent, spoken, &self.relax, &past))).collect();
        let reason =
            format!("not assigned: nobody of {} can take it{}", group.unwrap_or("all agents"), passed_over(&passed));
        Ok(Choice { agent: None, reason })
    }

    fn rank<'a>(&self, agent: &'a Agent, past: &Past) -> (u32, i64, &'a str) {
        let load = match self.strategy {
            Strategy::RoundRobin => 0,
            Strategy::LeastLoaded => past.load(agent),
        };
        (load, past.last_turn(agent), agent.id.as_str())
    }

    /// Why the agent cannot take the ticket; none where nothing is in the way.
    fn obstacle(&self, agent: &Agent, spoken: Option<&str>, given_up: &[Demand], past: &Past) -> Option<String> {
        let wants = |demand| !given_up.contains(&demand);
        if self.only_online && wants(Demand::Online) && !agent.is_online() {
            return Some(if agent.status.is_empty() { "not online".to_owned() } else { agent.status.clone() });
        }
        if let Some(skill) = self.skills.iter().find(|skill| wants(Demand::Skills) && !has(&agent.skills, skill)) {
            return Some(format!("lacks {skill}"));
        }
        if let Some(code) = spoken.filter(|code| self.language && wants(Demand::Language) && !speaks(agent, code)) {
            return Some(format!("does not speak {code}"));
        }
        let load = past.load(agent);
        let capacity = agent.capacity.filter(|capacity| load >= *capacity)?;
        Some(format!("{load} of {capacity} tickets"))
    }

    fn praise(&self, agent: &Agent, spoken: Option<&str>, given_up: &[Demand], n_able: usize, past: &Past) -> String {
        let kept = |demand| !given_up.contains(&demand);
        let mut merits = Vec::new();
        if !self.skills.is_empty() && kept(Demand::Skills) {
            merits.push(format!("has {}", self.skills.join(", ")));
        }
        merits.extend(spoken.filter(|_| self.language && kept(Demand::Language)).map(|code| format!("speaks {code}")));
        let load = past.load(agent);
        merits.push(match agent.capacity {
            Some(capacity) => format!("{load} of {capacity} tickets"),
            None => format!("{load} open tickets"),
        });
        let turn = match self.strategy {
            Strategy::RoundRobin => "next in turn",
            Strategy::LeastLoaded => "the fewest tickets",
        };
        merits.push(format!("{turn} of {n_able} who can"));
        let names: Vec<&str> = given_up.iter().map(|demand| demand.name()).collect();
        let relaxed = if names.is_empty() {
            String::new()
        } else {
            format!(" (nobody could with {} asked for)", names.join(" and "))
        };
        format!("{}: {}{relaxed}", agent.id, merits.join(", "))
    }
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|own| own.to_lowercase() == wanted.to_lowercase())
}

fn speaks(agent: &Agent, code: &str) -> bool {
    agent.languages.iter().any(|tag| language::primary(tag) == code)
}

fn passed_over(passed: &[(&Agent, Option<String>)]) -> String {
    let mut shown: Vec<String> = passed
        .iter()
        .filter_map(|(agent, obstacle)| obstacle.as_ref().map(|obstacle| format!("{} ({obstacle})", agent.id)))
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    let n_more = shown.len().saturating_sub(MAX_SHOWN);
    shown.truncate(MAX_SHOWN);
    let more = if n_more > 0 { format!(" and {n_more} more") } else { String::new() };
    format!("; passed over: {}{more}", shown.join(", "))
}
