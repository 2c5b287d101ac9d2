//! Calling the plugins that want an event, and what becomes of their decisions and failures.

use std::sync::Arc;
use std::time::Duration;

use deskbell_host::{Busy, Call, Failure, Limit};
use deskbell_model::effect::Effect;
use deskbell_model::event::LaneKind;
use deskbell_model::manifest::OnFailure;
use deskbell_model::plugin::{self, Decision, LogLine};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::call::{self, NewCall};
use deskbell_store::finish::{NewAction, NewDeadLetter};
use deskbell_store::hold::Hold;
use deskbell_store::inbox::NewEvent;
use deskbell_store::{Error, chaos};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Lane, TIMER_FIRED, micros};
use crate::backoff;
use crate::guard::Verdict;
use crate::reads::{LaneReads, Lost};
use crate::registry::{Automation, Suspended};
use crate::scheduler::FIRED;

/// Where the host has no room for a call it is made after this: no failure, so it waits no longer than it must.
pub(super) const ROOM_AGAIN: Duration = Duration::from_millis(200);
/// The same for a plugin that is behind: each time its lane's history is folded anew.
const ROOM_AGAIN_BEHIND: Duration = Duration::from_secs(1);
/// A lane is given up for the database's failures so often in a row; then they count as the plugin's.
const MAX_GIVEN_UP: i16 = 8;
/// The namespace of the keys of actions.
const ACTION_KEYS: Uuid = Uuid::from_u128(0x6d0f_29a4_55a7_5f0e_9c3e_0b7f_1c4d_8e21);
/// Of a log, so much is kept with a call.
const MAX_LOG_LINES: usize = 200;

/// An event that plugins are to decide on.
pub struct Subject {
    pub event_id: i64,
    pub hop: i16,
    /// It is the echo of the engine's own write.
    pub own: bool,
    pub event: plugin::Event,
}

