//! Importing history: events into lanes, folded at once, thousands in a transaction. No plugin is called.
//!
//! A lane that is in work, or has work waiting, is left to the dispatcher: the imported events are marked, so that it
//! folds them and calls nobody.

use std::collections::HashMap;
use std::time::Duration;

use deskbell_model::event::Event;
use deskbell_model::facts::Facts;
use deskbell_model::history::History;
use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

use crate::activity::ActivityRow;
use crate::clock::ClocksRow;
use crate::finish::{AgentRow, Outcome, TicketRow};
use crate::inbox::{Key, NewEvent};
use crate::packed::pack;
use crate::{Result, Store, at, chaos, failed};

/// The hop that marks an imported event.
pub const IMPORTED: i16 = -1;

// Due is what the clock says when the row is at hand; a lane that was given up has pending events before it is due.
const LANES: &str = "
INSERT INTO lane (tenant_id, source_id, kind, key, arrivals, imported_at)
SELECT DISTINCT $1, source_id, kind, key, 1, $5::timestamptz
FROM unnest($2::int[], $3::smallint[], $4::text[]) AS l (source_id, kind, key)
ORDER BY 2, 3, 4
ON CONFLICT (tenant_id, source_id, kind, key) DO UPDATE
    SET arrivals = lane.arrivals + 1, imported_at = greatest(lane.imported_at, excluded.imported_at)
RETURNING lane_id, source_id, kind, key,
    lease_token IS NOT NULL OR attempts > 0 OR coalesce(wake_at <= clock_timestamp(), false) AS busy";

const EVENTS: &str = "
INSERT INTO event (tenant_id, lane_id, source_id, key, id, kind, at, received_at, subject, data, hop)
SELECT $1, lane_id, source_id, key, id, kind, at, $10, subject, data, -1
FROM unnest($2::bigint[], $3::int[], $4::bytea[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::bytea[])
    WITH ORDINALITY AS e (lane_id, source_id, key, id, kind, at, subject, data, place)
ORDER BY place
ON CONFLICT (tenant_id, source_id, key) DO NOTHING
RETURNING lane_id, event_id, key";

const HISTORIES: &str = "
SELECT lane_id, event_id, id, kind, at, received_at, subject, data, inbox_id, hop
FROM event WHERE tenant_id = $1 AND lane_id = ANY ($2) ORDER BY lane_id, event_id";

const DONE: &str = "
UPDATE lane SET done_event = greatest(lane.done_event, d.done_event), next_clock = d.next_clock,
    wake_at = least(lane.next_timer, d.next_clock)
FROM unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) AS d (lane_id, done_event, next_clock)
WHERE lane.tenant_id = $1 AND lane.lane_id = ANY ($2) AND lane.lane_id = d.lane_id";

const WAKE: &str = "
UPDATE lane SET wake_at = CASE WHEN lease_token IS NULL THEN least(wake_at, now()) ELSE wake_at END
WHERE tenant_id = $1 AND lane_id = ANY ($2)";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("import.lanes", LANES),
    ("import.events", EVENTS),
    ("import.histories", HISTORIES),
    ("import.done", DONE),
    ("import.wake", WAKE),
];

/// When the next clock of a ticket wakes it, from its source, the source's name and its facts.
pub type NextClock<'a> = dyn Fn(i32, &str, &Facts) -> Option<Timestamp> + Sync + 'a;

/// An event to import.
pub struct Imported {
    pub source_id: i32,
    pub event: Event,
    pub new: NewEvent,
}

struct LaneOf {
    lane_id: i64,
    busy: bool,
}

/// The transaction of one call, which folds the whole history of every ticket that it adds to.
const IMPORT_WITHIN: Duration = Duration::from_mins(2);

impl Store {
    /// Imports events in the order of arrival, all or none; the places in `events` of those that were new. `next_clock`
    /// says when a ticket's clocks wake it, from its source, the source's name and its facts.
    pub async fn import(&self, events: &[Imported], now: Timestamp, next_clock: &NextClock<'_>) -> Result<Vec<usize>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.reads.within_limit("import", IMPORT_WITHIN, self.import_in_one(events, now, next_clock)).await
    }

    async fn import_in_one(
        &self,
        events: &[Imported],
        now: Timestamp,
        next_clock: &NextClock<'_>,
    ) -> Result<Vec<usize>> {
        let mut connection = self.reads.acquire().await.map_err(failed("import.begin"))?;
        let mut transaction = connection.begin().await.map_err(failed("import.begin"))?;
        let lanes = self.import_lanes(&mut transaction, events, now).await?;
        let added = self.import_events(&mut transaction, events, &lanes, now).await?;
        self.fold_imported(&mut transaction, events, &lanes, &added, now, next_clock).await?;
        transaction.commit().await.map_err(failed("import.commit"))?;
        connection.give_back();
        chaos::point("after-import-commit");
        Ok(added.into_iter().map(|(.., place)| place).collect())
    }

