//! Webhook signatures: who may post to a source, and how the engine signs what it posts itself.
//!
//! A [`Scheme`] says in data how a sender proves itself; nothing here knows a vendor. A manifest declares the default,
//! a source may override it. With the source's secrets it becomes a [`Verifier`], once, when the configuration is
//! read: what could be wrong with scheme or secrets is found there and not at the first webhook. Several secrets hold
//! at the same time, so that they can be changed without losing a webhook.
//!
//! What is guaranteed: the signature covers the raw bytes of the body as they came; comparisons take the same time
//! wherever the difference lies and whichever secret matches; a timestamp is believed only where the signature covers
//! it, and then may lie neither further back nor further ahead than the tolerance. What is not: where the vendor signs
//! no timestamp, a copied webhook verifies for ever, and only its delivery id and its events' ids make it harmless.
//!
//! HTTP stays outside: the caller looks headers up and hands them in as [`Field`]s.

mod code;
mod key;
mod secret;
pub mod standard_webhooks;
mod template;
mod token;
mod tolerance;
mod verifier;

use serde::{Deserialize, Serialize};

use deskbell_model::timestamp::Timestamp;

pub use tolerance::Tolerance;
pub use verifier::Verifier;

/// How a sender proves that a webhook is its own: `[connector.signature]` of a manifest, `signature` of a source.
/// An empty text stands for an absent member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    pub scheme: Kind,
    #[serde(default)]
    pub algorithm: Algorithm,
    /// The header with the signature or token. `bearer`, `basic` and `standard-webhooks` have a default.
    #[serde(default)]
    pub header: String,
    /// What stands before the signature or token, such as `sha256=`.
    #[serde(default)]
    pub prefix: String,
    #[serde(default)]
    pub encoding: Encoding,
    /// What is signed: a template over `{id}`, `{timestamp}` and `{body}`, the first two as the headers have them.
    #[serde(default = "body_alone")]
    pub signed: String,
    #[serde(default)]
    pub timestamp_header: String,
    #[serde(default)]
    pub timestamp_format: TimestampFormat,
    /// The header with the sender's id of the delivery.
    #[serde(default)]
    pub id_header: String,
    /// How far the signed time may lie from ours, to either side.
    #[serde(default)]
    pub tolerance: Tolerance,
    /// How the signing key is made from the secret.
    #[serde(default)]
    pub key: KeyForm,
    /// What `key = "md5"` hashes: a template over `{secret}`.
    #[serde(default)]
    pub key_template: String,
}

