//! Signing keys: made from secrets, used for message authentication codes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use super::template::{Piece, pieces};
use super::{Algorithm, Encoding, Invalid, KeyForm, Scheme};

/// Base64 with or without padding: senders differ in that, and it carries no meaning.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key that is ready to sign. It does not say what it is.
#[derive(Clone)]
pub(super) enum Key {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl Key {
    /// The key that `scheme` makes of the secret in this position (beginning with 1).
    pub(super) fn new(scheme: &Scheme, secret: &[u8], position: usize) -> Result<Self, Invalid> {
        let bytes = derive(scheme, secret, position)?;
        // A code takes keys of any length; the error is there for other kinds of codes.
        let unfit = |_| Invalid::MalformedSecret { position, expected: "a usable key" };
        Ok(match scheme.algorithm {
            Algorithm::Sha1 => Self::Sha1(Hmac::new_from_slice(&bytes).map_err(unfit)?),
            Algorithm::Sha256 => Self::Sha256(Hmac::new_from_slice(&bytes).map_err(unfit)?),
        })
    }

    /// The code of these parts, one after the other.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Vec<u8> {
        match self.clone() {
            Self::Sha1(mac) => feed(mac, parts),
            Self::Sha256(mac) => feed(mac, parts),
        }
    }
}

fn feed<M: Mac>(mut mac: M, parts: &[&[u8]]) -> Vec<u8> {
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn derive(scheme: &Scheme, secret: &[u8], position: usize) -> Result<Vec<u8>, Invalid> {
    match scheme.key {
        KeyForm::Plain => Ok(secret.to_vec()),
        KeyForm::Base64 => from_base64(secret, position),
        KeyForm::Md5 => {
            let mut hash = Md5::new();
            for piece in key_template(scheme)? {
                match piece {
                    Piece::Text(text) => hash.update(text),
                    Piece::Value(()) => hash.update(secret),
                }
            }
            Ok(hex::encode(hash.finalize()).into_bytes())
        }
    }
}

/// The template of the key, for schemes that hash one.
pub(super) fn key_template(scheme: &Scheme) -> Result<Vec<Piece<()>>, Invalid> {
    let member = "key_template";
    let template = pieces(&scheme.key_template, member, &[("secret", ())], "{secret}")?;
    if !template.contains(&Piece::Value(())) {
        return Err(Invalid::Uncovered { member, placeholder: "secret", consequence: "anybody could make the key" });
    }
    Ok(template)
}

fn from_base64(secret: &[u8], position: usize) -> Result<Vec<u8>, Invalid> {
    let text = secret.strip_prefix(b"whsec_").unwrap_or(secret);
    match BASE64.decode(text) {
        Ok(key) if !key.is_empty() => Ok(key),
        Ok(_) => Err(Invalid::EmptySecret { position }),
        Err(_) => Err(Invalid::MalformedSecret { position, expected: "base64, as in whsec_MfKQ9r8G..." }),
    }
}

/// The bytes that a signature in this encoding says.
pub(super) fn decode(encoding: Encoding, text: &[u8]) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => BASE64.decode(text).ok(),
    }
}
