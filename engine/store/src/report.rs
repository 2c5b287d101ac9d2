//! The archive of reports, and what reports are made of besides key figures: comments and what the plugins did.

use chrono::{DateTime, Utc};
use deskbell_model::activity::Activity;
use deskbell_model::event::{LaneKind, RatingKind};
use deskbell_model::plugin::LowRating;
use deskbell_model::timestamp::Timestamp;
use serde_json::{Map, Value, json};
use sqlx::postgres::PgRow;
use sqlx::{Connection, Row};
use uuid::Uuid;

use crate::{Result, Store, at, failed, storable};

/// What became of a report.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was made.
    Made {
        title: String,
        /// JSON text.
        document: String,
        html: String,
        pdf: Vec<u8>,
    },
    /// It could not be made, for this reason, in so many attempts. `again` is what a replay of the dead letter does.
    Failed { error: String, attempts: i32, again: Errand },
}

impl Outcome {
    const fn is_made(&self) -> bool {
        matches!(self, Self::Made { .. })
    }
}

/// A report to file.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub report: String,
    /// When it was due, where a schedule wanted it.
    pub due_at: Option<Timestamp>,
    pub period: (Timestamp, Timestamp),
    pub outcome: Outcome,
}

/// Something that brings a filed report to somebody.
#[derive(Clone, Debug)]
pub struct Errand {
    pub destination_id: i32,
    /// The same one for the same report and destination.
    pub key: Uuid,
    pub kind: &'static str,
    /// What it brings along; the run's number is added.
    pub data: Map<String, Value>,
}

/// A filed report.
#[derive(Clone, Debug)]
pub struct Run {
    pub report_run_id: i64,
    pub report: String,
    pub due_at: Option<Timestamp>,
    pub period: (Timestamp, Timestamp),
    pub title: Option<String>,
    pub error: Option<String>,
    pub created_at: Timestamp,
}

/// What a filed report says.
#[derive(Clone, Debug)]
pub struct Content {
    pub report: String,
    /// JSON text.
    pub document: String,
    pub html: String,
    pub pdf: Vec<u8>,
}

