//! Why a call did not work, and why the host said no.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What plugin functions return; the error is an [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not work.
///
/// With `retry` the engine calls again later, with growing pauses; without, the event is set aside as a dead letter
/// for a person to look at (or as the manifest's `on_failure` says). `?` turns JSON errors, refusals and texts into
/// errors that are not retried; only a refusal with the code `unavailable` is.
///
/// ```
/// use deskbell::prelude::*;
///
/// fn tier(text: &str) -> Result<u32> {
///     text.parse().map_err(|_| Error::fail(format!("the tier '{text}' is no number")))
/// }
/// assert_eq!(tier("two").unwrap_err().message, "the tier 'two' is no number");
/// assert!(Error::retry("the helpdesk answered 503").retry);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// In words that an operator will read. No secrets, no ticket texts.
    pub message: String,
    /// Whether calling again later may help.
    pub retry: bool,
}

impl Error {
    /// Calling again would end the same way.
    pub fn fail(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: false }
    }

    /// Calling again later may help.
    pub fn retry(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: true }
    }

    /// Puts in front of the message what was being done.
    ///
    /// ```
    /// let error = deskbell::Error::fail("no such group").while_doing("choosing an assignee");
    /// assert_eq!(error.message, "choosing an assignee: no such group");
    /// ```
    #[must_use]
    pub fn while_doing(self, what: impl fmt::Display) -> Self {
        Self { message: format!("{what}: {}", self.message), retry: self.retry }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::fail(error.to_string())
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::fail(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::fail(message)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self { retry: refusal.code == Refusal::UNAVAILABLE, message: refusal.to_string() }
    }
}

/// Why the host refused a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// One of [`DENIED`](Self::DENIED), [`LIMIT`](Self::LIMIT), [`INVALID`](Self::INVALID) and [`UNAVAILABLE`](Self::UNAVAILABLE).
    pub code: String,
    /// What was refused and what to do about it.
    pub message: String,
}

impl Refusal {
    /// The manifest does not ask for it, or the operator does not grant it.
    pub const DENIED: &'static str = "denied";
    /// A limit is used up.
    pub const LIMIT: &'static str = "limit";
    /// The arguments make no sense.
    pub const INVALID: &'static str = "invalid";
    /// It does not work at the moment.
    pub const UNAVAILABLE: &'static str = "unavailable";

    /// A refusal with one of the codes.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: impl Into<Error>, message: &str, retry: bool) {
        let error = error.into();
        assert_eq!((error.message.as_str(), error.retry), (message, retry));
    }

    #[test]
    fn only_an_unavailable_host_is_worth_a_retry() {
        check("no group", "no group", false);
        check(String::from("no group"), "no group", false);
        check(Refusal::new(Refusal::DENIED, "kv is not granted"), "kv is not granted (denied)", false);
        check(
            Refusal::new(Refusal::UNAVAILABLE, "the store does not answer"),
            "the store does not answer (unavailable)",
            true,
        );
    }

    #[test]
    fn the_question_mark_takes_json_errors() {
        fn read() -> Result<u8> {
            Ok(serde_json::from_str("x")?)
        }
        assert!(!read().unwrap_err().retry);
    }
}