    async fn import_lanes(
        &self,
        connection: &mut PgConnection,
        events: &[Imported],
        now: Timestamp,
    ) -> Result<HashMap<(i32, i16, String), LaneOf>> {
        let rows = sqlx::query(LANES)
            .bind(self.tenant)
            .bind(events.iter().map(|e| e.source_id).collect::<Vec<_>>())
            .bind(events.iter().map(|e| crate::lane::kind_number(e.new.lane_kind)).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.new.lane_key.as_str()).collect::<Vec<_>>())
            .bind(at(now))
            .fetch_all(connection)
            .await
            .map_err(failed("import.lanes"))?;
        let lanes = rows
            .iter()
            .map(|row| ((row.get(1), row.get(2), row.get(3)), LaneOf { lane_id: row.get(0), busy: row.get(4) }));
        Ok(lanes.collect())
    }

    /// Adds the events; for each that is new its lane, number and place in `events`.
    async fn import_events(
        &self,
        connection: &mut PgConnection,
        events: &[Imported],
        lanes: &HashMap<(i32, i16, String), LaneOf>,
        now: Timestamp,
    ) -> Result<Vec<(i64, i64, usize)>> {
        let keys: Vec<Key> = events.iter().map(|e| Key::of(&e.new.id)).collect();
        let lane_ids: Vec<i64> = events.iter().map(|e| lane_of(lanes, e).map_or(0, |lane| lane.lane_id)).collect();
        let rows = sqlx::query(EVENTS)
            .bind(self.tenant)
            .bind(lane_ids)
            .bind(events.iter().map(|e| e.source_id).collect::<Vec<_>>())
            .bind(keys.iter().map(Key::as_slice).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.new.id.as_str()).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.new.kind.as_str()).collect::<Vec<_>>())
            .bind(events.iter().map(|e| at(e.new.at)).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.new.subject.as_deref()).collect::<Vec<_>>())
            .bind(events.iter().map(|e| pack(&e.new.data)).collect::<Vec<_>>())
            .bind(at(now))
            .fetch_all(connection)
            .await
            .map_err(failed("import.events"))?;
        // Of two events with one key in one call the first was added.
        let mut places: HashMap<(i32, &[u8]), usize> = HashMap::with_capacity(events.len());
        for (place, (event, key)) in events.iter().zip(&keys).enumerate() {
            places.entry((event.source_id, key.as_slice())).or_insert(place);
        }
        let sources: HashMap<i64, i32> = lanes.iter().map(|((source, ..), lane)| (lane.lane_id, *source)).collect();
        let added = rows.iter().filter_map(|row| {
            let (lane_id, event_id): (i64, i64) = (row.get(0), row.get(1));
            let place = places.get(&(*sources.get(&lane_id)?, row.get::<&[u8], _>(2)))?;
            Some((lane_id, event_id, *place))
        });
        Ok(added.collect())
    }

    async fn fold_imported(
        &self,
        connection: &mut PgConnection,
        events: &[Imported],
        lanes: &HashMap<(i32, i16, String), LaneOf>,
        added: &[(i64, i64, usize)],
        now: Timestamp,
        next_clock: &NextClock<'_>,
    ) -> Result<()> {
        let busy: Vec<i64> = lanes.values().filter(|lane| lane.busy).map(|lane| lane.lane_id).collect();
        let mut by_lane: HashMap<i64, Vec<(i64, &Imported)>> = HashMap::new();
        for (lane_id, event_id, place) in added {
            if let Some(event) = events.get(*place)
                && !busy.contains(lane_id)
            {
                by_lane.entry(*lane_id).or_default().push((*event_id, event));
            }
        }
        let ids: Vec<i64> = by_lane.keys().copied().collect();
        let mut histories: HashMap<i64, (Option<History>, Option<String>)> = HashMap::new();
        for mut loaded in self.tickets_in(connection, &ids).await? {
            let guard = loaded.guard.take();
            histories.insert(loaded.lane_id, (loaded.into_history(), guard));
        }
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(by_lane.len());
        let mut to_fold_again: Vec<i64> = Vec::new();
        let source_names: HashMap<i32, &str> =
            events.iter().map(|imported| (imported.source_id, imported.event.source.as_str())).collect();
        for (lane_id, mut added) in by_lane {
            added.sort_by_key(|(event_id, _)| *event_id);
            let (history, guard) = histories.remove(&lane_id).unwrap_or((Some(History::default()), None));
            let mut outcome = outcome_of(lane_id, &added);
            let on_ticket = added.iter().any(|(_, e)| crate::lane::kind_number(e.new.lane_kind) == 0);
            if on_ticket {
                let folded = history.and_then(|history| apply_in_order(history, &added));
                if folded.is_none() {
                    to_fold_again.push(lane_id);
                }
                let folded = folded.unwrap_or_default();
                outcome.clocks = Some(clocks(&folded, outcome.source_id, &source_names, next_clock));
                outcome.ticket = Some(TicketRow::of(&folded, guard));
            }
            outcomes.push(outcome);
        }
        let clocks = |history: &History, source_id: i32| clocks(history, source_id, &source_names, next_clock);
        self.fold_histories_again(connection, &to_fold_again, &mut outcomes, &clocks).await?;
        outcomes.sort_by_key(|outcome| outcome.lane_id);
        crate::finish::write(connection, self.tenant, &outcomes.iter().collect::<Vec<_>>(), now).await?;
        let done = sqlx::query(DONE)
            .bind(self.tenant)
            .bind(outcomes.iter().map(|o| o.lane_id).collect::<Vec<_>>())
            .bind(outcomes.iter().map(|o| o.done_event).collect::<Vec<_>>())
            .bind(outcomes.iter().map(|o| o.clocks.as_ref()?.next.map(at)).collect::<Vec<_>>());
        done.execute(&mut *connection).await.map_err(failed("import.done"))?;
        let wake = sqlx::query(WAKE).bind(self.tenant).bind(busy);
        wake.execute(connection).await.map_err(failed("import.wake"))?;
        Ok(())
    }

    /// Lanes with a late event: their whole history is read and folded.
    async fn fold_histories_again(
        &self,
        connection: &mut PgConnection,
        lanes: &[i64],
        outcomes: &mut [Outcome],
        clocks: &(dyn Fn(&History, i32) -> ClocksRow + Sync),
    ) -> Result<()> {
        if lanes.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(HISTORIES).bind(self.tenant).bind(lanes);
        let rows = query.fetch_all(connection).await.map_err(failed("import.histories"))?;
        let mut histories: HashMap<i64, Vec<Event>> = HashMap::new();
        for row in &rows {
            let recorded = crate::event::recorded(row);
            if !recorded.kind.starts_with("deskbell.") {
                continue; // One of the engine's own: it changes nothing about the ticket.
            }
            let (id, kind) = (recorded.id, recorded.kind);
            // The subject is the lane's key and does not matter to the fold.
            let event = Event::from_parts(id, String::new(), kind, recorded.subject, recorded.at, &recorded.data);
            if let Ok(event) = event {
                histories.entry(recorded.lane_id).or_default().push(event);
            }
        }
        for outcome in outcomes {
            if let (Some(events), Some(ticket)) = (histories.get(&outcome.lane_id), &mut outcome.ticket) {
                let (history, _) = History::fold(&events.iter().collect::<Vec<_>>());
                *ticket = TicketRow::of(&history, ticket.guard.take());
                outcome.clocks = Some(clocks(&history, outcome.source_id));
            }
        }
        Ok(())
    }
}

