//! The helpdesk over real connections, with a receiver for its webhooks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use deskbell_model::event::Event;
use deskbell_workers::signature::standard_webhooks::{self, sign};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Far more than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A webhook as it came in.
#[derive(Debug)]
struct Came {
    id: String,
    event: Value,
}

/// A receiver of webhooks: verifies, answers with what `answer` says, and hands over what came.
struct Receiver {
    url: String,
    came: mpsc::UnboundedReceiver<Came>,
}

type Answer = Arc<dyn Fn(u64) -> StatusCode + Send + Sync>;

impl Receiver {
    /// `answer` is given how often this webhook came before.
    async fn start(answer: impl Fn(u64) -> StatusCode + Send + Sync + 'static) -> Self {
        let (sender, came) = mpsc::unbounded_channel();
        let answer: Answer = Arc::new(answer);
        let counter = Arc::new(Mutex::new(HashMap::new()));
        let app = axum::Router::new().route("/hooks/shop", post(receive)).with_state((sender, answer, counter));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/shop", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, came }
    }

    async fn next(&mut self) -> Came {
        tokio::time::timeout(PATIENCE, self.came.recv()).await.unwrap().unwrap()
    }

    /// The next one about a ticket.
    async fn next_of_ticket(&mut self) -> Came {
        loop {
            let came = self.next().await;
            if came.event["type"].as_str().unwrap().starts_with("deskbell.ticket.") {
                return came;
            }
        }
    }
}

type Heard = (mpsc::UnboundedSender<Came>, Answer, Arc<Mutex<HashMap<String, u64>>>);

async fn receive(Shared((sender, answer, counter)): Shared<Heard>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let verifier = Verifier::new(&Scheme::of(Kind::StandardWebhooks), &[SECRET]).unwrap();
    let verified = crate::signature::verify(&verifier, &headers, &body, SystemClock.now()).unwrap();
    let came = Came { id: verified.delivery_id.unwrap(), event: serde_json::from_slice(&body).unwrap() };
    Event::from_value(&came.event).unwrap();
    let n_before = {
        let mut counter = counter.lock().unwrap();
        let n_times = counter.entry(came.id.clone()).or_default();
        *n_times += 1;
        *n_times - 1
    };
    sender.send(came).unwrap();
    answer(n_before)
}

async fn start(receiver: &Receiver) -> Simulation {
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        hook_url: receiver.url.clone(),
        source: None,
        secret: SecretString::from(SECRET),
        seed: 1,
        tickets_per_minute: 0.0,
        desk: None,
    };
    Simulation::start_at(options, Arc::new(SystemClock), Duration::ZERO).await.unwrap()
}

/// A client that opens a connection for each request, so that a cut one is its own.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

async fn post_json(simulation: &Simulation, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}{path}", simulation.address);
    let response = client().post(url).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn get_json(simulation: &Simulation, path: &str) -> Value {
    client().get(format!("http://{}{path}", simulation.address)).send().await.unwrap().json().await.unwrap()
}

async fn act(simulation: &Simulation, key: &str, ticket: &str, kind: &str, data: Value) -> reqwest::Result<u16> {
    let now = SystemClock.now();
    let action = json!({ "key": key, "kind": kind, "ticket": { "id": ticket }, "data": data });
    let body = json!({ "type": "deskbell.action", "timestamp": now, "data": action }).to_string();
    let request = client()
        .post(simulation.actions_url())
        .header(standard_webhooks::ID_HEADER, key)
        .header(standard_webhooks::TIMESTAMP_HEADER, standard_webhooks::seconds(now))
        .header(standard_webhooks::SIGNATURE_HEADER, sign(SECRET.as_bytes(), key, now, body.as_bytes()).unwrap())
        .body(body);
    request.send().await.map(|response| response.status().as_u16())
}

async fn new_ticket(simulation: &Simulation) -> String {
    let (status, ticket) = post_json(simulation, "/tickets", &json!({ "subject": "Lamp" })).await;
    assert_eq!(status, 201, "{ticket}");
    ticket["id"].as_str().unwrap().to_owned()
}