impl Lane<'_> {
    /// Has every plugin that wants the event decide on it, in the order of the configuration.
    pub(super) async fn have_decided(&mut self, subject: &Subject) -> Result<(), Error> {
        if subject.hop >= self.engine.options.limits.max_hops {
            tracing::warn!(
                lane.id = self.claimed.lane_id,
                event.id = subject.event_id,
                hops = subject.hop,
                "the loop guard keeps an event from the plugins: too many of the engine's own writes led to it"
            );
            metrics::counter!("deskbell_loop_guard_stops_total").increment(1);
            return Ok(());
        }
        let engine = Arc::clone(self.engine);
        for automation in &engine.registry.automations {
            if !self.is_for(automation, subject) {
                continue;
            }
            if self.holds.get(&automation.name).is_some_and(|hold| !hold.single) {
                // It is behind on this lane; it gets this event when it has caught up.
                continue;
            }
            match self.call_in_turn(automation, subject, 1).await? {
                None => {}
                Some(NotNow { lack: Lack::Health, .. }) if automation.on_failure == OnFailure::Skip => {}
                // What others have decided stands, and nobody else waits for it.
                Some(NotNow { until, why, .. }) => self.hold_from(automation, subject, 0, Some(until), why),
            }
        }
        Ok(())
    }

    pub(super) fn is_for(&self, automation: &Automation, subject: &Subject) -> bool {
        if subject.event.kind == TIMER_FIRED {
            let data: Value = serde_json::from_str(&subject.event.data).unwrap_or_default();
            return data.get("plugin").and_then(Value::as_str) == Some(automation.name.as_str());
        }
        if subject.event.kind == FIRED {
            let data: Value = serde_json::from_str(&subject.event.data).unwrap_or_default();
            if let Some(plugin) = data.get("plugin").and_then(Value::as_str) {
                return plugin == automation.name;
            }
        }
        automation.wants(&subject.event.kind, &self.source_name) && (!subject.own || automation.own_events)
    }

    /// Calls a plugin on an event when its turn comes. Where it cannot be called now: from when on it can.
    pub(super) async fn call_in_turn(
        &mut self,
        automation: &Automation,
        subject: &Subject,
        attempt: i32,
    ) -> Result<Option<NotNow>, Error> {
        if self.out_of_time() {
            return Ok(Some(self.no_time()));
        }
        self.call_while_leased(automation, subject, attempt).await
    }

    /// The same, however long what went before has taken, so that a lane gets on by one call at least; but not where its
    /// lease is over.
    pub(super) async fn call_while_leased(
        &mut self,
        automation: &Automation,
        subject: &Subject,
        attempt: i32,
    ) -> Result<Option<NotNow>, Error> {
        let _turn = match automation.turn().await {
            Ok(turn) => turn,
            Err(busy) => return Ok(Some(self.no_room(&no_room(busy)))),
        };
        if self.has_lost_its_lease() {
            // Whatever it answered would not count.
            return Ok(Some(self.no_time()));
        }
        let asked_at = self.now();
        if let Some(until) = automation.suspended_until(asked_at) {
            let why = "the plugin is suspended because it kept failing".to_owned();
            return Ok(Some(NotNow { until, why, lack: Lack::Health }));
        }
        let called = self.call(automation, subject, attempt).await;
        if called.is_err() {
            automation.withdraw(asked_at);
        }
        match called {
            Err(full @ Error::Full { .. }) => Ok(Some(self.no_room(&full))),
            called => called.map(|()| None),
        }
    }

    fn no_time(&self) -> NotNow {
        NotNow { until: self.now(), why: "there was no time left to call it".to_owned(), lack: Lack::Time }
    }

    fn no_room(&self, full: &Error) -> NotNow {
        let until = self.now().plus_micros(micros(ROOM_AGAIN));
        NotNow { until, why: full.to_string(), lack: Lack::Room }
    }

    /// Calls a plugin on an event and gathers what comes of it. An error is the database's, and nobody's fault: what the
    /// plugin made of it is dropped, and the lane given up.
    async fn call(&mut self, automation: &Automation, subject: &Subject, attempt: i32) -> Result<(), Error> {
        let called_at = self.now();
        let reads = Arc::new(LaneReads {
            engine: Arc::clone(self.engine),
            plugin: automation.name.clone(),
            lane_id: self.claimed.lane_id,
            source_id: self.claimed.source_id,
            source: self.source_name.clone(),
            last_event: subject.event_id,
            now: subject.event.time,
            lost: Lost::default(),
        });
        chaos::point("before-call");
        let call = automation.plugin.handle(&subject.event, &automation.settings, Arc::clone(&reads) as Arc<_>).await;
        if let Some(error) = not_begun(&call).or_else(|| self.database_fault(&reads, &call)) {
            count_call(&automation.name, "lost");
            return Err(error);
        }
        note_call(&automation.name, &call);
        if automation.note(call.result.is_ok(), called_at) {
            tracing::error!(
                plugin.name = automation.name,
                plugin.version = automation.version,
                "the plugin keeps failing and is suspended for a while; its events wait"
            );
        }
        let (outcome, error, effects) = match &call.result {
            Ok(decision) => (call::Outcome::Decided, None, self.gather(automation, subject, decision)),
            Err(failure) => (self.failed(automation, subject, attempt, failure), Some(failure.to_string()), None),
        };
        self.out.calls.push(NewCall {
            event_id: subject.event_id,
            called_at,
            plugin: automation.name.clone(),
            version: automation.version.clone(),
            kind: subject.event.kind.clone(),
            attempt: attempt.clamp(0, i32::from(i16::MAX)) as i16,
            outcome,
            error,
            effects,
            log: kept_log(&call.log, call.log_dropped),
            cpu_us: clamp(call.usage.cpu_us),
            wall_us: clamp(call.usage.wall_us),
            memory_bytes: i64::try_from(call.usage.memory_peak_bytes).unwrap_or(i64::MAX),
        });
        Ok(())
    }

    /// Why a call counts for nothing: a read was lost, or waiting for reads was most of what took it too long. Not for
    /// ever, for a read may be what the database cannot do: at some point it is the plugin that asks too much.
    fn database_fault(&self, reads: &LaneReads, call: &Call<Decision>) -> Option<Error> {
        if self.claimed.attempts > MAX_GIVEN_UP {
            return None;
        }
        if let Some(error) = reads.lost.take_error() {
            return Some(error);
        }
        let too_long = matches!(call.result, Err(Failure::Limit { limit: Limit::Wall, .. }));
        let waited = reads.lost.waited();
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        (too_long && waited.as_micros() * 2 > u128::from(call.usage.wall_us))
            .then(|| Error::Slow { plugin: reads.plugin.clone(), waited_ms })
    }

    /// Gathers a decision: actions that pass the loop guard, buffered writes, and the record of it all.
    fn gather(&mut self, automation: &Automation, subject: &Subject, decision: &Decision) -> Option<String> {
        let mut record = Vec::with_capacity(decision.effects.len());
        for (place, effect) in decision.effects.iter().enumerate() {
            let became = self.gather_effect(automation, subject, place, effect);
            record.push(Gathered { kind: &effect.kind, data: &effect.data, reason: effect.reason.as_deref(), became });
        }
        let writes = decision.writes.iter().map(|write| (automation.name.clone(), write.clone()));
        self.out.writes.extend(writes);
        (!record.is_empty()).then(|| serde_json::to_string(&record).unwrap_or_default())
    }

    fn gather_effect(&mut self, automation: &Automation, subject: &Subject, place: usize, effect: &Effect) -> String {
        let destination_id = match self.destination_of(effect) {
            Ok(destination_id) => destination_id,
            Err(reason) => return format!("dropped: {reason}"),
        };
        let mut data = effect.data.clone();
        if effect.is_for_helpdesk() {
            let Some(ticket) = self.history.ticket.clone() else {
                return "dropped: the event belongs to no ticket that is known".to_owned();
            };
            let now = self.now();
            self.touched = true;
            match self.guard.decide(effect, &ticket, subject.hop, self.engine.options.limits, now) {
                Verdict::Act(left) => data = left,
                Verdict::Drop(reason) => return format!("dropped: {reason}"),
            }
            if effect.kind == "ticket.escalate" {
                self.note_escalation(automation, subject, place, effect);
            }
        }
        let key = Uuid::new_v5(
            &ACTION_KEYS,
            format!(
                "{}/{}/{}/{}/{place}",
                self.engine.store.tenant(),
                self.claimed.lane_id,
                subject.event_id,
                automation.name
            )
            .as_bytes(),
        );
        let mut action = json!({ "data": data, "reason": effect.reason });
        if !effect.is_for_helpdesk() && self.claimed.kind == LaneKind::Ticket {
            action["ticket"] = json!({ "id": self.claimed.key, "source": self.source_name,
                "subject": self.history.ticket.as_ref().map(|ticket| ticket.fields.subject.clone()) });
        }
        self.out.actions.push(NewAction {
            destination_id,
            key,
            kind: effect.kind.clone(),
            action: action.to_string(),
            event_id: subject.event_id,
            plugin: automation.name.clone(),
            hop: subject.hop,
        });
        format!("action {key}")
    }

    fn destination_of(&self, effect: &Effect) -> Result<i32, String> {
        if effect.is_for_helpdesk() {
            return self.engine.sources.get(&self.source_name).and_then(|source| source.destination_id).ok_or_else(
                || format!("the source '{}' has no connector, so nothing can be written back to it", self.source_name),
            );
        }
        let name = effect.text("to").unwrap_or_default();
        self.engine.destinations.get(name).map(|destination| destination.destination_id).ok_or_else(|| {
            format!("there is no destination '{name}' in the configuration; add a [[destination]] with that name")
        })
    }

    /// An escalation is part of the ticket's history, whether or not its helpdesk has a word for it.
    fn note_escalation(&mut self, automation: &Automation, subject: &Subject, place: usize, effect: &Effect) {
        let data = json!({ "tier": effect.data.get("tier"), "reason": effect.reason,
            "actor": { "id": format!("deskbell:{}", automation.name), "role": "system" } });
        self.out.events.push(NewEvent {
            lane_kind: self.claimed.kind,
            source_id: self.claimed.source_id,
            lane_key: self.claimed.key.clone(),
            id: format!("escalation:{}:{}:{place}", subject.event_id, automation.name),
            kind: "deskbell.ticket.escalated".to_owned(),
            at: subject.event.time,
            subject: None,
            data: data.to_string(),
            hop: subject.hop + 1,
            read: None,
        });
    }

    /// What a failure means, by the plugin's policy.
    fn failed(&mut self, automation: &Automation, subject: &Subject, attempt: i32, failure: &Failure) -> call::Outcome {
        tracing::warn!(
            plugin.name = automation.name,
            plugin.version = automation.version,
            lane.id = self.claimed.lane_id,
            event.id = subject.event_id,
            attempt,
            error = %failure,
            "a plugin failed on an event"
        );
        if automation.on_failure == OnFailure::Skip {
            return call::Outcome::Skipped;
        }
        if failure.retryable() && attempt < self.engine.options.plugin_attempts {
            let delay = backoff::plugin_delay(attempt.max(1) as u32, jitter(subject.event_id, attempt));
            let next_at = self.now().plus_micros(micros(delay));
            self.hold_from(automation, subject, attempt, Some(next_at), failure.to_string());
            return call::Outcome::Retry;
        }
        self.set_aside(&automation.name, subject.event_id, None, failure.to_string(), attempt);
        if automation.on_failure == OnFailure::Block {
            self.hold_from(automation, subject, attempt, None, failure.to_string());
        }
        call::Outcome::SetAside
    }

    pub(super) fn set_aside(
        &mut self,
        plugin: &str,
        event_id: i64,
        inbox_id: Option<i64>,
        error: String,
        attempts: i32,
    ) {
        metrics::counter!("deskbell_dead_letters_total", "kind" => "plugin").increment(1);
        let plugin = plugin.to_owned();
        self.out.dead_letters.push(NewDeadLetter { event_id, plugin, inbox_id, error, attempts });
    }

    /// The plugin gets this event and the lane's later ones from `next_at` on.
    fn hold_from(
        &mut self,
        automation: &Automation,
        subject: &Subject,
        attempts: i32,
        next_at: Option<Timestamp>,
        error: String,
    ) {
        self.hold_back(Hold {
            lane_id: self.claimed.lane_id,
            plugin: automation.name.clone(),
            from_event: subject.event_id,
            attempts,
            next_at,
            error,
            single: false,
        });
    }

    /// A plugin is held once on a lane: what was to be replayed and is not yet becomes a dead letter again when the lane is
    /// finished.
    pub(super) fn hold_back(&mut self, hold: Hold) {
        if hold.single {
            // Not done with, so its row stays: whatever takes its place finds it there.
            self.out.released.retain(|plugin| *plugin != hold.plugin);
        }
        self.out.holds.retain(|other| other.plugin != hold.plugin);
        self.out.holds.push(hold.clone());
        self.holds.insert(hold.plugin.clone(), hold);
    }

    /// The hold is done with. Where another follows, it is released all the same: its row is not taken for a replay that
    /// waits.
    pub(super) fn let_go(&mut self, plugin: &str) {
        self.holds.remove(plugin);
        self.out.holds.retain(|hold| hold.plugin != plugin);
        self.out.released.push(plugin.to_owned());
    }
}

