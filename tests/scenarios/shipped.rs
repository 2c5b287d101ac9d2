//! The plugins that ship, under the running engine: each does at the helpdesk, or at a destination, what its README says.

use std::fs;

use chrono::TimeDelta;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use super::reports::files;
use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::{Helpdesk, Received};
use crate::support::waiting::now;
use crate::support::webhook::{comment, commented, created, event, event_at, new_ticket, updated};

async fn start(plugin: &str) -> (Helpdesk, TestEngine) {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[plugin])).await;
    (helpdesk, engine)
}

/// Posts an event, and waits until all that comes of it is done.
async fn happens(engine: &TestEngine, event: &Value) {
    engine.post(event).await;
    engine.work_off().await;
}

/// Lets the timers that wait be due now, as time would, and waits until so many actions have come of it in all.
async fn time_passes(engine: &TestEngine, n_actions: i64) {
    engine
        .database
        .execute(
            "UPDATE timer SET fire_at = now();
            UPDATE lane SET next_timer = now(), wake_at = now() WHERE next_timer IS NOT NULL AND lease_token IS NULL",
        )
        .await;
    engine.database.wait_for("the timer has fired", "SELECT count(*) FROM outbox", n_actions).await;
    engine.work_off().await;
}

async fn n_timers(engine: &TestEngine) -> i64 {
    engine.database.number("SELECT count(*) FROM timer").await
}

fn kinds(done: &[Received]) -> Vec<&str> {
    done.iter().map(|action| action.kind.as_str()).collect()
}

fn reason(action: &Received) -> &str {
    action.reason.as_deref().unwrap_or_default()
}

const BY_SKILL_AND_LOAD: &str = r#"
[[plugin]]
name = "routing"

[[plugin.settings.rules]]
name = "refunds"
when = { words = ["invoice"] }
then = { group = "billing", assign = { strategy = "least_loaded", skills = ["refunds"] } }
"#;

/// What an agent of the group billing says to be.
fn agent(id: &str, status: &str, skills: &[&str], capacity: u32) -> Value {
    let data = json!({ "status": status, "groups": ["billing"], "skills": skills, "capacity": capacity });
    event("agent.status", id, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn routing_chooses_by_skill_and_load_from_what_agents_said_last() {
    let (helpdesk, engine) = start(BY_SKILL_AND_LOAD).await;
    for status in [
        agent("anna", "online", &["refunds"], 1),
        agent("ben", "online", &["refunds"], 5),
        agent("carla", "online", &["returns"], 5),
        agent("dirk", "away", &["refunds"], 5),
    ] {
        engine.post(&status).await;
    }
    engine.work_off().await;
    happens(&engine, &created("T-1")).await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done), ["ticket.update"]);
    assert_eq!(done[0].data, json!({ "group": "billing", "assignee": "anna" }));

    // The helpdesk tells of it, and the minute is over for which a ticket counts that nobody has told of.
    happens(&engine, &updated("T-1", done[0].data.clone())).await;
    engine.database.execute("UPDATE kv SET expires_at = now() - interval '1 s' WHERE key LIKE 'given/%'").await;
    happens(&engine, &created("T-2")).await;
    let done = helpdesk.done_on("T-2");
    assert_eq!(done[0].data, json!({ "group": "billing", "assignee": "ben" }));
    for expected in ["assigned to ben: has refunds", "anna (1 of 1 tickets)", "carla (lacks refunds)", "dirk (away)"] {
        assert!(reason(&done[0]).contains(expected), "{expected}: {}", reason(&done[0]));
    }

    happens(&engine, &agent("ben", "offline", &["refunds"], 5)).await;
    happens(&engine, &created("T-3")).await;
    let done = helpdesk.done_on("T-3");
    assert_eq!(done[0].data, json!({ "group": "billing" }));
    assert!(reason(&done[0]).contains("nobody of billing can take it"), "{}", reason(&done[0]));
}

const IN_TWO_STEPS: &str = r#"
[[plugin]]
name = "reminders"
settings = { steps = [{ after = "1h", do = "note" }, { after = "2h", do = "escalate", tier = 2, group = "tier-2" }] }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn reminders_come_step_by_step_until_an_agent_replies() {
    let (helpdesk, engine) = start(IN_TWO_STEPS).await;
    happens(&engine, &created("T-answered")).await;
    assert_eq!(n_timers(&engine).await, 1);
    happens(&engine, &event("ticket.commented", "T-answered", comment("We look at it.", "agent"))).await;
    assert_eq!(n_timers(&engine).await, 0, "nobody waits any more");

    // This one has waited for longer than the first step.
    let an_hour_ago = now() - TimeDelta::minutes(61);
    engine.post(&event_at("ticket.created", "T-1", an_hour_ago, new_ticket("T-1"))).await;
    engine.database.wait_for("the first reminder", "SELECT count(*) FROM outbox", 1).await;
    engine.work_off().await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done), ["ticket.note"]);
    let note = done[0].data["body"].as_str().unwrap();
    assert!(note.starts_with("the customer has been waiting for a reply for 1 h"), "{note}");
    let waits =
        "SELECT count(*) FROM timer WHERE fire_at BETWEEN now() + interval '55 min' AND now() + interval '1 hour'";
    assert_eq!(engine.database.number(waits).await, 1, "the second step comes two hours after the customer wrote");

    time_passes(&engine, 2).await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done), ["ticket.note", "ticket.escalate"]);
    assert_eq!(done[1].data, json!({ "tier": 2, "group": "tier-2" }));
    assert!(reason(&done[1]).contains("step 2 of 2"), "{}", reason(&done[1]));
    assert_eq!(n_timers(&engine).await, 0);
    assert_eq!(helpdesk.done_on("T-answered").len(), 0);
}

