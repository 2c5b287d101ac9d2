//! Putting a story together from rows.

use std::collections::{BTreeMap, BTreeSet};

use deskbell_model::event::{Data, Event as Canonical};
use deskbell_model::history::{Applied, History};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::event::Recorded;
use deskbell_store::explain::{Arrival, CallOn};
use deskbell_store::import::IMPORTED;
use deskbell_store::{Error, Store, story as stored};
use serde_json::Value;

use super::echo::Echoes;
use super::rows::{action, dead_letter, delivery, held, json, log_lines, timer, waiting_actions};
use super::{Action, Call, Change, Delivery, Did, Effect, Event, MAX_EVENTS, Outcome, Place, Story, Waiting};

/// Calls that a story has for each of its events, at most on average.
const CALLS_PER_EVENT: i64 = 8;

/// What a story needs to know of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// The ids under which the engine itself acts at the ticket's helpdesk.
    pub(crate) own_actors: &'a [String],
    /// An event that so many own writes led to reaches no plugin.
    pub(crate) max_hops: i64,
    pub(crate) now: Timestamp,
}

/// The story of a ticket, with its youngest `limit` events.
pub(crate) async fn tell(store: &Store, place: &Place, setting: Setting<'_>, limit: i64) -> Result<Story, Error> {
    let limit = limit.clamp(1, MAX_EVENTS);
    let lane = &[place.lane_id];
    let ticket = store.tickets(lane).await?.into_iter().find_map(|loaded| loaded.ticket);
    let told = store.story(place.lane_id, limit).await?;
    let first = told.events.first().map_or(0, |event| event.event_id);
    let calls = store.calls_from(place.lane_id, first, limit * CALLS_PER_EVENT).await?;
    let inbox: BTreeSet<i64> = told.events.iter().filter_map(|event| event.inbox_id).collect();
    let arrivals = store.arrivals(&inbox.into_iter().collect::<Vec<_>>()).await?;
    let set_aside = store.set_aside_on(place.lane_id).await?;
    let actions_wait = store.actions_wait(place.lane_id).await?;
    let keys: BTreeMap<i64, String> =
        told.actions.iter().map(|action| (action.outbox_id, action.key.clone())).collect();
    let shortened = told.events.len() as i64 >= limit;
    let waits = |wait: &deskbell_store::explain::ActionsWait| wait.wake_at.is_some();
    Ok(Story {
        source: place.source.clone(),
        ticket: place.ticket.clone(),
        state: ticket,
        told_at: setting.now,
        waiting: Waiting {
            plugins: told.holds.iter().map(held).collect(),
            timers: told.timers.iter().map(timer).collect(),
            actions: actions_wait.iter().filter(|wait| waits(wait)).map(waiting_actions).collect(),
            next_wake: told.next_wake,
        },
        dead_letters: set_aside.into_iter().map(|letter| dead_letter(letter, &keys)).collect(),
        events: Telling::new(place, setting, told, arrivals, shortened).events(calls),
        shortened,
    })
}

/// A story while its events are put together.
struct Telling<'a> {
    place: &'a Place,
    setting: Setting<'a>,
    recorded: Vec<Recorded>,
    /// By event, in the order they were made.
    actions: Vec<(i64, Action)>,
    arrivals: BTreeMap<i64, Delivery>,
    shortened: bool,
}

impl<'a> Telling<'a> {
    fn new(
        place: &'a Place,
        setting: Setting<'a>,
        told: stored::Story,
        arrivals: Vec<Arrival>,
        shortened: bool,
    ) -> Self {
        Self {
            place,
            setting,
            recorded: told.events,
            actions: told.actions.into_iter().map(|row| (row.event_id, action(row))).collect(),
            arrivals: arrivals.into_iter().map(|row| (row.inbox_id, delivery(row))).collect(),
            shortened,
        }
    }

    fn events(self, calls: Vec<CallOn>) -> Vec<Event> {
        let canonical: Vec<Option<Canonical>> = self.recorded.iter().map(|row| canonical(row, self.place)).collect();
        // A history without its beginning does not fold.
        let applied = if self.shortened { BTreeMap::new() } else { fold(&canonical) };
        let mut echoes = Echoes::new(self.actions.iter().map(|(_, action)| action).collect());
        let mut youngest: Option<Timestamp> = None;
        let mut events = Vec::with_capacity(self.recorded.len());
        for (place, (row, event)) in self.recorded.iter().zip(&canonical).enumerate() {
            let late = event.is_some() && youngest.is_some_and(|youngest| row.at < youngest);
            youngest = if event.is_some() { youngest.max(Some(row.at)) } else { youngest };
            events.push(self.event(row, event.as_ref(), applied.get(&place), late, &mut echoes));
        }
        distribute(&mut events, calls, self.actions);
        events
    }

