//! What nearly every decision leaves: tickets and their facts, calls of plugins, and actions. One statement for a whole
//! batch, for each statement costs the database the same again, and each round trip both sides a switch.

use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgConnection;

use super::{Outcome, utc};
use crate::{Result, at, at_all, failed, storable};

macro_rules! decided {
    (tickets: $tickets:literal, facts: $facts:literal, actions: $actions:literal, lanes: $lanes:literal) => {
        concat!(
            "
WITH tickets AS (
    INSERT INTO ticket (tenant_id, lane_id, source_id, state, last_at, n_held, open, assignee, requester, created_at, guard)
    SELECT $1, * FROM unnest($2::bigint[], $3::int[], $4::text[], $5::timestamptz[], $6::int[], $7::boolean[], $8::text[],
                             $9::text[], $10::timestamptz[], $11::text[])",
            $tickets,
            "
), facts AS (
    INSERT INTO ticket_fact (tenant_id, lane_id, source_id, created_at, facts)
    SELECT $1, * FROM unnest($12::bigint[], $13::int[], $14::timestamptz[], $15::bytea[])",
            $facts,
            "
), calls AS (
    INSERT INTO plugin_call (tenant_id, lane_id, event_id, called_at, plugin, version, kind, attempt, outcome, error,
                             effects, log, cpu_us, wall_us, memory_bytes)
    SELECT $1, * FROM unnest($16::bigint[], $17::bigint[], $18::timestamptz[], $19::text[], $20::text[], $21::text[],
                             $22::smallint[], $23::smallint[], $24::text[], $25::text[], $26::text[], $27::int[],
                             $28::int[], $29::bigint[])
), actions AS (
    INSERT INTO outbox (tenant_id, destination_id, lane_id, outbox_id, key, kind, action, event_id, plugin, hop, created_at)
    SELECT $1, destination_id, lane_id, nextval('outbox_id'), key, kind, action, event_id, plugin, hop, $38
    FROM unnest($30::int[], $31::bigint[], $32::uuid[], $33::text[], $34::text[], $35::bigint[], $36::text[], $37::smallint[])
        WITH ORDINALITY AS a (destination_id, lane_id, key, kind, action, event_id, plugin, hop, place)
    ORDER BY place",
            $actions,
            "
)
INSERT INTO outbox_lane (tenant_id, destination_id, lane_id, arrivals, wake_at)
SELECT DISTINCT $1, destination_id, lane_id, 1, now()
FROM unnest($30::int[], $31::bigint[]) AS a (destination_id, lane_id) ORDER BY 2, 3",
            $lanes
        )
    };
}

pub(super) const DECIDED: &str = decided!(
    tickets: "
    ON CONFLICT (tenant_id, lane_id) DO UPDATE SET state = excluded.state, last_at = excluded.last_at,
        n_held = excluded.n_held, open = excluded.open, assignee = excluded.assignee, requester = excluded.requester,
        created_at = excluded.created_at, guard = excluded.guard",
    facts: "
    ON CONFLICT (tenant_id, lane_id) DO UPDATE SET created_at = excluded.created_at, facts = excluded.facts",
    actions: "
    ON CONFLICT (tenant_id, key) DO NOTHING",
    lanes: "
ON CONFLICT (tenant_id, destination_id, lane_id) DO UPDATE SET arrivals = outbox_lane.arrivals + 1,
    -- A lane that is claimed keeps its lease's end, one that waits for its next attempt keeps waiting.
    wake_at = CASE WHEN outbox_lane.lease_token IS NULL AND outbox_lane.attempts = 0 THEN now() ELSE outbox_lane.wake_at END"
);

/// For lanes that nothing was ever decided for. Looking for rows that are not there, and marking each as not yet certain,
/// is an eighth of the database's work.
pub(super) const FIRST_DECIDED: &str = decided!(tickets: "", facts: "", actions: "", lanes: "");

pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: i32,
    finished: &[&Outcome],
    now: Timestamp,
) -> Result<()> {
    let (first, further): (Vec<&Outcome>, Vec<&Outcome>) = finished.iter().partition(|outcome| outcome.first);
    write_with(FIRST_DECIDED, connection, tenant, &first, now).await?;
    write_with(DECIDED, connection, tenant, &further, now).await
}

async fn write_with(
    statement: &'static str,
    connection: &mut PgConnection,
    tenant: i32,
    finished: &[&Outcome],
    now: Timestamp,
) -> Result<()> {
    let tickets = || finished.iter().filter_map(|o| o.ticket.as_ref().map(|ticket| (*o, ticket)));
    let facts = || tickets().filter_map(|(o, t)| Some((o, t.created_at?, t.facts.as_deref()?)));
    let calls = || finished.iter().flat_map(|o| o.calls.iter().map(move |call| (o.lane_id, call)));
    let actions = || finished.iter().flat_map(|o| o.actions.iter().map(move |action| (o.lane_id, action)));
    if tickets().next().is_none() && calls().next().is_none() && actions().next().is_none() {
        return Ok(());
    }
    sqlx::query(statement)
        .bind(tenant)
        .bind(tickets().map(|(o, _)| o.lane_id).collect::<Vec<_>>())
        .bind(tickets().map(|(o, _)| o.source_id).collect::<Vec<_>>())
        .bind(tickets().map(|(_, t)| t.state.as_deref()).collect::<Vec<_>>())
        .bind(at_all(tickets().map(|(_, t)| &t.last_at)))
        .bind(tickets().map(|(_, t)| t.n_held as i32).collect::<Vec<_>>())
        .bind(tickets().map(|(_, t)| t.open).collect::<Vec<_>>())
        .bind(tickets().map(|(_, t)| t.assignee.as_deref()).collect::<Vec<_>>())
        .bind(tickets().map(|(_, t)| t.requester.as_deref()).collect::<Vec<_>>())
        .bind(tickets().map(|(_, t)| utc(t.created_at)).collect::<Vec<_>>())
        .bind(tickets().map(|(_, t)| t.guard.as_deref()).collect::<Vec<_>>())
        .bind(facts().map(|(o, ..)| o.lane_id).collect::<Vec<_>>())
        .bind(facts().map(|(o, ..)| o.source_id).collect::<Vec<_>>())
        .bind(facts().map(|(_, created_at, _)| at(created_at)).collect::<Vec<_>>())
        .bind(facts().map(|(.., facts)| facts).collect::<Vec<_>>())
        .bind(calls().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.event_id).collect::<Vec<_>>())
        .bind(at_all(calls().map(|(_, c)| &c.called_at)))
        .bind(calls().map(|(_, c)| c.plugin.as_str()).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.version.as_str()).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.kind.as_str()).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.attempt).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.outcome as i16).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.error.as_deref().map(storable)).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.effects.as_deref()).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.log.as_deref()).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.cpu_us).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.wall_us).collect::<Vec<_>>())
        .bind(calls().map(|(_, c)| c.memory_bytes).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.destination_id).collect::<Vec<_>>())
        .bind(actions().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.key).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.kind.as_str()).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.action.as_str()).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.event_id).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.plugin.as_str()).collect::<Vec<_>>())
        .bind(actions().map(|(_, a)| a.hop).collect::<Vec<_>>())
        .bind(at(now))
        .execute(connection)
        .await
        .map_err(failed("finish.decided"))?;
    Ok(())
}