const FILE: &str = "
INSERT INTO report_run (tenant_id, report, due_at, period_from, period_to, title, state, error, document, html, pdf, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (tenant_id, report, due_at) DO UPDATE SET state = excluded.state, error = excluded.error, title = excluded.title,
    document = excluded.document, html = excluded.html, pdf = excluded.pdf, created_at = excluded.created_at
    -- What was made stays as it was sent.
    WHERE report_run.state = 1
RETURNING report_run_id";

const LANE: &str = "
INSERT INTO lane (tenant_id, source_id, kind, key, arrivals) VALUES ($1, $2, $3, '', 0)
ON CONFLICT (tenant_id, source_id, kind, key) DO UPDATE SET arrivals = lane.arrivals RETURNING lane_id";

const SEND: &str = "
INSERT INTO outbox (tenant_id, destination_id, lane_id, outbox_id, key, kind, action, event_id, plugin, hop, created_at)
VALUES ($1, $2, $3, nextval('outbox_id'), $4, $5, $6, 0, $7, 0, $8) ON CONFLICT (tenant_id, key) DO NOTHING";

const WAKE: &str = "
INSERT INTO outbox_lane (tenant_id, destination_id, lane_id, arrivals, wake_at) VALUES ($1, $2, $3, 1, now())
ON CONFLICT (tenant_id, destination_id, lane_id) DO UPDATE SET arrivals = outbox_lane.arrivals + 1,
    wake_at = CASE WHEN outbox_lane.lease_token IS NULL AND outbox_lane.attempts = 0 THEN now() ELSE outbox_lane.wake_at END";

// As the deliverer leaves an action that it gave up.
const SET_ASIDE: &str = "
WITH lane AS (
    INSERT INTO outbox_lane (tenant_id, destination_id, lane_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING),
gone AS (
    INSERT INTO outbox (tenant_id, destination_id, lane_id, outbox_id, key, kind, action, event_id, plugin, hop, state,
        created_at, ended_at, reference)
    VALUES ($1, $2, $3, nextval('outbox_id'), $4, $5, $6, 0, $7, 0, 3, $8, $8, $9)
    ON CONFLICT (tenant_id, key) DO NOTHING RETURNING outbox_id)
INSERT INTO dead_letter (tenant_id, kind, lane_id, outbox_id, destination_id, error, attempts, set_aside_at)
SELECT $1, 1, $3, outbox_id, $2, $9, $10, $8 FROM gone";

const LIST: &str = "
SELECT report_run_id, report, due_at, period_from, period_to, title, error, created_at FROM report_run
WHERE tenant_id = $1 AND ($2::text IS NULL OR report = $2) ORDER BY report_run_id DESC LIMIT $3";

const CONTENT: &str = "
SELECT report, document, html, pdf FROM report_run WHERE tenant_id = $1 AND report_run_id = $2 AND state = 0";

const COMMENTS: &str = "
SELECT data FROM activity WHERE tenant_id = $1 AND at >= $2 AND at < $3 AND ($4::int IS NULL OR source_id = $4)
ORDER BY at DESC, event_id DESC";

const CALLS: &str = "
SELECT plugin, count(*), count(*) FILTER (WHERE outcome <> 0), coalesce(sum(cpu_us), 0)::bigint FROM plugin_call
WHERE tenant_id = $1 AND called_at >= $2 AND called_at < $3 GROUP BY plugin ORDER BY plugin";

const ACTIONS: &str = "
SELECT o.plugin, o.kind, d.name, count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state < 2),
    count(*) FILTER (WHERE state = 3), count(*) FILTER (WHERE state = 4)
FROM outbox AS o JOIN destination AS d USING (tenant_id, destination_id)
WHERE o.tenant_id = $1 AND o.created_at >= $2 AND o.created_at < $3 AND o.kind NOT LIKE 'report.%'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("report.file", FILE),
    ("report.lane", LANE),
    ("report.send", SEND),
    ("report.wake", WAKE),
    ("report.set_aside", SET_ASIDE),
    ("report.list", LIST),
    ("report.content", CONTENT),
    ("report.comments", COMMENTS),
    ("report.calls", CALLS),
    ("report.actions", ACTIONS),
];

fn time(row: &PgRow, place: usize) -> Timestamp {
    row.get::<DateTime<Utc>, _>(place).into()
}

fn run(row: &PgRow) -> Run {
    Run {
        report_run_id: row.get(0),
        report: row.get(1),
        due_at: row.get::<Option<DateTime<Utc>>, _>(2).map(Into::into),
        period: (time(row, 3), time(row, 4)),
        title: row.get(5),
        error: row.get(6),
        created_at: time(row, 7),
    }
}

impl Store {
    /// Files a report and has it brought to its recipients, in one transaction; its number. None where a scheduled one
    /// was already made: then nothing is sent either. `source_id` is the engine's own source, whose lane its errands take.
    pub async fn file_report(
        &self,
        new: &NewRun,
        errands: &[Errand],
        source_id: i32,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        self.work.within("report.file", self.file_in_time(new, errands, source_id, now)).await
    }