fn body_alone() -> String {
    "{body}".to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A message authentication code over body and headers.
    Hmac,
    /// The secret itself in a header.
    Token,
    /// `Authorization: Basic`; the secret is `user:password`.
    Basic,
    /// `Authorization: Bearer`.
    Bearer,
    /// The convention of standardwebhooks.com, symmetric signatures (`v1`).
    StandardWebhooks,
    /// Anybody may post.
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    Sha1,
    #[default]
    Sha256,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    #[default]
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampFormat {
    /// Whole seconds since 1970.
    #[default]
    Unix,
    /// Whole milliseconds since 1970.
    UnixMs,
    Rfc3339,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyForm {
    /// The secret's own bytes.
    #[default]
    Plain,
    /// What the secret says in base64, after a `whsec_` where there is one.
    Base64,
    /// The 32 hex digits of the MD5 of `key_template`.
    Md5,
}

impl Scheme {
    /// A scheme of this kind with every other member at its default.
    pub fn of(kind: Kind) -> Self {
        Self {
            scheme: kind,
            algorithm: Algorithm::default(),
            header: String::new(),
            prefix: String::new(),
            encoding: Encoding::default(),
            signed: body_alone(),
            timestamp_header: String::new(),
            timestamp_format: TimestampFormat::default(),
            id_header: String::new(),
            tolerance: Tolerance::default(),
            key: KeyForm::default(),
            key_template: String::new(),
        }
    }

    /// Whether its members fit together, whatever the secrets are.
    pub fn check(&self) -> Result<(), Invalid> {
        let none: &[&[u8]] = &[];
        Verifier::build(self, none).map(drop)
    }

    /// Whether this scheme can verify with these secrets: its members fit together, and no secret is missing, empty,
    /// malformed or a placeholder that somebody forgot to replace.
    pub fn validate<S: AsRef<[u8]>>(&self, secrets: &[S]) -> Result<(), Invalid> {
        Verifier::new(self, secrets).map(drop)
    }

    /// The headers, in lower case, that hold a secret itself and so must go no further than verification.
    pub fn credential_headers(&self) -> Vec<String> {
        match self.scheme {
            Kind::Token => vec![self.header.to_ascii_lowercase()],
            Kind::Basic | Kind::Bearer => {
                vec![named(&self.header, token::AUTHORIZATION).to_ascii_lowercase()]
            }
            Kind::Hmac | Kind::StandardWebhooks | Kind::None => Vec::new(),
        }
    }
}

/// The configured name, or the usual one where it is empty.
fn named<'a>(configured: &'a str, usual: &'a str) -> &'a str {
    if configured.is_empty() { usual } else { configured }
}

/// A header as looked up by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    Absent,
    Once(&'a [u8]),
    /// Several lines of that name. Refused, since whoever reads it next might take another one than we verified.
    Repeated,
}

/// What a verified webhook says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The value of `id_header`, where it is there and is text. Signed only if the scheme's `signed` names `{id}`.
    pub delivery_id: Option<String>,
    /// The signed time.
    pub timestamp: Option<Timestamp>,
}

/// Why a webhook was not believed. None of the messages holds a secret or what was sent instead of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the header '{header}' is missing; set the secret at the sender, or another signature scheme here")]
    Missing { header: String },
    #[error("the header '{header}' is there more than once")]
    Repeated { header: String },
    #[error("the header '{header}' is not {expected}")]
    Malformed { header: String, expected: &'static str },
    #[error("the signature fits none of the source's secrets ({tried} tried); compare them with the sender's")]
    Mismatch { tried: usize },
    #[error("it was signed {age_seconds} s ago and {tolerance} is allowed; a replay, or a clock that is wrong")]
    Stale { age_seconds: i64, tolerance: Tolerance },
    #[error("it was signed {ahead_seconds} s in the future and {tolerance} is allowed; one of the clocks is wrong")]
    Early { ahead_seconds: i64, tolerance: Tolerance },
    #[error("the source's signature scheme cannot be used")]
    Misconfigured(#[from] Invalid),
}

/// Why a scheme cannot be used with its secrets. Secrets are told apart by their position, beginning with 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("no secret to verify with; give one, or say scheme = \"none\" if anybody may post")]
    NoSecret,
    #[error("scheme = \"none\" never looks at the secret that is configured; name a scheme, or remove the secret")]
    UnusedSecret,
    #[error("secret {position} is empty")]
    EmptySecret { position: usize },
    #[error("secret {position} is a placeholder that anybody would try first; set a random one at both ends")]
    Placeholder { position: usize },
    #[error("secret {position} is not {expected}")]
    MalformedSecret { position: usize, expected: &'static str },
    #[error("`{member}` is missing; scheme = \"{scheme}\" needs it")]
    MissingMember { member: &'static str, scheme: &'static str },
    #[error("`{member}` = \"{value}\" is not the name of an HTTP header")]
    BadHeader { member: &'static str, value: String },
    #[error("`{member}`: `{{{placeholder}}}` is unknown; it takes {known}")]
    UnknownPlaceholder { member: &'static str, placeholder: String, known: &'static str },
    #[error("`{member}`: a `{{` without its `}}`")]
    OpenPlaceholder { member: &'static str },
    #[error("`{member}` does not name `{{{placeholder}}}`, so {consequence}")]
    Uncovered { member: &'static str, placeholder: &'static str, consequence: &'static str },
}

#[cfg(test)]
mod tests;
