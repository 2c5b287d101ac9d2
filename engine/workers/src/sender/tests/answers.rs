//! What comes back, and what it is called when nothing does.

use std::fmt::Write as _;

use super::*;

#[tokio::test]
async fn sends_and_gives_the_answer() {
    let server = Server::answering(
        "HTTP/1.1 429 Slow Down\r\nRetry-After: 120\r\nSet-Cookie: a=b\r\ncontent-length: 4\r\nconnection: close\r\n\r\nwait",
    );
    let url = server.url("/api/v2/tickets?x=1#part");
    let outcome =
        send(Call { headers: &headers(&[("content-type", "application/json")]), ..call(&url) }).await.unwrap();
    assert_eq!((outcome.status, outcome.body.as_slice(), outcome.is_truncated), (429, b"wait".as_slice(), false));
    assert_eq!(outcome.header("set-cookie"), None);
    assert_eq!(outcome.retry_after(Timestamp::default()), Some(Duration::from_mins(2)));
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /api/v2/tickets?x=1 HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("content-type: application/json\r\n") && request.contains("user-agent: deskbell/"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\n{}"), "{request}");
}

#[tokio::test]
async fn follows_no_redirect() {
    let inner = Server::answering(OK);
    let outer = Server::answering(&format!(
        "HTTP/1.1 307 Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        inner.url("/")
    ));
    let outcome = send(call(&outer.url("/"))).await.unwrap();
    assert_eq!(outcome.status, 307);
    assert_eq!(outcome.header("location"), Some(inner.url("/").as_str()));
    assert!(inner.requests().is_empty());
}

#[tokio::test]
async fn cuts_long_bodies() {
    let body = "x".repeat(200_000);
    let server = Server::answering(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    let url = server.url("/");
    let outcome = send(call(&url)).await.unwrap();
    assert_eq!((outcome.body.len(), outcome.is_truncated), (64 * 1024, true));
    let outcome = send(Call { max_response_bytes: Some(200_000), ..call(&url) }).await.unwrap();
    assert_eq!((outcome.body.len(), outcome.is_truncated), (200_000, false));
    let outcome = send(Call { max_response_bytes: Some(0), ..call(&url) }).await.unwrap();
    assert_eq!((outcome.body.len(), outcome.is_truncated), (0, true));
}

#[tokio::test]
async fn limits_headers() {
    let mut response = "HTTP/1.1 200 OK\r\nconnection: close\r\n".to_owned();
    for number in 0..90 {
        let _ = write!(response, "x-{number}: {}\r\n", "y".repeat(100));
    }
    let server = Server::answering(&(response + "\r\n"));
    let outcome = send(call(&server.url("/"))).await.unwrap();
    assert_eq!(outcome.headers.len(), 64);
}

#[tokio::test]
async fn calls_a_lost_answer_ambiguous() {
    let cases = [
        (Answer::HangUp, None, "the connection failed"),
        (Answer::Stall(Vec::new()), None, "no answer within 1.0 s"),
        (
            Answer::Stall(b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\nhalf".to_vec()),
            Some(201),
            "no answer within 1.0 s",
        ),
        (
            Answer::Bytes(b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\nhalf".to_vec()),
            Some(201),
            "the connection failed",
        ),
        (Answer::Bytes(b"what is this\r\n\r\n".to_vec()), None, "the connection failed"),
    ];
    for (answer, expected_status, expected) in cases {
        let seconds = if matches!(answer, Answer::Stall(_)) { 1 } else { 30 };
        let options = Options { timeout: Duration::from_secs(seconds), ..options() };
        let server = Server::start(answer, false);
        let error = send_with(options, call(&server.url("/"))).await.unwrap_err();
        assert!(error.in_full().contains(expected), "{}", error.in_full());
        assert!(!error.is_safe_to_repeat());
        let SendError::Ambiguous { status, .. } = error else { panic!("{error:?}") };
        assert_eq!(status, expected_status);
        assert_eq!(server.requests().len(), 1, "sent once, not repeated");
    }
}

#[tokio::test]
async fn calls_what_never_connected_not_sent() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let error = send(call(&format!("http://{closed}/"))).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent { .. }) && error.is_safe_to_repeat(), "{error:?}");

    // Accepts by its backlog and never says a word, so that TLS does not come about.
    let mute = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options = Options { timeout: Duration::from_millis(400), ..options() };
    let error = send_with(options, call(&format!("https://{}/", mute.local_addr().unwrap()))).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent { .. }), "{error:?}");

    let hosts = AllowedHosts::parse("a list", ["help.example.com"]).unwrap();
    let sender = Sender::with_lookup(&Options::default(), Arc::new(NoNames)).unwrap();
    let error = sender.send(Call { hosts: &[&hosts], ..call("https://help.example.com/") }).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent { .. }), "{error:?}");
    assert!(error.in_full().contains("no such name"), "{}", error.in_full());
}

#[tokio::test]
async fn speaks_tls_and_checks_the_certificate() {
    let server = Server::start(Answer::Bytes(OK.as_bytes().to_vec()), true);
    let by_name = format!("https://help.example.com:{}/", server.address.port());
    assert_eq!(send(call(&by_name)).await.unwrap().body, b"ok");
    assert_eq!(send(call(&format!("https://{}/", server.address))).await.unwrap().body, b"ok");

    let other_name = format!("https://other.example.com:{}/", server.address.port());
    let error = send(call(&other_name)).await.unwrap_err();
    assert!(
        matches!(error, SendError::NotSent { .. }) && error.in_full().contains("certificate"),
        "{}",
        error.in_full()
    );
    let strangers = Options { extra_roots_pem: Vec::new(), ..options() };
    let error = send_with(strangers, call(&by_name)).await.unwrap_err();
    assert!(
        matches!(error, SendError::NotSent { .. }) && error.in_full().contains("certificate"),
        "{}",
        error.in_full()
    );
    assert_eq!(server.requests().len(), 2);
}
