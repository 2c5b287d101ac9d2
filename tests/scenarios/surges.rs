//! Far more tickets than usual are announced while they come in.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use serde_json::Value;

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::waiting::{now, wait_until};
use crate::support::webhook::{Delivery, event_at, new_ticket};

const NOTIFY: &str = "
[[destination]]
name = \"chat\"
kind = \"slack\"
url = { file = \"{url}\" }

[[plugin]]
name = \"notify\"
settings = { to = \"chat\" }
";

fn ticket(id: &str, at: DateTime<Utc>) -> Value {
    event_at("ticket.created", id, at, new_ticket(id))
}

async fn announced(engine: &TestEngine) -> Vec<Value> {
    let rows = engine.sql("SELECT convert_from(data, 'UTF8') AS data FROM event WHERE kind = 'source.surge'").await;
    rows.iter().filter_map(|row| serde_json::from_str(row["data"].as_str()?).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_surge_is_told_while_it_goes_on_once_and_as_the_figures_say() {
    let helpdesk = Helpdesk::start().await;
    let config = |url: &str| config::with(&helpdesk.address.to_string(), &[&NOTIFY.replace("{url}", url)]);
    let mut engine = TestEngine::prepare(&config("url"), Database::create().await).await;
    let url = engine.folder().join("url");
    std::fs::write(&url, format!("http://{}/chat", helpdesk.address)).unwrap();
    let config = config(&url.display().to_string());
    engine.configure(&config);
    engine.start_again(None).await;
    let beside = engine.beside(&config).await;
    let now = now();
    // One ticket at this hour in each of nine weeks, and then eight of them.
    let usual = (1..=9).map(|week| ticket(&format!("usual-{week}"), now - TimeDelta::weeks(week)));
    assert_eq!(engine.deliver(&Delivery::batch(&usual.collect::<Vec<_>>())).await.status, 202);
    engine.work_off().await;
    let many = (1..=8).map(|n| ticket(&format!("now-{n}"), now)).collect::<Vec<_>>();
    assert_eq!(engine.deliver(&Delivery::batch(&many)).await.status, 202);
    wait_until("the surge is announced", async || !announced(&engine).await.is_empty()).await;
    wait_until("the chat is told", async || helpdesk.received().iter().any(|request| is_told(&request.body))).await;

    let surges = announced(&engine).await;
    assert_eq!(surges.len(), 1, "{surges:?}");
    let told = &surges[0];
    assert!(told["count"].as_u64().is_some_and(|count| (6..=8).contains(&count)), "{told}");
    assert_eq!((&told["source"], &told["tz"]), (&"desk".into(), &"UTC".into()));
    assert_eq!((&told["hour"], &told["date"]), (&now.hour().into(), &now.date_naive().to_string().into()));

    // The report of the hour says the same.
    engine.work_off().await;
    let (from, to) = (now - TimeDelta::hours(1), now + TimeDelta::hours(1));
    let (from, to) = (from.to_rfc3339(), to.to_rfc3339());
    let ended = engine.run(&["kpi", "--from", &from, "--to", &to, "--source", "desk", "--format", "json"]).await;
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let surge = &report["figures"]["surges"][0];
    for member in ["date", "hour", "mean", "limit"] {
        assert_eq!(surge[member], told[member], "{member} in {report}");
    }

    // Nobody announces it again: neither the other process nor the next one, which tries.
    let tried = "SELECT arrivals::bigint FROM lane WHERE kind = 2 AND arrivals > 0 ORDER BY arrivals DESC LIMIT 1";
    let before = engine.database.number(tried).await;
    engine.kill9();
    engine.start_again(None).await;
    wait_until("the next one has tried", async || engine.database.number(tried).await > before).await;
    engine.work_off().await;
    assert_eq!(announced(&engine).await.len(), 1);
    drop(beside);
}

fn is_told(body: &Value) -> bool {
    body.to_string().contains("Many more tickets than usual are coming in at desk")
}
