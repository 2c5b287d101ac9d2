//! Requests that the host sends for a connector, and what came back.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::ticket::Extras;

/// A request that the host sends, to hosts that manifest and operator both list.
///
/// Secrets are never in a connector's hands: in the URL and in header values `{{secret:NAME}}` stands for a secret of the source, and
/// [`bearer`](Self::bearer) and [`basic`](Self::basic) write the usual headers.
///
/// ```
/// use deskbell::Request;
/// use serde_json::json;
///
/// let request = Request::put("https://acme.example/tickets/7")
///     .query("notify", "no one")
///     .bearer("token")
///     .json(&json!({ "status": "open" }))
///     .idempotent();
/// assert_eq!(request.url, "https://acme.example/tickets/7?notify=no%20one");
/// assert_eq!(request.header_value("authorization"), Some("Bearer {{secret:token}}"));
/// assert_eq!(request.body.as_deref(), Some(&br#"{"status":"open"}"#[..]));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: String,
    /// Absolute, `https` as a rule.
    pub url: String,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Option<Vec<u8>>,
    /// Sending it twice has the effect of sending it once.
    pub idempotent: bool,
    /// How the host signs it.
    pub sign: Option<Signing>,
    /// Further members.
    pub extra: Extras,
}

/// How the host signs a request whose secret the connector must not see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// `standard-webhooks`.
    pub scheme: String,
    /// The name of a secret of the source.
    pub secret: String,
}

impl Request {
    /// A request without headers and body, not idempotent.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), ..Self::default() }
    }

    /// A GET, which is idempotent.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url).idempotent()
    }

    /// A POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// A PUT. Not idempotent by itself: helpdesks add a comment at each repeat of an update that holds one.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// A PATCH.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url)
    }

    /// A DELETE.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a parameter to the URL, encoded.
    #[must_use]
    pub fn query(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&encode(name.as_ref()));
        self.url.push('=');
        self.url.push_str(&encode(value.as_ref()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Authorises with a secret of the source as a bearer token.
    #[must_use]
    pub fn bearer(self, secret: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {{{{secret:{}}}}}", secret.as_ref()))
    }

    /// Authorises with a user and a secret of the source as the password (Basic).
    ///
    /// ```
    /// let request = deskbell::Request::get("https://acme.example").basic("bot", "password");
    /// assert_eq!(request.header_value("authorization"), Some("{{basic:bot:password}}"));
    /// ```
    #[must_use]
    pub fn basic(self, user: impl AsRef<str>, secret: impl AsRef<str>) -> Self {
        self.header("authorization", format!("{{{{basic:{}:{}}}}}", user.as_ref(), secret.as_ref()))
    }

    /// Gives it a JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Gives it a body of any type.
    #[must_use]
    pub fn body(mut self, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    /// Says that sending it twice has the effect of sending it once, so that the host may repeat it without asking `probe`.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Has the host sign it by the Standard Webhooks scheme with a secret of the source.
    #[must_use]
    pub fn sign_standard_webhooks(mut self, secret: impl Into<String>) -> Self {
        self.sign = Some(Signing { scheme: "standard-webhooks".to_owned(), secret: secret.into() });
        self
    }

    /// The first header of that name, in any case.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// What a request was answered.
///
/// ```
/// use deskbell::Response;
/// use serde_json::json;
///
/// let made = Response::new(201).with_json(&json!({ "id": 7 }));
/// assert!(made.is_success());
/// assert_eq!(made.json::<serde_json::Value>()?["id"], 7);
/// assert!(Response::new(503).check_available("Acme").unwrap_err().retry);
/// # Ok::<(), deskbell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers and body, for tests.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Gives it a JSON body, for tests.
    #[must_use]
    pub fn with_json(mut self, value: &Value) -> Self {
        self.body = value.to_string().into_bytes();
        self.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        self
    }

    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Whether the same request may be answered otherwise later: 408, 425, 429 and 5xx except 501.
    pub const fn is_temporary(&self) -> bool {
        matches!(self.status, 408 | 425 | 429) || (self.status >= 500 && self.status != 501)
    }

    /// An error that is retried where the status is a [temporary](Self::is_temporary) one.
    pub fn check_available(&self, helpdesk: impl AsRef<str>) -> Result<()> {
        if self.is_temporary() {
            return Err(Error::retry(format!("{} answered {}", helpdesk.as_ref(), self.status)));
        }
        Ok(())
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body, read as JSON into your type or a `serde_json::Value`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::fail(format!("the answer with status {} cannot be read as JSON: {error}", self.status))
        })
    }
}

/// A request and what it was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// As the connector made it, secrets not filled in.
    pub request: Request,
    /// What came back.
    pub response: Response,
}

/// Percent-encodes a text for one segment of a path, or for a parameter.
///
/// ```
/// assert_eq!(deskbell::encode("a/b c+é"), "a%2Fb%20c%2B%C3%A9");
/// ```
pub fn encode(text: &str) -> String {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    encoded
}

pub(super) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_is_idempotent_and_the_others_say_so_themselves() {
        for (request, method, idempotent) in [
            (Request::get("u"), "GET", true),
            (Request::post("u"), "POST", false),
            (Request::put("u"), "PUT", false),
            (Request::patch("u"), "PATCH", false),
            (Request::delete("u").idempotent(), "DELETE", true),
        ] {
            assert_eq!((request.method.as_str(), request.idempotent), (method, idempotent));
        }
    }

    #[test]
    fn parameters_join_those_that_are_there() {
        assert_eq!(Request::get("u?a=1").query("b", "2&3").url, "u?a=1&b=2%263");
    }

    #[test]
    fn statuses_are_temporary_or_final() {
        for (status, success, temporary) in [
            (200, true, false),
            (204, true, false),
            (301, false, false),
            (404, false, false),
            (408, false, true),
            (429, false, true),
            (500, false, true),
            (501, false, false),
            (599, false, true),
        ] {
            let response = Response::new(status);
            assert_eq!((response.is_success(), response.is_temporary()), (success, temporary), "{status}");
            assert_eq!(response.check_available("Acme").is_err(), temporary, "{status}");
        }
    }

    #[test]
    fn signing_names_scheme_and_secret() {
        let sign = Request::post("u").sign_standard_webhooks("hook").sign;
        assert_eq!(
            sign.map(|sign| (sign.scheme, sign.secret)),
            Some(("standard-webhooks".to_owned(), "hook".to_owned()))
        );
    }
}