fn clocks(
    history: &History,
    source_id: i32,
    source_names: &HashMap<i32, &str>,
    next_clock: &NextClock<'_>,
) -> ClocksRow {
    let name = source_names.get(&source_id).copied().unwrap_or_default();
    let next = history.facts.as_ref().and_then(|facts| next_clock(source_id, name, facts));
    ClocksRow { next, told: None }
}

fn lane_of<'a>(lanes: &'a HashMap<(i32, i16, String), LaneOf>, event: &Imported) -> Option<&'a LaneOf> {
    lanes.get(&(event.source_id, crate::lane::kind_number(event.new.lane_kind), event.new.lane_key.clone()))
}

fn outcome_of(lane_id: i64, added: &[(i64, &Imported)]) -> Outcome {
    let agents = added.iter().filter_map(|(_, imported)| AgentRow::of(&imported.event));
    let activities = added.iter().filter_map(|(event_id, imported)| ActivityRow::of(*event_id, &imported.event));
    Outcome {
        lane_id,
        source_id: added.first().map_or(0, |(_, imported)| imported.source_id),
        done_event: added.last().map_or(0, |(event_id, _)| *event_id),
        agents: agents.collect(),
        activities: activities.collect(),
        ..Outcome::default()
    }
}

/// The history with the events applied; none where one of them is late.
fn apply_in_order(mut history: History, added: &[(i64, &Imported)]) -> Option<History> {
    for (_, imported) in added {
        if !history.is_next(&imported.event) {
            return None;
        }
        history.apply(&imported.event);
    }
    Some(history)
}
