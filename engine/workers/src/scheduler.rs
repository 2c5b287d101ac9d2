//! The scheduler: notices what is due by the schedules of the configuration, and begins it.
//!
//! Every process runs it. What is due is noted in one transaction that moves the schedule on; only one process can do
//! that, and a run's key keeps it from happening twice. A run for plugins becomes an event `schedule.fired`, whose id is
//! made of schedule and time, and goes the way of every event; a run for reports is left to whoever makes them.

use std::sync::Arc;
use std::time::Duration;

use deskbell_model::event::LaneKind;
use deskbell_model::schedule::Schedule;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Error;
use deskbell_store::inbox::NewEvent;
use deskbell_store::schedule::{NewRun, Run, Standing, State};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

/// The kind of the event that a run becomes.
pub const FIRED: &str = "schedule.fired";
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A run that is noticed so much later than it was due was missed: nobody was there.
const MISSED_AFTER_SECONDS: i64 = 60;
/// Of the runs that were missed, so many are caught up at most, the latest ones.
const MAX_CAUGHT_UP: usize = 1000;

/// What happens to runs that were missed while no engine was running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// The latest of them runs.
    #[default]
    Once,
    Skip,
    CatchUp,
}

/// What happens to a run while the one before is still running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    #[default]
    Skip,
    Queue,
    Allow,
}

/// What a run does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// It becomes an event on the lane of this source, for one plugin or for all that want it.
    Event { source_id: i32, plugin: Option<String>, data: Value },
    /// The maker of reports carries it out.
    Report { report: String },
}

/// A schedule of the configuration.
#[derive(Clone, Debug)]
pub struct Scheduled {
    pub name: String,
    pub schedule: Schedule,
    pub missed: Missed,
    pub overlap: Overlap,
    pub work: Work,
}

impl Scheduled {
    const fn kind(&self) -> &'static str {
        match self.work {
            Work::Event { .. } => "event",
            Work::Report { .. } => "report",
        }
    }

    /// The runs that were due after `from` and by `to`, and which of them are only noted.
    pub fn due(&self, from: Timestamp, to: Timestamp) -> Vec<NewRun> {
        let all = std::iter::successors(self.schedule.next_after(from), |last| self.schedule.next_after(*last));
        let due: Vec<Timestamp> = all.take_while(|due_at| *due_at <= to).collect();
        let is_missed = |due_at: Timestamp| to.since(due_at) > MISSED_AFTER_SECONDS * 1_000_000;
        let n_missed = due.iter().filter(|due_at| is_missed(**due_at)).count();
        // Where there is a run in time, it stands for those that were missed.
        let in_time = n_missed < due.len();
        let runs = due.iter().enumerate().map(|(place, due_at)| {
            let skipped = place < n_missed
                && match self.missed {
                    Missed::Once => in_time || place + 1 < n_missed,
                    Missed::Skip => true,
                    Missed::CatchUp => place + MAX_CAUGHT_UP < n_missed,
                };
            NewRun { due_at: *due_at, skipped }
        });
        // What was skipped long ago is of no interest to anybody.
        let runs: Vec<NewRun> = runs.collect();
        let first = runs.len().saturating_sub(MAX_CAUGHT_UP);
        runs.into_iter().skip(first).collect()
    }
}

/// Runs until it is told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    if engine.schedules.is_empty() {
        return;
    }
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut standings: Vec<Option<Standing>> = vec![None; engine.schedules.len()];
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = stop.cancelled() => return,
        }
        for (scheduled, standing) in engine.schedules.iter().zip(&mut standings) {
            if let Err(error) = look(&engine, scheduled, standing, engine.now()).await {
                tracing::error!(
                    schedule = scheduled.name,
                    error = &error as &dyn std::error::Error,
                    "a schedule could not be looked at; the next look will"
                );
            }
        }
    }
}

/// Looks at one schedule once. `standing` is what it knows of it from the look before, if anything is under way or due
/// it is read anew.
pub async fn look(
    engine: &Engine,
    scheduled: &Scheduled,
    standing: &mut Option<Standing>,
    now: Timestamp,
) -> Result<(), Error> {
    let is_due =
        |standing: &Standing| scheduled.schedule.next_after(standing.checked_to).is_some_and(|due_at| due_at <= now);
    let known = match standing.take() {
        Some(known) if !is_due(&known) => known,
        _ => {
            let definition = scheduled.schedule.to_string();
            let met = engine.store.meet_schedule(&scheduled.name, &definition, now).await?;
            if met.paused_at.is_none() && is_due(&met) { note_due(engine, scheduled, met, now).await? } else { met }
        }
    };
    // What is due while it is paused does not run; when it is resumed, it goes on from then.
    let checked_to = if known.paused_at.is_some() { now } else { known.checked_to };
    *standing = Some(Standing { checked_to, ..known });
    if let Work::Event { .. } = scheduled.work {
        begin(engine, scheduled, now).await?;
    }
    Ok(())
}

