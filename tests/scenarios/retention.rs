//! What has had its time goes, and nothing else: rows, secrets that were replaced, tokens.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::support::config::{self, ROUTING};
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::waiting::now;
use crate::support::webhook::{Delivery, SECRET, WRONG_SECRET, ask, commented, created};

const RETENTION: &str = r#"
[retention]
bodies = "2d"
delivery_ids = "3d"
calls = "10d"
attempts = "20d"
"#;

/// A source whose secret is sealed in the database.
const SEALED: &str = r#"
[[source]]
name = "sealed"
secrets = { webhook = { sealed = true } }
"#;

/// Neither of the tests' two.
const THIRD_SECRET: &str = "whsec_BBBQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What is kept for a time, in the order in which it goes here. A partition a day, but for the outbox.
const TABLES: [&str; 4] = ["inbox", "plugin_call", "attempt", "outbox"];

fn partition(table: &str, day: NaiveDate) -> String {
    format!("{table}_{}", day.format("%Y%m%d"))
}

/// Makes the partitions of a day, as the engine would have ahead of it.
async fn make_partitions(database: &Database, day: NaiveDate) {
    let end = day.succ_opt().unwrap();
    for table in ["inbox", "plugin_call", "attempt"] {
        let name = partition(table, day);
        let bounds = format!("FROM ('{day}') TO ('{end}')");
        database.execute(&format!("CREATE TABLE {name} PARTITION OF {table} FOR VALUES {bounds}")).await;
    }
}

/// Has the work on a ticket's one event be of that day, as time would.
async fn put_back(database: &Database, ticket: &str, day: NaiveDate) {
    let at = format!("timestamptz '{day} 12:00:00+00'");
    let lane = format!("(SELECT lane_id FROM lane WHERE kind = 0 AND key = '{ticket}')");
    let inbox = format!("(SELECT inbox_id FROM event WHERE lane_id = {lane})");
    let key = "substring(sha256(convert_to(delivery_id, 'UTF8')) FROM 1 FOR 16)";
    database
        .execute(&format!(
            "UPDATE delivery_key SET seen_at = {at} WHERE key IN (SELECT {key} FROM inbox WHERE inbox_id IN {inbox});
             UPDATE inbox SET received_at = {at} WHERE inbox_id IN {inbox};
             UPDATE plugin_call SET called_at = {at} WHERE lane_id = {lane};
             UPDATE attempt SET attempted_at = {at} WHERE outbox_id IN (SELECT outbox_id FROM outbox WHERE lane_id = {lane});
             UPDATE outbox SET created_at = {at}, ended_at = {at} WHERE lane_id = {lane};"
        ))
        .await;
}