const AFTER_TWO_DAYS: &str = r#"
[[plugin]]
name = "autoclose"
settings = { remind_after = "24h", after = "48h", reminder = { en = "May we close {{ticket.id}}?" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn autoclose_reminds_the_customer_and_then_solves_the_ticket() {
    let (helpdesk, engine) = start(AFTER_TWO_DAYS).await;
    for ticket in ["T-1", "T-answered"] {
        happens(&engine, &created(ticket)).await;
        assert_eq!(n_timers(&engine).await, i64::from(ticket == "T-answered"), "a new ticket waits for nobody");
        happens(&engine, &updated(ticket, json!({ "status": "pending" }))).await;
    }
    assert_eq!(n_timers(&engine).await, 2);
    // Whatever the helpdesk makes of the status.
    happens(&engine, &commented("T-answered", "Still wrong.")).await;
    assert_eq!(n_timers(&engine).await, 1);

    time_passes(&engine, 1).await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done), ["ticket.reply"]);
    assert_eq!(done[0].data, json!({ "body": "May we close T-1?" }));
    assert_eq!(n_timers(&engine).await, 1, "it closes two days after it turned pending");
    time_passes(&engine, 2).await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done), ["ticket.reply", "ticket.update"]);
    assert_eq!(done[1].data, json!({ "status": "solved" }));
    assert!(reason(&done[1]).contains("the customer has not answered since"), "{}", reason(&done[1]));
    assert_eq!(n_timers(&engine).await, 0);
    assert_eq!(helpdesk.done_on("T-answered").len(), 0);
}

const CANNED: &str = r#"
[[plugin]]
name = "canned"

[plugin.settings.replies]
password = "Hi {{requester.first_name|there}}, you can reset it yourself ({{ticket.id}})."

[plugin.settings.replies.details]
text = { en = "Tell us more." }
status = "pending"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn canned_replies_go_out_on_an_agents_note_or_tag_and_on_nobody_elses() {
    let (helpdesk, engine) = start(CANNED).await;
    happens(&engine, &created("T-1")).await;
    happens(&engine, &commented("T-1", "/canned password")).await;
    assert_eq!(helpdesk.done_on("T-1").len(), 0, "a customer asks for none");

    let mut note = comment("Standard case.\n/canned password", "agent");
    note["comment"]["public"] = json!(false);
    happens(&engine, &event("ticket.commented", "T-1", note)).await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done), ["ticket.reply"]);
    assert_eq!(done[0].data, json!({ "body": "Hi there, you can reset it yourself (T-1)." }));

    happens(&engine, &updated("T-1", json!({ "tags": ["canned:details", "vip"] }))).await;
    // Any other change shows the tag once more, for the helpdesk has not told that it is gone.
    happens(&engine, &updated("T-1", json!({ "priority": "high" }))).await;
    let done = helpdesk.done_on("T-1");
    assert_eq!(kinds(&done[1..]), ["ticket.reply", "ticket.update", "ticket.tag"]);
    let data: Vec<Value> = done[1..].iter().map(|action| action.data.clone()).collect();
    let expected =
        [json!({ "body": "Tell us more." }), json!({ "status": "pending" }), json!({ "remove": ["canned:details"] })];
    assert_eq!(data, expected);
}

const BY_MAIL_AND_WEBHOOK: &str = r#"
[mail]
folder = "mail"
from = "Deskbell <deskbell@example.com>"

[[destination]]
name = "managers"
kind = "mail"
to = ["managers@example.com"]

[[destination]]
name = "pager"
kind = "webhook"
url = { file = "url" }
secret = { env = "DESKBELL_TEST_SECRET" }

[[plugin]]
name = "notify"

[plugin.settings]
to = ["managers", "pager"]

[[plugin.settings.rules]]
name = "urgent"
event = ["ticket.created", "ticket.updated"]
when = { priority = "urgent", changed = "priority" }
subject = "{{ticket.id}} is urgent"
text = "{{requester.email}} writes: {{ticket.subject}}"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn notify_tells_a_mailbox_and_a_signed_webhook_once() {
    let helpdesk = Helpdesk::start().await;
    let config = config::with(&helpdesk.address.to_string(), &[BY_MAIL_AND_WEBHOOK]);
    let mut engine = TestEngine::prepare(&config, Database::create().await).await;
    fs::write(engine.folder().join("url"), format!("http://{}/notices", helpdesk.address)).unwrap();
    engine.start_again(None).await;
    happens(&engine, &created("T-1")).await;
    assert_eq!(helpdesk.received().len(), 0, "nothing is urgent yet");
    for priority in ["urgent", "high", "urgent"] {
        happens(&engine, &updated("T-1", json!({ "priority": priority }))).await;
    }

    let received = helpdesk.received();
    assert_eq!(received.len(), 1, "the same is not told again within the hour: {received:#?}");
    assert!(received[0].signed, "{received:#?}");
    let expected = json!({
        "type": "deskbell.notice", "key": received[0].key, "subject": "T-1 is urgent",
        "text": "customer-T-1@example.com writes: My invoice is wrong", "ticket": { "source": "desk", "id": "T-1" },
    });
    assert_eq!(received[0].body, expected);
    let mails = files(&engine.folder().join("mail"), ".eml");
    assert_eq!(mails.len(), 1, "{mails:?}");
    let bytes = fs::read(&mails[0]).unwrap();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let to: Vec<&str> = mail.to().unwrap().iter().filter_map(|address| address.address()).collect();
    assert_eq!(to, ["managers@example.com"]);
    assert_eq!(mail.subject().unwrap(), "[desk #T-1] T-1 is urgent");
    let text = mail.body_text(0).unwrap();
    assert!(text.contains("customer-T-1@example.com writes: My invoice is wrong"), "{text}");
}
