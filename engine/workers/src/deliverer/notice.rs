//! A notice for a configured destination: a chat, a webhook, a mailbox, a folder.

use std::path::PathBuf;

use bytes::Bytes;
use deskbell_render::notice::{self, Notice, TicketReference};
use deskbell_store::outbox::Message;
use deskbell_store::report::Content;
use serde_json::{Value, json};

use super::{Deliverer, Record, Went, folder, parts, report};
use crate::mail::error::MailError;
use crate::mail::{Mail, Mailer};
use crate::sender::Call;
use crate::sender::error::SendError;
use crate::sender::hosts::AllowedHosts;
use crate::sender::signing::Signing;

/// A configured destination of notices.
pub struct Destination {
    pub name: String,
    pub destination_id: i32,
    /// Notices, at most.
    pub rate_per_second: Option<f64>,
    pub means: Means,
}

/// How a destination is reached. URLs are secrets: they stand in the vault under the name `url`.
pub enum Means {
    /// A Slack-compatible chat webhook.
    Slack {
        hosts: AllowedHosts,
    },
    /// A webhook of the operator's, signed by Standard Webhooks where there is a secret named `secret`.
    Webhook {
        hosts: AllowedHosts,
        signed: bool,
    },
    Mail {
        to: Vec<String>,
        mailer: Mailer,
    },
    /// Reports and notices become files in it.
    Folder {
        path: PathBuf,
    },
}

pub(super) async fn attempt(deliverer: &Deliverer, message: &Message, name: &str, record: &mut Record) -> Went {
    let Some(destination) = deliverer.engine.destinations.get(name) else {
        return Went::GiveUp {
            why: format!("the destination '{name}' is not in the configuration any more; add it and replay"),
        };
    };
    let (data, _, ticket) = parts(message);
    let key = message.key.to_string();
    let text = |value: &'_ Value, member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
    let (subject, body) = (text(&data, "subject"), text(&data, "text").unwrap_or_default());
    let (id, source) = (text(&ticket, "id"), text(&ticket, "source").unwrap_or_default());
    let notice = Notice {
        key: &key,
        subject: subject.as_deref(),
        text: &body,
        ticket: id.as_deref().map(|id| TicketReference { source: &source, id }),
        link: None,
    };
    let filed = match report::filed(deliverer, &data).await {
        Ok(filed) => filed,
        Err(went) => return went,
    };
    match &destination.means {
        Means::Slack { hosts } => {
            post(deliverer, name, hosts, false, &notice::slack::body(&notice), message, record).await
        }
        Means::Webhook { hosts, signed } => {
            let mut body = notice::webhook::body(&notice);
            if let Some((run_id, content)) = &filed {
                body["report"] = as_data(*run_id, content);
            }
            post(deliverer, name, hosts, *signed, &body, message, record).await
        }
        Means::Mail { to, mailer } => mail(mailer, to, &notice, message, record).await,
        Means::Folder { path } => match filed {
            Some((run_id, content)) => {
                let report = deliverer.engine.reports.iter().find(|report| report.name == content.report);
                folder::report(path, run_id, content, report.map(|report| &**report), record).await
            }
            None => folder::notice(path, &notice, record).await,
        },
    }
}

/// A report for a program: the document with its values as numbers.
fn as_data(run_id: i64, content: &Content) -> Value {
    let document: Value = serde_json::from_str(&content.document).unwrap_or_default();
    json!({ "id": run_id, "name": content.report, "document": document })
}

async fn post(
    deliverer: &Deliverer,
    name: &str,
    hosts: &AllowedHosts,
    signed: bool,
    body: &Value,
    message: &Message,
    record: &mut Record,
) -> Went {
    let secrets = deliverer.engine.destination_secrets(name);
    let Some(url) = secrets.secret("url") else {
        return Went::GiveUp { why: format!("the destination '{name}' has no url; set it and replay") };
    };
    let signing = signed.then(|| Signing { scheme: "standard-webhooks".to_owned(), secret: "secret".to_owned() });
    let key = message.key.to_string();
    let call = Call {
        method: "POST",
        url: secrecy::ExposeSecret::expose_secret(&url),
        headers: &[
            ("content-type".to_owned(), "application/json".to_owned()),
            ("idempotency-key".to_owned(), key.clone()),
        ],
        body: Some(Bytes::from(body.to_string())),
        sign: signing.as_ref(),
        key: &key,
        now: deliverer.engine.now(),
        hosts: &[hosts],
        secrets: &*secrets,
        timeout: None,
        max_response_bytes: None,
    };
    match deliverer.sender.send(call).await {
        Ok(outcome) => {
            record.status = Some(outcome.status);
            record.elapsed_ms = outcome.elapsed_ms;
            record.is_down = outcome.status >= 500 || outcome.status == 429;
            record.note(format!("POST to {name} answered {} in {} ms", outcome.status, outcome.elapsed_ms));
            let why = format!("{name} answered {}", outcome.status);
            match outcome.status {
                200..=299 => Went::Done(None),
                408 | 425 | 429 | 500..=599 => {
                    Went::Retry { why, retry_after: outcome.retry_after(deliverer.engine.now()) }
                }
                _ => Went::GiveUp { why },
            }
        }
        Err(error) => {
            record.is_down = !matches!(error, SendError::Refused { .. });
            match error {
                SendError::Refused { .. } => Went::GiveUp { why: error.in_full() },
                SendError::NotSent { .. } => Went::Retry { why: error.in_full(), retry_after: None },
                SendError::Ambiguous { .. } => Went::Ambiguous { why: error.in_full(), retry_after: None },
            }
        }
    }
}

async fn mail(mailer: &Mailer, to: &[String], notice: &Notice<'_>, message: &Message, record: &mut Record) -> Went {
    let written = notice::mail::content(notice);
    let key = message.key.to_string();
    let mail = Mail {
        key: &key,
        to,
        subject: &written.subject,
        text: &written.text,
        html: Some(&written.html),
        inline: &[],
        attachments: &[],
        time: message.created_at,
    };
    match mailer.send(&mail).await {
        Ok(sent) => {
            record.note(format!("the mail server took the mail: {}", sent.reply));
            Went::Done(Some(sent.message_id))
        }
        Err(error) => {
            record.is_down = matches!(error, MailError::NotSent { .. } | MailError::Ambiguous { .. });
            went(&error)
        }
    }
}

/// How an attempt went that ended in this error.
pub(super) fn went(error: &MailError) -> Went {
    let why = error.in_full();
    match error {
        MailError::Refused(_) | MailError::Permanent(_) => Went::GiveUp { why },
        MailError::Transient(_) | MailError::NotSent { .. } => Went::Retry { why, retry_after: None },
        MailError::Ambiguous { .. } => Went::Ambiguous { why, retry_after: None },
    }
}
