//! A web server for one test: plain sockets, so that it can misbehave in every way.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use super::tls::{self, Stream};

/// What it does once it has read a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes and then silence until the client hangs up.
    Stall(Vec<u8>),
    /// The end of the connection, without a word.
    HangUp,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers every request with `answer`, encrypted where `is_tls`.
    pub(crate) fn start(answer: Answer, is_tls: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (answer.clone(), Arc::clone(&seen));
                thread::spawn(move || serve(stream.unwrap(), is_tls, &answer, &seen));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn answering(response: &str) -> Self {
        Self::start(Answer::Bytes(response.as_bytes().to_vec()), false)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked, each request as it came over the wire.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.requests).clone()
    }
}

fn lock(requests: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    requests.lock().unwrap()
}

fn serve(stream: TcpStream, is_tls: bool, answer: &Answer, seen: &Mutex<Vec<String>>) {
    let mut stream: Box<dyn Stream> = if is_tls { tls::accept(stream) } else { Box::new(stream) };
    let Some(request) = read_request(&mut *stream) else {
        return;
    };
    lock(seen).push(request);
    match answer {
        Answer::HangUp => {}
        Answer::Bytes(bytes) => {
            // The client may have heard enough before the end.
            let _ = stream.write_all(bytes).and_then(|()| stream.flush());
        }
        Answer::Stall(bytes) => {
            let _ = stream.write_all(bytes).and_then(|()| stream.flush());
            let _ = stream.read(&mut [0; 1]);
        }
    }
}

fn read_request(stream: &mut dyn Stream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let n_read = stream.read(&mut buffer).ok().filter(|n_read| *n_read > 0)?;
        bytes.extend_from_slice(&buffer[..n_read]);
    }
}
