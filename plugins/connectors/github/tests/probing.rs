//! Whether a reply took effect is found among the issue's comments.
#![expect(clippy::unwrap_used, reason = "tests")]

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_github::GitHub;

const COMMENTS: &str = "https://api.github.com/repos/acme/shop/issues/12/comments";

/// Asks with these pages of comments; what comes out, and the URLs that were asked for.
fn ask(kind: &str, pages: &[(u16, Value)]) -> (Result<ProbeStep>, Vec<String>) {
    let action = testing::action(json!({ "kind": kind, "key": "018f-key", "subject": "acme/shop#12" }));
    let (mut so_far, mut urls) = (Vec::new(), Vec::new());
    loop {
        let step = TestHost::new().probe::<GitHub>(&action, &so_far);
        let (Ok(ProbeStep::Requests(requests)), Some((status, body))) = (&step, pages.get(so_far.len())) else {
            return (step, urls);
        };
        let request = requests.first().unwrap().clone();
        urls.push(request.url.clone());
        so_far.push(Exchange { request, response: Response::new(*status).with_json(body) });
    }
}

fn comments(n: usize, last: &str) -> Value {
    let mut comments = vec![json!({ "body": "hello" }); n.saturating_sub(1)];
    comments.push(json!({ "body": last }));
    Value::from(comments)
}

#[test]
fn a_reply_is_found_by_its_marker_on_any_page() {
    let own = "We are on it.\n\n<!-- deskbell:018f-key -->";
    let cases = [
        (vec![comments(3, own)], ProbeStep::Effective, 1),
        (vec![comments(3, "We are on it.")], ProbeStep::NotEffective, 1),
        (vec![json!([])], ProbeStep::NotEffective, 1),
        (vec![comments(50, "x"), comments(1, own)], ProbeStep::Effective, 2),
        (vec![comments(50, "x"), json!([])], ProbeStep::NotEffective, 2),
    ];
    for (pages, expected, n_requests) in cases {
        let pages: Vec<_> = pages.into_iter().map(|page| (200, page)).collect();
        let (step, urls) = ask("ticket.reply", &pages);
        assert_eq!((step.unwrap(), urls.len()), (expected, n_requests));
        for (index, url) in urls.iter().enumerate() {
            assert_eq!(*url, format!("{COMMENTS}?per_page=50&page={}", index + 1));
        }
    }
}

#[test]
fn what_cannot_be_told_is_not_guessed() {
    for (answer, part) in
        [((404, json!({ "message": "Not Found" })), "404: Not Found"), ((200, json!({})), "not a list")]
    {
        let (step, _) = ask("ticket.reply", &[answer]);
        assert!(matches!(&step, Ok(ProbeStep::Unknown(reason)) if reason.contains(part)), "{step:?}");
    }
    let limited = ask("ticket.reply", &[(429, json!({}))]).0;
    assert!(limited.unwrap_err().retry);
}

#[test]
fn an_issue_with_more_comments_than_are_read_gives_no_answer() {
    let pages = vec![(200, comments(50, "x")); 40];
    let (step, urls) = ask("ticket.reply", &pages);
    assert_eq!(step, Ok(ProbeStep::Unknown("the issue has more than 1500 comments".to_owned())));
    // The host would not ask more than 32 times.
    assert_eq!(urls.len(), 30);
}

#[test]
fn an_update_is_simply_sent_again() {
    for kind in ["ticket.update", "ticket.tag", "ticket.escalate"] {
        assert_eq!(ask(kind, &[]).0, Ok(ProbeStep::NotEffective), "{kind}");
    }
}
