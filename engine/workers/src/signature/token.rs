//! Secrets that are sent as they are.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::key::decode;
use super::verifier::{header, required};
use super::{Encoding, Field, Invalid, Kind, Refused, Scheme, named};

pub(super) const AUTHORIZATION: &str = "authorization";

/// The secret itself, in some form. Kept and compared as hashes, so that not even lengths can be told from the time.
pub(super) struct Token {
    header: String,
    form: Form,
    hashes: Vec<[u8; 32]>,
}

enum Form {
    /// After this prefix, verbatim.
    Plain(String),
    /// After this word in any case and a space, verbatim.
    Word(&'static str),
    /// After `Basic`, in base64.
    Basic,
}

impl Token {
    pub(super) fn new<S: AsRef<[u8]>>(scheme: &Scheme, secrets: &[S]) -> Result<Self, Invalid> {
        let (usual, form) = match scheme.scheme {
            Kind::Basic => (AUTHORIZATION, Form::Basic),
            Kind::Bearer => (AUTHORIZATION, Form::Word("bearer")),
            _ => ("", Form::Plain(scheme.prefix.clone())),
        };
        let header = header("header", named(&scheme.header, usual))?
            .ok_or(Invalid::MissingMember { member: "header", scheme: "token" })?;
        Ok(Self { header, form, hashes: secrets.iter().map(|secret| hash(secret.as_ref())).collect() })
    }

    pub(super) fn verify<'a>(&self, field: &impl Fn(&str) -> Field<'a>) -> Result<(), Refused> {
        let value = required(field, &self.header)?;
        let malformed = |expected| Refused::Malformed { header: self.header.clone(), expected };
        let token = match &self.form {
            Form::Plain(prefix) => value
                .strip_prefix(prefix.as_bytes())
                .map(<[u8]>::to_vec)
                .ok_or_else(|| malformed("a token with the configured prefix"))?,
            Form::Word(word) => {
                after_word(value, word).map(<[u8]>::to_vec).ok_or_else(|| malformed("a bearer token"))?
            }
            Form::Basic => after_word(value, "basic")
                .and_then(|credentials| decode(Encoding::Base64, credentials))
                .ok_or_else(|| malformed("basic credentials"))?,
        };
        let sent = hash(&token);
        let matches = self.hashes.iter().fold(Choice::from(0), |found, expected| found | expected.ct_eq(&sent));
        if bool::from(matches) { Ok(()) } else { Err(Refused::Mismatch { tried: self.hashes.len() }) }
    }

    /// How many secrets it holds.
    pub(super) fn tried(&self) -> usize {
        self.hashes.len()
    }
}

/// What follows `word` and spaces.
fn after_word<'a>(value: &'a [u8], word: &str) -> Option<&'a [u8]> {
    let (first, rest) = value.split_at_checked(word.len())?;
    (first.eq_ignore_ascii_case(word.as_bytes()) && rest.first() == Some(&b' ')).then(|| rest.trim_ascii())
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}
