//! The convention of standardwebhooks.com, in one place for both directions: what arrives is verified by the scheme
//! that [`scheme`] spells out, what leaves is signed by [`sign`].
//!
//! The key is the base64 after `whsec_`; signed is `{id}.{timestamp}.{body}`; the header holds signatures separated by
//! spaces, of which those of version `v1` count.

use base64::Engine as _;

use deskbell_model::timestamp::Timestamp;

use super::key::{BASE64, Key};
use super::{Algorithm, Encoding, Invalid, KeyForm, Kind, Scheme, TimestampFormat, named, secret};

pub const ID_HEADER: &str = "webhook-id";
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The version of symmetric signatures, as it stands before each.
pub(super) const VERSION: &str = "v1,";

/// The value of [`SIGNATURE_HEADER`] for a request with this id and time (its whole seconds, which
/// [`TIMESTAMP_HEADER`] has to say).
pub fn sign(secret: &[u8], id: &str, timestamp: Timestamp, body: &[u8]) -> Result<String, Invalid> {
    secret::check(Kind::StandardWebhooks, secret, 1)?;
    let key = Key::new(&scheme(&Scheme::of(Kind::StandardWebhooks)), secret, 1)?;
    let seconds = seconds(timestamp).to_string();
    let code = key.sign(&[id.as_bytes(), b".", seconds.as_bytes(), b".", body]);
    Ok(format!("{VERSION}{}", BASE64.encode(code)))
}

/// The value of [`TIMESTAMP_HEADER`]: whole seconds since 1970.
pub fn seconds(timestamp: Timestamp) -> i64 {
    timestamp.micros().div_euclid(1_000_000)
}

/// The convention as a scheme. Header names and tolerance may be configured, for some senders put a name of their own
/// before them; everything else is fixed.
pub(super) fn scheme(configured: &Scheme) -> Scheme {
    Scheme {
        scheme: Kind::StandardWebhooks,
        algorithm: Algorithm::Sha256,
        header: named(&configured.header, SIGNATURE_HEADER).to_owned(),
        prefix: VERSION.to_owned(),
        encoding: Encoding::Base64,
        signed: "{id}.{timestamp}.{body}".to_owned(),
        timestamp_header: named(&configured.timestamp_header, TIMESTAMP_HEADER).to_owned(),
        timestamp_format: TimestampFormat::Unix,
        id_header: named(&configured.id_header, ID_HEADER).to_owned(),
        tolerance: configured.tolerance,
        key: KeyForm::Base64,
        key_template: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The convention's published example.
    #[test]
    fn signs_the_published_example() {
        let signature = sign(
            b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_micros(1_614_265_330_999_999),
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn refuses_to_sign_with_what_is_no_key() {
        let at = Timestamp::from_seconds(0);
        assert_eq!(sign(b"", "m", at, b""), Err(Invalid::EmptySecret { position: 1 }));
        assert_eq!(sign(b"whsec_secret", "m", at, b""), Err(Invalid::Placeholder { position: 1 }));
        assert!(matches!(sign(b"whsec_not base64!", "m", at, b""), Err(Invalid::MalformedSecret { .. })));
    }
}
