//! The rows that finishing lanes writes besides what nearly every decision leaves, table by table, always in this order.

use chrono::{DateTime, Utc};
use deskbell_model::plugin::{Scope, Write};
use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgConnection;

use super::{Outcome, decided, event_keys, scope_lane, utc};
use crate::inbox::{Key, NewEvent};
use crate::packed::pack;
use crate::{Result, at, failed, storable};

// What a plugin remembers for all tickets is written by many transactions at once, several keys each. They take turns, a
// plugin at a time; a row of no lane stands for the turn.
pub(super) const KV_GUARD: &str = "
INSERT INTO kv (tenant_id, plugin, lane_id, key, value)
SELECT $1, plugin, -1, '', '' FROM unnest($2::text[]) AS g (plugin) ORDER BY plugin
ON CONFLICT (tenant_id, plugin, lane_id, key) DO UPDATE SET value = excluded.value";

pub(super) const KV_SET: &str = "
INSERT INTO kv (tenant_id, plugin, lane_id, key, value, expires_at)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[]) ORDER BY 2, 3, 4
ON CONFLICT (tenant_id, plugin, lane_id, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";

pub(super) const KV_DELETE: &str = "
DELETE FROM kv USING unnest($2::text[], $3::bigint[], $4::text[]) AS d (plugin, lane_id, key)
WHERE kv.tenant_id = $1 AND kv.plugin = d.plugin AND kv.lane_id = d.lane_id AND kv.key = d.key";

// A value that is no number, or a counter that has run out its time, begins at nothing.
pub(super) const KV_INCREMENT: &str = "
INSERT INTO kv (tenant_id, plugin, lane_id, key, value)
SELECT $1, plugin, lane_id, key, sum(by)::bigint::text
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::bigint[]) AS i (plugin, lane_id, key, by)
GROUP BY plugin, lane_id, key ORDER BY plugin, lane_id, key
ON CONFLICT (tenant_id, plugin, lane_id, key) DO UPDATE
    SET value = (CASE WHEN kv.value ~ '^-?[0-9]{1,18}$' AND (kv.expires_at IS NULL OR kv.expires_at > now())
                      THEN kv.value::bigint ELSE 0 END + excluded.value::bigint)::text,
        expires_at = CASE WHEN kv.expires_at > now() THEN kv.expires_at END";

pub(super) const TIMER_SET: &str = "
INSERT INTO timer (tenant_id, lane_id, plugin, name, fire_at, payload)
SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
ON CONFLICT (tenant_id, lane_id, plugin, name) DO UPDATE SET fire_at = excluded.fire_at, payload = excluded.payload";

pub(super) const TIMER_CANCEL: &str = "
DELETE FROM timer USING unnest($2::bigint[], $3::text[], $4::text[]) AS d (lane_id, plugin, name)
WHERE timer.tenant_id = $1 AND timer.lane_id = d.lane_id AND timer.plugin = d.plugin AND timer.name = d.name";

pub(super) const TIMER_FIRED: &str = "
DELETE FROM timer USING unnest($2::bigint[], $3::text[], $4::text[], $5::timestamptz[]) AS d (lane_id, plugin, name, fire_at)
WHERE timer.tenant_id = $1 AND timer.lane_id = d.lane_id AND timer.plugin = d.plugin AND timer.name = d.name
    AND timer.fire_at = d.fire_at";

// A plugin is held once on a lane. Where a dead letter was replayed, and its plugin has not got that event yet but is behind on
// another one by now, the letter waits again.
pub(super) const HOLD_SET: &str = "
WITH s AS MATERIALIZED (
    SELECT * FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::int[], $6::timestamptz[], $7::text[], $8::boolean[])
        AS s (lane_id, plugin, from_event, attempts, next_at, error, single)
), put_back AS (
    UPDATE dead_letter SET replayed_at = NULL WHERE tenant_id = $1 AND dead_letter_id = ANY (ARRAY(
        SELECT (SELECT max(d.dead_letter_id) FROM dead_letter AS d WHERE d.tenant_id = $1 AND d.lane_id = s.lane_id
            AND d.plugin = s.plugin AND d.event_id = h.from_event AND d.replayed_at IS NOT NULL)
        FROM s CROSS JOIN LATERAL (
            SELECT * FROM hold WHERE tenant_id = $1 AND lane_id = s.lane_id AND plugin = s.plugin LIMIT 1) AS h
        WHERE h.single AND h.from_event <> s.from_event))
)
INSERT INTO hold (tenant_id, lane_id, plugin, from_event, attempts, next_at, error, single)
SELECT $1, s.* FROM s
ON CONFLICT (tenant_id, lane_id, plugin) DO UPDATE SET from_event = excluded.from_event, attempts = excluded.attempts,
    next_at = excluded.next_at, error = excluded.error, single = excluded.single";

