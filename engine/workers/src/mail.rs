//! Mail that leaves the house: by SMTP, or into a folder where nothing may be sent.
//!
//! Who calls: the deliverer. What it guarantees: the same mail has the same `Message-ID` and the same bytes at every
//! attempt, so that a repeat can be recognised; nothing in a mail can add a header or a recipient; every step ends in
//! limited time; an error says whether the mail may have gone out. What it does not: keep connections, repeat, record.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;

use deskbell_model::timestamp::Timestamp;

pub mod error;
mod folder;
mod message;
mod smtp;
#[cfg(test)]
mod tests;

use error::{ConfigError, MailError};
use message::Composed;
use smtp::Relay;

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Not at all: for a relay on this machine or in a trusted network. Takes no password beyond this machine.
    None,
    /// Begins in the clear and must be upgraded before anything else is said (port 587).
    #[default]
    Starttls,
    /// From the first byte (port 465).
    Implicit,
}

/// A mail server that takes our mail.
#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub user: Option<String>,
    pub secret: Option<SecretString>,
    /// The sender of every mail: `Deskbell <deskbell@example.com>` or the address alone.
    pub from: String,
    /// For each of the three steps: opening, envelope, message.
    pub timeout: Duration,
    /// Certificates of further authorities, PEM, for a server with a private one.
    pub extra_roots_pem: Vec<u8>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("has_user", &self.user.is_some())
            .finish_non_exhaustive()
    }
}

/// One mail.
#[derive(Clone, Copy)]
pub struct Mail<'a> {
    /// The action's idempotency key. `Message-ID` and boundaries are made from it.
    pub key: &'a str,
    /// Addresses, with or without a name before them.
    pub to: &'a [String],
    /// One line.
    pub subject: &'a str,
    pub text: &'a str,
    /// The same content as HTML.
    pub html: Option<&'a str>,
    /// Pictures that the HTML shows.
    pub inline: &'a [Inline<'a>],
    pub attachments: &'a [Attachment<'a>],
    /// What `Date` says: when the mail was asked for, not when an attempt was made, or its bytes would change.
    pub time: Timestamp,
}

/// A picture inside a mail.
#[derive(Clone, Copy)]
pub struct Inline<'a> {
    /// What stands after `cid:` in the HTML.
    pub content_id: &'a str,
    pub media_type: &'a str,
    pub bytes: &'a [u8],
}

/// A file that comes with a mail.
#[derive(Clone, Copy)]
pub struct Attachment<'a> {
    pub name: &'a str,
    pub media_type: &'a str,
    pub bytes: &'a [u8],
}

/// Without addresses and content.
impl fmt::Debug for Mail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("key", &self.key).field("to", &self.to.len()).finish_non_exhaustive()
    }
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// With its angle brackets.
    pub message_id: String,
    /// The server's words, which often hold its queue's id; or the file's name.
    pub reply: String,
    /// How many recipients the server refused for good while it took the others.
    pub n_refused: usize,
}

/// Sends mail. Each mail has a connection of its own: notices are few, and a kept connection that the server has closed
/// costs more than a new one.
#[derive(Clone, Debug)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

#[derive(Clone, Debug)]
enum Transport {
    Smtp(Box<Relay>),
    Folder(PathBuf),
}

impl Mailer {
    /// Hands mail to a server. Nothing is connected yet.
    pub fn smtp(settings: Smtp) -> Result<Self, ConfigError> {
        let from = sender(&settings.from)?;
        Ok(Self { from, transport: Transport::Smtp(Box::new(Relay::new(settings)?)) })
    }

    /// Writes each mail into a file `ID.eml` in `folder`, which is made when the first one comes.
    pub fn folder(folder: impl Into<PathBuf>, from: &str) -> Result<Self, ConfigError> {
        Ok(Self { from: sender(from)?, transport: Transport::Folder(folder.into()) })
    }

    /// Sends `mail` once.
    pub async fn send(&self, mail: &Mail<'_>) -> Result<Sent, MailError> {
        let composed = Composed::new(mail, &self.from)?;
        let (reply, n_refused) = match &self.transport {
            Transport::Smtp(relay) => relay.send(&composed).await?,
            Transport::Folder(folder) => (folder::write(folder, &composed).await?, 0),
        };
        Ok(Sent { message_id: composed.message_id, reply, n_refused })
    }
}

/// Whether mail could go to it: `Ada <ada@example.com>`, or the address alone. The mail server has the last word.
pub fn is_recipient(text: &str) -> bool {
    message::mailbox(text).is_ok()
}

fn sender(from: &str) -> Result<Mailbox, ConfigError> {
    message::mailbox(from).map_err(|cause| ConfigError::From { cause })
}
