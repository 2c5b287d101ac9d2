//! Secrets and signatures.

use super::*;

#[tokio::test]
async fn fills_secrets_in_and_takes_them_out_of_the_answer() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nx-echo: Bearer tOpS3cr3t/+=\r\nconnection: close\r\n\r\nBearer tOpS3cr3t/+= at /hooks/tOpS3cr3t%2F%2B%3D with YW5uOnRPcFMzY3IzdC8rPQ==",
    );
    let url = server.url("/hooks/{{secret:token}}?v=1");
    let headers = headers(&[("authorization", "Bearer {{secret:token}}"), ("x-basic", "{{basic:ann:token}}")]);
    let body = Some(Bytes::from_static(b"{{secret:token}}"));
    let outcome = send(Call { headers: &headers, body, ..call(&url) }).await.unwrap();
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /hooks/tOpS3cr3t%2F%2B%3D?v=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer tOpS3cr3t/+=\r\n"), "{request}");
    assert!(request.contains("x-basic: Basic YW5uOnRPcFMzY3IzdC8rPQ==\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{{secret:token}}"), "a body is left as it is: {request}");
    assert_eq!(outcome.header("x-echo"), Some("Bearer [secret]"));
    assert_eq!(String::from_utf8(outcome.body).unwrap(), "Bearer [secret] at /hooks/[secret] with [secret]");
}

#[tokio::test]
async fn shows_secrets_in_no_error() {
    let hang_up = Server::start(Answer::HangUp, false);
    let stall = Server::start(Answer::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec()), false);
    let options = Options { timeout: Duration::from_millis(300), ..options() };
    let closed = "http://127.0.0.1:1/{{secret:token}}".to_owned();
    for url in [hang_up.url("/{{secret:token}}"), stall.url("/{{secret:token}}"), closed] {
        let headers = headers(&[("authorization", "{{basic:ann:token}}")]);
        let error = send_with(options.clone(), Call { headers: &headers, ..call(&url) }).await.unwrap_err();
        let shown = format!("{error} {error:?} {}", error.in_full());
        assert!(!shown.contains("tOpS3cr3t") && !shown.contains("YW5uOn"), "{shown}");
    }
    let unknown =
        send(Call { headers: &headers(&[("x", "{{secret:other}}")]), ..call(&hang_up.url("/")) }).await.unwrap_err();
    assert!(unknown.in_full().contains("there is no secret 'other'"), "{}", unknown.in_full());
}

#[tokio::test]
async fn touches_no_secret_before_the_host_is_approved() {
    struct Untouchable;
    impl Secrets for Untouchable {
        fn secret(&self, name: &str) -> Option<SecretString> {
            panic!("{name} was asked for")
        }
    }
    let hosts = AllowedHosts::parse("a list", ["help.example.com"]).unwrap();
    let sender = Sender::with_lookup(&options(), Arc::new(AllNamesAreLocal)).unwrap();
    let call = Call { hosts: &[&hosts], secrets: &Untouchable, ..call("https://evil.example.org/{{secret:token}}") };
    assert!(matches!(sender.send(call).await, Err(SendError::Refused { .. })));
}

#[tokio::test]
async fn signs_with_standard_webhooks() {
    let server = Server::answering(OK);
    let url = server.url("/");
    let signing = |scheme: &str, secret: &str| Signing { scheme: scheme.to_owned(), secret: secret.to_owned() };
    let sign = signing("standard-webhooks", "key");
    let body = Some(Bytes::from_static(b"{\"test\": 2432232314}"));
    let signed = Call { sign: Some(&sign), key: "msg_p5jXN8AQM9LWM0D4loKWxJek", body, ..call(&url) };
    send(signed.clone()).await.unwrap();
    let request = server.requests().remove(0);
    assert!(request.contains("webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"), "{request}");
    assert!(request.contains("webhook-timestamp: 1614265330\r\n"), "{request}");
    assert!(request.contains("webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n"), "{request}");

    for (scheme, secret, expected) in [
        ("rot13", "key", "no signing scheme 'rot13'"),
        ("standard-webhooks", "other", "there is no secret 'other'"),
        ("standard-webhooks", "token", "the secret 'token' cannot sign"),
    ] {
        let sign = signing(scheme, secret);
        let error = send(Call { sign: Some(&sign), ..signed.clone() }).await.unwrap_err();
        assert!(error.in_full().contains(expected), "{}", error.in_full());
    }
}

#[tokio::test]
async fn writes_neither_secrets_nor_bodies_to_the_log() {
    let log = Log::start();
    let plain = Server::answering(OK);
    let encrypted = Server::start(Answer::Bytes(OK.as_bytes().to_vec()), true);
    let headers = headers(&[("authorization", "Bearer {{secret:token}}")]);
    let body = Some(Bytes::from_static(b"confidential"));
    for url in [plain.url("/{{secret:token}}"), format!("https://{}/{{{{secret:token}}}}", encrypted.address)] {
        let call = Call { headers: &headers, body: body.clone(), ..call(&url) };
        assert_eq!(send(call).await.unwrap().status, 200);
    }
    let log = log.text();
    assert!(log.contains("request answered"), "{log}");
    for word in ["tOpS3cr3t", "confidential"] {
        assert!(!log.contains(word), "{log}");
    }
}