async fn note_due(
    engine: &Engine,
    scheduled: &Scheduled,
    standing: Standing,
    now: Timestamp,
) -> Result<Standing, Error> {
    let runs = scheduled.due(standing.checked_to, now);
    let between = (standing.checked_to, now);
    if engine.store.note_runs(&scheduled.name, scheduled.kind(), between, &runs).await? {
        let n_skipped = runs.iter().filter(|run| run.skipped).count();
        if n_skipped > 0 {
            tracing::warn!(schedule = scheduled.name, n_skipped, "runs were missed while no engine was running");
        }
    }
    Ok(Standing { checked_to: now, ..standing })
}

/// Ends what is over and begins what may begin.
async fn begin(engine: &Engine, scheduled: &Scheduled, now: Timestamp) -> Result<(), Error> {
    let mut open = engine.store.open_runs(&scheduled.name).await?;
    if open.iter().any(|run| run.state == State::Running) && engine.store.settle_runs(&scheduled.name, now).await? > 0 {
        open = engine.store.open_runs(&scheduled.name).await?;
    }
    let mut is_running = open.iter().any(|run| run.state == State::Running);
    for run in open.iter().filter(|run| run.state == State::Scheduled) {
        match (is_running, scheduled.overlap) {
            (true, Overlap::Skip) => {
                tracing::warn!(
                    schedule = scheduled.name,
                    due_at = %run.due_at,
                    "a run is skipped, for the one before is still running"
                );
                engine.store.skip_run(&scheduled.name, run.due_at, now).await?;
            }
            (true, Overlap::Queue) => return Ok(()),
            (true, Overlap::Allow) | (false, _) => {
                fire(engine, scheduled, run, now).await?;
                is_running = true;
            }
        }
    }
    Ok(())
}

/// Has a run become an event. Done twice it is the same event.
async fn fire(engine: &Engine, scheduled: &Scheduled, run: &Run, now: Timestamp) -> Result<(), Error> {
    let Work::Event { source_id, plugin, data, .. } = &scheduled.work else { return Ok(()) };
    let id = format!("schedule:{}:{}", scheduled.name, run.due_at);
    let mut told = json!({ "schedule": scheduled.name, "due": run.due_at });
    if let Some(plugin) = plugin {
        told["plugin"] = json!(plugin);
    }
    if !data.is_null() {
        told["data"] = data.clone();
    }
    let event = NewEvent {
        lane_kind: LaneKind::Source,
        source_id: *source_id,
        lane_key: String::new(),
        id: id.clone(),
        kind: FIRED.to_owned(),
        at: run.due_at,
        subject: None,
        data: told.to_string(),
        hop: 0,
        read: None,
    };
    engine.store.add_events(&[event], None, now).await?;
    engine.store.begin_run(&scheduled.name, run.due_at, *source_id, &id).await?;
    engine.wake.dispatcher.notify_one();
    metrics::counter!("deskbell_schedule_runs_total", "schedule" => scheduled.name.clone()).increment(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheduled(missed: Missed) -> Scheduled {
        Scheduled {
            name: "s".to_owned(),
            schedule: Schedule::new("0 * * * *", "UTC").unwrap(),
            missed,
            overlap: Overlap::default(),
            work: Work::Report { report: "weekly".to_owned() },
        }
    }

    /// The hours of the runs, those that are only noted in brackets.
    #[track_caller]
    fn check(missed: Missed, from: i64, to: i64, expected: &str) {
        let runs = scheduled(missed).due(Timestamp::from_seconds(from), Timestamp::from_seconds(to));
        let told = runs.iter().map(|run| {
            let hour = run.due_at.micros() / 3_600_000_000;
            if run.skipped { format!("({hour})") } else { hour.to_string() }
        });
        assert_eq!(told.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn runs_that_were_missed_are_dealt_with_as_the_schedule_says() {
        let hour = 3600;
        for missed in [Missed::Once, Missed::Skip, Missed::CatchUp] {
            check(missed, 0, hour - 1, "");
            check(missed, 0, hour, "1");
            check(missed, 0, hour + 59, "1");
        }
        check(Missed::Once, 0, hour + 61, "1");
        check(Missed::Skip, 0, hour + 61, "(1)");
        check(Missed::CatchUp, 0, hour + 61, "1");
        check(Missed::Once, 0, 4 * hour + 1800, "(1) (2) (3) 4");
        check(Missed::Skip, 0, 4 * hour + 1800, "(1) (2) (3) (4)");
        check(Missed::CatchUp, 0, 4 * hour + 1800, "1 2 3 4");
        // One that is in time stands for those that were missed.
        check(Missed::Once, 0, 4 * hour + 5, "(1) (2) (3) 4");
        check(Missed::Skip, 0, 4 * hour + 5, "(1) (2) (3) 4");
    }
}
