//! Answers, read from the bytes of a connection.

/// The beginning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Where the body begins.
    pub(super) length: usize,
    pub(super) body: Body,
    /// Whether the connection ends with this answer.
    pub(super) closes: bool,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Known(usize),
    Chunked,
    UntilClosed,
}

/// Bytes that are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what came is no HTTP answer")]
pub(super) struct Malformed;

/// An answer's head, once all of it is there.
pub(super) fn head(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > 64 * 1024 { Err(Malformed) } else { Ok(None) };
    };
    let text = bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok()).ok_or(Malformed)?;
    let mut lines = text.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let version = first.next().unwrap_or_default();
    let status = first.next().and_then(|status| status.parse::<u16>().ok()).ok_or(Malformed)?;
    if !version.starts_with("HTTP/1.") {
        return Err(Malformed);
    }
    let mut body = if status < 200 || status == 204 || status == 304 { Body::Known(0) } else { Body::UntilClosed };
    let mut closes = version == "HTTP/1.0";
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Malformed)?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            body = Body::Known(value.parse().map_err(|_| Malformed)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            body = Body::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(Some(Head { status, length: end + 4, body, closes: closes || body == Body::UntilClosed }))
}

/// How many bytes a body in chunks has, once all of it is there.
pub(super) fn chunked_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut place = 0;
    loop {
        let rest = bytes.get(place..).ok_or(Malformed)?;
        let Some(line_end) = find(rest, b"\r\n") else {
            return Ok(None);
        };
        let line = rest.get(..line_end).and_then(|line| std::str::from_utf8(line).ok()).ok_or(Malformed)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| Malformed)?;
        if size > 64 * 1024 * 1024 {
            return Err(Malformed);
        }
        if size == 0 {
            // No trailers are expected; with some, the empty line comes later.
            return Ok(find(rest, b"\r\n\r\n").map(|end| place + end + 4));
        }
        place += line_end + 2 + size + 2;
        if place > bytes.len() {
            return Ok(None);
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Option<(u16, Body, bool)>, Malformed>) {
        let actual = head(text.as_bytes()).map(|head| head.map(|head| (head.status, head.body, head.closes)));
        assert_eq!(actual, expected, "{text:?}");
    }

    #[test]
    fn a_head_says_how_the_body_ends() {
        check("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}", Ok(Some((202, Body::Known(2), false))));
        check("HTTP/1.1 204 No Content\r\n\r\n", Ok(Some((204, Body::Known(0), false))));
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Ok(Some((200, Body::Chunked, false))));
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            Ok(Some((200, Body::Known(0), true))),
        );
        check("HTTP/1.0 503 Busy\r\n\r\nwait", Ok(Some((503, Body::UntilClosed, true))));
        check("HTTP/1.1 202 Acc", Ok(None));
        check("SSH-2.0-x\r\n\r\n", Err(Malformed));
        check("HTTP/1.1 two\r\n\r\n", Err(Malformed));
    }

    #[test]
    fn chunks_are_added_up() {
        for (text, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", Some(13)),
            ("3;x=y\r\nabc\r\n0\r\n\r\nHTTP", Some(17)),
            ("3\r\nabc\r\n", None),
            ("a\r\nabc", None),
            ("0\r\n", None),
        ] {
            assert_eq!(chunked_length(text.as_bytes()), Ok(expected), "{text:?}");
        }
        assert_eq!(chunked_length(b"x\r\n"), Err(Malformed));
    }
}
