//! Notices as they should be, and as an enemy would write them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOTICE: Notice<'_> = Notice {
    key: "support/42/7/notify/0",
    subject: Some("SLA breached"),
    text: "First response is due.\nNobody is assigned.",
    ticket: Some(TicketReference { source: "support", id: "42" }),
    link: Some("https://help.example.com/tickets/42?a=1&b=2"),
};

fn slack_text(notice: &Notice<'_>) -> String {
    slack::body(notice)["text"].as_str().unwrap().to_owned()
}

#[test]
fn renders_for_slack() {
    let Rendered::Json(body) = render(Kind::Slack, &NOTICE) else { panic!("no JSON") };
    let expected = json!({
        "text": "*SLA breached*\nFirst response is due.\nNobody is assigned.\n<https://help.example.com/tickets/42?a=1&amp;b=2|support #42>",
        "unfurl_links": false,
        "unfurl_media": false,
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    let bare = Notice { subject: None, ticket: None, link: None, ..NOTICE };
    assert_eq!(slack_text(&bare), "First response is due.\nNobody is assigned.");
    assert_eq!(slack_text(&Notice { ticket: None, ..bare }), slack_text(&Notice { subject: Some(" \n"), ..bare }));
    assert!(slack_text(&Notice { link: None, ..NOTICE }).ends_with("\nsupport #42"));
    assert!(
        slack_text(&Notice { ticket: None, ..NOTICE }).ends_with("\n<https://help.example.com/tickets/42?a=1&amp;b=2>")
    );
}

#[test]
fn renders_for_webhooks() {
    let Rendered::Json(body) = render(Kind::Webhook, &NOTICE) else { panic!("no JSON") };
    let expected = json!({
        "type": "deskbell.notice",
        "key": "support/42/7/notify/0",
        "subject": "SLA breached",
        "text": "First response is due.\nNobody is assigned.",
        "ticket": { "source": "support", "id": "42" },
        "link": "https://help.example.com/tickets/42?a=1&b=2",
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    let bare = Notice { subject: None, ticket: None, link: None, ..NOTICE };
    assert_eq!(webhook::body(&bare), json!({ "type": "deskbell.notice", "key": NOTICE.key, "text": NOTICE.text }));
}

#[test]
fn renders_for_mail() {
    let Rendered::Mail(mail) = render(Kind::Mail, &NOTICE) else { panic!("no mail") };
    assert_eq!(mail.subject, "[support #42] SLA breached");
    assert_eq!(
        mail.text,
        "First response is due.\nNobody is assigned.\n\nTicket: support #42\nhttps://help.example.com/tickets/42?a=1&b=2\n"
    );
    assert_eq!(
        mail.html,
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n<p>First response is due.<br>\nNobody is assigned.</p>\n\
         <p>Ticket: <a href=\"https://help.example.com/tickets/42?a=1&amp;b=2\">support #42</a></p>\n</body>\n</html>\n"
    );
    let bare = Notice { subject: None, ticket: None, link: None, ..NOTICE };
    assert_eq!(mail::content(&bare).subject, "First response is due.");
    assert_eq!(mail::content(&Notice { text: " ", ..bare }).subject, "Notice");
    assert_eq!(mail::content(&bare).text, "First response is due.\nNobody is assigned.\n");
}

#[test]
fn lets_nobody_call_a_channel() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        for notice in [
            Notice { text, ..NOTICE },
            Notice { subject: Some(text), ..NOTICE },
            Notice { ticket: Some(TicketReference { source: text, id: text }), ..NOTICE },
        ] {
            let shown = slack_text(&notice);
            assert!(shown.contains(expected), "{shown}");
            assert!(!shown.contains(text), "{shown}");
        }
    }
    check("<!channel> look", "&lt;!channel&gt; look");
    check("<!subteam^S1|team>", "&lt;!subteam^S1|team&gt;");
    check("<@U123>", "&lt;@U123&gt;");
    check("<https://evil.example|your bank>", "&lt;https://evil.example|your bank&gt;");
    check("&lt;!here&gt;", "&amp;lt;!here&amp;gt;");
    check("@channel", "@\u{200b}channel");
    check("hey @Here!", "hey @\u{200b}Here!");
    check("@everyone.", "@\u{200b}everyone.");
    check("@@all", "@@\u{200b}all");
    let text = "ann@allen.example @hereford @ channel";
    assert!(slack_text(&Notice { text, ..NOTICE }).contains(text), "addresses and names stay as they are");
}

#[test]
fn lets_nobody_end_the_bold_type() {
    let shown = slack_text(&Notice { subject: Some("a* _b_ *c"), ..NOTICE });
    assert!(shown.starts_with("*a∗ _b_ ∗c*\n"), "{shown}");
}

#[test]
fn leaves_links_out_that_are_none() {
    let links = [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "help.example.com",
        "https://a.example/x y",
        "https://a.example/|<!channel>",
        "https://a.example/>",
        "https://a.example/\"onclick=\"x",
        "https://a.example/\n<!channel>",
        "https://ä.example/",
    ];
    for link in links {
        let notice = Notice { link: Some(link), ..NOTICE };
        assert!(slack_text(&notice).ends_with("\nsupport #42"), "{link}");
        assert_eq!(webhook::body(&notice).get("link"), None, "{link}");
        let mail = mail::content(&notice);
        assert!(!mail.html.contains("<a ") && mail.text.ends_with("support #42\n"), "{link}");
    }
}

#[test]
fn puts_no_header_into_a_subject() {
    #[track_caller]
    fn check(subject: &str, expected: &str) {
        let notice = Notice { subject: Some(subject), ..NOTICE };
        assert_eq!(mail::content(&notice).subject, expected);
    }
    check("x\r\nBcc: eve@example.org", "[support #42] x Bcc: eve@example.org");
    check("a\nb\rc\u{2028}d\u{85}e\0f\tg", "[support #42] a b c d e f g");
    check("  much   space ", "[support #42] much space");
    check("invoice\u{202e}fdp.exe", "[support #42] invoicefdp.exe");
    check(&"ä".repeat(500), &format!("[support #42] {}…", "ä".repeat(149)));
    check("\n", "[support #42] First response is due.");
    let notice = Notice { ticket: Some(TicketReference { source: "a\r\nBcc: x", id: "1\n2" }), ..NOTICE };
    assert_eq!(mail::content(&notice).subject, "[a Bcc: x #1 2] SLA breached");
}

#[test]
fn puts_no_markup_into_html() {
    let text = "<script>alert('x')</script>\n\"&amp;\" <img src=x onerror=alert(1)>";
    let notice = Notice { text, ticket: Some(TicketReference { source: "<b>", id: "\"'" }), ..NOTICE };
    let html = mail::content(&notice).html;
    assert!(html.contains("<p>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;<br>\n&quot;&amp;amp;&quot; &lt;img src=x onerror=alert(1)&gt;</p>"), "{html}");
    assert!(html.contains(">&lt;b&gt; #&quot;&#39;</a>"), "{html}");
}

#[test]
fn cuts_long_texts() {
    let text = "<ä>".repeat(30_000);
    let notice = Notice { text: &text, ..NOTICE };
    assert!(slack_text(&notice).chars().count() < 3_000 * 5 + 500);
    assert!(mail::content(&notice).text.chars().count() < 20_200);
    assert_eq!(webhook::body(&notice)["text"].as_str().map(str::len), Some(text.len()), "a program gets all of it");
}

#[test]
fn knows_its_kinds() {
    for kind in [Kind::Slack, Kind::Webhook, Kind::Mail] {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.to_string()));
    }
    let error = "teams".parse::<Kind>().unwrap_err();
    assert_eq!(error.to_string(), "there is no kind of destination 'teams'; use slack, webhook or mail");
}

proptest! {
    #[test]
    fn keeps_its_promises_for_any_text(subject in ".*", text in "(?s).*", source in "(?s).*", id in ".*", link in "(?s).*") {
        let notice = Notice {
            subject: Some(&subject),
            text: &text,
            ticket: Some(TicketReference { source: &source, id: &id }),
            link: Some(&link),
            ..NOTICE
        };
        let mail = mail::content(&notice);
        prop_assert!(!mail.subject.is_empty() && !mail.subject.chars().any(char::is_control));
        let tags = ["<!DOCTYPE html>", "<html>", "<head>", "<meta charset=\"utf-8\">", "</head>", "<body>", "<p>", "</p>", "<br>", "</body>", "</html>"];
        let rest = tags.iter().fold(mail.html, |html, tag| html.replace(tag, ""));
        prop_assert!(notice.web_link().is_some() || !rest.contains(['<', '>']), "{}", rest);
        let shown = slack_text(&notice);
        prop_assert!(notice.web_link().is_some() || !shown.contains(['<', '>']), "{}", shown);
    }
}