/// Has the cleaner go round: it does so at each start, and what it forgets last tells that it is through.
async fn clean(engine: &mut TestEngine) {
    let last = "INSERT INTO delivery_key (tenant_id, source_id, key, seen_at)
        SELECT tenant_id, source_id, 'last'::bytea, now() - interval '1 year' FROM source WHERE name = 'desk'";
    engine.database.execute(last).await;
    engine.start_again(None).await;
    let last = "SELECT count(*) FROM delivery_key WHERE key = 'last'::bytea";
    engine.database.wait_for("the cleaner has gone round", last, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_had_its_time_goes_and_the_history_of_tickets_stays() {
    let helpdesk = Helpdesk::start().await;
    let config = config::with(&helpdesk.address.to_string(), &[ROUTING, RETENTION]);
    let mut engine = TestEngine::start(&config).await;
    let database = engine.database.clone();
    let deliveries = ["old", "stray", "new"].map(|ticket| Delivery::of(&created(ticket)));
    for delivery in &deliveries {
        assert_eq!(engine.deliver(delivery).await.status, 202);
    }
    engine.work_off().await;
    database
        .execute(
            "INSERT INTO kv (tenant_id, plugin, lane_id, key, value, expires_at) VALUES
             (1, 'forgetful', 0, 'over', '1', now() - interval '1 s'), (1, 'forgetful', 0, 'for good', '1', NULL),
             (1, 'forgetful', 0, 'not yet', '1', now() + interval '1 day')",
        )
        .await;
    let today = now().date_naive();
    let day = |days_ago| today.checked_sub_days(Days::new(days_ago)).unwrap();
    let gone = format!("SELECT count(*) FROM pg_class WHERE relname = '{}'", partition("inbox", day(5)));

    // What is left of each table, and what is told of the old ticket.
    for (days, left, told) in [
        (5, [1, 3, 3, 3], "because: rule 'billing'"),
        (15, [1, 1, 3, 3], "(its call is not kept any more)"),
        (30, [1, 1, 1, 1], ": My invoice is wrong"),
    ] {
        assert!(engine.stop().await.success(), "{}", engine.log());
        make_partitions(&database, day(days)).await;
        put_back(&database, "old", day(days)).await;
        // No partition was made for this one's day: its rows are with those of all such days.
        put_back(&database, "stray", day(days + 1)).await;
        clean(&mut engine).await;
        for (table, left) in TABLES.into_iter().zip(left) {
            let count = database.number(&format!("SELECT count(*) FROM {table}")).await;
            assert_eq!(count, left, "{table} after {days} days");
        }
        assert_eq!(database.number(&gone).await, 0, "the old day's partition after {days} days");
        for kept in ["event WHERE kind = 'deskbell.ticket.created'", "ticket"] {
            assert_eq!(database.number(&format!("SELECT count(*) FROM {kept}")).await, 3, "{kept}");
        }
        let story = engine.run(&["explain", "old"]).await;
        assert!(story.stdout.contains("ticket.created") && story.stdout.contains(told), "{told}: {story:?}");
        let denied = story.stdout.contains("no plugin was called");
        assert!(!(denied && story.stdout.contains("asked for")), "{story:?}");
    }
    let remembered = database.rows("SELECT key FROM kv WHERE plugin = 'forgetful' ORDER BY key").await;
    assert_eq!(remembered, [json!({ "key": "for good" }), json!({ "key": "not yet" })]);

    // The old delivery's id is forgotten, its event's is not; the ticket goes on from where it was.
    let again = engine.deliver(&deliveries[0]).await;
    assert_eq!((again.status, &again.body), (202, &json!({ "accepted": 0, "duplicates": 1 })));
    assert_eq!(engine.deliver(&deliveries[2]).await.status, 200, "the new one's id is known");
    engine.post(&commented("old", "Hello?")).await;
    engine.work_off().await;
    assert_eq!(helpdesk.received().len(), 3, "nothing was done twice");
    let comments = "SELECT (state::json ->> 'customer_comments')::bigint
        FROM ticket JOIN lane USING (tenant_id, lane_id) WHERE key = 'old'";
    assert_eq!(database.number(comments).await, 1);
}

/// What webhooks of the source with the sealed secret are answered, signed with each of these.
async fn answers<const N: usize>(engine: &TestEngine, secrets: [&'static str; N]) -> [u16; N] {
    let mut statuses = [0; N];
    for (status, secret) in statuses.iter_mut().zip(secrets) {
        let mut event = created("T-1");
        event["source"] = json!("sealed");
        let delivery = Delivery { secret, ..Delivery::of(&event).to("sealed") };
        *status = engine.deliver(&delivery).await.status;
    }
    statuses
}

/// Seals a secret; `further` are further arguments.
async fn seal(engine: &TestEngine, secret: &str, further: &[&str]) {
    let file = engine.folder().join("secret");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let set = ["secret", "set", "source:sealed", "webhook", "--file", file.to_str().unwrap()];
    let sealed = engine.run(&[&set[..], further].concat()).await;
    assert!(sealed.status.success(), "{sealed:?}");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_replaced_is_accepted_until_the_next_one_is_set() {
    const KEEP: [&str; 1] = ["--keep-previous"];
    let (first, second, third) = (SECRET, WRONG_SECRET, THIRD_SECRET);
    let mut engine = TestEngine::prepare(&config::with("127.0.0.1:1", &[SEALED]), Database::create().await).await;
    let unset = engine.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(unset.status.code() == Some(1) && unset.stderr.contains("deskbell secret set"), "{unset:?}");
    seal(&engine, first, &[]).await;
    engine.start_again(None).await;
    assert_eq!(answers(&engine, [first, second]).await, [202, 401]);

    seal(&engine, second, &KEEP).await;
    assert_eq!(answers(&engine, [first, second]).await, [202, 401], "a running engine keeps what it has");
    engine.restart().await;
    assert_eq!(answers(&engine, [first, second, third]).await, [202, 202, 401]);
    let listed = engine.run(&["secret", "list", "--format", "json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((&listed[0]["owner"], &listed[0]["previous_accepted"]), (&json!("source:sealed"), &json!(true)));

    // One is kept and no more.
    seal(&engine, third, &KEEP).await;
    engine.restart().await;
    assert_eq!(answers(&engine, [first, second, third]).await, [401, 202, 202]);
    seal(&engine, third, &[]).await;
    engine.restart().await;
    assert_eq!(answers(&engine, [first, second, third]).await, [401, 401, 202]);
}

async fn make_token(engine: &TestEngine, arguments: &[&str]) -> String {
    let made = engine.run(&[&["token", "create"][..], arguments].concat()).await;
    assert!(made.status.success(), "{made:?}");
    made.stdout.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_holds_until_it_expires() {
    let engine = TestEngine::start(&config::with("127.0.0.1:1", &[])).await;
    let brief = make_token(&engine, &["brief", "--scope", "read", "--expires", "30m"]).await;
    let lasting = make_token(&engine, &["lasting", "--scope", "read"]).await;
    let url = format!("{}/api/v1/sources", engine.address.lock().unwrap());
    for token in [&brief, &lasting] {
        assert_eq!(ask("GET", &url, Some(token)).await.status, 200);
    }
    let until = "SELECT extract(epoch FROM expires_at - created_at)::bigint FROM token WHERE name = 'brief'";
    assert_eq!(engine.database.number(until).await, 30 * 60);

    engine.database.execute("UPDATE token SET expires_at = now() WHERE name = 'brief'").await;
    let refused = ask("GET", &url, Some(&brief)).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_eq!(ask("GET", &url, Some(&lasting)).await.status, 200);
    let listed = engine.run(&["token", "list", "--format", "json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((&listed[0]["state"], &listed[1]["state"]), (&json!("expired"), &json!("holds")), "{listed:#}");
}
