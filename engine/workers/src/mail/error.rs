//! Why a mail was not sent, told apart by what may follow. Mail servers like to quote addresses in their answers; those
//! are taken out, for errors are logged and shown.

use std::error::Error as StdError;
use std::fmt;

use lettre::transport::smtp::Error as SmtpError;

use crate::sender::error::in_full;

/// A mail that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail itself is at fault; it will never be sent as it is.
    #[error("the mail cannot be sent")]
    Refused(#[source] Refusal),
    /// The server will not have this mail, now or later.
    #[error("the mail server refused the mail for good: {0}")]
    Permanent(Reply),
    /// The server did not take it now. Safe to send again.
    #[error("the mail server put the mail off: {0}")]
    Transient(Reply),
    /// The server never came to see the mail. Safe to send again.
    #[error("the mail was not handed to {server}")]
    NotSent {
        server: String,
        #[source]
        cause: Failure,
    },
    /// The server had all of it, but its answer was lost: it may have gone out.
    #[error("the mail was handed to {server}, but its answer was lost")]
    Ambiguous {
        server: String,
        #[source]
        cause: Failure,
    },
}

impl MailError {
    /// The whole chain in one line, for the record of an attempt.
    pub fn in_full(&self) -> String {
        in_full(self)
    }
}

/// What a mail must not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{field} holds a line break or another control character")]
    Control { field: &'static str },
    #[error("recipient {position} is no address; write ann@example.com or Ann <ann@example.com>, in ASCII")]
    Recipient { position: usize },
    #[error("it has no recipient; give the destination at least one address")]
    NoRecipient,
    #[error("it has more than {max} recipients; use a mailing list")]
    TooManyRecipients { max: usize },
    #[error("the message cannot be composed")]
    Message,
}

/// What broke on the way.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{step} took longer than {seconds:.1} s")]
    TimedOut { step: &'static str, seconds: f64 },
    #[error("the server answered {0}")]
    Reply(Reply),
    #[error("the connection failed")]
    Connection(#[source] SmtpError),
    #[error("the folder for mails cannot be written to")]
    Folder(#[source] std::io::Error),
}

/// A mail server's negative answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// Without addresses, and not for long.
    pub text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl Reply {
    /// The answer that `error` stands for, where it does.
    pub(super) fn of(error: &SmtpError) -> Option<Self> {
        let code = error.status()?.to_string().parse().ok()?;
        let text = StdError::source(error).map(ToString::to_string).unwrap_or_default();
        Some(Self { code, text: shown(&text) })
    }
}

/// Longer answers are advertising.
const MAX_REPLY_CHARS: usize = 300;

fn shown(text: &str) -> String {
    let word = |word: &str| {
        if word.contains('@') { "[address]".to_owned() } else { word.to_owned() }
    };
    let words: Vec<_> = text.split_whitespace().map(word).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_REPLY_CHARS).collect()
}

/// A mailer that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("`from` is no address; write deskbell@example.com or Deskbell <deskbell@example.com>")]
    From {
        #[source]
        cause: Refusal,
    },
    #[error("`user` and its secret belong together; give both or neither")]
    HalfCredentials,
    #[error("a password would travel to {host} in the clear; set tls to starttls or implicit")]
    PasswordInTheClear { host: String },
    #[error("the certificates of further authorities cannot be used; they must be PEM")]
    Tls(#[source] SmtpError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_addresses() {
        assert_eq!(shown("5.1.1 <ann@example.com>:\r\n mailbox\tunknown"), "5.1.1 [address] mailbox unknown");
        assert_eq!(shown(&"x".repeat(999)).len(), MAX_REPLY_CHARS);
    }
}
