//! Mail servers and their moods.

use super::*;

#[tokio::test]
async fn tells_what_a_refusal_means() {
    let say = |word, text| Behaviour { instead: Some((word, Fault::Say(text))), ..PLAIN };
    let one: &[&str] = &["ann@example.com"];
    let permanent = [
        say("MAIL", "550 5.7.1 no"),
        say("RCPT", "550 5.1.1 <ann@example.com> unknown"),
        say("DATA", "554 no"),
        say("message", "554 5.7.1 spam from deskbell@example.com"),
    ];
    for behaviour in permanent {
        let (result, _) = send(behaviour, one).await;
        let Err(error @ MailError::Permanent(_)) = result else { panic!("{result:?}") };
        assert!(!error.in_full().contains("@example.com"), "{}", error.in_full());
    }
    let transient =
        [say("MAIL", "451 later"), say("RCPT", "450 greylisted"), say("DATA", "421 busy"), say("message", "452 full")];
    for behaviour in transient {
        let (result, _) = send(behaviour, one).await;
        assert!(matches!(result, Err(MailError::Transient(_))), "{result:?}");
    }
    for behaviour in [say("connect", "554 go away"), say("connect", "421 busy"), say("EHLO", "550 who?")] {
        let (result, _) = send(behaviour, one).await;
        assert!(matches!(result, Err(MailError::NotSent { cause: Failure::Reply(_), .. })), "{result:?}");
    }
}

#[tokio::test]
async fn tells_whether_the_mail_may_have_gone_out() {
    let one: &[&str] = &["ann@example.com"];
    for word in ["connect", "EHLO", "MAIL", "RCPT", "DATA"] {
        for fault in [Fault::HangUp, Fault::Stall] {
            let (result, _) = send(Behaviour { instead: Some((word, fault)), ..PLAIN }, one).await;
            assert!(matches!(result, Err(MailError::NotSent { .. })), "{word}: {result:?}");
        }
    }
    for fault in [Fault::HangUp, Fault::Stall] {
        let (result, sink) = send(Behaviour { instead: Some(("message", fault)), ..PLAIN }, one).await;
        assert!(matches!(result, Err(MailError::Ambiguous { .. })), "{result:?}");
        assert_eq!(sink.messages().len(), 1);
    }
    for fault in [Fault::HangUp, Fault::Say("500 what?")] {
        let (result, _) = send(Behaviour { instead: Some(("QUIT", fault)), ..PLAIN }, one).await;
        assert!(result.is_ok(), "the goodbye does not matter: {result:?}");
    }
    let sink = Sink::start(PLAIN);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().port();
    drop(listener);
    let mailer = Mailer::smtp(Smtp { port: closed, ..settings(&sink, Tls::None) }).unwrap();
    let result = mailer.send(&mail(&people(one), "x", "y")).await;
    assert!(matches!(result, Err(MailError::NotSent { .. })), "{result:?}");
}

#[tokio::test]
async fn sends_to_the_recipients_that_exist() {
    let behaviour = Behaviour { instead: Some(("RCPT TO:<gone@", Fault::Say("550 5.1.1 unknown"))), ..PLAIN };
    let (result, sink) = send(behaviour, &["gone@example.com", "ann@example.com"]).await;
    assert_eq!(result.unwrap().n_refused, 1);
    assert_eq!(sink.messages().len(), 1);
    let (result, sink) = send(behaviour, &["gone@example.com", "gone@example.org"]).await;
    assert!(matches!(result, Err(MailError::Permanent(_))), "{result:?}");
    assert!(sink.messages().is_empty());
    let behaviour = Behaviour { instead: Some(("RCPT TO:<later@", Fault::Say("450 later"))), ..PLAIN };
    let (result, sink) = send(behaviour, &["ann@example.com", "later@example.com"]).await;
    assert!(matches!(result, Err(MailError::Transient(_))), "{result:?}");
    assert!(sink.messages().is_empty(), "nobody gets it twice");
}

