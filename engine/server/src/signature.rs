//! Verifying a webhook's signature against the headers of its request. The schemes themselves live with the workers,
//! which sign with them too; this is the way from HTTP to them.

use axum::http::HeaderMap;

use deskbell_model::timestamp::Timestamp;
use deskbell_workers::signature::{Field, Refused, Verified, Verifier};

/// Whether the sender of a request knows one of the secrets that `verifier` was made with. `body` is what came, byte
/// for byte, and not what some reader made of it.
pub(crate) fn verify(
    verifier: &Verifier,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, Refused> {
    verifier.verify(|name| field(headers, name), body, now)
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> Field<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Field::Absent,
        (Some(value), None) => Field::Once(value.as_bytes()),
        (Some(_), Some(_)) => Field::Repeated,
    }
}

#[cfg(test)]
mod tests;
