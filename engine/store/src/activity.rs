//! Activities: what events tell besides the changes of tickets. A row for each, written with the lane's progress.
//!
//! Databases that are older than the table get their rows when they are brought to this version: the events of lanes are
//! walked in their order, a few thousand in a transaction, and how far that has come is kept. It goes on after an
//! interruption, and several processes may be at it.

use chrono::{DateTime, Utc};
use deskbell_model::activity::Activity;
use deskbell_model::event::Event;
use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row};

use crate::finish::Outcome;
use crate::packed::unpack;
use crate::{Result, Store, at, failed, storable};

/// An activity with the event that told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityRow {
    pub event_id: i64,
    pub activity: Activity,
}

impl ActivityRow {
    /// What the event tells besides changes of its ticket; none where that is nothing.
    pub fn of(event_id: i64, event: &Event) -> Option<Self> {
        // The ticket has to be called as its lane is, which cannot have this character.
        if event.subject.as_ref().is_some_and(|subject| subject.contains('\0')) {
            let subject = event.subject.as_deref().map(|subject| storable(subject).into_owned());
            let activity = Activity::of(&Event { subject, ..event.clone() })?;
            return Some(Self { event_id, activity });
        }
        Some(Self { event_id, activity: Activity::of(event)? })
    }

    /// The last instant at which it matters to a period. Ratings matter to every later report: which was a ticket's last.
    fn until(&self) -> Option<DateTime<Utc>> {
        match &self.activity {
            Activity::Rating { .. } | Activity::Status { .. } => None,
            other => Some(at(other.until())),
        }
    }
}

const ADD: &str = "
INSERT INTO activity (tenant_id, event_id, lane_id, source_id, at, until, data)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::bytea[])
ORDER BY 2
ON CONFLICT (tenant_id, event_id) DO NOTHING";

const GAP: &str = "SELECT after_lane, after_event FROM activity_gap WHERE tenant_id = $1 FOR UPDATE";

// What is pending is left to whoever handles it. Few lanes at a time, so that a page ends soon where nothing is found.
const GAP_EVENTS: &str = "
SELECT e.lane_id, e.event_id, e.source_id, e.id, e.kind, coalesce(e.subject, CASE WHEN l.kind <> 2 THEN l.key END), e.at, e.data
FROM event AS e JOIN lane AS l USING (tenant_id, lane_id)
WHERE e.tenant_id = $1 AND (e.lane_id, e.event_id) > ($2, $3) AND e.lane_id <= $2 + $4
    AND e.event_id <= l.done_event AND e.kind LIKE 'deskbell.%' AND e.kind NOT LIKE 'deskbell.ticket.%'
ORDER BY e.lane_id, e.event_id LIMIT $5";

const GAP_LAST: &str = "SELECT coalesce(max(lane_id), 0) FROM lane WHERE tenant_id = $1";

const GAP_MOVE: &str = "UPDATE activity_gap SET after_lane = $2, after_event = $3 WHERE tenant_id = $1";

const GAP_CLOSE: &str = "DELETE FROM activity_gap WHERE tenant_id = $1";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("activity.add", ADD),
    ("activity.gap", GAP),
    ("activity.gap_events", GAP_EVENTS),
    ("activity.gap_last", GAP_LAST),
    ("activity.gap_move", GAP_MOVE),
    ("activity.gap_close", GAP_CLOSE),
];

/// Lanes and events that are looked at in one transaction.
const GAP_LANES: i64 = 5000;
const GAP_PAGE: i64 = 5000;

/// A row that is ready to be written.
struct Ready<'a> {
    lane_id: i64,
    source_id: i32,
    row: &'a ActivityRow,
}

/// Writes the activities of finished lanes.
pub(crate) async fn write(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let rows = finished.iter().flat_map(|outcome| {
        let (lane_id, source_id) = (outcome.lane_id, outcome.source_id);
        outcome.activities.iter().map(move |row| Ready { lane_id, source_id, row })
    });
    add(connection, tenant, &rows.collect::<Vec<_>>()).await
}

