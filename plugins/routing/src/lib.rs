#![doc = include_str!("../README.md")]

mod assign;
mod conditions;
mod settings;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use deskbell::prelude::*;
use serde_json::{Map, Value};

use conditions::Case;
use settings::{On, Rule, Settings};

deskbell::automation!(handle);

/// Routes the event's ticket by the first rule that matches, or by all.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    let Some(ticket) = event.ticket.as_ref() else {
        return Ok(vec![]);
    };
    if let Err(why) = is_for_us(event, ticket, &settings.on) {
        cx.debug(why);
        return Ok(vec![]);
    }
    let case = Case::new(ticket, &settings.form_field, settings.detect_language);
    let mut plan = Plan::new(ticket);
    for rule in &settings.rules {
        let Some(matched) = rule.when.matched(&case) else {
            continue;
        };
        if rule.unless.as_ref().is_some_and(|unless| unless.matched(&case).is_some()) {
            continue;
        }
        plan.add(rule, &matched, &case, cx)?;
        if !settings.all {
            break;
        }
    }
    Ok(plan.effects())
}

/// Whether this event asks for routing; the error says why not.
fn is_for_us(event: &Event, ticket: &Ticket, on: &[On]) -> Result<(), &'static str> {
    if ticket.is_solved() {
        return Err("the ticket is solved");
    }
    let is_unassigned = ticket.group.is_none() && ticket.assignee.is_none();
    if event.is("ticket.*") && on.contains(&On::NoGroup) && is_unassigned {
        return Ok(());
    }
    if event.kind != "ticket.created" || !on.contains(&On::Created) {
        return Err("the event is none of those that rules are looked at for");
    }
    if event.by_agent() && !is_unassigned {
        return Err("an agent created the ticket and assigned it");
    }
    if changed_hands(event, ticket) {
        return Err("the ticket has been assigned since it was created");
    }
    Ok(())
}

/// Whether the ticket, which a late event shows as it is now, is not where it was created any more.
fn changed_hands(event: &Event, ticket: &Ticket) -> bool {
    let Some(created) = event.data.get("ticket") else {
        return false;
    };
    let was = |field: &str| created.get(field).and_then(Value::as_str).filter(|name| !name.is_empty());
    was("group") != ticket.group.as_deref() || was("assignee") != ticket.assignee.as_deref()
}

/// What the rules make of a ticket, gathered so that it reaches the helpdesk in as few requests as possible.
struct Plan<'a> {
    ticket: &'a Ticket,
    fields: Map<String, Value>,
    field_reasons: Vec<String>,
    tags: Vec<String>,
    tag_reasons: Vec<String>,
    /// What an earlier rule has decided, which a later one does not overrule.
    decided: BTreeSet<&'static str>,
}

impl<'a> Plan<'a> {
    fn new(ticket: &'a Ticket) -> Self {
        Self {
            ticket,
            fields: Map::new(),
            field_reasons: vec![],
            tags: vec![],
            tag_reasons: vec![],
            decided: BTreeSet::new(),
        }
    }

    fn add(&mut self, rule: &Rule, matched: &[String], case: &Case, cx: &Context) -> Result<()> {
        let why = if matched.is_empty() { "it matches every ticket".to_owned() } else { matched.join("; ") };
        let reason = format!("rule '{}': {why}", rule.name);
        let then = &rule.then;
        let n_fields = self.fields.len();
        self.set("group", then.group.as_deref(), self.ticket.group.as_deref());
        self.set("priority", then.priority.map(settings::Priority::as_str), Some(&self.ticket.priority));
        self.set("category", then.category.as_deref(), self.ticket.category.as_deref());
        let choice = self.assign(rule, case, cx)?;
        if self.fields.len() > n_fields {
            let choice = choice.map(|choice| format!("; {choice}")).unwrap_or_default();
            self.field_reasons.push(format!("{reason}{choice}"));
        } else if let Some(choice) = choice {
            cx.warn(format!("rule '{}': {choice}", rule.name));
        }
        let new =
            then.tags.iter().filter(|tag| !tag.is_empty() && !self.ticket.has_tag(tag) && !self.tags.contains(tag));
        let new: BTreeSet<String> = new.cloned().collect();
        if !new.is_empty() {
            self.tags.extend(new);
            self.tag_reasons.push(reason);
        }
        Ok(())
    }

    /// Gives the ticket to an agent, unless it has one, and says why to this one.
    fn assign(&mut self, rule: &Rule, case: &Case, cx: &Context) -> Result<Option<String>> {
        if self.ticket.assignee.is_some() || self.decided.contains("assignee") {
            return Ok(None);
        }
        if let Some(agent) = rule.then.assignee.as_deref() {
            self.set("assignee", Some(agent), None);
            return Ok(Some(format!("assigned to {agent}, as the rule says")));
        }
        let Some(assign) = &rule.then.assign else {
            return Ok(None);
        };
        let planned = self.fields.get("group").and_then(Value::as_str).map(str::to_owned);
        let group = planned.or_else(|| self.ticket.group.clone());
        let spoken = case.language().map(|(code, _)| code);
        let choice = assign.choose(self.ticket, group.as_deref(), spoken, cx);
        let choice =
            choice.map_err(|error| error.while_doing(format!("routing rule '{}', choosing an agent", rule.name)))?;
        self.set("assignee", choice.agent.as_deref(), None);
        Ok(Some(choice.reason))
    }

    /// Sets a field, unless an earlier rule has decided on it or it has that value already.
    fn set(&mut self, field: &'static str, wanted: Option<&str>, present: Option<&str>) {
        let Some(wanted) = wanted else { return };
        if self.decided.insert(field) && present != Some(wanted) {
            self.fields.insert(field.to_owned(), wanted.into());
        }
    }

    fn effects(self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.fields.is_empty() {
            effects.push(Effect::update(self.fields).because(self.field_reasons.join(" | ")));
        }
        if !self.tags.is_empty() {
            effects.push(Effect::add_tags(self.tags).because(self.tag_reasons.join(" | ")));
        }
        effects
    }
}
