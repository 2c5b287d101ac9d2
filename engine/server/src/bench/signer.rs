//! Signs deliveries the way the account verifies them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::SecondsFormat;
use deskbell_model::timestamp::Timestamp;
use deskbell_workers::signature::{
    Algorithm, Encoding, Invalid, KeyForm, Kind, Scheme, TimestampFormat, Verifier, standard_webhooks,
};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// Writes the headers that prove a delivery.
pub(super) enum Signer {
    /// The same header each time, or none.
    Fixed(Vec<u8>),
    Code(Box<Code>),
}

/// A message authentication code.
pub(super) struct Code {
    header: String,
    prefix: String,
    encoding: Encoding,
    signed: Vec<Piece>,
    timestamp: Option<(String, TimestampFormat)>,
    id_header: Option<String>,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

/// A piece of what is signed.
enum Piece {
    Text(String),
    Id,
    Timestamp,
    Body,
}

impl Signer {
    pub(super) fn new(scheme: &Scheme, secret: &[u8]) -> Result<Self, Invalid> {
        let secrets: &[&[u8]] = if scheme.scheme == Kind::None { &[] } else { &[secret] };
        // Whoever verifies finds every mistake there can be in a scheme, so that what follows need not.
        Verifier::new(scheme, secrets)?;
        let fixed = |name: &str, usual: &str, value: String| {
            let name = if name.is_empty() { usual } else { name };
            Self::Fixed([name.as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())
        };
        let text = String::from_utf8_lossy(secret);
        Ok(match scheme.scheme {
            Kind::None => Self::Fixed(Vec::new()),
            Kind::Token => fixed(&scheme.header, "authorization", format!("{}{text}", scheme.prefix)),
            Kind::Bearer => fixed(&scheme.header, "authorization", format!("Bearer {text}")),
            Kind::Basic => fixed(&scheme.header, "authorization", format!("Basic {}", BASE64.encode(secret))),
            Kind::Hmac => Self::Code(Box::new(Code::new(scheme, secret)?)),
            Kind::StandardWebhooks => Self::Code(Box::new(Code::new(&spelled_out(scheme), secret)?)),
        })
    }

    /// Appends the headers of a delivery, each with its line end.
    pub(super) fn write(&self, id: &str, now: Timestamp, body: &[u8], into: &mut Vec<u8>) {
        match self {
            Self::Fixed(lines) => into.extend_from_slice(lines),
            Self::Code(code) => code.write(id, now, body, into),
        }
    }
}

/// The convention of Standard Webhooks as a scheme with all its members.
fn spelled_out(scheme: &Scheme) -> Scheme {
    let named = |configured: &str, usual: &str| {
        if configured.is_empty() { usual.to_owned() } else { configured.to_owned() }
    };
    Scheme {
        header: named(&scheme.header, standard_webhooks::SIGNATURE_HEADER),
        prefix: "v1,".to_owned(),
        encoding: Encoding::Base64,
        signed: "{id}.{timestamp}.{body}".to_owned(),
        timestamp_header: named(&scheme.timestamp_header, standard_webhooks::TIMESTAMP_HEADER),
        id_header: named(&scheme.id_header, standard_webhooks::ID_HEADER),
        key: KeyForm::Base64,
        ..Scheme::of(Kind::Hmac)
    }
}

impl Code {
    fn new(scheme: &Scheme, secret: &[u8]) -> Result<Self, Invalid> {
        let named = |name: &String| (!name.is_empty()).then(|| name.clone());
        Ok(Self {
            header: scheme.header.clone(),
            prefix: scheme.prefix.clone(),
            encoding: scheme.encoding,
            signed: pieces(&scheme.signed),
            timestamp: named(&scheme.timestamp_header).map(|header| (header, scheme.timestamp_format)),
            id_header: named(&scheme.id_header),
            key: Key::new(scheme.algorithm, &derived(scheme, secret))?,
        })
    }

    fn write(&self, id: &str, now: Timestamp, body: &[u8], into: &mut Vec<u8>) {
        let timestamp = self.timestamp.as_ref().map(|(_, format)| written(now, *format)).unwrap_or_default();
        let parts: Vec<&[u8]> = self
            .signed
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Id => id.as_bytes(),
                Piece::Timestamp => timestamp.as_bytes(),
                Piece::Body => body,
            })
            .collect();
        let code = self.key.sign(&parts);
        let code = match self.encoding {
            Encoding::Hex => hex::encode(code),
            Encoding::Base64 => BASE64.encode(code),
        };
        let mut line = |name: &str, values: [&str; 2]| {
            for part in [name, ": ", values[0], values[1], "\r\n"] {
                into.extend_from_slice(part.as_bytes());
            }
        };
        line(&self.header, [&self.prefix, &code]);
        if let Some((header, _)) = &self.timestamp {
            line(header, [&timestamp, ""]);
        }
        if let Some(header) = &self.id_header {
            line(header, [id, ""]);
        }
    }
}

