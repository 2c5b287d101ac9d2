//! From a mail to the bytes that are sent. Everything in them comes from the mail and its key, so every attempt sends the
//! same.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use deskbell_model::timestamp::Timestamp;

use super::Mail;
use super::error::{MailError, Refusal};

/// What goes to more people than this is for a mailing list, and one slow server must not hold up the deliverer.
const MAX_RECIPIENTS: usize = 50;

/// The last second that a mail's date can name.
const LAST_SECOND: u64 = 253_402_300_799;

pub(super) struct Composed {
    /// Unique to the key; safe in file names.
    pub(super) id: String,
    pub(super) message_id: String,
    pub(super) from: Address,
    pub(super) to: Vec<Address>,
    pub(super) bytes: Vec<u8>,
}

impl Composed {
    pub(super) fn new(mail: &Mail<'_>, from: &Mailbox) -> Result<Self, MailError> {
        Self::compose(mail, from).map_err(MailError::Refused)
    }

    fn compose(mail: &Mail<'_>, from: &Mailbox) -> Result<Self, Refusal> {
        if mail.subject.chars().any(char::is_control) {
            return Err(Refusal::Control { field: "the subject" });
        }
        let to = recipients(mail.to)?;
        let id = id_of(mail.key);
        let message_id = format!("<{id}@{}>", from.email.domain());
        let mut builder = Message::builder()
            .from(from.clone())
            .subject(mail.subject)
            .message_id(Some(message_id.clone()))
            .date(system_time(mail.time))
            // RFC 3834: keeps auto-responders, and helpdesks that open tickets by mail, from answering.
            .raw_header(auto_submitted());
        for recipient in &to {
            builder = builder.to(recipient.clone());
        }
        let message = match body(mail, &id)? {
            Body::Single(part) => builder.singlepart(part),
            Body::Multi(parts) => builder.multipart(parts),
        };
        let bytes = message.map_err(|_| Refusal::Message)?.formatted();
        let to = to.into_iter().map(|mailbox| mailbox.email).collect();
        Ok(Self { id, message_id, from: from.email.clone(), to, bytes })
    }
}

enum Body {
    Single(SinglePart),
    Multi(MultiPart),
}

/// Text, or text and HTML with its pictures; around it, where there are any, the attachments.
fn body(mail: &Mail<'_>, id: &str) -> Result<Body, Refusal> {
    let plain = SinglePart::plain(mail.text.to_owned());
    let body = match mail.html {
        None => Body::Single(plain),
        Some(html) => {
            let parts = MultiPart::alternative().boundary(format!("deskbell-{id}")).singlepart(plain);
            let html = SinglePart::html(html.to_owned());
            Body::Multi(if mail.inline.is_empty() {
                parts.singlepart(html)
            } else {
                let related = MultiPart::related().boundary(format!("deskbell-related-{id}")).singlepart(html);
                parts.multipart(mail.inline.iter().try_fold(related, |related, picture| {
                    let part = lettre::message::Attachment::new_inline(picture.content_id.to_owned());
                    Ok(related.singlepart(part.body(picture.bytes.to_vec(), media_type(picture.media_type)?)))
                })?)
            })
        }
    };
    if mail.attachments.is_empty() {
        return Ok(body);
    }
    let mixed = MultiPart::mixed().boundary(format!("deskbell-mixed-{id}"));
    let mixed = match body {
        Body::Single(part) => mixed.singlepart(part),
        Body::Multi(parts) => mixed.multipart(parts),
    };
    let whole = mail.attachments.iter().try_fold(mixed, |mixed, file| {
        let part = lettre::message::Attachment::new(file.name.to_owned());
        Ok(mixed.singlepart(part.body(file.bytes.to_vec(), media_type(file.media_type)?)))
    })?;
    Ok(Body::Multi(whole))
}

fn media_type(text: &str) -> Result<ContentType, Refusal> {
    ContentType::parse(text).map_err(|_| Refusal::Message)
}

fn recipients(to: &[String]) -> Result<Vec<Mailbox>, Refusal> {
    if to.is_empty() {
        return Err(Refusal::NoRecipient);
    }
    if to.len() > MAX_RECIPIENTS {
        return Err(Refusal::TooManyRecipients { max: MAX_RECIPIENTS });
    }
    let parse = |(index, text): (usize, &String)| match mailbox(text) {
        Err(Refusal::Recipient { .. }) => Err(Refusal::Recipient { position: index + 1 }),
        other => other,
    };
    to.iter().enumerate().map(parse).collect()
}

/// `text` as one mailbox. Only ASCII addresses: few servers take others, and one that does not would refuse the whole mail.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, Refusal> {
    if text.chars().any(char::is_control) {
        return Err(Refusal::Control { field: "an address" });
    }
    let mailbox: Mailbox = text.trim().parse().map_err(|_| Refusal::Recipient { position: 1 })?;
    if !AsRef::<str>::as_ref(&mailbox.email).is_ascii() {
        return Err(Refusal::Recipient { position: 1 });
    }
    Ok(mailbox)
}

fn id_of(key: &str) -> String {
    let digest = hex::encode(Sha256::digest(key.as_bytes()));
    digest.chars().take(32).collect()
}

fn auto_submitted() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

fn system_time(time: Timestamp) -> SystemTime {
    let seconds = u64::try_from(time.micros().div_euclid(1_000_000)).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND))
}
