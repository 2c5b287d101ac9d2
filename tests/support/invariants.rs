//! What has to hold whatever was broken meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::database::Database;
use super::helpdesk::Helpdesk;
use super::load::Taken;
use super::waiting::wait_until;

/// Lanes with something to do, events that were not decided on, plugins that are behind, actions that are neither done
/// nor given up.
const UNDONE: &str = "
    SELECT (SELECT count(*) FROM lane WHERE lease_token IS NOT NULL OR wake_at <= now())
         + (SELECT count(*) FROM outbox_lane WHERE wake_at IS NOT NULL)
         + (SELECT count(*) FROM event JOIN lane USING (tenant_id, lane_id) WHERE event_id > done_event)
         + (SELECT count(*) FROM hold WHERE next_at IS NOT NULL)
         + (SELECT count(*) FROM outbox WHERE state < 2)";

/// How much was done, for whoever looks at the tests' output.
pub(crate) struct Counts {
    pub(crate) events: i64,
    pub(crate) calls: i64,
    /// Of these, calls that failed and were made again.
    pub(crate) failed_calls: i64,
    pub(crate) actions: i64,
    /// Requests that the helpdesk got, repeats included.
    pub(crate) requests: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, calls, failed_calls, actions, requests } = self;
        write!(f, "{events} events, {calls} calls ({failed_calls} failed), {actions} actions, {requests} requests")
    }
}

/// Whether nothing is left to do.
pub(crate) async fn is_quiet(database: &Database) -> bool {
    matches!(database.try_number(UNDONE).await, Ok(0))
}

/// Waits until nothing is left to do.
pub(crate) async fn wait_until_quiet(database: &Database) {
    wait_until("everything is worked off", async || is_quiet(database).await).await;
}

/// Checks everything about what a load under the busy configuration has come to.
pub(crate) async fn check(database: &Database, helpdesk: &Helpdesk, taken: &Taken) -> Counts {
    every_event_was_decided_on_once(database, taken).await;
    writes_took_effect_once(database).await;
    actions_are_those_decided(database).await;
    actions_took_effect_once_and_in_order(database, helpdesk).await;
    no_locks_crossed(database);
    Counts {
        events: database.number("SELECT count(*) FROM event").await,
        calls: database.number("SELECT count(*) FROM plugin_call").await,
        failed_calls: database.number("SELECT count(*) FROM plugin_call WHERE outcome <> 0").await,
        actions: database.number("SELECT count(*) FROM outbox").await,
        requests: helpdesk.received().len(),
    }
}

/// A webhook answered 2xx is never lost, a repeated event changes nothing, and what a plugin decides counts once.
async fn every_event_was_decided_on_once(database: &Database, taken: &Taken) {
    let kept = database.rows("SELECT id FROM event WHERE kind LIKE 'deskbell.ticket.%'").await;
    let kept: BTreeSet<String> = kept.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kept, taken.events, "the events kept are those that were answered 2xx");
    let lost = "SELECT key, wake_at FROM lane WHERE wake_at IS NULL
        AND EXISTS (SELECT FROM event WHERE event.lane_id = lane.lane_id AND event_id > done_event)";
    assert_eq!(database.rows(lost).await, Vec::<serde_json::Value>::new(), "lanes asleep with work");
    let twice = "SELECT lane_id, event_id, plugin, count(*) FROM plugin_call WHERE outcome = 0 GROUP BY 1, 2, 3 HAVING count(*) > 1";
    assert_eq!(database.rows(twice).await, Vec::<serde_json::Value>::new(), "decided more than once");
    for plugin in ["echoes", "remembers"] {
        let missed = format!(
            "SELECT count(*) FROM event WHERE kind LIKE 'deskbell.ticket.%' AND NOT EXISTS (SELECT FROM plugin_call AS c
             WHERE c.lane_id = event.lane_id AND c.event_id = event.event_id AND c.plugin = '{plugin}' AND c.outcome = 0)"
        );
        assert_eq!(database.number(&missed).await, 0, "events that {plugin} did not decide on");
    }
    assert_eq!(database.number("SELECT count(*) FROM plugin_call WHERE outcome > 1").await, 0, "calls given up");
    assert_eq!(database.number("SELECT count(*) FROM dead_letter").await, 0, "dead letters");
}

/// The guest `remembers` counts each call twice, by 2 and by 3.
async fn writes_took_effect_once(database: &Database) {
    let counted = "SELECT value::bigint FROM kv WHERE plugin = 'remembers' AND lane_id = 0 AND key = 'count'";
    let decided = "SELECT 5 * count(*) FROM plugin_call WHERE plugin = 'remembers' AND outcome = 0";
    assert_eq!(database.number(counted).await, database.number(decided).await, "what was counted");
}

async fn actions_are_those_decided(database: &Database) {
    let decided = "SELECT count(*) FROM plugin_call CROSS JOIN LATERAL json_array_elements(effects::json) AS effect
        WHERE outcome = 0 AND effects IS NOT NULL AND effect ->> 'became' LIKE 'action %'";
    assert_eq!(database.number(decided).await, database.number("SELECT count(*) FROM outbox").await, "actions");
    let out_of_order =
        "SELECT count(*) FROM (SELECT event_id, lag(event_id) OVER (PARTITION BY lane_id, plugin ORDER BY outbox_id) AS before
        FROM outbox) AS o WHERE event_id < before";
    assert_eq!(database.number(out_of_order).await, 0, "actions out of the order of their events");
    assert_eq!(database.number("SELECT count(*) FROM outbox WHERE state <> 2").await, 0, "actions not completed");
}

/// One effective action for each key, and those of a ticket in the order in which they were decided.
async fn actions_took_effect_once_and_in_order(database: &Database, helpdesk: &Helpdesk) {
    let decided = database
        .rows("SELECT lane.key AS ticket, o.key::text AS key FROM outbox AS o JOIN lane USING (tenant_id, lane_id) ORDER BY outbox_id")
        .await;
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &decided {
        expected.entry(text(row, "ticket")).or_default().push(text(row, "key"));
    }
    let mut done: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for action in helpdesk.done() {
        done.entry(action.ticket).or_default().push(action.key);
    }
    assert_eq!(done, expected, "what was done at the helpdesk");
    assert!(helpdesk.received().iter().all(|received| received.signed), "every request is signed");
}

pub(crate) fn no_locks_crossed(database: &Database) {
    let log = database.server_log();
    let deadlocks: Vec<&String> = log.iter().filter(|line| line.contains("deadlock detected")).collect();
    assert!(deadlocks.is_empty(), "{deadlocks:#?}");
}
