//! Actions at a helpdesk that is down, slow, lossy or unwilling.

use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use deskbell_store::{Connections, Store};
use serde_json::{Value, json};

use crate::support::config::{self, ROUTING};
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::{Helpdesk, Received, Then};
use crate::support::program::{CONNECTOR, CONNECTOR_IN_STEPS, guest};
use crate::support::waiting::{now, wait_until};
use crate::support::webhook::{commented, created};

/// An engine where each event of a ticket makes one note.
async fn start() -> (Helpdesk, TestEngine) {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    // Longer than anything that a test does while an answer is due, but for those that wait for this very limit.
    let config = config::with(&helpdesk.address.to_string(), &[&echoes]);
    let engine = TestEngine::start(&config.replace("timeout = \"2s\"", "timeout = \"6s\"")).await;
    (helpdesk, engine)
}

/// An engine whose account has a connector of `tests/guests`.
async fn start_with(connector: &str, config: &str) -> TestEngine {
    let config = config.replace("connector = \"generic\"", &format!("connector = \"{}\"", connector.replace('_', "-")));
    let mut engine = TestEngine::prepare(&config, Database::create().await).await;
    let installed = engine.run(&["plugin", "install", &guest(connector).display().to_string()]).await;
    assert!(installed.status.success(), "{installed:?}");
    engine.start_again(None).await;
    engine
}

/// One whose connector takes several requests for an action and asks before it repeats one. Each event of a ticket makes
/// one note.
async fn start_in_steps() -> (Helpdesk, TestEngine) {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let config = config::with(&helpdesk.address.to_string(), &[&echoes]);
    let engine = start_with(CONNECTOR_IN_STEPS, &config.replace("timeout = \"2s\"", "timeout = \"6s\"")).await;
    (helpdesk, engine)
}

/// The requests that came, without the part of the path that all have.
fn requests(helpdesk: &Helpdesk) -> Vec<String> {
    let line = |received: &Received| format!("{} {}", received.method, received.path.trim_start_matches("/deskbell"));
    helpdesk.received().iter().map(line).collect()
}

