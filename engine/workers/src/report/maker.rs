//! The maker: carries out what the scheduler noted for reports.
//!
//! Every process runs it. A run is claimed for a while, made, and filed together with its errands in one transaction; a
//! process that dies between them leaves the run to the next, whose report has the same key and goes out once.

use std::sync::Arc;
use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use deskbell_store::report::{Errand, NewRun, Outcome};
use deskbell_store::schedule::{Ending, Run};
use tokio_util::sync::CancellationToken;

use super::{Error, Made, Report, Workshop, errands, make};
use crate::backoff;
use crate::engine::Engine;
use crate::scheduler::Work;

/// How often it looks for runs.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longer than any report takes.
const LEASE: Duration = Duration::from_mins(5);
/// After so many attempts a report has failed.
const ATTEMPTS: i32 = 6;

/// Runs until it is told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    if engine.reports.is_empty() {
        return;
    }
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = step(&engine).await {
            tracing::error!(error = &error as &dyn std::error::Error, "reports could not be looked for; trying again");
        }
    }
}

/// Makes what is due, one report at a time: each takes all cores for seconds.
pub async fn step(engine: &Engine) -> Result<(), deskbell_store::Error> {
    for run in engine.store.claim_runs("report", engine.now(), LEASE, 1).await? {
        let scheduled = engine.schedules.iter().find(|scheduled| scheduled.name == run.schedule);
        let name = scheduled.and_then(|scheduled| match &scheduled.work {
            Work::Report { report } => Some(report),
            Work::Event { .. } => None,
        });
        let now = engine.now();
        if let Some(report) = name.and_then(|name| engine.reports.iter().find(|report| report.name == *name)) {
            carry_out(engine, report, &run, now).await?;
        } else {
            let error = "its report is not in the configuration any more";
            engine.store.end_run(&run, Ending::Failed(error), now).await?;
        }
    }
    Ok(())
}

async fn carry_out(engine: &Engine, report: &Report, run: &Run, now: Timestamp) -> Result<(), deskbell_store::Error> {
    let made = make(&engine.workshop(), report, None, run.due_at).await;
    let filed = match &made {
        Ok(made) => send(engine, report, made, Some(run.due_at)).await.map(drop).map_err(Error::Store),
        Err(_) => Ok(()),
    };
    let Err(error) = made.map(drop).and(filed) else {
        metrics::counter!("deskbell_reports_total", "report" => report.name.clone(), "outcome" => "made").increment(1);
        return engine.store.end_run(run, Ending::Completed, now).await;
    };
    let error = error.in_full();
    if run.attempts < ATTEMPTS {
        tracing::warn!(report = report.name, attempt = run.attempts, error, "a report was not made; trying again");
        let jitter = crate::decision::jitter(run.due_at.micros(), run.attempts);
        let delay = backoff::delay(run.attempts.max(1) as u32, jitter);
        let at = now.plus_micros(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX));
        return engine.store.end_run(run, Ending::Again { error: &error, at }, now).await;
    }
    tracing::error!(report = report.name, due_at = %run.due_at, error, "a report was given up and is now a dead letter; replaying that makes it");
    metrics::counter!("deskbell_reports_total", "report" => report.name.clone(), "outcome" => "failed").increment(1);
    let period = report.span.periods(run.due_at, report.zone).map_or((run.due_at, run.due_at), |of| of.period);
    let errands = errands::of_failed(&engine.store, &engine.destinations, report, run.due_at, &error).await?;
    let failed = NewRun {
        report: report.name.clone(),
        due_at: Some(run.due_at),
        period,
        outcome: Outcome::Failed { error: error.clone(), attempts: run.attempts, again: errands.again },
    };
    engine.store.file_report(&failed, &errands.notices, engine.own_source, now).await?;
    engine.wake.deliverer.notify_one();
    metrics::counter!("deskbell_dead_letters_total", "kind" => "action").increment(1);
    engine.store.end_run(run, Ending::Failed(&error), now).await
}

/// Files a report and has it brought to all who get it; its number. None where it was already made.
pub async fn send(
    engine: &Engine,
    report: &Report,
    made: &Made,
    due_at: Option<Timestamp>,
) -> Result<Option<i64>, deskbell_store::Error> {
    let now = engine.now();
    let occasion = due_at.unwrap_or(now).to_string();
    let errands = errands::of(&engine.store, &engine.destinations, report, made, &occasion).await?;
    file_with(engine, report, made, due_at, &errands, now).await
}

/// Files a report that was made by hand, for nobody else; its number.
pub async fn file(engine: &Engine, report: &Report, made: &Made) -> Result<Option<i64>, deskbell_store::Error> {
    file_with(engine, report, made, None, &[], engine.now()).await
}

async fn file_with(
    engine: &Engine,
    report: &Report,
    made: &Made,
    due_at: Option<Timestamp>,
    errands: &[Errand],
    now: Timestamp,
) -> Result<Option<i64>, deskbell_store::Error> {
    let new = NewRun {
        report: report.name.clone(),
        due_at,
        period: made.period,
        outcome: Outcome::Made {
            title: made.document.title.clone(),
            // Serialising plain data into memory has no way to fail.
            document: serde_json::to_string(&made.document).unwrap_or_default(),
            html: made.html.clone(),
            pdf: made.pdf.clone(),
        },
    };
    let filed = engine.store.file_report(&new, errands, engine.own_source, now).await?;
    engine.wake.deliverer.notify_one();
    Ok(filed)
}

impl Engine {
    /// What reports are made with.
    pub fn workshop(&self) -> Workshop {
        Workshop { store: self.store.clone(), calendars: Arc::clone(&self.calendars), kpi: Arc::clone(&self.kpi) }
    }
}
