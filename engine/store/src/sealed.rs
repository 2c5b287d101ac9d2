//! Which secrets are sealed in the database: their names and dates, never themselves.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::{Result, Store, failed};

/// A sealed secret as it is listed.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// `source:NAME` or `destination:NAME`.
    pub owner: String,
    pub name: String,
    pub changed_at: Timestamp,
    /// The one before it is accepted too.
    pub has_previous: bool,
}

const LIST: &str = "
SELECT owner, name, changed_at, previous IS NOT NULL FROM secret WHERE tenant_id = $1 ORDER BY owner, name";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("sealed.list", LIST)];

impl Store {
    /// All sealed secrets, by owner and name.
    pub async fn sealed_secrets(&self) -> Result<Vec<Sealed>> {
        let query = sqlx::query(LIST).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("sealed.list"))?;
        let each = rows.iter().map(|row| Sealed {
            owner: row.get(0),
            name: row.get(1),
            changed_at: row.get::<DateTime<Utc>, _>(2).into(),
            has_previous: row.get(3),
        });
        Ok(each.collect())
    }
}
