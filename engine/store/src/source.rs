//! Sources: what events name as their source.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::{Result, Store, at, failed};

const NUMBER: &str = "
WITH made AS (
    INSERT INTO source (tenant_id, name) SELECT $1, $2
    WHERE NOT EXISTS (SELECT FROM source WHERE tenant_id = $1 AND name = $2)
    ON CONFLICT DO NOTHING RETURNING source_id)
SELECT source_id FROM made UNION ALL SELECT source_id FROM source WHERE tenant_id = $1 AND name = $2 LIMIT 1";

const LIST: &str = "
SELECT source_id, name, last_delivery_at, silent_since FROM source WHERE tenant_id = $1 ORDER BY name";

const NAME: &str = "SELECT name FROM source WHERE tenant_id = $1 AND source_id = $2";

const HEARD: &str = "
UPDATE source SET last_delivery_at = greatest(last_delivery_at, $3), silent_since = NULL
WHERE tenant_id = $1 AND source_id = $2";

const SILENT: &str = "
SELECT last_delivery_at FROM source
WHERE tenant_id = $1 AND source_id = $2 AND silent_since IS NULL AND coalesce(last_delivery_at, $4) <= $3";

// Unless it was heard meanwhile.
const NOTE_SILENT: &str = "
UPDATE source SET silent_since = coalesce(last_delivery_at, $4)
WHERE tenant_id = $1 AND source_id = $2 AND silent_since IS NULL AND last_delivery_at IS NOT DISTINCT FROM $3";

const DIGEST: &str = "
INSERT INTO setting (tenant_id, name, value) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, name) DO UPDATE SET value = setting.value RETURNING value";

const SET_DIGEST: &str = "
INSERT INTO setting (tenant_id, name, value) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("source.number", NUMBER),
    ("source.list", LIST),
    ("source.name", NAME),
    ("source.heard", HEARD),
    ("source.silent", SILENT),
    ("source.note_silent", NOTE_SILENT),
    ("setting.get_or_set", DIGEST),
    ("setting.set", SET_DIGEST),
];

/// A source as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    pub source_id: i32,
    pub name: String,
    pub last_delivery_at: Option<Timestamp>,
    pub silent_since: Option<Timestamp>,
}

/// A source from which nothing has come for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// None where it was never heard.
    pub last_delivery_at: Option<Timestamp>,
}

impl Store {
    /// The number of a source, which is made where it is new.
    pub async fn source(&self, name: &str) -> Result<i32> {
        // Two processes may make it at once: whoever comes second finds it at the second look.
        let mut row = None;
        for _ in 0..2 {
            let query = sqlx::query(NUMBER).bind(self.tenant).bind(name);
            row = query.fetch_optional(&self.reads).await.map_err(failed("source.number"))?;
            if row.is_some() {
                break;
            }
        }
        row.map(|row| row.get(0)).ok_or(sqlx::Error::RowNotFound).map_err(failed("source.number"))
    }

    /// The name of a source.
    pub async fn source_name(&self, source_id: i32) -> Result<String> {
        let query = sqlx::query(NAME).bind(self.tenant).bind(source_id);
        Ok(query.fetch_one(&self.reads).await.map_err(failed("source.name"))?.get(0))
    }

    /// All sources by name.
    pub async fn sources(&self) -> Result<Vec<Listed>> {
        let query = sqlx::query(LIST).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("source.list"))?;
        let each = rows.iter().map(|row| Listed {
            source_id: row.get(0),
            name: row.get(1),
            last_delivery_at: row.get::<Option<DateTime<Utc>>, _>(2).map(Into::into),
            silent_since: row.get::<Option<DateTime<Utc>>, _>(3).map(Into::into),
        });
        Ok(each.collect())
    }

    /// Notes that a source was heard.
    pub async fn heard(&self, source_id: i32, when: Timestamp) -> Result<()> {
        let query = sqlx::query(HEARD).bind(self.tenant).bind(source_id).bind(at(when));
        query.execute(&self.reads).await.map_err(failed("source.heard"))?;
        Ok(())
    }

    /// Whether a source has been silent since before `before` and that is not noted yet. One that was never heard counts from
    /// `since`.
    pub async fn silence(&self, source_id: i32, before: Timestamp, since: Timestamp) -> Result<Option<Silence>> {
        let query = sqlx::query(SILENT).bind(self.tenant).bind(source_id).bind(at(before)).bind(at(since));
        let row = query.fetch_optional(&self.reads).await.map_err(failed("source.silent"))?;
        Ok(row.map(|row| Silence { last_delivery_at: row.get::<Option<DateTime<Utc>>, _>(0).map(Into::into) }))
    }

    /// Notes that a source is silent, unless it has been heard meanwhile.
    pub async fn note_silent(&self, source_id: i32, silence: Silence, since: Timestamp) -> Result<()> {
        let query = sqlx::query(NOTE_SILENT).bind(self.tenant).bind(source_id);
        let query = query.bind(silence.last_delivery_at.map(at)).bind(at(since));
        query.execute(&self.reads).await.map_err(failed("source.note_silent"))?;
        Ok(())
    }

    /// A value that all processes must agree on: the first one's holds, and is given back.
    pub async fn agree_on(&self, name: &str, value: &str) -> Result<String> {
        let query = sqlx::query(DIGEST).bind(self.tenant).bind(name).bind(value);
        let row = query.fetch_one(&self.reads).await.map_err(failed("setting.get_or_set"))?;
        Ok(row.get(0))
    }

    /// Sets such a value, whatever it was.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        let query = sqlx::query(SET_DIGEST).bind(self.tenant).bind(name).bind(value);
        query.execute(&self.reads).await.map_err(failed("setting.set"))?;
        Ok(())
    }
}
