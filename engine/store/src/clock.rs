//! Service level clocks: what has been told of them, and which policies held when.

use std::collections::BTreeSet;
use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

use crate::finish::Outcome;
use crate::{Result, Store, at, failed};

/// What a lane's clocks have come to.
#[derive(Clone, Debug)]
pub struct ClocksRow {
    /// When the next one wakes the lane; none where no clock does.
    pub next: Option<Timestamp>,
    /// Everything that has been told, in the compact form; none where that has not changed.
    pub told: Option<Vec<u8>>,
}

/// Policies and calendars that engines have run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    pub digest: Vec<u8>,
    /// TOML.
    pub definition: String,
    pub since: Timestamp,
}

/// Whose open tickets' clocks a change concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concerned {
    None,
    /// Those of these sources.
    Sources(Vec<String>),
    All,
}

impl Concerned {
    /// Sources that have come, and those that are gone. What is not known may be any.
    fn between(before: Option<&str>, now: &BTreeSet<&str>) -> Self {
        let Some(before) = before else { return Self::All };
        let before: BTreeSet<&str> = before.lines().collect();
        let others: Vec<String> = before.symmetric_difference(now).map(|name| (*name).to_owned()).collect();
        if others.is_empty() { Self::None } else { Self::Sources(others) }
    }

    fn sources(&self) -> Option<&[String]> {
        match self {
            Self::None => Some(&[]),
            Self::Sources(names) => Some(names),
            Self::All => None,
        }
    }
}

const TOLD: &str = "
INSERT INTO ticket_sla (tenant_id, lane_id, told)
SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])
ON CONFLICT (tenant_id, lane_id) DO UPDATE SET told = excluded.told";

// Where nothing has come since the claim, these are the lane's last events, written a moment ago in this transaction.
const PASS_OVER: &str = "
UPDATE lane SET done_event = (
    SELECT max(event_id) FROM event WHERE event.tenant_id = $1 AND event.lane_id = lane.lane_id)
FROM unnest($2::bigint[], $3::bigint[]) AS o (lane_id, arrivals)
WHERE lane.tenant_id = $1 AND lane.lane_id = ANY ($2) AND lane.lane_id = o.lane_id AND lane.arrivals = o.arrivals";

const EDITIONS: &str = "SELECT digest, definition, since FROM sla_edition WHERE tenant_id = $1 ORDER BY edition";

const ONE_AT_A_TIME: &str = "SELECT tenant_id FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE";

const LAST: &str = "SELECT digest FROM sla_edition WHERE tenant_id = $1 ORDER BY edition DESC LIMIT 1";

const ADD: &str = "
INSERT INTO sla_edition (tenant_id, edition, digest, definition, since)
SELECT $1, coalesce(max(edition), 0) + 1, $2, $3, $4 FROM sla_edition WHERE tenant_id = $1";

const LAST_SOURCES: &str = "SELECT value FROM setting WHERE tenant_id = $1 AND name = 'sla.sources'";

const SOURCES: &str = "
INSERT INTO setting (tenant_id, name, value) VALUES ($1, 'sla.sources', $2)
ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value WHERE setting.value <> excluded.value";

const WAKE: &str = "
UPDATE lane SET arrivals = arrivals + 1, next_clock = now(),
    wake_at = CASE WHEN lease_token IS NULL THEN least(wake_at, now()) ELSE wake_at END
WHERE tenant_id = $1 AND lane_id = ANY (ARRAY(
    SELECT l.lane_id FROM lane AS l JOIN ticket AS t ON t.tenant_id = l.tenant_id AND t.lane_id = l.lane_id
    WHERE l.tenant_id = $1 AND t.open AND ($2::text[] IS NULL OR l.source_id = ANY (ARRAY(
        SELECT source_id FROM source WHERE tenant_id = $1 AND name = ANY ($2))))
    ORDER BY l.source_id, l.kind, l.key FOR UPDATE OF l))";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("clock.told", TOLD),
    ("clock.pass_over", PASS_OVER),
    ("clock.editions", EDITIONS),
    ("clock.one_at_a_time", ONE_AT_A_TIME),
    ("clock.last", LAST),
    ("clock.add", ADD),
    ("clock.last_sources", LAST_SOURCES),
    ("clock.sources", SOURCES),
    ("clock.wake", WAKE),
];

/// It wakes every open ticket.
const NOTE_WITHIN: Duration = Duration::from_mins(2);

