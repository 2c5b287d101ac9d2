//! Mail against a real server on this machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::error::{Failure, Refusal};
use super::*;
use crate::sender::tests::log::Log;
use crate::sender::tests::tls::AUTHORITY;

mod messages;
mod servers;
mod sink;

use sink::{Behaviour, Fault, Sink};

const PLAIN: Behaviour = Behaviour { tls: Tls::None, instead: None };

fn settings(sink: &Sink, tls: Tls) -> Smtp {
    Smtp {
        host: "127.0.0.1".to_owned(),
        port: sink.port,
        tls,
        user: None,
        secret: None,
        from: "Deskbell <deskbell@example.com>".to_owned(),
        timeout: Duration::from_secs(30),
        extra_roots_pem: AUTHORITY.to_vec(),
    }
}

fn mail<'a>(to: &'a [String], subject: &'a str, text: &'a str) -> Mail<'a> {
    Mail {
        key: "source/42/7/notify/0",
        to,
        subject,
        text,
        html: None,
        inline: &[],
        attachments: &[],
        time: Timestamp::from_seconds(1_767_600_000),
    }
}

fn people(addresses: &[&str]) -> Vec<String> {
    addresses.iter().map(|address| (*address).to_owned()).collect()
}

async fn send(behaviour: Behaviour, to: &[&str]) -> (Result<Sent, MailError>, Sink) {
    let sink = Sink::start(behaviour);
    // Long enough for a busy machine; where the server stalls, the test waits as long.
    let timeout = match behaviour.instead {
        Some(("message", Fault::Stall)) => Duration::from_secs(1),
        Some((_, Fault::Stall)) => Duration::from_millis(100),
        _ => Duration::from_secs(30),
    };
    let settings = Smtp { timeout, ..settings(&sink, behaviour.tls) };
    let result = Mailer::smtp(settings).unwrap().send(&mail(&people(to), "Breach", "Ticket 42 waits.")).await;
    (result, sink)
}

/// The headers, unfolded, and the body.
fn parsed(message: &str) -> (Vec<(String, String)>, String) {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    (head.lines().filter_map(header).collect(), body.to_owned())
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
}

/// The text of encoded words (RFC 2047) in base64.
fn decoded(words: &str) -> String {
    let word = |word: &str| {
        let content = word.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?="));
        content.map_or(word.as_bytes().to_vec(), |content| BASE64.decode(content).unwrap())
    };
    String::from_utf8(words.split(' ').flat_map(word).collect()).unwrap()
}
