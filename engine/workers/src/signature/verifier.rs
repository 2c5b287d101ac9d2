//! A scheme with its secrets, ready to verify.

use std::fmt;

use deskbell_model::timestamp::Timestamp;

use super::code::Code;
use super::token::Token;
use super::{Field, Invalid, Kind, Refused, Scheme, Verified, secret, standard_webhooks};

/// Verifies the webhooks of one source. Made once from scheme and secrets; cheap to share, free of locks.
pub struct Verifier {
    check: Check,
    id_header: Option<String>,
}

enum Check {
    Code(Box<Code>),
    Token(Token),
    Nothing,
}

impl fmt::Debug for Verifier {
    /// Says nothing of the secrets but their number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (check, secrets) = match &self.check {
            Check::Code(code) => ("code", code.tried()),
            Check::Token(token) => ("token", token.tried()),
            Check::Nothing => ("nothing", 0),
        };
        f.debug_struct("Verifier").field("check", &check).field("secrets", &secrets).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Fails where scheme and secrets could never verify a webhook, or would verify anybody's.
    pub fn new<S: AsRef<[u8]>>(scheme: &Scheme, secrets: &[S]) -> Result<Self, Invalid> {
        for (index, secret) in secrets.iter().enumerate() {
            secret::check(scheme.scheme, secret.as_ref(), index + 1)?;
        }
        match (scheme.scheme, secrets.is_empty()) {
            (Kind::None, false) => return Err(Invalid::UnusedSecret),
            (Kind::None, true) | (_, false) => {}
            (_, true) => return Err(Invalid::NoSecret),
        }
        Self::build(scheme, secrets)
    }

    /// Makes it of what is known to be good secrets, or of none to see whether the members of the scheme fit together.
    pub(super) fn build<S: AsRef<[u8]>>(scheme: &Scheme, secrets: &[S]) -> Result<Self, Invalid> {
        let scheme = &match scheme.scheme {
            Kind::StandardWebhooks => standard_webhooks::scheme(scheme),
            _ => scheme.clone(),
        };
        let check = match scheme.scheme {
            Kind::None => Check::Nothing,
            Kind::Token | Kind::Basic | Kind::Bearer => Check::Token(Token::new(scheme, secrets)?),
            Kind::Hmac | Kind::StandardWebhooks => Check::Code(Box::new(Code::new(scheme, secrets)?)),
        };
        let id_header = header("id_header", &scheme.id_header)?;
        Ok(Self { check, id_header })
    }

    /// Whether the sender of this webhook knows a secret. `field` looks a header up by its name in lower case; `body`
    /// is what came, byte for byte; `now` is our clock.
    pub fn verify<'a>(
        &self,
        field: impl Fn(&str) -> Field<'a>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let timestamp = match &self.check {
            Check::Nothing => None,
            Check::Token(token) => token.verify(&field).map(|()| None)?,
            Check::Code(code) => code.verify(&field, self.id_header.as_deref(), body, now)?,
        };
        let delivery_id = match self.id_header.as_deref().map(field) {
            Some(Field::Once(id)) => std::str::from_utf8(id).ok().filter(|id| !id.is_empty()).map(str::to_owned),
            _ => None,
        };
        Ok(Verified { delivery_id, timestamp })
    }
}

pub(super) fn required<'a>(field: &impl Fn(&str) -> Field<'a>, header: &str) -> Result<&'a [u8], Refused> {
    match field(header) {
        Field::Once(value) => Ok(value),
        Field::Absent => Err(Refused::Missing { header: header.to_owned() }),
        Field::Repeated => Err(Refused::Repeated { header: header.to_owned() }),
    }
}

/// A configured header's name in lower case; none where it is empty.
pub(super) fn header(member: &'static str, value: &str) -> Result<Option<String>, Invalid> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !value.bytes().all(fits) {
        return Err(Invalid::BadHeader { member, value: value.to_owned() });
    }
    Ok((!value.is_empty()).then(|| value.to_ascii_lowercase()))
}