async fn add(connection: &mut PgConnection, tenant: i32, rows: &[Ready<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(ADD)
        .bind(tenant)
        .bind(rows.iter().map(|ready| ready.row.event_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|ready| ready.lane_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|ready| ready.source_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|ready| at(ready.row.activity.at())).collect::<Vec<_>>())
        .bind(rows.iter().map(|ready| ready.row.until()).collect::<Vec<_>>())
        .bind(rows.iter().map(|ready| ready.row.activity.to_bytes()).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed("activity.add"))?;
    Ok(())
}

/// The activity of a row with lane, number, source, id, kind, subject, time and data of an event; lane and source first.
pub(crate) fn of_event_row(row: &PgRow) -> Option<(i64, i32, ActivityRow)> {
    let time: Timestamp = row.get::<DateTime<Utc>, _>(6).into();
    // An event that does not read back was written by hand; it counts nowhere. The source's name does not matter.
    let data = unpack(row.get(7))?;
    let event = Event::from_parts(row.get(3), String::new(), row.get(4), row.get(5), time, &data).ok()?;
    Some((row.get(0), row.get(2), ActivityRow::of(row.get(1), &event)?))
}

impl Store {
    /// Makes the activities of events that were handled before there was a table for them.
    pub(crate) async fn fill_activities(&self) -> Result<()> {
        while self.reads.within("activity.gap", self.fill_page()).await? {}
        Ok(())
    }

    /// A page of that; whether there is more.
    async fn fill_page(&self) -> Result<bool> {
        let mut connection = self.reads.acquire().await.map_err(failed("activity.gap"))?;
        let mut transaction = connection.begin().await.map_err(failed("activity.gap"))?;
        let gap = sqlx::query(GAP).bind(self.tenant).fetch_optional(&mut *transaction).await;
        let Some(gap) = gap.map_err(failed("activity.gap"))? else {
            transaction.rollback().await.map_err(failed("activity.gap"))?;
            connection.give_back();
            return Ok(false);
        };
        let (after_lane, after_event): (i64, i64) = (gap.get(0), gap.get(1));
        let rows = sqlx::query(GAP_EVENTS)
            .bind(self.tenant)
            .bind(after_lane)
            .bind(after_event)
            .bind(GAP_LANES)
            .bind(GAP_PAGE)
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed("activity.gap_events"))?;
        let made: Vec<(i64, i32, ActivityRow)> = rows.iter().filter_map(of_event_row).collect();
        let ready =
            made.iter().map(|(lane_id, source_id, row)| Ready { lane_id: *lane_id, source_id: *source_id, row });
        add(&mut transaction, self.tenant, &ready.collect::<Vec<_>>()).await?;
        let next = match rows.last() {
            Some(last) if rows.len() as i64 >= GAP_PAGE => Some((last.get::<i64, _>(0), last.get::<i64, _>(1))),
            _ => {
                let last = sqlx::query(GAP_LAST).bind(self.tenant).fetch_one(&mut *transaction).await;
                let last: i64 = last.map_err(failed("activity.gap_last"))?.get(0);
                // All of the events of these lanes have been looked at.
                (after_lane + GAP_LANES < last).then_some((after_lane + GAP_LANES, i64::MAX))
            }
        };
        if let Some((lane_id, event_id)) = next {
            let moved = sqlx::query(GAP_MOVE).bind(self.tenant).bind(lane_id).bind(event_id);
            moved.execute(&mut *transaction).await.map_err(failed("activity.gap_move"))?;
        } else {
            let closed = sqlx::query(GAP_CLOSE).bind(self.tenant);
            closed.execute(&mut *transaction).await.map_err(failed("activity.gap_close"))?;
        }
        transaction.commit().await.map_err(failed("activity.gap"))?;
        connection.give_back();
        Ok(next.is_some())
    }
}