    async fn file_in_time(
        &self,
        new: &NewRun,
        errands: &[Errand],
        source_id: i32,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let mut connection = self.work.acquire().await.map_err(failed("report.file"))?;
        let mut transaction = connection.begin().await.map_err(failed("report.file"))?;
        let (title, document, html, pdf, error) = match &new.outcome {
            Outcome::Made { title, document, html, pdf } => (Some(title), Some(document), Some(html), Some(pdf), None),
            Outcome::Failed { error, .. } => (None, None, None, None, Some(error)),
        };
        let filed = sqlx::query(FILE)
            .bind(self.tenant)
            .bind(&new.report)
            .bind(new.due_at.map(at))
            .bind(at(new.period.0))
            .bind(at(new.period.1))
            .bind(title.map(|text| storable(text)))
            .bind(i16::from(error.is_some()))
            .bind(error.map(|text| storable(text)))
            .bind(document.map(|text| storable(text)))
            .bind(html.map(|text| storable(text)))
            .bind(pdf)
            .bind(at(now));
        let row = filed.fetch_optional(&mut *transaction).await.map_err(failed("report.file"))?;
        let run_id: Option<i64> = row.map(|row| row.get(0));
        if let Some(run_id) = run_id {
            if let Outcome::Failed { error, attempts, again } = &new.outcome {
                let lane_id = self.own_lane(&mut transaction, source_id).await?;
                self.set_aside(&mut transaction, lane_id, &new.report, again, (error, *attempts), now).await?;
            }
            // A notice of failure is about no report in the archive.
            let about = (new.outcome.is_made()).then_some(run_id);
            self.add_errands(&mut transaction, about, &new.report, errands, source_id, now).await?;
        }
        transaction.commit().await.map_err(failed("report.file"))?;
        connection.give_back();
        Ok(run_id)
    }

    /// Has a filed report brought to somebody.
    pub async fn send_report(
        &self,
        run_id: i64,
        report: &str,
        errands: &[Errand],
        source_id: i32,
        now: Timestamp,
    ) -> Result<()> {
        let sent = async {
            let mut connection = self.work.acquire().await.map_err(failed("report.send"))?;
            let mut transaction = connection.begin().await.map_err(failed("report.send"))?;
            self.add_errands(&mut transaction, Some(run_id), report, errands, source_id, now).await?;
            transaction.commit().await.map_err(failed("report.send"))?;
            connection.give_back();
            Ok(())
        };
        self.work.within("report.send", sent).await
    }

    async fn add_errands(
        &self,
        connection: &mut sqlx::PgConnection,
        run_id: Option<i64>,
        report: &str,
        errands: &[Errand],
        source_id: i32,
        now: Timestamp,
    ) -> Result<()> {
        if errands.is_empty() {
            return Ok(());
        }
        let lane_id = self.own_lane(connection, source_id).await?;
        for errand in errands {
            let mut data = errand.data.clone();
            data.extend(run_id.map(|run_id| ("run".to_owned(), json!(run_id))));
            let action = json!({ "data": data }).to_string();
            let send = sqlx::query(SEND)
                .bind(self.tenant)
                .bind(errand.destination_id)
                .bind(lane_id)
                .bind(errand.key)
                .bind(errand.kind)
                .bind(storable(&action))
                .bind(format!("report:{report}"))
                .bind(at(now));
            send.execute(&mut *connection).await.map_err(failed("report.send"))?;
            let wake = sqlx::query(WAKE).bind(self.tenant).bind(errand.destination_id).bind(lane_id);
            wake.execute(&mut *connection).await.map_err(failed("report.wake"))?;
        }
        Ok(())
    }

    async fn own_lane(&self, connection: &mut sqlx::PgConnection, source_id: i32) -> Result<i64> {
        let lane = sqlx::query(LANE).bind(self.tenant).bind(source_id).bind(crate::lane::kind_number(LaneKind::Source));
        Ok(lane.fetch_one(connection).await.map_err(failed("report.lane"))?.get(0))
    }

    /// Leaves a report that was given up as a dead letter.
    async fn set_aside(
        &self,
        connection: &mut sqlx::PgConnection,
        lane_id: i64,
        report: &str,
        again: &Errand,
        (error, attempts): (&str, i32),
        now: Timestamp,
    ) -> Result<()> {
        let query = sqlx::query(SET_ASIDE)
            .bind(self.tenant)
            .bind(again.destination_id)
            .bind(lane_id)
            .bind(again.key)
            .bind(again.kind)
            .bind(storable(&json!({ "data": again.data }).to_string()))
            .bind(format!("report:{report}"))
            .bind(at(now))
            .bind(storable(error))
            .bind(attempts);
        query.execute(connection).await.map_err(failed("report.set_aside"))?;
        Ok(())
    }