pub(super) const HOLD_RELEASED: &str = "
DELETE FROM hold USING unnest($2::bigint[], $3::text[]) AS d (lane_id, plugin)
WHERE hold.tenant_id = $1 AND hold.lane_id = d.lane_id AND hold.plugin = d.plugin";

pub(super) const DEAD_LETTERS: &str = "
INSERT INTO dead_letter (tenant_id, kind, lane_id, event_id, plugin, inbox_id, error, attempts, set_aside_at)
SELECT $1, CASE WHEN inbox_id IS NULL THEN 0 ELSE 2 END, lane_id, event_id, plugin, inbox_id, error, attempts, $8
FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::int[])
    AS d (lane_id, event_id, plugin, inbox_id, error, attempts)";

pub(super) const HOPS: &str = "
UPDATE event SET hop = h.hop FROM unnest($2::bigint[], $3::bigint[], $4::smallint[]) AS h (lane_id, event_id, hop)
WHERE event.tenant_id = $1 AND event.lane_id = h.lane_id AND event.event_id = h.event_id";

pub(super) const AGENTS: &str = "
INSERT INTO agent (tenant_id, source_id, agent_id, status, capacity, groups, skills, languages, stated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, source_id, agent_id) DO UPDATE SET status = excluded.status, capacity = excluded.capacity,
    groups = excluded.groups, skills = excluded.skills, languages = excluded.languages, stated_at = excluded.stated_at
WHERE agent.stated_at <= excluded.stated_at";