    fn event(
        &self,
        row: &Recorded,
        event: Option<&Canonical>,
        applied: Option<&Applied>,
        late: bool,
        echoes: &mut Echoes<'_>,
    ) -> Event {
        let differences = match applied {
            Some(Applied::Changed(differences)) => differences.as_slice(),
            _ => &[],
        };
        let comment = event.and_then(|event| match &event.data {
            Data::Commented { comment, .. } => Some(comment.body.as_str()),
            _ => None,
        });
        let actor = event.and_then(Canonical::actor).cloned();
        let is_about_ticket = event.is_some_and(|event| event.kind.starts_with("deskbell.ticket."));
        let effect = applied.filter(|_| is_about_ticket).map(|applied| match applied {
            Applied::Created => Did::Created,
            Applied::Changed(_) => Did::Changed,
            Applied::Nothing => Did::Nothing,
        });
        let changes = differences.iter().map(|change| Change {
            field: change.field.clone(),
            from: change.from.clone(),
            to: change.to.clone(),
        });
        Event {
            number: row.event_id,
            id: row.id.clone(),
            kind: row.kind.strip_prefix("deskbell.").unwrap_or(&row.kind).to_owned(),
            at: row.at,
            received_at: row.received_at,
            late,
            imported: row.hop == IMPORTED,
            delivery: row.inbox_id.and_then(|inbox_id| self.arrivals.get(&inbox_id)).cloned(),
            own: actor.as_ref().is_some_and(|actor| self.setting.own_actors.contains(&actor.id)),
            actor,
            effect,
            changes: changes.collect(),
            data: json(&row.data),
            hop: row.hop.max(0),
            echo_of: echoes.next(differences, comment, row.received_at).into_iter().collect(),
            kept_back: self.kept_back(row, effect),
            calls: Vec::new(),
            actions: Vec::new(),
        }
    }

    fn kept_back(&self, row: &Recorded, effect: Option<Did>) -> Option<String> {
        if row.hop == IMPORTED {
            return Some("it was imported, and imports call no plugin".to_owned());
        }
        if i64::from(row.hop) >= self.setting.max_hops {
            return Some(format!(
                "the loop guard: {} of the engine's own writes led to it (loop_guard.max_hops)",
                row.hop
            ));
        }
        (effect == Some(Did::Nothing)).then(|| "it changes nothing about the ticket".to_owned())
    }
}

/// The canonical event of a row; none for the engine's own kinds, and for what does not read back.
fn canonical(row: &Recorded, place: &Place) -> Option<Canonical> {
    if !row.kind.starts_with("deskbell.") {
        return None;
    }
    let subject = row.subject.clone().or_else(|| Some(place.ticket.clone()));
    let (id, source, kind) = (row.id.clone(), place.source.clone(), row.kind.clone());
    Canonical::from_parts(id, source, kind, subject, row.at, &row.data).ok()
}

/// What each event did, by its place.
fn fold(canonical: &[Option<Canonical>]) -> BTreeMap<usize, Applied> {
    let placed: Vec<(usize, &Canonical)> =
        canonical.iter().enumerate().filter_map(|(place, event)| event.as_ref().map(|event| (place, event))).collect();
    let events: Vec<&Canonical> = placed.iter().map(|(_, event)| *event).collect();
    let (_, applied) = History::fold(&events);
    let place = |(index, applied)| placed.get(index).map(|(place, _)| (*place, applied));
    applied.into_iter().filter_map(place).collect()
}

/// Puts calls and actions to the events that they belong to.
fn distribute(events: &mut [Event], calls: Vec<CallOn>, actions: Vec<(i64, Action)>) {
    let mut by_key: BTreeMap<String, (i64, Action)> =
        actions.into_iter().map(|(event_id, action)| (action.key.clone(), (event_id, action))).collect();
    let places: BTreeMap<i64, usize> = events.iter().enumerate().map(|(place, event)| (event.number, place)).collect();
    for call in calls {
        let place = places.get(&call.event_id);
        let told = told_call(call, &mut by_key);
        if let Some(event) = place.and_then(|place| events.get_mut(*place)) {
            event.calls.push(told);
        }
    }
    let mut left: Vec<(i64, Action)> = by_key.into_values().collect();
    left.sort_by_key(|(_, action)| action.created_at);
    for (event_id, action) in left {
        let place = places.get(&event_id);
        if let Some(event) = place.and_then(|place| events.get_mut(*place)) {
            event.actions.push(action);
        }
    }
}

fn told_call(row: CallOn, actions: &mut BTreeMap<String, (i64, Action)>) -> Call {
    let CallOn { attempt, call, .. } = row;
    let effects = call.effects.as_deref().map(json);
    let effects = effects.iter().flat_map(|list| list.as_array().into_iter().flatten());
    let mut effect = |stated: &Value| {
        let text = |member: &str| stated.get(member).and_then(Value::as_str);
        let became = text("became").unwrap_or_default();
        let key = became.strip_prefix("action ");
        Effect {
            kind: text("kind").unwrap_or_default().to_owned(),
            data: stated.get("data").cloned().unwrap_or_default(),
            reason: text("reason").map(str::to_owned),
            dropped: became.strip_prefix("dropped: ").map(str::to_owned),
            action: key.and_then(|key| actions.remove(key)).map(|(_, action)| action),
        }
    };
    Call {
        at: call.called_at,
        plugin: call.plugin,
        version: call.version,
        attempt,
        outcome: Outcome::of(call.outcome),
        error: call.error,
        effects: effects.map(&mut effect).collect(),
        log: log_lines(call.log.as_deref()),
        cpu_us: call.cpu_us,
        wall_us: call.wall_us,
        memory_bytes: call.memory_bytes,
    }
}