impl Store {
    /// The policies and calendars that engines have run with, in the order of time.
    pub async fn sla_editions(&self) -> Result<Vec<Edition>> {
        let query = sqlx::query(EDITIONS).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("clock.editions"))?;
        let edition = |row: &sqlx::postgres::PgRow| Edition {
            digest: row.get(0),
            definition: row.get(1),
            since: row.get::<chrono::DateTime<chrono::Utc>, _>(2).into(),
        };
        Ok(rows.iter().map(edition).collect())
    }

    /// Notes what an engine runs with, and for which sources. Where that is not what the last one ran with, the clocks of
    /// open tickets that it concerns are looked at once.
    pub async fn note_sla(&self, edition: &Edition, sources: &BTreeSet<&str>) -> Result<Concerned> {
        self.work.within_limit("clock.note", NOTE_WITHIN, self.note_sla_in_one(edition, sources)).await
    }

    async fn note_sla_in_one(&self, edition: &Edition, sources: &BTreeSet<&str>) -> Result<Concerned> {
        let mut connection = self.work.acquire().await.map_err(failed("clock.begin"))?;
        let mut transaction = connection.begin().await.map_err(failed("clock.begin"))?;
        let lock = sqlx::query(ONE_AT_A_TIME).bind(self.tenant);
        lock.execute(&mut *transaction).await.map_err(failed("clock.one_at_a_time"))?;
        let last = sqlx::query(LAST).bind(self.tenant).fetch_optional(&mut *transaction).await;
        let last: Option<Vec<u8>> = last.map_err(failed("clock.last"))?.map(|row| row.get(0));
        let last_sources = sqlx::query(LAST_SOURCES).bind(self.tenant).fetch_optional(&mut *transaction).await;
        let last_sources: Option<String> = last_sources.map_err(failed("clock.last_sources"))?.map(|row| row.get(0));
        let is_new = last.as_ref() != Some(&edition.digest);
        let concerned = if is_new { Concerned::All } else { Concerned::between(last_sources.as_deref(), sources) };
        if is_new {
            let add = sqlx::query(ADD).bind(self.tenant).bind(&edition.digest).bind(&edition.definition);
            add.bind(at(edition.since)).execute(&mut *transaction).await.map_err(failed("clock.add"))?;
        }
        let sources: Vec<&str> = sources.iter().copied().collect();
        let note = sqlx::query(SOURCES).bind(self.tenant).bind(sources.join("\n"));
        note.execute(&mut *transaction).await.map_err(failed("clock.sources"))?;
        if concerned != Concerned::None {
            let wake = sqlx::query(WAKE).bind(self.tenant).bind(concerned.sources());
            wake.execute(&mut *transaction).await.map_err(failed("clock.wake"))?;
        }
        transaction.commit().await.map_err(failed("clock.commit"))?;
        connection.give_back();
        Ok(concerned)
    }
}

/// Writes what clocks have come to; before the lanes are released.
pub(crate) async fn write(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let each = || finished.iter().filter_map(|o| o.clocks.as_ref().map(|clocks| (*o, clocks)));
    if each().next().is_none() {
        return Ok(());
    }
    let told = || each().filter_map(|(o, clocks)| Some((o.lane_id, clocks.told.as_deref()?)));
    if told().next().is_some() {
        sqlx::query(TOLD)
            .bind(tenant)
            .bind(told().map(|(lane_id, _)| lane_id).collect::<Vec<_>>())
            .bind(told().map(|(_, told)| told).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await
            .map_err(failed("clock.told"))?;
    }
    let passed_over: Vec<&&Outcome> = finished.iter().filter(|o| o.pass_over).collect();
    if !passed_over.is_empty() {
        sqlx::query(PASS_OVER)
            .bind(tenant)
            .bind(passed_over.iter().map(|o| o.lane_id).collect::<Vec<_>>())
            .bind(passed_over.iter().map(|o| o.arrivals).collect::<Vec<_>>())
            .execute(connection)
            .await
            .map_err(failed("clock.pass_over"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_sources_concerns_those_that_came_or_went() {
        let now = BTreeSet::from(["a", "c"]);
        assert_eq!(Concerned::between(Some("a\nc"), &now), Concerned::None);
        assert_eq!(Concerned::between(Some("a\nb"), &now), Concerned::Sources(vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(Concerned::between(Some(""), &now), Concerned::Sources(vec!["a".to_owned(), "c".to_owned()]));
        assert_eq!(Concerned::between(None, &now), Concerned::All);
    }
}