// The lanes of these events are held by this transaction, or are made by it: an event for another lane that exists is
// not written here, for its lock would come out of order.
pub(super) const EVENTS: &str = "
INSERT INTO event (tenant_id, lane_id, source_id, key, id, kind, at, received_at, subject, data, hop)
SELECT $1, lane_id, source_id, key, id, kind, at, $10, subject, data, hop
FROM unnest($2::bigint[], $3::int[], $4::bytea[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::bytea[], $11::smallint[])
    WITH ORDINALITY AS e (lane_id, source_id, key, id, kind, at, subject, data, hop, place)
ORDER BY place
ON CONFLICT (tenant_id, source_id, key) DO NOTHING";

pub(crate) async fn write(
    connection: &mut PgConnection,
    tenant: i32,
    finished: &[&Outcome],
    now: Timestamp,
) -> Result<()> {
    decided::write(connection, tenant, finished, now).await?;
    if finished.iter().any(|o| !o.writes.is_empty() || !o.fired.is_empty()) {
        fired(connection, tenant, finished).await?;
        writes(connection, tenant, finished).await?;
    }
    if finished.iter().any(|o| !o.holds.is_empty() || !o.released.is_empty() || !o.dead_letters.is_empty()) {
        holds(connection, tenant, finished, now).await?;
    }
    hops(connection, tenant, finished).await?;
    agents(connection, tenant, finished).await?;
    crate::activity::write(connection, tenant, finished).await?;
    events(connection, tenant, finished, now).await
}

async fn fired(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let each = || finished.iter().flat_map(|o| o.fired.iter().map(move |timer| (o.lane_id, timer)));
    if each().next().is_none() {
        return Ok(());
    }
    sqlx::query(TIMER_FIRED)
        .bind(tenant)
        .bind(each().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
        .bind(each().map(|(_, timer)| timer.0.as_str()).collect::<Vec<_>>())
        .bind(each().map(|(_, timer)| timer.1.as_str()).collect::<Vec<_>>())
        .bind(each().map(|(_, timer)| at(timer.2)).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed("finish.timer_fired"))?;
    Ok(())
}

/// Takes the turns of the plugins that write what they remember for all tickets.
async fn guard_shared(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let is_shared = |write: &Write| match write {
        Write::KvSet { scope, .. } | Write::KvDelete { scope, .. } | Write::KvIncrement { scope, .. } => {
            *scope == Scope::Plugin
        }
        Write::TimerSet { .. } | Write::TimerCancel { .. } => false,
    };
    let shared = finished.iter().flat_map(|o| &o.writes).filter(|(_, write)| is_shared(write));
    let plugins: std::collections::BTreeSet<&str> = shared.map(|(plugin, _)| plugin.as_str()).collect();
    if plugins.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(KV_GUARD).bind(tenant).bind(plugins.into_iter().collect::<Vec<_>>());
    query.execute(connection).await.map_err(failed("finish.kv_guard"))?;
    Ok(())
}

/// Writes of one lane in the order they were made; a batch of one kind at a time, since a later write of a lane may
/// undo an earlier one.
async fn writes(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    guard_shared(connection, tenant, finished).await?;
    let mut n_rounds = finished.iter().map(|o| o.writes.len()).max().unwrap_or(0);
    let mut round = 0;
    while n_rounds > 0 {
        let of_round: Vec<(i64, &str, &Write)> = finished
            .iter()
            .filter_map(|o| o.writes.get(round).map(|(plugin, write)| (o.lane_id, plugin.as_str(), write)))
            .collect();
        write_round(connection, tenant, &of_round).await?;
        round += 1;
        n_rounds -= 1;
    }
    Ok(())
}

/// Plugin, lane, key, value and when it ends.
type SetValue<'a> = (&'a str, i64, &'a str, &'a str, Option<DateTime<Utc>>);

async fn write_round(connection: &mut PgConnection, tenant: i32, round: &[(i64, &str, &Write)]) -> Result<()> {
    let mut sets: Vec<SetValue<'_>> = Vec::new();
    let mut deletes: Vec<(&str, i64, &str)> = Vec::new();
    let mut increments: Vec<(&str, i64, &str, i64)> = Vec::new();
    let mut timers: Vec<(i64, &str, &str, Timestamp, &str)> = Vec::new();
    let mut cancels: Vec<(i64, &str, &str)> = Vec::new();
    for (lane_id, plugin, write) in round {
        match write {
            Write::KvSet { scope, key, value, expires_at } => {
                let lane = scope_lane(*scope, *lane_id);
                // One statement must not meet a row twice; of lanes that write the same key, the last one's value holds.
                sets.retain(|set| (set.0, set.1, set.2) != (*plugin, lane, key.as_str()));
                sets.push((plugin, lane, key, value, utc(*expires_at)));
            }
            Write::KvDelete { scope, key } => deletes.push((plugin, scope_lane(*scope, *lane_id), key)),
            Write::KvIncrement { scope, key, by } => {
                increments.push((plugin, scope_lane(*scope, *lane_id), key, *by));
            }
            Write::TimerSet { name, at, payload } => timers.push((*lane_id, plugin, name, *at, payload)),
            Write::TimerCancel { name } => cancels.push((*lane_id, plugin, name)),
        }
    }
    if !sets.is_empty() {
        sqlx::query(KV_SET)
            .bind(tenant)
            .bind(sets.iter().map(|set| set.0).collect::<Vec<_>>())
            .bind(sets.iter().map(|set| set.1).collect::<Vec<_>>())
            .bind(sets.iter().map(|set| storable(set.2)).collect::<Vec<_>>())
            .bind(sets.iter().map(|set| storable(set.3)).collect::<Vec<_>>())
            .bind(sets.iter().map(|set| set.4).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.kv_set"))?;
    }
    if !deletes.is_empty() {
        sqlx::query(KV_DELETE)
            .bind(tenant)
            .bind(deletes.iter().map(|d| d.0).collect::<Vec<_>>())
            .bind(deletes.iter().map(|d| d.1).collect::<Vec<_>>())
            .bind(deletes.iter().map(|d| storable(d.2)).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.kv_delete"))?;
    }
    if !increments.is_empty() {
        sqlx::query(KV_INCREMENT)
            .bind(tenant)
            .bind(increments.iter().map(|i| i.0).collect::<Vec<_>>())
            .bind(increments.iter().map(|i| i.1).collect::<Vec<_>>())
            .bind(increments.iter().map(|i| storable(i.2)).collect::<Vec<_>>())
            .bind(increments.iter().map(|i| i.3).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.kv_increment"))?;
    }
    if !timers.is_empty() {
        sqlx::query(TIMER_SET)
            .bind(tenant)
            .bind(timers.iter().map(|t| t.0).collect::<Vec<_>>())
            .bind(timers.iter().map(|t| t.1).collect::<Vec<_>>())
            .bind(timers.iter().map(|t| storable(t.2)).collect::<Vec<_>>())
            .bind(timers.iter().map(|t| at(t.3)).collect::<Vec<_>>())
            .bind(timers.iter().map(|t| storable(t.4)).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.timer_set"))?;
    }
    if !cancels.is_empty() {
        sqlx::query(TIMER_CANCEL)
            .bind(tenant)
            .bind(cancels.iter().map(|c| c.0).collect::<Vec<_>>())
            .bind(cancels.iter().map(|c| c.1).collect::<Vec<_>>())
            .bind(cancels.iter().map(|c| storable(c.2)).collect::<Vec<_>>())
            .execute(connection)
            .await
            .map_err(failed("finish.timer_cancel"))?;
    }
    Ok(())
}

async fn holds(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome], now: Timestamp) -> Result<()> {
    let released = || finished.iter().flat_map(|o| o.released.iter().map(move |plugin| (o.lane_id, plugin)));
    if released().next().is_some() {
        sqlx::query(HOLD_RELEASED)
            .bind(tenant)
            .bind(released().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
            .bind(released().map(|(_, plugin)| plugin.as_str()).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.hold_released"))?;
    }
    let set = || finished.iter().flat_map(|o| o.holds.iter());
    if set().next().is_some() {
        sqlx::query(HOLD_SET)
            .bind(tenant)
            .bind(set().map(|h| h.lane_id).collect::<Vec<_>>())
            .bind(set().map(|h| h.plugin.as_str()).collect::<Vec<_>>())
            .bind(set().map(|h| h.from_event).collect::<Vec<_>>())
            .bind(set().map(|h| h.attempts).collect::<Vec<_>>())
            .bind(set().map(|h| utc(h.next_at)).collect::<Vec<_>>())
            .bind(set().map(|h| storable(&h.error)).collect::<Vec<_>>())
            .bind(set().map(|h| h.single).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.hold_set"))?;
    }
    let dead = || finished.iter().flat_map(|o| o.dead_letters.iter().map(move |letter| (o.lane_id, letter)));
    if dead().next().is_some() {
        sqlx::query(DEAD_LETTERS)
            .bind(tenant)
            .bind(dead().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
            .bind(dead().map(|(_, d)| d.event_id).collect::<Vec<_>>())
            .bind(dead().map(|(_, d)| d.plugin.as_str()).collect::<Vec<_>>())
            .bind(dead().map(|(_, d)| d.inbox_id).collect::<Vec<_>>())
            .bind(dead().map(|(_, d)| storable(&d.error)).collect::<Vec<_>>())
            .bind(dead().map(|(_, d)| d.attempts).collect::<Vec<_>>())
            .bind(at(now))
            .execute(connection)
            .await
            .map_err(failed("finish.dead_letters"))?;
    }
    Ok(())
}

async fn hops(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let each = || finished.iter().flat_map(|o| o.hops.iter().map(move |hops| (o.lane_id, hops)));
    if each().next().is_none() {
        return Ok(());
    }
    sqlx::query(HOPS)
        .bind(tenant)
        .bind(each().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
        .bind(each().map(|(_, hops)| hops.0).collect::<Vec<_>>())
        .bind(each().map(|(_, hops)| hops.1).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed("finish.hops"))?;
    Ok(())
}

async fn agents(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let agents: Vec<(i32, &super::AgentRow)> =
        finished.iter().flat_map(|o| o.agents.iter().map(move |agent| (o.source_id, agent))).collect();
    for (source_id, agent) in agents {
        sqlx::query(AGENTS)
            .bind(tenant)
            .bind(source_id)
            .bind(&agent.agent_id)
            .bind(&agent.status)
            .bind(agent.capacity)
            .bind(&agent.groups)
            .bind(&agent.skills)
            .bind(&agent.languages)
            .bind(at(agent.stated_at))
            .execute(&mut *connection)
            .await
            .map_err(failed("finish.agents"))?;
    }
    Ok(())
}

async fn events(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome], now: Timestamp) -> Result<()> {
    let all: Vec<(i64, &NewEvent)> =
        finished.iter().flat_map(|o| o.events.iter().map(move |event| (o.lane_id, event))).collect();
    if all.is_empty() {
        return Ok(());
    }
    let keys = event_keys(&all);
    sqlx::query(EVENTS)
        .bind(tenant)
        .bind(all.iter().map(|(lane_id, _)| *lane_id).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, e)| e.source_id).collect::<Vec<_>>())
        .bind(keys.iter().map(Key::as_slice).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, e)| e.id.as_str()).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, e)| e.kind.as_str()).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, e)| at(e.at)).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, e)| e.subject.as_deref()).collect::<Vec<_>>())
        .bind(all.iter().map(|(_, e)| pack(&e.data)).collect::<Vec<_>>())
        .bind(at(now))
        .bind(all.iter().map(|(_, e)| e.hop).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed("finish.events"))?;
    Ok(())
}