impl Key {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, Invalid> {
        // A code takes keys of any length; the error is there for other kinds of codes.
        let unfit = |_| Invalid::MalformedSecret { position: 1, expected: "a usable key" };
        Ok(match algorithm {
            Algorithm::Sha1 => Self::Sha1(Hmac::new_from_slice(key).map_err(unfit)?),
            Algorithm::Sha256 => Self::Sha256(Hmac::new_from_slice(key).map_err(unfit)?),
        })
    }

    fn sign(&self, parts: &[&[u8]]) -> Vec<u8> {
        fn feed<M: Mac>(mut mac: M, parts: &[&[u8]]) -> Vec<u8> {
            for part in parts {
                mac.update(part);
            }
            mac.finalize().into_bytes().to_vec()
        }
        match self.clone() {
            Self::Sha1(mac) => feed(mac, parts),
            Self::Sha256(mac) => feed(mac, parts),
        }
    }
}

/// The key that the scheme makes of the secret.
fn derived(scheme: &Scheme, secret: &[u8]) -> Vec<u8> {
    match scheme.key {
        KeyForm::Plain => secret.to_vec(),
        KeyForm::Base64 => {
            let text = secret.strip_prefix(b"whsec_").unwrap_or(secret);
            // That it is base64, padded or not, was found out before.
            BASE64.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).unwrap_or_default()
        }
        KeyForm::Md5 => {
            let mut hash = Md5::new();
            for (place, text) in scheme.key_template.split("{secret}").enumerate() {
                if place > 0 {
                    hash.update(secret);
                }
                hash.update(text);
            }
            hex::encode(hash.finalize()).into_bytes()
        }
    }
}

fn pieces(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        pieces.push(Piece::Text(before.to_owned()));
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        pieces.push(match name {
            "id" => Piece::Id,
            "timestamp" => Piece::Timestamp,
            _ => Piece::Body,
        });
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

fn written(now: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::Unix => standard_webhooks::seconds(now).to_string(),
        TimestampFormat::UnixMs => now.micros().div_euclid(1000).to_string(),
        TimestampFormat::Rfc3339 => now.to_chrono().to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}

#[cfg(test)]
mod tests {
    use deskbell_workers::signature::Field;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_767_600_000_123_456);
    const BODY: &[u8] = br#"{"a": "\u00fc"}"#;

    /// What is signed has to hold for whoever verifies.
    fn check(scheme: &str, secret: &str) {
        let scheme: Scheme = toml::from_str(scheme).unwrap();
        let mut lines = Vec::new();
        Signer::new(&scheme, secret.as_bytes()).unwrap().write("id-1", NOW, BODY, &mut lines);
        let lines = String::from_utf8(lines).unwrap();
        let field = |name: &str| {
            let mut found = lines.lines().filter_map(|line| line.split_once(": "));
            let value = found.find(|(header, _)| header.eq_ignore_ascii_case(name));
            value.map_or(Field::Absent, |(_, value)| Field::Once(value.as_bytes()))
        };
        let secrets: Vec<&str> = if scheme.scheme == Kind::None { vec![] } else { vec![secret] };
        let verified = Verifier::new(&scheme, &secrets).unwrap().verify(field, BODY, NOW);
        assert!(verified.is_ok(), "{scheme:?}: {verified:?}\n{lines}");
    }

    #[test]
    fn what_is_signed_verifies() {
        for (scheme, secret) in [
            (r#"scheme = "none""#, ""),
            (
                r#"scheme = "token"
                header = "X-Token""#,
                "hunter42",
            ),
            (r#"scheme = "bearer""#, "hunter42"),
            (r#"scheme = "basic""#, "user:hunter42"),
            (r#"scheme = "standard-webhooks""#, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            (
                r#"scheme = "standard-webhooks"
                id_header = "svc-id""#,
                "whsec_YSBrZXkgb2YgMjMgYnl0ZXMgbG9uZyE",
            ),
            (
                r#"scheme = "hmac"
                header = "X-Sig""#,
                "hunter42",
            ),
            (
                r#"scheme = "hmac"
                header = "X-Hub-Signature"
                prefix = "sha1="
                algorithm = "sha1""#,
                "hunter42",
            ),
            (
                r#"scheme = "hmac"
                header = "X-Sig"
                encoding = "base64"
                signed = "{timestamp}{body}"
                timestamp_header = "X-Time"
                timestamp_format = "rfc3339""#,
                "hunter42",
            ),
            (
                r#"scheme = "hmac"
                header = "X-Sig"
                signed = "v0:{id}:{timestamp}:{body}"
                id_header = "X-Id"
                timestamp_header = "X-Time"
                timestamp_format = "unix_ms""#,
                "hunter42",
            ),
            (
                r#"scheme = "hmac"
                header = "X-Sig"
                key = "md5"
                key_template = "{secret}webhook_key""#,
                "hunter42",
            ),
        ] {
            check(scheme, secret);
        }
    }

    #[test]
    fn a_scheme_that_cannot_be_is_refused() {
        assert!(Signer::new(&Scheme::of(Kind::Hmac), b"hunter42").is_err());
        assert!(Signer::new(&Scheme::of(Kind::StandardWebhooks), b"changeme").is_err());
    }
}
