//! Installed plugins: components, so that every engine process runs the same.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::{Connection, Row};

use crate::{Result, Store, at, failed};

/// An installed version of a plugin.
#[derive(Clone, Debug)]
pub struct Installed {
    pub name: String,
    pub version: String,
    pub digest: Vec<u8>,
    pub manifest: String,
    pub installed_at: Timestamp,
    pub active: bool,
}

const INSTALL: &str = "
INSERT INTO plugin (tenant_id, name, digest, version, component, manifest, installed_at, active)
VALUES ($1, $2, $3, $4, $5, $6, $7, true)
ON CONFLICT (tenant_id, name, digest) DO UPDATE SET active = true, installed_at = excluded.installed_at";

const DEACTIVATE: &str = "UPDATE plugin SET active = false WHERE tenant_id = $1 AND name = $2 AND active";

const ACTIVATE: &str = "
UPDATE plugin SET active = true WHERE tenant_id = $1 AND name = $2 AND digest = $3";

const LIST: &str = "
SELECT name, version, digest, manifest, installed_at, active FROM plugin WHERE tenant_id = $1
ORDER BY name, installed_at DESC";

const COMPONENT: &str = "SELECT component FROM plugin WHERE tenant_id = $1 AND name = $2 AND digest = $3";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("plugin.install", INSTALL),
    ("plugin.deactivate", DEACTIVATE),
    ("plugin.activate", ACTIVATE),
    ("plugin.list", LIST),
    ("plugin.component", COMPONENT),
];

impl Store {
    /// Installs a component and makes it the active version of its name.
    pub async fn install_plugin(
        &self,
        name: &str,
        version: &str,
        digest: &[u8],
        component: &[u8],
        manifest: &str,
        now: Timestamp,
    ) -> Result<()> {
        let installing = self.install_in_one(name, version, digest, component, manifest, now);
        self.reads.within("plugin.install", installing).await
    }

    async fn install_in_one(
        &self,
        name: &str,
        version: &str,
        digest: &[u8],
        component: &[u8],
        manifest: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut connection = self.reads.acquire().await.map_err(failed("plugin.install"))?;
        let mut transaction = connection.begin().await.map_err(failed("plugin.install"))?;
        let deactivate = sqlx::query(DEACTIVATE).bind(self.tenant).bind(name);
        deactivate.execute(&mut *transaction).await.map_err(failed("plugin.deactivate"))?;
        sqlx::query(INSTALL)
            .bind(self.tenant)
            .bind(name)
            .bind(digest)
            .bind(version)
            .bind(component)
            .bind(manifest)
            .bind(at(now))
            .execute(&mut *transaction)
            .await
            .map_err(failed("plugin.install"))?;
        transaction.commit().await.map_err(failed("plugin.install"))?;
        connection.give_back();
        Ok(())
    }

    /// Makes an installed version the active one, or none of them (the shipped one then runs again).
    pub async fn activate_plugin(&self, name: &str, digest: Option<&[u8]>) -> Result<bool> {
        self.reads.within("plugin.activate", self.activate_in_one(name, digest)).await
    }

    async fn activate_in_one(&self, name: &str, digest: Option<&[u8]>) -> Result<bool> {
        let mut connection = self.reads.acquire().await.map_err(failed("plugin.activate"))?;
        let mut transaction = connection.begin().await.map_err(failed("plugin.activate"))?;
        let deactivate = sqlx::query(DEACTIVATE).bind(self.tenant).bind(name);
        let mut done = deactivate.execute(&mut *transaction).await.map_err(failed("plugin.deactivate"))?;
        if let Some(digest) = digest {
            let activate = sqlx::query(ACTIVATE).bind(self.tenant).bind(name).bind(digest);
            done = activate.execute(&mut *transaction).await.map_err(failed("plugin.activate"))?;
        }
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        transaction.commit().await.map_err(failed("plugin.activate"))?;
        connection.give_back();
        Ok(true)
    }

    /// All installed versions, by name, youngest first.
    pub async fn installed_plugins(&self) -> Result<Vec<Installed>> {
        let query = sqlx::query(LIST).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("plugin.list"))?;
        let each = rows.iter().map(|row| Installed {
            name: row.get(0),
            version: row.get(1),
            digest: row.get(2),
            manifest: row.get(3),
            installed_at: row.get::<DateTime<Utc>, _>(4).into(),
            active: row.get(5),
        });
        Ok(each.collect())
    }

    /// The component of an installed version.
    pub async fn plugin_component(&self, name: &str, digest: &[u8]) -> Result<Option<Vec<u8>>> {
        let query = sqlx::query(COMPONENT).bind(self.tenant).bind(name).bind(digest);
        let row = query.fetch_optional(&self.reads).await.map_err(failed("plugin.component"))?;
        Ok(row.map(|row| row.get(0)))
    }
}
