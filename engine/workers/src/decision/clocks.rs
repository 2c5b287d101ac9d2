//! Telling what befell a ticket's service level clocks.
//!
//! The clocks are computed from the ticket's facts whenever those change and whenever one of them is due, and compared
//! with what has been told. What is new becomes an event of the lane, written by the same transaction that notes it as
//! told: so it is recorded once, whatever crashes, and reaches the plugins in its turn like any other event. No plugin
//! is needed to record it.

use deskbell_model::event::LaneKind;
use deskbell_model::sla::outcome::{Kind, Notice, Outcome, notices};
use deskbell_model::sla::told;
use deskbell_store::clock::ClocksRow;
use deskbell_store::inbox::NewEvent;
use serde_json::{Value, json};

use super::Lane;

impl Lane<'_> {
    /// Looks at the clocks where something may have befallen them.
    pub(super) fn tell_clocks(&mut self) {
        if self.claimed.kind != LaneKind::Ticket {
            return;
        }
        // Leases and wake-ups go by the database's clock; a lane that it woke is due.
        let now = self.now().max(self.claimed.claimed_at);
        let is_due = self.claimed.next_clock.is_some_and(|at| at <= now);
        if !is_due && !self.touched {
            return;
        }
        if !self.engine.levels.are_for(self.claimed.source_id) {
            if self.claimed.next_clock.is_some() {
                self.out.clocks = Some(ClocksRow { next: None, told: None });
            }
            return;
        }
        let (hold, next) = match &self.history.facts {
            Some(facts) => {
                let (clocks, next) = self.engine.levels.clocks(&self.source_name, facts, now);
                (clocks.outcomes(), next)
            }
            None => (Vec::new(), None),
        };
        let before = std::mem::take(&mut self.told);
        let notices = notices(&before, &hold);
        let n_others = self.out.events.len();
        for notice in &notices {
            self.tell_one(notice);
        }
        let is_changed = !notices.is_empty();
        if is_changed || next != self.claimed.next_clock {
            self.out.clocks = Some(ClocksRow { next, told: is_changed.then(|| told::to_bytes(&hold)) });
        }
        self.out.pass_over = n_others == 0 && !self.out.events.is_empty() && !self.out.more && !self.is_wanted();
    }

    fn tell_one(&mut self, notice: &Notice<'_>) {
        let (outcome, corrects, kind) = match *notice {
            // What an import brings in is history; it is told to nobody.
            Notice::New(outcome) if self.claimed.imported_at.is_some_and(|imported_at| outcome.at <= imported_at) => {
                return;
            }
            Notice::New(outcome) => (outcome, None, kind_of(outcome.kind)),
            Notice::Instead { outcome, corrects } => (outcome, Some(corrects), kind_of(outcome.kind)),
            Notice::Retracted(outcome) => (outcome, Some(outcome), "sla.retracted"),
        };
        metrics::counter!("deskbell_sla_outcomes_total", "kind" => kind).increment(1);
        let which = outcome.warning.as_deref().unwrap_or_default();
        let (metric, cycle) = (outcome.metric.as_str(), outcome.cycle);
        let (lane_id, token) = (self.claimed.lane_id, self.claimed.token);
        self.out.events.push(NewEvent {
            lane_kind: self.claimed.kind,
            source_id: self.claimed.source_id,
            lane_key: self.claimed.key.clone(),
            // Lane and token make it unique: what was taken back may come about again.
            id: format!("{kind}:{metric}:{cycle}:{which}:{}:{lane_id}:{token}", outcome.at),
            kind: kind.to_owned(),
            at: outcome.at,
            subject: None,
            data: data(&self.claimed.key, outcome, corrects).to_string(),
            // What follows from an own write counts as one, so that rules cannot chase each other for ever.
            hop: self.hop,
            read: None,
        });
    }

    /// Whether a plugin is called for what befalls this source's clocks.
    fn is_wanted(&self) -> bool {
        let automations = &self.engine.registry.automations;
        let kinds: Vec<&str> = self.out.events.iter().map(|event| event.kind.as_str()).collect();
        automations.iter().any(|automation| kinds.iter().any(|kind| automation.wants(kind, &self.source_name)))
    }
}

const fn kind_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Warning => "sla.warning",
        Kind::Breached => "sla.breached",
        Kind::Met | Kind::BreachedMet => "sla.met",
        Kind::Cancelled => "sla.cancelled",
    }
}

/// What plugins read of an outcome.
fn data(ticket: &str, outcome: &Outcome, corrects: Option<&Outcome>) -> Value {
    let mut data = json!({
        "ticket": ticket,
        "metric": outcome.metric,
        "cycle": outcome.cycle,
        "policy": outcome.policy,
        "target": outcome.target,
        "at": outcome.at,
        "started_at": outcome.started_at,
        "due_at": outcome.due_at,
        "counted_seconds": outcome.counted_micros.div_euclid(1_000_000),
    });
    if let Some(warning) = &outcome.warning {
        data["warning"] = json!(warning);
    }
    if matches!(outcome.kind, Kind::Met | Kind::BreachedMet) {
        data["breached"] = json!(outcome.kind == Kind::BreachedMet);
    }
    if let Some(told) = corrects {
        data["corrects"] = json!({
            "kind": kind_of(told.kind),
            "at": told.at,
            "policy": told.policy,
            "target": told.target,
            "due_at": told.due_at,
        });
        if let Some(warning) = &told.warning {
            data["corrects"]["warning"] = json!(warning);
        }
    }
    data
}
