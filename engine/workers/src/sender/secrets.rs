//! Secrets in requests. A plugin writes `{{secret:NAME}}` where a value belongs and never sees it: the value is filled in
//! on the way out, once the host is approved, and taken out again of what comes back.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::error::Refusal;

/// The secrets that one request may use: those of its source or destination.
pub trait Secrets: Send + Sync {
    /// The value of the secret `name`; none where there is none of this name.
    fn secret(&self, name: &str) -> Option<SecretString>;
}

/// For requests that use none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: &str) -> Option<SecretString> {
        None
    }
}

/// Where a placeholder stands, which decides how its value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Url,
    Header,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "the URL",
            Self::Header => "a header",
        })
    }
}

const SECRET: &str = "{{secret:";
const BASIC: &str = "{{basic:";

enum Piece<'a> {
    Text(&'a str),
    Secret(&'a str),
    Basic { user: &'a str, secret: &'a str },
}

/// Takes `template` apart. Braces that begin no placeholder are text.
fn pieces(template: &str, place: Place) -> Result<Vec<Piece<'_>>, Refusal> {
    let mut pieces = Vec::new();
    let mut rest = template;
    loop {
        let start = [rest.find(SECRET), rest.find(BASIC)].into_iter().flatten().min();
        let Some((text, found)) = start.and_then(|at| rest.split_at_checked(at)) else {
            pieces.push(Piece::Text(rest));
            return Ok(pieces);
        };
        let (inner, after) = found.split_once("}}").ok_or(Refusal::Placeholder { place })?;
        pieces.push(Piece::Text(text));
        pieces.push(placeholder(inner).ok_or(Refusal::Placeholder { place })?);
        rest = after;
    }
}

/// A placeholder without its closing braces.
fn placeholder(text: &str) -> Option<Piece<'_>> {
    let is_name = |name: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        !name.is_empty() && name.len() <= 64 && name.bytes().all(fits)
    };
    if let Some(secret) = text.strip_prefix(SECRET) {
        return is_name(secret).then_some(Piece::Secret(secret));
    }
    let (user, secret) = text.strip_prefix(BASIC)?.rsplit_once(':')?;
    // RFC 7617: the first colon ends the user.
    let is_user = !user.contains(':') && !user.chars().any(char::is_control);
    (is_user && is_name(secret)).then_some(Piece::Basic { user, secret })
}

/// Where the first placeholder of `template` begins.
pub(crate) fn first_placeholder(template: &str) -> Option<usize> {
    [template.find(SECRET), template.find(BASIC)].into_iter().flatten().min()
}

/// `template` with a harmless text for each placeholder, to see what the rest says.
pub(crate) fn blanked(template: &str, place: Place) -> Result<String, Refusal> {
    let pieces = pieces(template, place)?;
    Ok(pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "x" }).collect())
}

/// The values that were filled into a request, so that they can be taken out of its answer.
#[derive(Default)]
pub(crate) struct Filled {
    values: Vec<Zeroizing<Vec<u8>>>,
}

/// Shorter values are left in answers: they would also be found where they mean nothing.
const SHORTEST_REMOVED: usize = 6;
const REMOVED: &[u8] = b"[secret]";

impl Filled {
    /// `template` with the values of its placeholders.
    pub(crate) fn fill(
        &mut self,
        template: &str,
        place: Place,
        secrets: &dyn Secrets,
    ) -> Result<Zeroizing<String>, Refusal> {
        let mut text = Zeroizing::new(String::with_capacity(template.len() + 64));
        for piece in pieces(template, place)? {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Secret(name) => {
                    let value = self.value(name, secrets)?;
                    push(&mut text, value.expose_secret(), place);
                    self.remember(&encoded(value.expose_secret()));
                }
                Piece::Basic { user, secret } => {
                    let value = self.value(secret, secrets)?;
                    let pair = Zeroizing::new(format!("{user}:{}", value.expose_secret()));
                    let credentials = Zeroizing::new(BASE64.encode(pair.as_bytes()));
                    // Both `{{basic:..}}` and `Basic {{basic:..}}` are natural to write.
                    if place == Place::Header && text.trim().is_empty() {
                        text.push_str("Basic ");
                    }
                    push(&mut text, &credentials, place);
                    self.remember(&credentials);
                }
            }
        }
        Ok(text)
    }

    fn value(&mut self, name: &str, secrets: &dyn Secrets) -> Result<SecretString, Refusal> {
        let value = secrets.secret(name).ok_or_else(|| Refusal::UnknownSecret { name: name.to_owned() })?;
        if value.expose_secret().chars().any(char::is_control) {
            return Err(Refusal::UnfitSecret { name: name.to_owned() });
        }
        self.remember(value.expose_secret());
        Ok(value)
    }

    fn remember(&mut self, value: &str) {
        if value.len() >= SHORTEST_REMOVED && !self.values.iter().any(|known| known.as_slice() == value.as_bytes()) {
            self.values.push(Zeroizing::new(value.as_bytes().to_vec()));
            // The longest first, so that no part of one is left behind by another.
            self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        }
    }

    /// `bytes` without the values, for answers that echo the request.
    pub(crate) fn removed_from(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.values.iter().fold(bytes, |bytes, value| replaced(bytes, value))
    }
}

