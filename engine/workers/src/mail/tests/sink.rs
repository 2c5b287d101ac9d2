//! A mail server for one test. It speaks enough SMTP for a client, keeps what it is given and fails where it is told to.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::mail::Tls;
use crate::sender::tests::tls::{self, Stream};

/// What it does instead of taking everything.
#[derive(Clone, Copy)]
pub(super) struct Behaviour {
    pub(super) tls: Tls,
    /// The answer to the first command that begins with the word, instead of the usual one.
    pub(super) instead: Option<(&'static str, Fault)>,
}

#[derive(Clone, Copy)]
pub(super) enum Fault {
    Say(&'static str),
    HangUp,
    /// Says nothing until the client hangs up.
    Stall,
}

#[derive(Default)]
pub(super) struct Seen {
    /// Every line that the client said outside of messages.
    pub(super) lines: Vec<String>,
    /// Messages as sent, dots unstuffed.
    pub(super) messages: Vec<String>,
}

pub(super) struct Sink {
    pub(super) port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Sink {
    pub(super) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = Arc::clone(&shared);
                thread::spawn(move || Session { behaviour, seen }.run(stream.unwrap()));
            }
        });
        Self { port, seen }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().lines.clone()
    }

    pub(super) fn messages(&self) -> Vec<String> {
        self.seen.lock().unwrap().messages.clone()
    }
}

struct Session {
    behaviour: Behaviour,
    seen: Arc<Mutex<Seen>>,
}

impl Session {
    fn run(&self, socket: TcpStream) {
        let upgrade = socket.try_clone().unwrap();
        let mut stream: Box<dyn Stream> = match self.behaviour.tls {
            Tls::Implicit => tls::accept(socket),
            Tls::None | Tls::Starttls => Box::new(socket),
        };
        if self.answer(&mut *stream, "connect", "220 sink").is_none() {
            return;
        }
        while let Some(line) = read_line(&mut *stream) {
            self.seen.lock().unwrap().lines.push(line.clone());
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let usual = match word.as_str() {
                "EHLO" => "250-sink\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 AUTH PLAIN",
                "STARTTLS" => "220 go on",
                "AUTH" => "235 welcome",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            if self.answer(&mut *stream, &line, usual).is_none() {
                return;
            }
            match word.as_str() {
                "STARTTLS" => stream = tls::accept(upgrade.try_clone().unwrap()),
                "DATA" if self.behaviour.instead.is_none_or(|(word, _)| word != "DATA") => {
                    let Some(message) = read_message(&mut *stream) else {
                        return;
                    };
                    self.seen.lock().unwrap().messages.push(message);
                    if self.answer(&mut *stream, "message", "250 queued as 4711").is_none() {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// Answers `line`; none where the conversation ends.
    fn answer(&self, stream: &mut dyn Stream, line: &str, usual: &str) -> Option<()> {
        let text = match self.behaviour.instead {
            Some((word, Fault::Say(text))) if line.starts_with(word) => text,
            Some((word, Fault::HangUp)) if line.starts_with(word) => return None,
            Some((word, Fault::Stall)) if line.starts_with(word) => {
                let _ = stream.read(&mut [0; 1]);
                return None;
            }
            _ => usual,
        };
        stream.write_all(format!("{text}\r\n").as_bytes()).ok()?;
        stream.flush().ok()
    }
}

/// Byte by byte, so that nothing of what follows an upgrade is read before it.
fn read_line(stream: &mut dyn Stream) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0; 1];
    while !line.ends_with(b"\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        line.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn read_message(stream: &mut dyn Stream) -> Option<String> {
    let mut message = String::new();
    loop {
        let line = read_line(stream)?;
        if line == "." {
            return Some(message);
        }
        message += line.strip_prefix('.').unwrap_or(&line);
        message += "\r\n";
    }
}
