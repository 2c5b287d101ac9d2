//! Why a request has no answer, told apart by what may follow: never again, again at once, or only after asking
//! whether it took effect. No variant carries a URL's path, a header's value or a body.

use std::error::Error as StdError;
use std::fmt::Write as _;

use super::address_guard::Denied;
use super::secrets::Place;

/// A request without an answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing left this machine, and nothing will as long as request and configuration are what they are.
    #[error("the request to {target} is refused")]
    Refused {
        /// Host and port, or "an unreadable URL".
        target: String,
        #[source]
        cause: Refusal,
    },
    /// No connection came about, so nothing took effect: safe to send again.
    #[error("the request did not reach {target}")]
    NotSent {
        target: String,
        #[source]
        cause: Failure,
    },
    /// It was sent, wholly or in part, and the answer was lost: it may have taken effect.
    #[error("the request was sent to {target}, but its answer was lost")]
    Ambiguous {
        target: String,
        /// The status, where the answer broke off behind it.
        status: Option<u16>,
        #[source]
        cause: Failure,
    },
}

impl SendError {
    /// The whole chain in one line, for the record of an attempt.
    pub fn in_full(&self) -> String {
        in_full(self)
    }

    /// Whether sending the same request again cannot double its effect.
    pub fn is_safe_to_repeat(&self) -> bool {
        matches!(self, Self::NotSent { .. })
    }
}

/// What broke on the way.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("no answer within {seconds:.1} s")]
    TimedOut { seconds: f64 },
    #[error("the connection failed")]
    Connection(#[source] Box<dyn StdError + Send + Sync>),
}

/// Why a request is not sent at all.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("its URL cannot be read: {0}")]
    Url(&'static str),
    #[error("its URL names a user; write the credentials into a header as {{{{basic:USER:NAME}}}}")]
    Userinfo,
    #[error("a placeholder stands in the host of its URL; only path, query and headers can hold one")]
    PlaceholderInHost,
    #[error(
        "no list of hosts allows it; a connector needs `hosts` in its manifest and the source `hosts` in the configuration"
    )]
    NoHosts,
    #[error("{origin} does not list the host; add '{host}' there to allow it")]
    Host { host: String, origin: String },
    #[error("its address is not public")]
    Address(#[source] Denied),
    #[error("there is no secret '{name}'; set it with `deskbell secret set` or under `secrets` in the configuration")]
    UnknownSecret { name: String },
    #[error("the secret '{name}' holds a line break or another control character; store it without")]
    UnfitSecret { name: String },
    #[error("a placeholder in {place} is malformed; write {{{{secret:NAME}}}} or {{{{basic:USER:NAME}}}}")]
    Placeholder { place: Place },
    #[error("the method '{0}' cannot be sent; use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS")]
    Method(String),
    #[error("the header '{name}' {problem}")]
    Header { name: String, problem: &'static str },
    #[error("there is no signing scheme '{0}'; use standard-webhooks")]
    SigningScheme(String),
    #[error("the secret '{name}' cannot sign")]
    SigningKey {
        name: String,
        #[source]
        cause: crate::signature::Invalid,
    },
    #[error("the client could not build the request")]
    Request(#[source] Box<dyn StdError + Send + Sync>),
}

/// `error` and everything behind it in one line, as `this: because of that`.
pub fn in_full(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Some libraries repeat the cause in their own text.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The first error of type `E` in the chain of `error`.
pub(crate) fn find_in<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        current = error.source();
    }
    None
}
