//! A fake helpdesk: it takes the actions of the generic connector, does each once by its key as the connector's README
//! asks, and can be told to answer otherwise. Who reads is told the keys of what was done.
//!
//! It speaks HTTP by itself, since a server library would not let go of a connection in the middle.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use deskbell_model::timestamp::Timestamp;
use deskbell_workers::signature::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::webhook::SECRET;

/// More than is read of an answer.
const LONG_BYTES: usize = 3 << 20;
/// As much as a page of comments is, and more than the sender reads by default.
const PAGE_BYTES: usize = 100 << 10;

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Then {
    /// Done, and said so.
    Done,
    /// Not done, answered with this status.
    Status(u16),
    /// The same, with `Retry-After` in seconds.
    RetryAfter(u16, u32),
    /// Done, but the connection breaks before the answer.
    Vanish,
    /// Done, and said so when [`Helpdesk::answer_those_who_wait`] is called.
    Later,
    /// Not done, and never answered.
    Hang,
    /// Done, and said so at such length that nobody reads it to its end.
    Long,
    /// A page of what was done on which nothing is, with more to come.
    More,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) ticket: String,
    pub(crate) data: Value,
    pub(crate) reason: Option<String>,
    /// All that came.
    pub(crate) body: Value,
    /// Whether its signature holds.
    pub(crate) signed: bool,
    /// Whether something was done because of it: not refused, and the first of its key.
    pub(crate) took_effect: bool,
    pub(crate) then: Then,
}

type Judge = Box<dyn FnMut(&Received) -> Then + Send>;

struct State {
    received: Vec<Received>,
    done: HashSet<String>,
    judge: Judge,
    /// Whether those who wait for an answer get it.
    answers: watch::Sender<bool>,
}

/// The helpdesk. It ends when this is dropped.
pub(crate) struct Helpdesk {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Helpdesk {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let judge: Judge = Box::new(|_| Then::Done);
        let state = Arc::new(Mutex::new(State {
            received: Vec::new(),
            done: HashSet::new(),
            judge,
            answers: watch::Sender::new(false),
        }));
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    /// What is done with requests from now on.
    pub(crate) fn answer(&self, judge: impl FnMut(&Received) -> Then + Send + 'static) {
        self.state.lock().unwrap().judge = Box::new(judge);
    }

    /// Answers those who wait, and whoever would wait from now on.
    pub(crate) fn answer_those_who_wait(&self) {
        self.state.lock().unwrap().answers.send_replace(true);
    }

    /// Everything that came, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// What was done, in order.
    pub(crate) fn done(&self) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.took_effect).collect()
    }

    /// What was done on a ticket, in order.
    pub(crate) fn done_on(&self, ticket: &str) -> Vec<Received> {
        self.done().into_iter().filter(|received| received.ticket == ticket).collect()
    }
}

impl Drop for Helpdesk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&state)));
    }
}

/// One connection: request after request, until one side is done with it.
async fn converse(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut pending = Vec::new();
    while let Some(request) = request(&mut stream, &mut pending).await {
        let then = judge(&state, &request);
        if then == Then::Later {
            let mut answers = state.lock().unwrap().answers.subscribe();
            let _ = answers.wait_for(|answered| *answered).await;
        }
        let (status, further, body) = match then {
            Then::Done | Then::Later if request.reads() => {
                let keys: Vec<String> = state.lock().unwrap().done.iter().cloned().collect();
                (200, String::new(), json!({ "keys": keys, "more": false }).to_string())
            }
            Then::Done | Then::Later => (200, String::new(), json!({ "reference": "noted" }).to_string()),
            Then::Long => (200, String::new(), json!({ "said": "x".repeat(LONG_BYTES) }).to_string()),
            Then::More => {
                let page = json!({ "keys": [], "more": true, "said": "x".repeat(PAGE_BYTES) });
                (200, String::new(), page.to_string())
            }
            Then::Status(status) => (status, String::new(), json!({ "reason": "as the test says" }).to_string()),
            Then::RetryAfter(status, seconds) => (status, format!("retry-after: {seconds}\r\n"), String::new()),
            Then::Vanish => return,
            Then::Hang => std::future::pending().await,
        };
        let answer = format!("HTTP/1.1 {status} -\r\n{further}content-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

pub(super) type Headers = Vec<(String, String)>;

/// A request as it came over the connection.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// With names in lower case.
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

impl Request {
    fn reads(&self) -> bool {
        self.method == "GET"
    }
}

/// The next request; none where the other side is done.
pub(super) async fn request(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<Request> {
    let head_end = loop {
        if let Some(at) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(pending).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&pending[..head_end]).into_owned();
    let split = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let headers: Headers = head.lines().skip(1).filter_map(split).collect();
    let mut line = head.split(' ').map(str::to_owned);
    let (method, path) = (line.next()?, line.next()?);
    let length = header(&headers, "content-length").parse::<usize>().unwrap_or(0);
    while pending.len() < head_end + length {
        if stream.read_buf(pending).await.ok()? == 0 {
            return None;
        }
    }
    let rest = pending.split_off(head_end + length);
    let body = pending.split_off(head_end);
    *pending = rest;
    Some(Request { method, path, headers, body })
}

pub(super) fn header<'a>(headers: &'a Headers, wanted: &str) -> &'a str {
    headers.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value)
}

fn judge(state: &Mutex<State>, request: &Request) -> Then {
    let Request { method, path, headers, body } = request;
    let action: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer: &str| action.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let seconds = header(headers, TIMESTAMP_HEADER).parse().unwrap_or(0);
    let key = header(headers, ID_HEADER).to_owned();
    let signature = sign(SECRET.as_bytes(), &key, Timestamp::from_seconds(seconds), body).unwrap();
    let mut received = Received {
        method: method.clone(),
        path: path.clone(),
        signed: header(headers, SIGNATURE_HEADER) == signature && (text("/data/key") == key || text("/key") == key),
        key,
        kind: text("/data/kind"),
        ticket: text("/data/ticket/id"),
        data: action.pointer("/data/data").cloned().unwrap_or_default(),
        reason: action.pointer("/data/reason").and_then(Value::as_str).map(str::to_owned),
        body: action.clone(),
        took_effect: false,
        then: Then::Done,
    };
    let mut state = state.lock().unwrap();
    let then = (state.judge)(&received);
    received.then = then;
    if !request.reads() && matches!(then, Then::Done | Then::Later | Then::Vanish | Then::Long) {
        received.took_effect = state.done.insert(received.key.clone());
    }
    state.received.push(received);
    then
}
