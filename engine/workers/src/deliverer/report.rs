//! A filed report by mail; and one that could not be made, when a person has it tried again.

use deskbell_model::document::Document;
use deskbell_render::report::{self as render, Brand, File};
use deskbell_store::outbox::Message;
use deskbell_store::report::Content;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::{Deliverer, Record, Went, parts};
use crate::mail::error::MailError;
use crate::mail::{Attachment, Inline, Mail};
use crate::report::{Error, Format, Report, errands, make, maker};

pub(super) async fn attempt(deliverer: &Deliverer, message: &Message, name: &str, record: &mut Record) -> Went {
    let (data, _, _) = parts(message);
    if message.kind == errands::MAKE {
        return made_again(deliverer, &data, name, record).await;
    }
    let to: Vec<String> = serde_json::from_value(data.get("to").cloned().unwrap_or_default()).unwrap_or_default();
    let content = match filed(deliverer, &data).await {
        Ok(Some((_, content))) => content,
        Ok(None) => return Went::GiveUp { why: "the action names no filed report".to_owned() },
        Err(went) => return went,
    };
    let report = deliverer.engine.reports.iter().find(|report| report.name == name).map(|report| &**report);
    let brand = report.map(|report| report.brand.clone()).unwrap_or_default();
    let document = content.document;
    let rendered = spawn_blocking(move || rendered(&document, &brand)).await;
    let written = match rendered {
        Ok(Ok(written)) => written,
        Ok(Err(why)) => return Went::GiveUp { why },
        Err(error) => return Went::Retry { why: error.to_string(), retry_after: None },
    };
    let attachments = written.attachments.iter().filter(|file| is_wanted(report, file));
    let attachments: Vec<Attachment<'_>> = attachments
        .map(|file| Attachment { name: &file.name, media_type: file.media_type, bytes: &file.bytes })
        .collect();
    let inline: Vec<Inline<'_>> = written
        .inline
        .iter()
        .map(|picture| Inline {
            content_id: &picture.content_id,
            media_type: picture.media_type,
            bytes: &picture.bytes,
        })
        .collect();
    let key = message.key.to_string();
    let mail = Mail {
        key: &key,
        to: &to,
        subject: &written.subject,
        text: &written.text,
        html: Some(&written.html),
        inline: &inline,
        attachments: &attachments,
        time: message.created_at,
    };
    let Some(mailer) = &deliverer.engine.mailer else {
        return Went::GiveUp { why: "the configuration has no [mail] any more; add it and replay".to_owned() };
    };
    match mailer.send(&mail).await {
        Ok(sent) => {
            record.note(format!("the mail server took the report: {}", sent.reply));
            Went::Done(Some(sent.message_id))
        }
        Err(error) => {
            record.is_down = matches!(error, MailError::NotSent { .. } | MailError::Ambiguous { .. });
            super::notice::went(&error)
        }
    }
}

/// The filed report that an action is about, with its number; none for an action that is about none.
pub(super) async fn filed(deliverer: &Deliverer, data: &Value) -> Result<Option<(i64, Content)>, Went> {
    let Some(run_id) = data.get("run").and_then(Value::as_i64) else { return Ok(None) };
    match deliverer.engine.store.report_content(run_id).await {
        Ok(Some(content)) => Ok(Some((run_id, content))),
        Ok(None) => Err(Went::GiveUp { why: format!("there is no report {run_id} in the archive") }),
        Err(error) => Err(Went::Retry { why: error.to_string(), retry_after: None }),
    }
}

/// Makes and files a report whose making was given up. A person waits for it: what goes wrong again stands as a dead
/// letter again at once, unless it is the database, which comes back.
async fn made_again(deliverer: &Deliverer, data: &Value, name: &str, record: &mut Record) -> Went {
    let engine = &deliverer.engine;
    let Some(due_at) = data.get("due").and_then(Value::as_str).and_then(|text| text.parse().ok()) else {
        return Went::GiveUp { why: "the action does not say when the report was due".to_owned() };
    };
    let Some(report) = engine.reports.iter().find(|report| report.name == name) else {
        return Went::GiveUp { why: format!("the report '{name}' is not in the configuration any more") };
    };
    let filed = match make(&engine.workshop(), report, None, due_at).await {
        Ok(made) => maker::send(engine, report, &made, Some(due_at)).await.map_err(Error::Store),
        Err(error) => Err(error),
    };
    match filed {
        Ok(Some(run_id)) => {
            record.note(format!("the report was made and filed as {run_id}"));
            Went::Done(Some(run_id.to_string()))
        }
        Ok(None) => {
            record.note("the report had been made meanwhile");
            Went::Done(None)
        }
        Err(error @ (Error::Store(_) | Error::BrokeOff(_))) => Went::Retry { why: error.in_full(), retry_after: None },
        Err(error) => Went::GiveUp { why: error.in_full() },
    }
}

fn rendered(document: &str, brand: &Brand) -> Result<render::Mail, String> {
    let document: Document = serde_json::from_str(document).map_err(|error| error.to_string())?;
    render::mail(&document, brand).map_err(|error| error.to_string())
}

/// Whether the operator wants it attached; everything of a report that is not in the configuration any more.
fn is_wanted(report: Option<&Report>, file: &File) -> bool {
    let format = match file.media_type {
        "application/pdf" => Format::Pdf,
        media_type if media_type.starts_with("text/csv") => Format::Csv,
        _ => Format::Json,
    };
    report.is_none_or(|report| report.formats.contains(&format))
}