async fn outbox(engine: &TestEngine) -> Vec<Value> {
    engine.sql("SELECT key::text AS key, state FROM outbox ORDER BY outbox_id").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_that_is_down_gets_everything_later_in_order() {
    let (helpdesk, engine) = start().await;
    helpdesk.answer(|received| if received.ticket == "T-1" { Then::Status(503) } else { Then::Done });
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first attempt", "SELECT count(*) FROM attempt WHERE outcome = 1", 1).await;
    engine.post(&commented("T-1", "Hello?")).await;
    engine.post(&commented("T-1", "Anybody there?")).await;
    engine.post(&created("T-2")).await;
    engine.database.wait_for("all are decided on", "SELECT count(*) FROM outbox", 4).await;
    wait_until("the other ticket's action", async || helpdesk.done_on("T-2").len() == 1).await;
    assert_eq!(
        helpdesk.received().iter().filter(|received| received.ticket == "T-1").count(),
        1,
        "the others wait behind the first"
    );
    let wait = "SELECT count(*) FROM outbox_lane WHERE attempts = 1 AND wake_at BETWEEN now() + interval '1 s' AND now() + interval '7 s'";
    assert_eq!(engine.database.number(wait).await, 1, "it is tried again in about 5 s");

    helpdesk.answer(|_| Then::Done);
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    let expected: Vec<String> = engine
        .sql("SELECT o.key::text AS key FROM outbox AS o JOIN lane USING (tenant_id, lane_id) WHERE lane.key = 'T-1' ORDER BY outbox_id")
        .await
        .iter()
        .map(|row| row["key"].as_str().unwrap().to_owned())
        .collect();
    let done: Vec<String> = helpdesk.done_on("T-1").into_iter().map(|done| done.key).collect();
    assert_eq!(done, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_given_up_is_a_dead_letter_and_can_be_replayed() {
    let (helpdesk, engine) = start().await;
    helpdesk.answer(|_| Then::Status(500));
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first attempt", "SELECT count(*) FROM attempt", 1).await;
    // Three days later.
    engine.database.execute("UPDATE outbox_lane SET attempts = 11, wake_at = now()").await;
    engine.database.wait_for("the dead letter", "SELECT count(*) FROM dead_letter WHERE kind = 1", 1).await;
    assert_eq!(outbox(&engine).await[0]["state"], 3);
    let listed = engine.run(&["dead-letters", "list", "--format", "json"]).await;
    let letters: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(
        (&letters[0]["kind"], &letters[0]["of"], &letters[0]["attempts"]),
        (&json!("action"), &json!("source:desk"), &json!(12))
    );
    assert!(letters[0]["error"].as_str().unwrap().contains("500"), "{letters}");

    helpdesk.answer(|_| Then::Done);
    // The lane goes on after what was given up: a plugin's note about it, and what comes later.
    engine.post(&commented("T-1", "Hello?")).await;
    engine.work_off().await;
    let n_before = helpdesk.done_on("T-1").len();
    let key = helpdesk.received()[0].key.clone();
    assert!(helpdesk.done_on("T-1").iter().all(|done| done.key != key));
    let replayed = engine.run(&["dead-letters", "replay", "--all"]).await;
    assert!(replayed.status.success(), "{replayed:?}");
    wait_until("the replayed action", async || helpdesk.done_on("T-1").len() == n_before + 1).await;
    engine.work_off().await;
    assert_eq!(helpdesk.done_on("T-1").last().unwrap().key, key, "with the key that it had");
    assert!(outbox(&engine).await.iter().all(|row| row["state"] == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_not_lost_to_an_attempt_that_is_under_way() {
    let (helpdesk, engine) = start().await;
    helpdesk.answer(|_| Then::Status(500));
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first attempt", "SELECT count(*) FROM attempt", 1).await;
    helpdesk.answer(|_| Then::Done);
    // It was the last one; what was given up is a dead letter.
    engine
        .database
        .execute(
            "UPDATE outbox SET state = 3, ended_at = now();
            UPDATE outbox_lane SET wake_at = NULL, attempts = 0, done_outbox = 1;
            INSERT INTO dead_letter (tenant_id, kind, lane_id, outbox_id, destination_id, error, attempts, set_aside_at)
                SELECT tenant_id, 1, lane_id, outbox_id, destination_id, 'given up', 12, now() FROM outbox",
        )
        .await;
    let given_up = helpdesk.received()[0].key.clone();

    // The ticket's next action is on its way, and its answer takes time, when somebody replays the first.
    helpdesk.answer(|_| Then::Later);
    engine.post(&commented("T-1", "Hello?")).await;
    wait_until("the next is under way", async || helpdesk.received().len() == 2).await;
    let replayed = engine.run(&["dead-letters", "replay", "--all"]).await;
    assert!(replayed.status.success(), "{replayed:?}");
    let under_way = "SELECT count(*) FROM outbox_lane WHERE lease_token IS NOT NULL";
    assert_eq!(engine.database.number(under_way).await, 1, "it is still under way");
    helpdesk.answer(|_| Then::Done);
    helpdesk.answer_those_who_wait();
    wait_until("both are done", async || helpdesk.done_on("T-1").iter().any(|done| done.key == given_up)).await;
    engine.work_off().await;
    assert_eq!(helpdesk.done_on("T-1").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_answer_is_lost_is_repeated_with_the_same_key() {
    let (helpdesk, engine) = start().await;
    let mut n_requests = 0;
    helpdesk.answer(move |_| {
        n_requests += 1;
        if n_requests == 1 { Then::Vanish } else { Then::Done }
    });
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first attempt", "SELECT count(*) FROM attempt", 1).await;
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    let received = helpdesk.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].key, received[1].key);
    assert_eq!(helpdesk.done().len(), 1, "the repeat changed nothing");
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_that_never_answers_holds_up_no_other_ticket() {
    let (helpdesk, engine) = start().await;
    helpdesk.answer(|received| if received.ticket == "T-1" { Then::Hang } else { Then::Done });
    engine.post(&created("T-1")).await;
    for n in 2..8 {
        engine.post(&created(&format!("T-{n}"))).await;
    }
    wait_until("the others' actions", async || helpdesk.done().len() == 6).await;
    engine.database.wait_for("it is timed out", "SELECT count(*) FROM attempt WHERE outcome IN (1, 2)", 1).await;
    helpdesk.answer(|_| Then::Done);
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    assert_eq!(helpdesk.done().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_that_asks_for_patience_gets_it() {
    let (helpdesk, engine) = start().await;
    helpdesk.answer(|_| Then::RetryAfter(429, 3600));
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first attempt", "SELECT count(*) FROM attempt", 1).await;
    let patient = "SELECT count(*) FROM outbox_lane WHERE wake_at BETWEEN now() + interval '59 min' AND now() + interval '61 min'";
    engine.database.wait_for("it waits for an hour", patient, 1).await;
    helpdesk.answer(|_| Then::Done);
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_helpdesk_cannot_do_is_said_and_not_tried_again() {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[ROUTING, &echoes])).await;
    helpdesk.answer(|received| if received.kind == "ticket.update" { Then::Status(422) } else { Then::Done });
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    let rows = engine.sql("SELECT state, reference FROM outbox ORDER BY outbox_id").await;
    assert_eq!((&rows[0]["state"], &rows[1]["state"]), (&json!(4), &json!(2)), "{rows:?}");
    assert!(rows[0]["reference"].as_str().unwrap().contains("as the test says"), "{rows:?}");
    assert_eq!(helpdesk.received().len(), 2);
    let listed = engine.run(&["dead-letters", "list", "--format", "json"]).await;
    let letters: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert!(letters[0]["error"].as_str().unwrap().contains("as the test says"), "{letters}");
    helpdesk.answer(|_| Then::Done);
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    engine.work_off().await;
    assert_eq!(helpdesk.received().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_that_keeps_failing_is_left_alone_for_a_while() {
    let (helpdesk, engine) = start().await;
    helpdesk.answer(|_| Then::Status(503));
    for n in 0..40 {
        engine.post(&created(&format!("T-{n}"))).await;
    }
    wait_until("the breaker opens", async || engine.log().contains("the destination keeps failing")).await;
    engine.database.wait_for("all are decided on", "SELECT count(*) FROM outbox", 40).await;
    let n_tried = helpdesk.received().len();
    assert!(n_tried < 40, "{n_tried} requests to a helpdesk that had failed five times in a row");
    helpdesk.answer(|_| Then::Done);
    wait_until("everything is done in the end", async || {
        engine.database.end_delivery_waits().await;
        helpdesk.done().len() == 40
    })
    .await;
    engine.work_off().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_done_and_would_do_harm_twice_waits_for_a_person() {
    let helpdesk = Helpdesk::start().await;
    let engine = start_with(CONNECTOR, &config::with(&helpdesk.address.to_string(), &[ROUTING])).await;
    helpdesk.answer(|_| Then::Vanish);
    engine.post(&created("T-1")).await;
    engine.database.wait_for("an attempt in doubt", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    helpdesk.answer(|_| Then::Done);
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    assert_eq!(helpdesk.received().len(), 1, "it is not sent again by itself");
    let letters = engine.sql("SELECT error FROM dead_letter").await;
    assert!(letters[0]["error"].as_str().unwrap().contains("may have taken effect"), "{letters:?}");
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    engine.work_off().await;
    assert_eq!(helpdesk.received().len(), 2, "a person has it sent again");
    assert_eq!(engine.database.number("SELECT count(*) FROM outbox WHERE state = 2").await, 1);
}

/// The last page of a long list of what was done.
const LAST_PAGE: &str = "page=12";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_found_on_the_last_of_many_long_pages_and_not_done_again() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|received| match received.method.as_str() {
        "GET" if !received.path.ends_with(LAST_PAGE) => Then::More,
        "GET" => Then::Done,
        _ => Then::Vanish,
    });
    engine.post(&created("T-1")).await;
    engine.database.wait_for("an attempt in doubt", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    let expected = (1..=12).map(|page| format!("GET /notes?page={page}"));
    assert_eq!(requests(&helpdesk), std::iter::once("POST /notes".to_owned()).chain(expected).collect::<Vec<_>>());
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_done_is_done_when_no_page_shows_it() {
    let (helpdesk, engine) = start_in_steps().await;
    let mut n_posts = 0;
    helpdesk.answer(move |received| match received.method.as_str() {
        "GET" if !received.path.ends_with(LAST_PAGE) => Then::More,
        "POST" => {
            n_posts += 1;
            if n_posts == 1 { Then::Status(500) } else { Then::Done }
        }
        _ => Then::Done,
    });
    engine.post(&created("T-1")).await;
    engine.database.wait_for("an attempt in doubt", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    let requests = requests(&helpdesk);
    assert_eq!(requests.len(), 1 + 12 + 2, "{requests:?}");
    assert_eq!(requests[12..], ["GET /notes?page=12", "POST /notes", "PUT /seen"]);
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_done_however_long_the_answer_is() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|_| Then::Long);
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    assert_eq!(requests(&helpdesk), ["POST /notes", "PUT /seen"]);
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_ends_with_the_first_request_that_is_refused() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|received| if received.method == "POST" { Then::Status(422) } else { Then::Done });
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    assert_eq!(requests(&helpdesk), ["POST /notes"], "what was refused is not marked as seen");
    assert_eq!(outbox(&engine).await[0]["state"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_goes_on_after_each_refusal_that_the_connector_does_not_mind() {
    let helpdesk = Helpdesk::start().await;
    let engine = start_with(CONNECTOR_IN_STEPS, &config::with(&helpdesk.address.to_string(), &[ROUTING])).await;
    helpdesk.answer(|_| Then::Status(404));
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    let expected: Vec<String> = (1..=12).map(|n| format!("DELETE /labels/{n}")).collect();
    assert_eq!(requests(&helpdesk), expected);
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_was_done_in_part_is_asked_about_before_it_is_repeated() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|received| if received.method == "PUT" { Then::Status(503) } else { Then::Done });
    engine.post(&created("T-1")).await;
    engine.database.wait_for("an attempt in doubt", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    assert_eq!(requests(&helpdesk), ["POST /notes", "PUT /seen", "GET /notes?page=1"], "the note is not made twice");
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_in_doubt_stays_so_while_its_ticket_cannot_be_read() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|_| Then::Vanish);
    engine.post(&created("T-1")).await;
    engine.database.wait_for("an attempt in doubt", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    helpdesk.answer(|_| Then::Done);
    engine.database.execute("ALTER TABLE ticket RENAME TO ticket_away").await;
    engine.database.end_delivery_waits().await;
    engine.database.wait_for("one that comes to nothing", "SELECT count(*) FROM attempt", 2).await;
    engine.database.execute("ALTER TABLE ticket_away RENAME TO ticket").await;
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    assert_eq!(requests(&helpdesk), ["POST /notes", "GET /notes?page=1"], "it is found and not done again");
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_gets_the_patience_that_it_asks_for_where_an_action_is_in_doubt() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|received| match received.method.as_str() {
        "PUT" => Then::RetryAfter(503, 3600),
        "GET" => Then::RetryAfter(429, 7200),
        _ => Then::Done,
    });
    engine.post(&created("T-1")).await;
    let waits = |hours: i32| {
        format!(
            "SELECT count(*) FROM outbox_lane WHERE attempts = {hours}
             AND abs(extract(epoch FROM wake_at - now()) - {hours} * 3600) < 120"
        )
    };
    engine.database.wait_for("an hour after it was done in part", &waits(1), 1).await;
    engine.database.end_delivery_waits().await;
    engine.database.wait_for("two hours after it was asked about", &waits(2), 1).await;
    let in_doubt = "SELECT count(*) FROM attempt WHERE outcome = 2";
    assert_eq!(engine.database.number(in_doubt).await, 2);
    helpdesk.answer(|_| Then::Done);
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
}

/// An engine in steps whose first action was refused, and so is a dead letter.
async fn with_a_dead_letter() -> (Helpdesk, TestEngine) {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|_| Then::Status(422));
    engine.post(&created("T-1")).await;
    engine.database.wait_for("it is a dead letter", "SELECT count(*) FROM dead_letter", 1).await;
    (helpdesk, engine)
}

/// A helpdesk whose answers are too long to read, so that nobody can tell what was done, and that does this with the rest.
fn cannot_tell(then: Then) -> impl FnMut(&Received) -> Then + Send + 'static {
    move |received| if received.method == "GET" { Then::Long } else { then }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_sent_again_is_sent_though_the_helpdesk_could_not_be_asked_at_first() {
    let (helpdesk, engine) = with_a_dead_letter().await;
    helpdesk.answer(|_| Then::Status(503));
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    engine.database.wait_for("it is asked in vain", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    helpdesk.answer(cannot_tell(Then::Done));
    engine.database.end_delivery_waits().await;
    engine.work_off().await;
    assert_eq!(in_turn(&helpdesk), "POST1 asks asks POST1 PUT1");
    assert_eq!(outbox(&engine).await[0]["state"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_sent_again_is_sent_once() {
    let (helpdesk, engine) = with_a_dead_letter().await;
    helpdesk.answer(cannot_tell(Then::Vanish));
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    engine.database.wait_for("it is in doubt again", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    engine.database.end_delivery_waits().await;
    let waiting = "SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL";
    engine.database.wait_for("it waits for a person again", waiting, 1).await;
    let received = helpdesk.received();
    let n_sent = received.iter().filter(|sent| sent.method == "POST" && sent.key == received[0].key).count();
    assert_eq!(n_sent, 2, "at first, and when a person said so");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_sent_again_is_sent_once_though_the_engine_dies_over_it() {
    let (helpdesk, mut engine) = with_a_dead_letter().await;
    helpdesk.answer(cannot_tell(Then::Done));
    assert!(engine.stop().await.success(), "{}", engine.log());
    engine.start_again(Some("after-send:1")).await;
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    wait_until("the engine dies", async || engine.has_died()).await;
    engine.database.end_leases().await;
    engine.start_again(None).await;
    let waiting = "SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL";
    engine.database.wait_for("it waits for a person again", waiting, 1).await;
    let received = helpdesk.received();
    let n_sent = received.iter().filter(|sent| sent.method == "POST" && sent.key == received[0].key).count();
    assert_eq!(n_sent, 2, "at first, and when a person said so");
}

/// What came, in one line: `asks` for a request that reads, and each other one by its method and which action it is of.
fn in_turn(helpdesk: &Helpdesk) -> String {
    let mut keys: Vec<String> = Vec::new();
    let word = |received: Received| {
        if received.method == "GET" {
            return "asks".to_owned();
        }
        let known = keys.iter().position(|key| *key == received.key);
        let number = known.unwrap_or_else(|| {
            keys.push(received.key);
            keys.len() - 1
        });
        format!("{}{}", received.method, number + 1)
    };
    helpdesk.received().into_iter().map(word).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_in_doubt_is_still_asked_about_when_an_earlier_one_is_replayed() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|_| Then::Status(422));
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first is a dead letter", "SELECT count(*) FROM dead_letter", 1).await;
    helpdesk.answer(|received| if received.method == "POST" { Then::Vanish } else { Then::Done });
    engine.post(&commented("T-1", "Hello?")).await;
    engine.database.wait_for("the second is in doubt", "SELECT count(*) FROM attempt WHERE outcome = 2", 1).await;
    // Not before the first is replayed.
    engine.database.execute("UPDATE outbox_lane SET wake_at = now() + interval '1 hour'").await;
    helpdesk.answer(|_| Then::Done);
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    engine.work_off().await;
    assert_eq!(in_turn(&helpdesk), "POST1 POST2 asks POST1 PUT1 asks", "the second is found and not done again");
    assert!(outbox(&engine).await.iter().all(|row| row["state"] == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_was_put_off_unsent_is_not_in_doubt_when_an_earlier_one_is_replayed() {
    let (helpdesk, mut engine) = with_a_dead_letter().await;
    engine.database.execute("UPDATE destination SET paused_at = now()").await;
    engine.post(&commented("T-1", "Hello?")).await;
    engine.database.wait_for("the second waits to be sent", "SELECT count(*) FROM outbox", 2).await;
    assert!(engine.stop().await.success(), "{}", engine.log());
    engine.database.execute("UPDATE destination SET paused_at = NULL").await;

    // Another process claims the second, and the first is replayed before it puts the second off.
    let store = Store::connect(&engine.database.url, Connections::default()).await.unwrap();
    let claimed = store.claim_outbox(1, Duration::from_mins(3), &[]).await.unwrap().remove(0);
    let letter = store.dead_letters(false, None, 1).await.unwrap().remove(0);
    assert!(store.replay(&letter, Timestamp::from(now())).await.unwrap());
    let in_doubt = "SELECT ambiguous FROM outbox ORDER BY outbox_id";
    let (yes, no) = (json!({ "ambiguous": true }), json!({ "ambiguous": false }));
    assert_eq!(engine.sql(in_doubt).await, [yes.clone(), yes.clone()], "it may be on its way");
    store.postpone_outbox(&claimed, Timestamp::from(now())).await.unwrap();
    assert_eq!(engine.sql(in_doubt).await, [yes, no], "it was not");
    store.close().await;

    helpdesk.answer(cannot_tell(Then::Done));
    engine.start_again(None).await;
    engine.work_off().await;
    assert_eq!(in_turn(&helpdesk), "POST1 asks POST1 PUT1 POST2 PUT2");
    assert!(outbox(&engine).await.iter().all(|row| row["state"] == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_an_action_under_way_says_nothing_of_one_that_is_replayed_meanwhile() {
    let (helpdesk, engine) = start_in_steps().await;
    helpdesk.answer(|_| Then::Status(422));
    engine.post(&created("T-1")).await;
    engine.database.wait_for("the first is a dead letter", "SELECT count(*) FROM dead_letter", 1).await;
    let mut n_marked = 0;
    helpdesk.answer(move |received| match received.method.as_str() {
        "POST" if n_marked == 0 => Then::Later,
        "PUT" => {
            n_marked += 1;
            if n_marked == 1 { Then::Status(503) } else { Then::Done }
        }
        _ => Then::Done,
    });
    engine.post(&commented("T-1", "Hello?")).await;
    wait_until("the second is under way", async || helpdesk.received().len() == 2).await;
    assert!(engine.run(&["dead-letters", "replay", "--all"]).await.status.success());
    let under_way = "SELECT count(*) FROM outbox_lane WHERE lease_token IS NOT NULL";
    assert_eq!(engine.database.number(under_way).await, 1, "it is still under way");
    helpdesk.answer_those_who_wait();
    engine.work_off().await;
    let expected = "POST1 POST2 PUT2 asks POST1 PUT1 asks";
    assert_eq!(in_turn(&helpdesk), expected, "both are asked about, the first at once");
    assert!(outbox(&engine).await.iter().all(|row| row["state"] == 2));
    let attempts = engine.sql("SELECT outcome FROM attempt ORDER BY attempted_at").await;
    assert_eq!(
        attempts,
        [json!({ "outcome": 4 }), json!({ "outcome": 2 }), json!({ "outcome": 0 }), json!({ "outcome": 0 })]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_gets_no_more_requests_a_second_than_it_is_to_get() {
    let helpdesk = Helpdesk::start().await;
    let config = config::with(&helpdesk.address.to_string(), &[ROUTING]);
    let engine = TestEngine::start(&config.replace("name = \"desk\"", "name = \"desk\"\nrate_per_second = 2.0")).await;
    for n in 0..5 {
        engine.post(&created(&format!("T-{n}"))).await;
    }
    engine.work_off().await;
    let took = "SELECT (1000 * extract(epoch FROM max(attempted_at) - min(attempted_at)))::bigint FROM attempt";
    let took_ms = engine.database.number(took).await;
    assert!(took_ms >= 1800, "five requests at two a second took {took_ms} ms");
    assert_eq!(helpdesk.received().len(), 5);
}
