//! What came back. It was written by somebody else: it is cut to size, and secrets that it echoes are taken out.

use std::fmt;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::HeaderMap;

use deskbell_model::timestamp::Timestamp;

use super::retry_after;
use super::secrets::Filled;

/// More headers, or longer ones, than any connector reads; the rest is left out.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Credentials for browsers, of no use to us and not to be recorded.
const LEFT_OUT: &[&str] = &["set-cookie", "set-cookie2"];

/// An answer, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    pub status: u16,
    /// Names in lower case, at most 64 headers and 16 KiB, without cookies. What is no UTF-8 is left out.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body was longer than allowed and `body` is its beginning.
    pub is_truncated: bool,
    /// From the start of the call to the end of the body.
    pub elapsed_ms: u64,
}

impl Outcome {
    /// Status 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header called `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How long the server asks to wait, where it says so.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        retry_after::parse(self.header("retry-after")?, now)
    }
}

/// Without the body, which may quote a ticket.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("is_truncated", &self.is_truncated)
            .field("elapsed_ms", &self.elapsed_ms)
            .finish()
    }
}

/// Reads the body up to `max_bytes`; the flag says whether there was more. What is not read ends with the connection.
pub(crate) async fn read_body(mut response: Response, max_bytes: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = max_bytes.saturating_sub(body.len());
        if chunk.len() > room {
            body.extend_from_slice(chunk.get(..room).unwrap_or_default());
            return Ok((body, true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, false))
}

pub(crate) fn limited_headers(headers: &HeaderMap, filled: &Filled) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    let mut room = MAX_HEADER_BYTES;
    for (name, value) in headers {
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let Ok(value) = String::from_utf8(filled.removed_from(value.as_bytes().to_vec())) else {
            continue;
        };
        let bytes = name.as_str().len() + value.len();
        if bytes <= room && kept.len() < MAX_HEADERS {
            room -= bytes;
            kept.push((name.as_str().to_owned(), value));
        }
    }
    kept
}
