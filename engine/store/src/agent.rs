//! Agents: what they last said to be, and their load.

use deskbell_model::plugin::Agent;
use sqlx::Row;

use crate::{Result, Store, failed};

const LIST: &str = "
SELECT a.agent_id, a.status, a.capacity, a.groups, a.skills, a.languages,
    (SELECT count(*) FROM ticket AS t
     WHERE t.tenant_id = $1 AND t.source_id = $2 AND t.assignee = a.agent_id AND t.open) AS n_open
FROM agent AS a WHERE a.tenant_id = $1 AND a.source_id = $2 AND ($3::text IS NULL OR $3 = ANY (a.groups))
ORDER BY a.agent_id COLLATE \"C\"";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("agent.list", LIST)];

impl Store {
    /// The agents of a source by id, with `group` only its members.
    pub async fn agents(&self, source_id: i32, group: Option<&str>) -> Result<Vec<Agent>> {
        let query = sqlx::query(LIST).bind(self.tenant).bind(source_id).bind(group);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("agent.list"))?;
        let agents = rows.iter().map(|row| Agent {
            id: row.get(0),
            status: row.get(1),
            capacity: row.get::<Option<i32>, _>(2).map(|n| n.max(0) as u32),
            groups: row.get(3),
            skills: row.get(4),
            languages: row.get(5),
            open_tickets: row.get::<i64, _>(6) as u32,
        });
        Ok(agents.collect())
    }
}