    /// The latest filed reports, latest first.
    pub async fn reports(&self, report: Option<&str>, limit: i64) -> Result<Vec<Run>> {
        let query = sqlx::query(LIST).bind(self.tenant).bind(report).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("report.list"))?;
        Ok(rows.iter().map(run).collect())
    }

    /// What a filed report says; none where there is none, or it failed.
    pub async fn report_content(&self, run_id: i64) -> Result<Option<Content>> {
        let query = sqlx::query(CONTENT).bind(self.tenant).bind(run_id);
        let row = query.fetch_optional(&self.reads).await.map_err(failed("report.content"))?;
        Ok(row.map(|row| Content { report: row.get(0), document: row.get(1), html: row.get(2), pdf: row.get(3) }))
    }

    /// Comments beside ratings in the lower half of their scale, given in the period, the latest `limit`, latest first.
    pub async fn low_ratings(
        &self,
        (from, to): (Timestamp, Timestamp),
        source_id: Option<i32>,
        limit: usize,
    ) -> Result<Vec<LowRating>> {
        let query = sqlx::query(COMMENTS).bind(self.tenant).bind(at(from)).bind(at(to)).bind(source_id);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("report.comments"))?;
        let low = rows.iter().filter_map(|row| low_rating(row.get(0)));
        Ok(low.take(limit).collect())
    }

    /// What the plugins did in a period: `plugins` by name, `actions` by destination.
    pub async fn automation_figures(&self, (from, to): (Timestamp, Timestamp)) -> Result<Value> {
        let calls = sqlx::query(CALLS).bind(self.tenant).bind(at(from)).bind(at(to));
        let calls = calls.fetch_all(&self.reads).await.map_err(failed("report.calls"))?;
        let actions = sqlx::query(ACTIONS).bind(self.tenant).bind(at(from)).bind(at(to));
        let actions = actions.fetch_all(&self.reads).await.map_err(failed("report.actions"))?;
        let mut plugins = Map::new();
        for row in &calls {
            let (calls, errors, cpu_us): (i64, i64, i64) = (row.get(1), row.get(2), row.get(3));
            let own = json!({ "calls": calls, "errors": errors, "cpu_seconds": cpu_us as f64 / 1e6, "actions": {} });
            plugins.insert(row.get(0), own);
        }
        let mut destinations = Map::new();
        for row in &actions {
            let (plugin, kind, destination): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            let counts: [i64; 4] = [row.get(3), row.get(4), row.get(5), row.get(6)];
            let nothing = || json!({ "calls": 0, "errors": 0, "cpu_seconds": 0.0, "actions": {} });
            let own = plugins.entry(plugin).or_insert_with(nothing);
            add(&mut own["actions"], &kind, counts.iter().sum());
            let own = destinations.entry(destination).or_insert_with(|| json!({}));
            for (name, n) in ["completed", "waiting", "discarded", "cancelled"].into_iter().zip(counts) {
                add(own, name, n);
            }
        }
        Ok(json!({ "plugins": plugins, "actions": destinations }))
    }
}

fn add(counts: &mut Value, name: &str, n: i64) {
    let before = counts.get(name).and_then(Value::as_i64).unwrap_or_default();
    counts[name] = json!(before + n);
}

fn low_rating(data: &[u8]) -> Option<LowRating> {
    let Activity::Rating { at, ticket, kind, score, min, max, agent, comment, .. } = Activity::view(data).ok()? else {
        return None;
    };
    let comment = comment.map(str::trim).filter(|comment| !comment.is_empty())?;
    let normalized = (score - min) / (max - min);
    let kind = match kind {
        RatingKind::Csat => "csat",
        RatingKind::Nps => "nps",
        RatingKind::Ces => "ces",
        RatingKind::Qa => "qa",
        RatingKind::AgentSatisfaction => "agent_satisfaction",
    };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    (normalized < 0.5).then(|| LowRating {
        at,
        kind: kind.to_owned(),
        normalized,
        ticket: owned(ticket),
        agent: owned(agent),
        comment: comment.to_owned(),
    })
}