async fn fault(simulation: &Simulation, order: Value) {
    let (status, answer) = post_json(simulation, "/faults", &order).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn agents_are_introduced_and_changes_are_posted() {
    let mut receiver = Receiver::start(|_| StatusCode::ACCEPTED).await;
    let simulation = start(&receiver).await;
    let mut online = 0;
    for _ in 0..2 * people::AGENTS.len() {
        let came = receiver.next().await;
        online += u32::from(came.event["type"] == "deskbell.agent.status");
        assert_eq!(came.event["source"], "shop");
    }
    assert_eq!(online as usize, people::AGENTS.len());

    let id = new_ticket(&simulation).await;
    let (status, _) = post_json(&simulation, &format!("/tickets/{id}/comments"), &json!({ "body": "Hello?" })).await;
    assert_eq!(status, 201);
    let url = format!("http://{}/tickets/{id}", simulation.address);
    let patched = client().patch(url).json(&json!({ "priority": "high" })).send().await.unwrap();
    assert_eq!(patched.status(), 200);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        kinds.push(receiver.next().await.event["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["deskbell.ticket.created", "deskbell.ticket.commented", "deskbell.ticket.updated"]);
    let ticket = get_json(&simulation, &format!("/tickets/{id}")).await;
    assert_eq!(ticket["priority"], "high");
    assert_eq!(ticket["comments"][0]["body"], "Hello?");
    assert_eq!(get_json(&simulation, "/tickets").await["tickets"].as_array().unwrap().len(), 1);
    simulation.stop().await;
}

#[tokio::test]
async fn a_webhook_comes_again_under_its_id_until_it_is_taken() {
    // Each of them is refused twice.
    let mut receiver = Receiver::start(|n_before| match n_before {
        0 | 1 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::ACCEPTED,
    })
    .await;
    let simulation = start(&receiver).await;
    let id = new_ticket(&simulation).await;
    for n in 0..5 {
        post_json(&simulation, &format!("/tickets/{id}/comments"), &json!({ "body": n.to_string() })).await;
    }
    let mut came = Vec::new();
    for _ in 0..3 * 6 {
        came.push(receiver.next_of_ticket().await);
    }
    // Each three times, one after the other: the creation, then the comments in their order.
    for (place, thrice) in came.chunks(3).enumerate() {
        assert!(thrice.iter().all(|one| one.id == thrice[0].id), "{thrice:?}");
        let body = &thrice[0].event["data"]["comment"]["body"];
        let expected = place.checked_sub(1).map(|n| n.to_string());
        assert_eq!(body.as_str(), expected.as_deref(), "{thrice:?}");
    }
    let ids: BTreeSet<&str> = came.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), 6);
    simulation.stop().await;
}

#[tokio::test]
async fn an_action_takes_effect_once_and_comes_back() {
    let mut receiver = Receiver::start(|_| StatusCode::ACCEPTED).await;
    let simulation = start(&receiver).await;
    let id = new_ticket(&simulation).await;
    receiver.next_of_ticket().await;
    for _ in 0..3 {
        let reply = json!({ "body": "We are on it" });
        assert_eq!(act(&simulation, "key-1", &id, "ticket.reply", reply).await.unwrap(), 200);
    }
    let echo = receiver.next_of_ticket().await.event;
    assert_eq!(echo["type"], "deskbell.ticket.commented");
    assert_eq!(echo["data"]["actor"], json!({ "id": "deskbell", "role": "bot", "name": "Deskbell" }));
    let stats = get_json(&simulation, "/stats?keys=true").await;
    assert_eq!(stats["actions"]["received"], 3);
    assert_eq!(stats["actions"]["effective"], 1);
    assert_eq!(stats["actions"]["duplicates"], 2);
    assert_eq!(stats["actions"]["done"][0]["received"], 3);
    let ticket = get_json(&simulation, &format!("/tickets/{id}")).await;
    assert_eq!(ticket["comments"].as_array().unwrap().len(), 1);
    simulation.stop().await;
}

#[tokio::test]
async fn actions_that_cannot_be_are_told_apart() {
    let receiver = Receiver::start(|_| StatusCode::ACCEPTED).await;
    let simulation = start(&receiver).await;
    let id = new_ticket(&simulation).await;
    for (ticket, kind, data, expected) in [
        ("nowhere", "ticket.note", json!({ "body": "x" }), 404),
        (id.as_str(), "ticket.update", json!({ "status": "done" }), 422),
        (id.as_str(), "ticket.burn", json!({}), 422),
    ] {
        assert_eq!(act(&simulation, "k", ticket, kind, data).await.unwrap(), expected, "{kind}");
    }
    let unsigned = client().post(simulation.actions_url()).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    simulation.stop().await;
}

#[tokio::test]
async fn it_fails_as_it_is_told() {
    let receiver = Receiver::start(|_| StatusCode::ACCEPTED).await;
    let simulation = start(&receiver).await;
    let id = new_ticket(&simulation).await;
    let note = |key: &'static str| act(&simulation, key, &id, "ticket.note", json!({ "body": "x" }));

    fault(&simulation, json!({ "kind": "down" })).await;
    assert!(note("down").await.is_err(), "the connection is cut");
    fault(&simulation, json!({ "kind": "down", "seconds": 0 })).await;

    fault(&simulation, json!({ "kind": "errors" })).await;
    assert_eq!(note("errors").await.unwrap(), 500);
    fault(&simulation, json!({ "kind": "errors", "seconds": 0 })).await;

    fault(&simulation, json!({ "kind": "rate_limit" })).await;
    assert_eq!(note("limit").await.unwrap(), 429);
    fault(&simulation, json!({ "kind": "rate_limit", "seconds": 0 })).await;
    assert_eq!(get_json(&simulation, "/stats").await["actions"]["received"], 0, "none of them did anything");

    fault(&simulation, json!({ "kind": "drop_answers" })).await;
    assert!(note("dropped").await.is_err(), "the connection is cut");
    client().delete(format!("http://{}/faults", simulation.address)).send().await.unwrap();
    assert_eq!(note("dropped").await.unwrap(), 200);
    let actions = &get_json(&simulation, "/stats").await["actions"];
    assert_eq!((&actions["received"], &actions["effective"]), (&json!(2), &json!(1)));

    fault(&simulation, json!({ "kind": "slow", "delay_ms": 1 })).await;
    assert_eq!(note("slow").await.unwrap(), 200);
    let hits = get_json(&simulation, "/faults").await;
    assert_eq!(hits["faults"][0]["hits"], 1, "{hits}");
    simulation.stop().await;
}

#[tokio::test]
async fn a_webhook_may_come_twice_under_one_id() {
    let mut receiver = Receiver::start(|_| StatusCode::ACCEPTED).await;
    let simulation = start(&receiver).await;
    let id = new_ticket(&simulation).await;
    receiver.next_of_ticket().await;
    fault(&simulation, json!({ "kind": "duplicate_webhooks" })).await;
    act(&simulation, "k", &id, "ticket.note", json!({ "body": "x" })).await.unwrap();
    let (first, second) = (receiver.next_of_ticket().await, receiver.next_of_ticket().await);
    assert_eq!((first.id, first.event), (second.id, second.event));

    act(&simulation, "l", &id, "ticket.note", json!({ "body": "y" })).await.unwrap();
    receiver.next_of_ticket().await;
    assert_eq!(receiver.next_of_ticket().await.event["data"]["comment"]["body"], "y");
    let webhooks = &get_json(&simulation, "/stats").await["webhooks"];
    assert_eq!(webhooks["repeated"], 2, "{webhooks}");
    simulation.stop().await;
}

#[tokio::test]
async fn the_same_moment_and_seed_begin_the_same_life() {
    let begin = |seed, now| {
        let mut state = state(seed, 20.0, None, "shop", now);
        state.life.as_mut().unwrap().live_until(&mut state.desk, now.plus_seconds(600));
        state.desk.take_made()
    };
    let now = Timestamp::from_seconds(1_767_600_000);
    assert_eq!(begin(3, now), begin(3, now));
    let (ids, later): (Vec<_>, Vec<_>) = (begin(3, now), begin(3, now.plus_seconds(1)));
    assert!(ids.iter().all(|made| later.iter().all(|other| other.id != made.id)), "ids are those of a run");
}

#[tokio::test]
async fn it_goes_on_where_history_ends() {
    let past = Past {
        days: 3,
        until: Timestamp::from_seconds(1_767_600_000),
        seed: 5,
        source: "shop".to_owned(),
        tickets_per_day: 30.0,
    };
    let (_, desk) = history(&past);
    let unsolved: Vec<String> = desk
        .tickets()
        .filter(|ticket| ticket.merged_into.is_none() && !ticket.fields.status.is_solved())
        .map(|ticket| ticket.id.clone())
        .collect();
    assert!(!unsolved.is_empty());
    let mut state = state(5, 1.0, Some(desk), "shop", past.until);
    state.life.as_mut().unwrap().live_until(&mut state.desk, past.until.plus_seconds(7200));
    let solved = unsolved.iter().filter(|id| state.desk.ticket(id).unwrap().fields.status.is_solved()).count();
    assert!(solved * 2 > unsolved.len(), "{solved} of {} were worked off", unsolved.len());
}

#[tokio::test]
async fn what_cannot_be_simulated_is_told() {
    let options = |hook: &str, secret: &str, pace| Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        hook_url: hook.to_owned(),
        source: None,
        secret: SecretString::from(secret),
        seed: 1,
        tickets_per_minute: pace,
        desk: None,
    };
    for (options, expected) in [
        (options("nonsense", SECRET, 0.0), "no address"),
        (options("ftp://x/y", SECRET, 0.0), "no address"),
        (options("http://127.0.0.1:1/", SECRET, 0.0), "no address"),
        (options("http://127.0.0.1:1/hooks/x", "changeme", 0.0), "secret"),
        (options("http://127.0.0.1:1/hooks/x", SECRET, -1.0), "no pace"),
    ] {
        let error = Simulation::start(options).await.err().unwrap();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
