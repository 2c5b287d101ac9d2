//! Whether an action took effect is found in the ticket's audits.
#![expect(clippy::unwrap_used, reason = "tests")]

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_zendesk::Zendesk;

const BASE: &str = "https://acme.zendesk.com";
const FIRST: &str = "https://acme.zendesk.com/api/v2/tickets/1001/audits?sort_order=desc&per_page=50";

/// Asks with these answers; what comes out, and the URLs that were asked for.
fn ask(kind: &str, answers: &[(u16, Value)]) -> (Result<ProbeStep>, Vec<String>) {
    let host = TestHost::new().settings(json!({ "base_url": BASE, "user": "d@acme.example" }));
    let action = testing::action(json!({ "kind": kind, "key": "018f-key", "subject": "1001" }));
    let (mut so_far, mut urls) = (Vec::new(), Vec::new());
    loop {
        let step = host.probe::<Zendesk>(&action, &so_far);
        let (Ok(ProbeStep::Requests(requests)), Some((status, body))) = (&step, answers.get(so_far.len())) else {
            return (step, urls);
        };
        let request = requests.first().unwrap().clone();
        assert_eq!(request.header_value("authorization"), Some("{{basic:d@acme.example/token:token}}"));
        urls.push(request.url.clone());
        so_far.push(Exchange { request, response: Response::new(*status).with_json(body) });
    }
}

fn audits(keys: &[&str], next: Option<&str>) -> Value {
    let audits: Vec<Value> =
        keys.iter().map(|key| json!({ "metadata": { "custom": { "deskbell_key": key } } })).collect();
    json!({ "audits": audits, "next_page": next, "previous_page": null, "count": 120 })
}

#[test]
fn a_reply_is_found_by_its_key_on_any_page() {
    let next = format!("{BASE}/api/v2/tickets/1001/audits.json?page=2&per_page=50&sort_order=desc");
    let cases = [
        (vec![audits(&["other", "018f-key"], None)], ProbeStep::Effective, 1),
        (vec![audits(&["other"], None)], ProbeStep::NotEffective, 1),
        (vec![audits(&[], Some(&next)), audits(&["018f-key"], None)], ProbeStep::Effective, 2),
        (vec![audits(&[], Some(&next)), audits(&[], None)], ProbeStep::NotEffective, 2),
    ];
    for (pages, expected, n_requests) in cases {
        let answers: Vec<_> = pages.into_iter().map(|page| (200, page)).collect();
        let (step, urls) = ask("ticket.reply", &answers);
        assert_eq!((step.unwrap(), urls.len()), (expected, n_requests));
        assert_eq!(urls.first().unwrap(), FIRST);
        assert!(urls.get(1).is_none_or(|url| *url == next), "{urls:?}");
    }
}

#[test]
fn a_ticket_with_more_audits_than_are_read_gives_no_answer() {
    let next = format!("{BASE}/api/v2/tickets/1001/audits.json?page=2&per_page=50&sort_order=desc");
    let answers = vec![(200, audits(&["other"], Some(&next))); 40];
    let (step, urls) = ask("ticket.reply", &answers);
    assert_eq!(step, Ok(ProbeStep::Unknown("it is not among the ticket's latest 1500 audits".to_owned())));
    // The host would not ask more than 32 times.
    assert_eq!(urls.len(), 30);
}

#[test]
fn what_cannot_be_told_is_not_guessed() {
    let elsewhere = audits(&[], Some("https://evil.example/api/v2/"));
    for (answer, part) in [
        ((404, json!({ "error": "RecordNotFound" })), "404"),
        ((200, json!({})), "no audits"),
        ((200, elsewhere), "another address"),
    ] {
        let (step, _) = ask("ticket.note", &[answer]);
        assert!(matches!(&step, Ok(ProbeStep::Unknown(reason)) if reason.contains(part)), "{step:?}");
    }
    let (step, _) = ask("ticket.note", &[(503, json!({}))]);
    assert!(step.unwrap_err().retry);
}

#[test]
fn an_update_is_simply_sent_again() {
    for kind in ["ticket.update", "ticket.tag", "ticket.escalate"] {
        assert_eq!(ask(kind, &[]).0, Ok(ProbeStep::NotEffective), "{kind}");
    }
}