/// Why a plugin is not called on an event yet, and from when on it can be.
pub(super) struct NotNow {
    until: Timestamp,
    why: String,
    lack: Lack,
}

/// What there is not enough of to call a plugin.
enum Lack {
    Time,
    Room,
    /// It is suspended because it kept failing.
    Health,
}

impl NotNow {
    /// From when on a plugin that is behind can be called.
    pub(super) fn until_behind(&self, now: Timestamp) -> Timestamp {
        match self.lack {
            Lack::Room => now.plus_micros(micros(ROOM_AGAIN_BEHIND)),
            Lack::Time | Lack::Health => self.until,
        }
    }
}

/// An effect as it is kept with the call, and what it became.
#[derive(Serialize)]
struct Gathered<'a> {
    kind: &'a str,
    data: &'a serde_json::Map<String, Value>,
    reason: Option<&'a str>,
    became: String,
}

/// A number in 0..1 that is the same for the same attempt, so that a repeated decision is the same.
pub(crate) fn jitter(event_id: i64, attempt: i32) -> f64 {
    let mixed = (event_id as u64 ^ (attempt as u64) << 48).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Why a call counts for nothing: the host had no room for it. The engine's load is no plugin's failure; it is called when
/// there is less of it.
fn not_begun<T>(call: &Call<T>) -> Option<Error> {
    match &call.result {
        Err(Failure::Busy(busy)) => Some(no_room(busy.clone())),
        _ => None,
    }
}

fn no_room(Busy { plugin, waited_ms, .. }: Busy) -> Error {
    Error::Full { plugin: plugin.name.to_string(), waited_ms }
}

fn count_call(plugin: &str, outcome: &'static str) {
    metrics::counter!("deskbell_plugin_calls_total", "plugin" => plugin.to_owned(), "outcome" => outcome).increment(1);
}

fn note_call<T>(plugin: &str, call: &Call<T>) {
    count_call(plugin, if call.result.is_ok() { "decided" } else { "failed" });
    metrics::histogram!("deskbell_plugin_call_seconds", "plugin" => plugin.to_owned())
        .record(call.usage.wall_us as f64 / 1e6);
}

fn clamp(micros: u64) -> i32 {
    i32::try_from(micros).unwrap_or(i32::MAX)
}

fn kept_log(log: &[LogLine], n_dropped: u32) -> Option<String> {
    if log.is_empty() && n_dropped == 0 {
        return None;
    }
    let mut lines: Vec<Value> =
        log.iter().take(MAX_LOG_LINES).map(|line| json!({ "level": line.level, "message": line.message })).collect();
    let n_dropped = n_dropped as usize + log.len().saturating_sub(MAX_LOG_LINES);
    if n_dropped > 0 {
        lines.push(json!({ "level": "warn", "message": format!("{n_dropped} further lines were dropped") }));
    }
    Some(Value::Array(lines).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_is_behind_leaves_the_host_more_time_to_have_room() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let until = now.plus_micros(micros(ROOM_AGAIN));
        for (lack, expected) in [(Lack::Time, until), (Lack::Room, now.plus_seconds(1)), (Lack::Health, until)] {
            let not_now = NotNow { until, why: String::new(), lack };
            assert_eq!(not_now.until_behind(now), expected);
        }
    }
}
