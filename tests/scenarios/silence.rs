//! A source that falls silent is announced, once, whatever happens meanwhile.

use serde_json::json;

use crate::support::config;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::waiting::wait_until;
use crate::support::webhook::created;

const ANNOUNCED: &str = "SELECT count(*) FROM event WHERE kind = 'source.silent'";
const HEARD: &str = "SELECT count(*) FROM source WHERE name = 'desk' AND last_delivery_at > now() - interval '10 min'
    AND silent_since IS NULL";
const NOTED: &str = "SELECT count(*) FROM source WHERE name = 'desk' AND silent_since = last_delivery_at";

/// Has a webhook come, and the engine end; then as much time as `ago` says is over.
async fn hear(engine: &mut TestEngine, ticket: &str, ago: &str) {
    engine.post(&created(ticket)).await;
    engine.database.wait_for("the webhook is noted", HEARD, 1).await;
    engine.work_off().await;
    assert!(engine.stop().await.success(), "{}", engine.log());
    let over = format!("UPDATE source SET last_delivery_at = now() - interval '{ago}' WHERE name = 'desk'");
    engine.database.execute(&over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_falls_silent_is_announced_once_though_the_engine_dies_over_it() {
    let helpdesk = Helpdesk::start().await;
    let silent_after = "name = \"desk\"\nsilent_after = \"1h\"\n";
    let config = config::with(&helpdesk.address.to_string(), &[]).replace("name = \"desk\"\n", silent_after);
    let mut engine = TestEngine::start(&config).await;
    let database = engine.database.clone();
    hear(&mut engine, "T-1", "2 hours").await;

    engine.launch(Some("after-silence-announced:1"));
    wait_until("the engine dies", async || engine.has_died()).await;
    assert_eq!((database.number(ANNOUNCED).await, database.number(NOTED).await), (1, 0));
    engine.start_again(None).await;
    database.wait_for("the silence is noted", NOTED, 1).await;
    engine.work_off().await;
    let told = "SELECT convert_from(data, 'UTF8')::json AS data FROM event WHERE kind = 'source.silent'";
    assert_eq!(engine.sql(told).await, [json!({ "data": { "source": "desk", "silent_for_seconds": 3600 } })]);

    // Heard and silent again is another silence.
    hear(&mut engine, "T-2", "90 minutes").await;
    engine.start_again(None).await;
    database.wait_for("the second silence is noted", NOTED, 1).await;
    assert_eq!(database.number(ANNOUNCED).await, 2);
}
