//! What a mail looks like.

use super::*;

#[tokio::test]
async fn hands_a_mail_to_the_server() {
    let sink = Sink::start(PLAIN);
    let mailer = Mailer::smtp(settings(&sink, Tls::None)).unwrap();
    let to = people(&["Ann <ann@example.com>", "bob@example.com"]);
    let html = Some("<p>Ticket 42 waits.</p>");
    let sent = mailer.send(&Mail { html, ..mail(&to, "SLA breached", "Ticket 42 waits.\n.\nEnd") }).await.unwrap();
    assert_eq!((sent.reply.as_str(), sent.n_refused), ("queued as 4711", 0));

    let lines = sink.lines();
    for expected in
        ["MAIL FROM:<deskbell@example.com>", "RCPT TO:<ann@example.com>", "RCPT TO:<bob@example.com>", "DATA", "QUIT"]
    {
        assert!(lines.iter().any(|line| line == expected), "{expected} in {lines:?}");
    }
    let (headers, body) = parsed(&sink.messages().remove(0));
    assert_eq!(header(&headers, "From"), ["Deskbell <deskbell@example.com>"]);
    assert_eq!(header(&headers, "To"), ["Ann <ann@example.com>, bob@example.com"]);
    assert_eq!(header(&headers, "Subject"), ["SLA breached"]);
    assert_eq!(header(&headers, "Date"), ["Mon, 05 Jan 2026 08:00:00 +0000"]);
    assert_eq!(header(&headers, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(&headers, "Message-ID"), [sent.message_id.as_str()]);
    assert!(header(&headers, "Content-Type")[0].starts_with("multipart/alternative"), "{headers:?}");
    assert!(body.contains("Ticket 42 waits.\r\n.\r\nEnd") && body.contains("<p>Ticket 42 waits.</p>"), "{body}");
}

#[tokio::test]
async fn sends_the_same_bytes_at_every_attempt() {
    let sink = Sink::start(PLAIN);
    let mailer = Mailer::smtp(settings(&sink, Tls::None)).unwrap();
    let to = people(&["ann@example.com"]);
    let mail = Mail { html: Some("<p>x</p>"), ..mail(&to, "Grüße", "Schöne Grüße") };
    let first = mailer.send(&mail).await.unwrap();
    let second = mailer.send(&mail).await.unwrap();
    let other = mailer.send(&Mail { key: "another", ..mail }).await.unwrap();
    let messages = sink.messages();
    assert_eq!(messages[0], messages[1]);
    assert_eq!(first.message_id, second.message_id);
    assert_ne!(first.message_id, other.message_id);
    assert!(first.message_id.starts_with('<') && first.message_id.ends_with("@example.com>"), "{}", first.message_id);
}

#[tokio::test]
async fn writes_any_language() {
    let sink = Sink::start(PLAIN);
    let mailer = Mailer::smtp(settings(&sink, Tls::None)).unwrap();
    let to = people(&["Änne <ann@example.com>"]);
    let subject = "Überfällig: 納期を過ぎました";
    mailer.send(&mail(&to, subject, "納期")).await.unwrap();
    let message = sink.messages().remove(0);
    assert!(message.is_ascii(), "{message}");
    let (headers, body) = parsed(&message);
    let encoded = header(&headers, "Subject")[0];
    assert!(encoded.starts_with("=?utf-8?"), "{encoded}");
    assert_eq!(decoded(encoded).replace(' ', ""), subject.replace(' ', ""));
    assert!(body.contains("=E7=B4=8D=E6=9C=9F") || body.contains(&BASE64.encode("納期")), "{body}");
}

#[tokio::test]
async fn refuses_what_would_add_headers_or_recipients() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::folder(folder.path(), "deskbell@example.com").unwrap();
    let cases: &[(&[&str], &str, Refusal)] = &[
        (&["ann@example.com"], "x\r\nBcc: eve@example.org", Refusal::Control { field: "the subject" }),
        (&["ann@example.com"], "x\ny", Refusal::Control { field: "the subject" }),
        (&["ann@example.com\r\nBcc: eve@example.org"], "x", Refusal::Control { field: "an address" }),
        (&["ann@example.com", "eve@example.org, bob@example.com"], "x", Refusal::Recipient { position: 2 }),
        (&["ann@example.com> RCPT TO:<eve@example.org"], "x", Refusal::Recipient { position: 1 }),
        (&["ann"], "x", Refusal::Recipient { position: 1 }),
        (&["änne@example.com"], "x", Refusal::Recipient { position: 1 }),
        (&[""], "x", Refusal::Recipient { position: 1 }),
        (&[], "x", Refusal::NoRecipient),
        (&["ann@example.com"; 51], "x", Refusal::TooManyRecipients { max: 50 }),
    ];
    for (to, subject, expected) in cases {
        let error = mailer.send(&mail(&people(to), subject, "y")).await.unwrap_err();
        assert!(!error.in_full().contains("eve"), "{}", error.in_full());
        let MailError::Refused(actual) = error else { panic!("{error:?}") };
        assert_eq!(&actual, expected);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn writes_mails_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("mails");
    let mailer = Mailer::folder(&inner, "deskbell@example.com").unwrap();
    let to = people(&["ann@example.com"]);
    let first = mailer.send(&mail(&to, "x", "y")).await.unwrap();
    let again = mailer.send(&mail(&to, "x", "y")).await.unwrap();
    assert_eq!(first, again);
    let names: Vec<_> = std::fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [first.reply.as_str()]);
    let (headers, _) = parsed(&std::fs::read_to_string(inner.join(&first.reply)).unwrap());
    assert_eq!(header(&headers, "Message-ID"), [first.message_id.as_str()]);

    std::fs::write(folder.path().join("file"), "").unwrap();
    let blocked = Mailer::folder(folder.path().join("file/mails"), "deskbell@example.com").unwrap();
    let error = blocked.send(&mail(&to, "x", "y")).await.unwrap_err();
    assert!(error.in_full().contains("cannot be written to"), "{}", error.in_full());
}
