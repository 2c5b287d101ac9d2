//! A server that writes down what it is asked and answers as a test tells it: whatever a connector or a webhook talks to
//! that is not the fake helpdesk.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::helpdesk::{Headers, header, request};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    headers: Headers,
    /// Null where it is no JSON.
    pub(crate) body: Value,
}

impl Asked {
    /// Method and path.
    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The header of this name, in lower case; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }
}

type Answering = Box<dyn FnMut(&Asked) -> (u16, Value) + Send>;

struct State {
    asked: Vec<Asked>,
    answering: Answering,
}

/// The server. It ends when this is dropped.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Recorder {
    /// One that answers 200 and an empty object to everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answering: Answering = Box::new(|_| (200, json!({})));
        let state = Arc::new(Mutex::new(State { asked: Vec::new(), answering }));
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    /// What requests are answered from now on: status and body.
    pub(crate) fn answer(&self, answering: impl FnMut(&Asked) -> (u16, Value) + Send + 'static) {
        self.state.lock().unwrap().answering = Box::new(answering);
    }

    /// Everything that came, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl Drop for Recorder {
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
    while let Some(arrived) = request(&mut stream, &mut pending).await {
        let asked = Asked {
            method: arrived.method,
            path: arrived.path,
            headers: arrived.headers,
            body: serde_json::from_slice(&arrived.body).unwrap_or_default(),
        };
        let (status, body) = answer(&state, asked);
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(state: &Mutex<State>, asked: Asked) -> (u16, Value) {
    let mut state = state.lock().unwrap();
    let told = (state.answering)(&asked);
    state.asked.push(asked);
    told
}