fn replaced(bytes: Vec<u8>, value: &[u8]) -> Vec<u8> {
    let is_at = |at: usize| bytes.get(at..at + value.len()) == Some(value);
    if !(0..bytes.len()).any(is_at) {
        return bytes;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if is_at(at) {
            kept.extend_from_slice(REMOVED);
            at += value.len();
        } else {
            kept.push(*byte);
            at += 1;
        }
    }
    kept
}

fn push(text: &mut String, value: &str, place: Place) {
    match place {
        Place::Header => text.push_str(value),
        Place::Url => text.push_str(&encoded(value)),
    }
}

/// Percent-encoded so that no value can end the part of the URL that it stands in.
fn encoded(value: &str) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    let mut text = Zeroizing::new(String::with_capacity(value.len()));
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Vault;

    impl Secrets for Vault {
        fn secret(&self, name: &str) -> Option<SecretString> {
            let value = match name {
                "token" => "t0p/secret?&",
                "broken" => "line\nbreak",
                "empty" => "",
                _ => return None,
            };
            Some(SecretString::from(value))
        }
    }

    #[track_caller]
    fn check(template: &str, place: Place, expected: &str) {
        let actual = Filled::default().fill(template, place, &Vault);
        let actual = actual.map_or_else(|error| error.to_string(), |text| text.to_string());
        assert_eq!(actual, expected, "{template}");
    }

    #[test]
    fn fills_headers() {
        check("Bearer {{secret:token}}", Place::Header, "Bearer t0p/secret?&");
        check(
            "Token token={{secret:token}}; v={{secret:token}}",
            Place::Header,
            "Token token=t0p/secret?&; v=t0p/secret?&",
        );
        check(
            "{{basic:ann@example.com/token:token}}",
            Place::Header,
            "Basic YW5uQGV4YW1wbGUuY29tL3Rva2VuOnQwcC9zZWNyZXQ/Jg==",
        );
        check(
            "Basic {{basic:ann@example.com/token:token}}",
            Place::Header,
            "Basic YW5uQGV4YW1wbGUuY29tL3Rva2VuOnQwcC9zZWNyZXQ/Jg==",
        );
        check("{{basic::empty}}", Place::Header, "Basic Og==");
        check(
            "{{name}} {secret:token} {{ secret:token }}",
            Place::Header,
            "{{name}} {secret:token} {{ secret:token }}",
        );
    }

    #[test]
    fn encodes_what_goes_into_urls() {
        check("https://a.com/{{secret:token}}/x", Place::Url, "https://a.com/t0p%2Fsecret%3F%26/x");
        check("https://a.com/?k={{basic:u:token}}", Place::Url, "https://a.com/?k=dTp0MHAvc2VjcmV0PyY%3D");
    }

    #[test]
    fn says_what_is_wrong_with_a_placeholder() {
        check(
            "{{secret:other}}",
            Place::Header,
            "there is no secret 'other'; set it with `deskbell secret set` or under `secrets` in the configuration",
        );
        check(
            "{{secret:broken}}",
            Place::Header,
            "the secret 'broken' holds a line break or another control character; store it without",
        );
        let malformed = "a placeholder in a header is malformed; write {{secret:NAME}} or {{basic:USER:NAME}}";
        for template in
            ["{{secret:", "{{secret:}}", "{{secret:a b}}", "{{basic:token}}", "{{basic:a:b:token}}", "{{secret:token}"]
        {
            check(template, Place::Header, malformed);
        }
    }

    #[test]
    fn takes_values_out_of_answers() {
        let mut filled = Filled::default();
        filled.fill("{{basic:u:token}} {{secret:token}}", Place::Header, &Vault).unwrap();
        let clean = |text: &str| String::from_utf8(filled.removed_from(text.as_bytes().to_vec())).unwrap();
        assert_eq!(clean("you sent t0p/secret?& t0p/secret?&"), "you sent [secret] [secret]");
        assert_eq!(clean("Basic dTp0MHAvc2VjcmV0PyY="), "Basic [secret]");
        assert_eq!(clean("/hooks/t0p%2Fsecret%3F%26"), "/hooks/[secret]");
        assert_eq!(clean("nothing of the kind"), "nothing of the kind");
    }
}
