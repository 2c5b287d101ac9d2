//! Signatures of what leaves, so that a receiver can tell it from forgeries. The key is a secret that the plugin names
//! and never sees.

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::Call;
use super::error::Refusal;
use crate::signature::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, seconds, sign};

/// How a request is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// `standard-webhooks`.
    pub scheme: String,
    /// The name of the secret that is the key.
    pub secret: String,
}

/// The headers that sign `call`: its key as the id, its time, its body.
pub(crate) fn headers(signing: &Signing, call: &Call<'_>) -> Result<[(HeaderName, HeaderValue); 3], Refusal> {
    if signing.scheme != "standard-webhooks" {
        return Err(Refusal::SigningScheme(signing.scheme.chars().take(64).collect()));
    }
    let name = || signing.secret.clone();
    let secret = call.secrets.secret(&signing.secret).ok_or_else(|| Refusal::UnknownSecret { name: name() })?;
    let body = call.body.as_deref().unwrap_or_default();
    let signature = sign(secret.expose_secret().as_bytes(), call.key, call.now, body)
        .map_err(|cause| Refusal::SigningKey { name: name(), cause })?;
    let value = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Refusal::Header { name: name.to_owned(), problem: "cannot carry the key of this action" })?;
        Ok::<_, Refusal>((HeaderName::from_static(name), value))
    };
    Ok([
        value(ID_HEADER, call.key)?,
        value(TIMESTAMP_HEADER, &seconds(call.now).to_string())?,
        value(SIGNATURE_HEADER, &signature)?,
    ])
}
