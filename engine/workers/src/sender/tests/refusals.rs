//! What is not sent.

use super::*;

#[tokio::test]
async fn refuses_private_addresses_however_they_are_written() {
    let server = Server::start(Answer::Bytes(OK.as_bytes().to_vec()), true);
    let port = server.address.port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "%31%32%37.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[5f00::1]",
        "[fd00:ec2::254]",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "help.example.com",
        "metadata.google.internal",
    ];
    for host in hosts {
        let url = format!("https://{host}:{port}/");
        let public_only = Options { allow_private: Vec::new(), ..options() };
        let error = send_with(public_only, call(&url)).await.unwrap_err();
        assert!(matches!(error, SendError::Refused { cause: Refusal::Address(_), .. }), "{host}: {error:?}");
        assert!(!error.is_safe_to_repeat());
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn sends_without_tls_only_to_listed_addresses() {
    let server = Server::answering(OK);
    let by_name = format!("http://help.example.com:{}/", server.address.port());
    assert_eq!(send(call(&by_name)).await.unwrap().status, 200);
    let elsewhere = Options { allow_private: vec!["10.0.0.0/8".parse().unwrap()], ..options() };
    for url in [by_name.as_str(), &server.url("/"), "http://93.184.216.34/"] {
        let error = send_with(elsewhere.clone(), call(url)).await.unwrap_err();
        assert!(matches!(error, SendError::Refused { cause: Refusal::Address(_), .. }), "{error:?}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn refuses_hosts_that_a_list_does_not_have() {
    let server = Server::answering(OK);
    let sender = Sender::with_lookup(&options(), Arc::new(AllNamesAreLocal)).unwrap();
    let url = format!("http://help.example.com:{}/", server.address.port());
    let list = |origin: &str, entry: &str| {
        AllowedHosts::parse(origin, [format!("{entry}:{}", server.address.port())]).unwrap()
    };
    let manifest = list("`hosts` in the manifest of plugin 'zendesk'", "*.example.com");
    let operator = list("`hosts` of source 'support'", "help.example.com");
    let other = list("`hosts` of source 'support'", "desk.example.com");

    assert_eq!(sender.send(Call { hosts: &[&manifest, &operator], ..call(&url) }).await.unwrap().status, 200);
    let error = sender.send(Call { hosts: &[&manifest, &other], ..call(&url) }).await.unwrap_err();
    let port = server.address.port();
    assert_eq!(
        error.in_full(),
        format!(
            "the request to help.example.com:{port} is refused: `hosts` of source 'support' does not list the host; add 'help.example.com:{port}' there to allow it"
        )
    );
    let error = sender.send(Call { hosts: &[&other, &operator], ..call(&url) }).await.unwrap_err();
    assert!(matches!(error, SendError::Refused { cause: Refusal::Host { .. }, .. }), "{error:?}");
    let error = sender.send(call(&url)).await.unwrap_err();
    assert!(matches!(error, SendError::Refused { cause: Refusal::NoHosts, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn refuses_urls_that_parsers_would_repair() {
    let urls = [
        "",
        "help.example.com",
        "/path",
        "ftp://help.example.com/",
        "file:///etc/passwd",
        "https:/help.example.com/",
        "https:help.example.com",
        "https:///help.example.com/",
        "https:\\\\help.example.com/",
        "https://help.example.com\\@evil.org/",
        " https://help.example.com/",
        "https://help.exa\tmple.com/",
        "https://help.example.com/\n",
        "https://user:pass@help.example.com/",
        "https://help.example.com@evil.org/",
        "https://{{secret:token}}.example.com/",
        "https://help.example.com:{{secret:token}}/",
        "https://{{secret:token}}@help.example.com/",
        "https://help.example.com:99999/",
        "https://help.example.com/{{secret:}}",
    ];
    let hosts = AllowedHosts::parse("a list", ["help.example.com"]).unwrap();
    let sender = Sender::with_lookup(&options(), Arc::new(AllNamesAreLocal)).unwrap();
    for url in urls {
        let error = sender.send(Call { hosts: &[&hosts], ..call(url) }).await.unwrap_err();
        assert!(matches!(error, SendError::Refused { .. }), "{url}: {error:?}");
        assert!(!error.in_full().contains("pass@"), "{}", error.in_full());
    }
}

#[tokio::test]
async fn refuses_methods_and_headers_that_are_not_a_plugins() {
    let url = "http://127.0.0.1:9/";
    for method in ["CONNECT", "TRACE", "GET /x HTTP/1.1\r\nHost: evil", ""] {
        let error = send(Call { method, ..call(url) }).await.unwrap_err();
        assert!(matches!(error, SendError::Refused { cause: Refusal::Method(_), .. }), "{method}: {error:?}");
    }
    for (name, value) in [
        ("Host", "evil.org"),
        ("Content-Length", "0"),
        ("transfer-encoding", "chunked"),
        ("Connection", "x"),
        ("x y", "z"),
        ("", "z"),
        ("x", "a\r\nHost: evil.org"),
    ] {
        let error = send(Call { headers: &headers(&[(name, value)]), ..call(url) }).await.unwrap_err();
        assert!(matches!(error, SendError::Refused { cause: Refusal::Header { .. }, .. }), "{name}: {error:?}");
    }
}
