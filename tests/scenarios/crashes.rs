//! kill -9 at every place where it could hurt, in the middle of a load, and again after the restart.

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::invariants;
use crate::support::load::{Load, Shape};
use crate::support::waiting::{wait_until, wait_within};

const SHAPE: Shape = Shape { prefix: "T-", tickets: 16, events_per_ticket: 5, senders: 8 };

/// Has the engine die at `point` when it passes it for the n-th time, for each n one after the other, under load;
/// whatever happened, everything that was answered 2xx is done once in the end.
async fn survives(point: &str, passes: &[u32]) {
    let helpdesk = Helpdesk::start().await;
    let config = config::busy(&helpdesk.address.to_string());
    let mut engine = TestEngine::prepare(&config, Database::create().await).await;
    let mut deaths = passes.iter().map(|n| format!("{point}:{n}"));
    engine.start_again(deaths.next().as_deref()).await;
    let mut load = Load::start(&engine.address, SHAPE);
    let mut n_deaths = 0;
    wait_until(&format!("all is done after dying at {point}"), async || {
        if engine.has_died() {
            n_deaths += 1;
            engine.database.end_leases().await;
            engine.start_again(deaths.next().as_deref()).await;
        }
        load.is_sent() && invariants::is_quiet(&engine.database).await
    })
    .await;
    assert_eq!(n_deaths, passes.len(), "the engine died each time");
    let taken = load.sent().await;
    let counts = invariants::check(&engine.database, &helpdesk, &taken).await;
    assert_eq!(counts.failed_calls, 0, "no plugin is blamed");
    println!(
        "{point}: {n_deaths} deaths, {} attempts of senders failed, {} duplicates, {counts}",
        taken.n_failed, taken.n_duplicates
    );
}

macro_rules! survives {
    ($($name:ident: $point:literal at $passes:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                survives($point, &$passes).await;
            }
        )*
    };
}

survives! {
    nothing_is_lost_by_dying_after_a_claim: "after-claim" at [14, 25, 30];
    nothing_is_lost_by_dying_before_a_plugin_is_called: "before-call" at [5, 61];
    nothing_is_lost_by_dying_inside_a_plugin_that_asks_what_it_remembers: "inside-call" at [4, 45];
    nothing_is_lost_by_dying_after_a_decision: "after-decision" at [3, 20];
    nothing_is_lost_by_dying_before_a_commit: "before-commit" at [2, 9];
    nothing_is_lost_by_dying_after_a_commit: "after-commit" at [2, 9];
    nothing_is_lost_by_dying_between_the_intakes_commit_and_its_answer: "after-intake-commit" at [2, 11];
    nothing_is_lost_by_dying_before_sending: "before-send" at [3, 40];
    nothing_is_lost_by_dying_between_sending_and_noting_it: "after-send" at [3, 40];
    nothing_is_lost_by_dying_after_noting_an_attempt: "after-attempt-commit" at [3, 40];
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engines_tickets_come_back_when_its_leases_end() {
    let helpdesk = Helpdesk::start().await;
    let config = config::busy(&helpdesk.address.to_string());
    let mut engine = TestEngine::prepare(&config, Database::create().await).await;
    engine.start_again(Some("after-decision:9")).await;
    let load = Load::start(&engine.address, SHAPE);
    wait_until("the engine dies", async || engine.has_died()).await;
    let held = engine.database.number("SELECT count(*) FROM lane WHERE lease_token IS NOT NULL").await;
    assert!(held > 0, "it died with tickets in hand");
    // Those of actions last three minutes.
    engine.database.execute("UPDATE outbox_lane SET wake_at = now() WHERE lease_token IS NOT NULL").await;
    engine.start_again(None).await;
    let taken = load.sent().await;
    let undone = "SELECT count(*) FROM event JOIN lane USING (tenant_id, lane_id) WHERE event_id > done_event";
    // The lease is 5 s; a second is for the rest.
    let within = std::time::Duration::from_secs(6);
    wait_within(within, "the tickets come back", async || engine.database.number(undone).await == 0).await;
    engine.work_off().await;
    invariants::check(&engine.database, &helpdesk, &taken).await;
}