#[tokio::test]
async fn encrypts_before_it_logs_in() {
    for tls in [Tls::Implicit, Tls::Starttls] {
        let sink = Sink::start(Behaviour { tls, instead: None });
        let login = Smtp { user: Some("desk".to_owned()), secret: Some("s3cr3t".into()), ..settings(&sink, tls) };
        Mailer::smtp(login.clone()).unwrap().send(&mail(&people(&["ann@example.com"]), "x", "y")).await.unwrap();
        let lines = sink.lines();
        let auth = lines.iter().position(|line| line == &format!("AUTH PLAIN {}", BASE64.encode("\0desk\0s3cr3t")));
        let upgrade = lines.iter().position(|line| line == "STARTTLS");
        assert!(auth.is_some() && (tls == Tls::Implicit || upgrade < auth), "{lines:?}");

        let strangers = Smtp { extra_roots_pem: Vec::new(), ..login };
        let result = Mailer::smtp(strangers).unwrap().send(&mail(&people(&["ann@example.com"]), "x", "y")).await;
        let Err(error @ MailError::NotSent { .. }) = result else { panic!("{result:?}") };
        assert!(error.in_full().contains("certificate"), "{}", error.in_full());
        assert_eq!(sink.messages().len(), 1);
    }
}

#[tokio::test]
async fn says_nothing_to_a_server_that_will_not_encrypt() {
    let behaviour = Behaviour { tls: Tls::Starttls, instead: Some(("EHLO", Fault::Say("250-sink\r\n250 AUTH PLAIN"))) };
    let sink = Sink::start(behaviour);
    let login = Smtp { user: Some("desk".to_owned()), secret: Some("s3cr3t".into()), ..settings(&sink, Tls::Starttls) };
    let result = Mailer::smtp(login).unwrap().send(&mail(&people(&["ann@example.com"]), "x", "y")).await;
    assert!(matches!(result, Err(MailError::NotSent { .. })), "{result:?}");
    assert!(sink.lines().iter().all(|line| line.starts_with("EHLO")), "{:?}", sink.lines());
}

#[tokio::test]
async fn keeps_a_mail_whose_password_is_refused() {
    let behaviour = Behaviour { instead: Some(("AUTH", Fault::Say("535 5.7.8 wrong"))), ..PLAIN };
    let sink = Sink::start(behaviour);
    let login = Smtp { user: Some("desk".to_owned()), secret: Some("s3cr3t".into()), ..settings(&sink, Tls::None) };
    let error = Mailer::smtp(login).unwrap().send(&mail(&people(&["ann@example.com"]), "x", "y")).await.unwrap_err();
    assert_eq!(
        error.in_full(),
        format!("the mail was not handed to 127.0.0.1:{}: the server answered 535 5.7.8 wrong", sink.port)
    );
}

#[test]
fn says_what_is_wrong_with_its_settings() {
    let sink = Sink::start(PLAIN);
    let good = settings(&sink, Tls::Starttls);
    let secret = || Some(SecretString::from("s3cr3t"));
    let user = || Some("desk".to_owned());
    let cases = [
        (Smtp { from: "nobody".to_owned(), ..good.clone() }, "`from` is no address"),
        (Smtp { user: user(), ..good.clone() }, "belong together"),
        (Smtp { secret: secret(), ..good.clone() }, "belong together"),
        (
            Smtp {
                tls: Tls::None,
                host: "mail.example.com".to_owned(),
                user: user(),
                secret: secret(),
                ..good.clone()
            },
            "in the clear",
        ),
        (
            Smtp {
                extra_roots_pem: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
                ..good.clone()
            },
            "must be PEM",
        ),
    ];
    for (settings, expected) in cases {
        let shown = format!("{settings:?}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
        let error = Mailer::smtp(settings).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn writes_neither_password_nor_mail_to_the_log() {
    let log = Log::start();
    let sink = Sink::start(PLAIN);
    let login = Smtp { user: Some("desk".to_owned()), secret: Some("s3cr3t".into()), ..settings(&sink, Tls::None) };
    Mailer::smtp(login).unwrap().send(&mail(&people(&["ann@example.com"]), "x", "confidential")).await.unwrap();
    assert!(sink.lines().iter().any(|line| line.starts_with("AUTH PLAIN")));
    let log = log.text();
    for word in ["AUTH", "ann@example.com", "confidential"] {
        assert!(!log.contains(word), "{log}");
    }
}
