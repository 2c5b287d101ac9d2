//! API tokens: hashed, scoped, revocable.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::Row;

use crate::{Result, Store, at, failed};

const CREATE: &str = "
INSERT INTO token (tenant_id, name, hash, hint, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING token_id";

const CHECK: &str = "
SELECT token_id, name, scopes FROM token
WHERE tenant_id = $1 AND hash = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)";

const LIST: &str = "
SELECT token_id, name, hint, scopes, created_at, expires_at, revoked_at FROM token WHERE tenant_id = $1 ORDER BY token_id";

const REVOKE: &str = "
UPDATE token SET revoked_at = $3 WHERE tenant_id = $1 AND token_id = $2 AND revoked_at IS NULL";

pub(crate) const STATEMENTS: &[(&str, &str)] =
    &[("token.create", CREATE), ("token.check", CHECK), ("token.list", LIST), ("token.revoke", REVOKE)];

/// A token as it is listed; the token itself is nowhere.
#[derive(Clone, Debug)]
pub struct Listed {
    pub token_id: i64,
    pub name: String,
    pub hint: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// Who a token lets in, and for what.
#[derive(Clone, Debug)]
pub struct Bearer {
    pub token_id: i64,
    pub name: String,
    pub scopes: Vec<String>,
}

impl Store {
    /// Keeps the hash of a new token.
    pub async fn create_token(
        &self,
        name: &str,
        token: &str,
        scopes: &[String],
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<i64> {
        let hint: String = token.chars().take(8).collect();
        let row = sqlx::query(CREATE)
            .bind(self.tenant)
            .bind(name)
            .bind(Sha256::digest(token.as_bytes()).to_vec())
            .bind(hint)
            .bind(scopes)
            .bind(at(now))
            .bind(expires_at.map(at))
            .fetch_one(&self.reads)
            .await
            .map_err(failed("token.create"))?;
        Ok(row.get(0))
    }

    /// Whom `token` lets in at `now`; none where it is unknown, revoked or expired.
    pub async fn bearer(&self, token: &str, now: Timestamp) -> Result<Option<Bearer>> {
        let query = sqlx::query(CHECK).bind(self.tenant).bind(Sha256::digest(token.as_bytes()).to_vec()).bind(at(now));
        let row = query.fetch_optional(&self.reads).await.map_err(failed("token.check"))?;
        Ok(row.map(|row| Bearer { token_id: row.get(0), name: row.get(1), scopes: row.get(2) }))
    }

    /// All tokens, oldest first.
    pub async fn tokens(&self) -> Result<Vec<Listed>> {
        let query = sqlx::query(LIST).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("token.list"))?;
        let each = rows.iter().map(|row| Listed {
            token_id: row.get(0),
            name: row.get(1),
            hint: row.get(2),
            scopes: row.get(3),
            created_at: row.get::<DateTime<Utc>, _>(4).into(),
            expires_at: row.get::<Option<DateTime<Utc>>, _>(5).map(Into::into),
            revoked_at: row.get::<Option<DateTime<Utc>>, _>(6).map(Into::into),
        });
        Ok(each.collect())
    }

    /// Revokes a token; false where there is none that holds.
    pub async fn revoke_token(&self, token_id: i64, now: Timestamp) -> Result<bool> {
        let query = sqlx::query(REVOKE).bind(self.tenant).bind(token_id).bind(at(now));
        let done = query.execute(&self.reads).await.map_err(failed("token.revoke"))?;
        Ok(done.rows_affected() > 0)
    }
}
