use deskbell_host::Identity;
use deskbell_model::plugin::{LogLine, Request};

use super::super::sample::TIME;
use super::*;

fn outcome(made: Result<Made, Failure>) -> Outcome {
    Outcome {
        made,
        requests: vec![],
        usage: Usage::default(),
        n_calls: 1,
        log: vec![LogLine { level: "info".to_owned(), message: "hello".to_owned() }],
        log_dropped: 2,
        refused: vec!["no calendar 'x' (invalid)".to_owned()],
    }
}

#[test]
fn amounts_are_readable() {
    for (unit, amount, expected) in [
        (Unit::Number, 0, "0"),
        (Unit::Number, 999, "999"),
        (Unit::Number, 1_234_567, "1,234,567"),
        (Unit::Bytes, 700, "700 bytes"),
        (Unit::Bytes, 1536, "1.5 KiB"),
        (Unit::Bytes, 32 << 20, "32 MiB"),
        (Unit::Micros, 423, "0.42 ms"),
        (Unit::Micros, 50_000, "50 ms"),
        (Unit::Micros, 2_000_000, "2 s"),
    ] {
        assert_eq!(unit.amount(amount), expected);
    }
}

#[test]
fn a_decision_is_told_with_its_reasons_and_writes() {
    let effects = json!([{ "kind": "ticket.tag", "data": { "add": ["a"] }, "reason": "it is urgent" }]);
    let writes = vec![
        Write::KvSet { scope: Scope::Plugin, key: "last".to_owned(), value: "ben".to_owned(), expires_at: Some(TIME) },
        Write::KvIncrement { scope: Scope::Ticket, key: "n".to_owned(), by: 2 },
        Write::TimerSet { name: "nag".to_owned(), at: TIME, payload: "{}".to_owned() },
    ];
    let decision = Decision { effects: serde_json::from_value(effects).unwrap(), writes };
    let expected = "\
effects:
  ticket.tag {\"add\":[\"a\"]}
      because it is urgent
writes:
  the plugin's value last is \"ben\" until 2026-01-05T08:00:00Z
  the ticket's value n changes by +2
  timer nag fires at 2026-01-05T08:00:00Z with {}
refused:
  no calendar 'x' (invalid)
log:
  info  hello
  2 more lines did not fit and were dropped";
    assert_eq!(story(&outcome(Ok(Made::Decision(decision)))), expected);
}

fn trap(backtrace: &str) -> Failure {
    let plugin = Identity { name: "p".into(), version: "1".into() };
    Failure::Trap { plugin, message: "unreachable".to_owned(), backtrace: Some(backtrace.to_owned()) }
}

#[test]
fn a_failure_is_told_with_what_becomes_of_it() {
    let failure =
        trap("error while executing at wasm backtrace:\n    0: 0x1 - p.wasm!abort\n    1: 0x2 - p.wasm!handle\n");
    let text = story(&outcome(Err(failure)));
    let expected = "\
failed (trap), and it would be called again later
  plugin p 1 trapped: unreachable
  0: 0x1 - p.wasm!abort
  1: 0x2 - p.wasm!handle
";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn frames_without_names_are_left_out() {
    let nameless = "0: 0x1 - <unknown>!<wasm function 29>\n";
    let hint = trap(nameless);
    assert!(frames(&hint).concat().contains("strip = false"));
    let named = trap(&format!("{nameless}1: 0x2 - p.wasm!handle\n"));
    assert_eq!(frames(&named), ["1: 0x2 - p.wasm!handle"]);
}

#[test]
fn an_action_is_told_with_its_requests_and_its_end() {
    let request = Request {
        method: "POST".to_owned(),
        url: "https://a.example/1".to_owned(),
        headers: vec![("X-Key".to_owned(), "k".to_owned())],
        body: Some(b"{\"a\":1}".to_vec()),
        idempotent: false,
        sign: None,
    };
    let mut outcome = outcome(Ok(Made::Unanswered(1)));
    outcome.requests.push(request);
    let expected = "\
requests:
  POST https://a.example/1 (not to be repeated)
      {\"x-key\":\"k\"}
      {\"a\":1}
unfinished: it waits for the answer to request 1 of 1; give the fixture `responses`
";
    let text = story(&outcome);
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn names_in_json_have_their_units() {
    let used = |name, unit| Used { name, amount: 1, limit: None, unit }.key();
    assert_eq!(used("CPU time", Unit::Micros), "cpu_us");
    assert_eq!(used("memory", Unit::Bytes), "memory_bytes");
    assert_eq!(used("instructions", Unit::Number), "instructions");
}

#[test]
fn what_is_used_stands_beside_its_limit() {
    let words = |name, amount, limit, unit| Used { name, amount, limit, unit }.in_words();
    assert_eq!(words("memory", 1_114_112, Some(32 << 20), Unit::Bytes), "memory            1.06 MiB  of 32 MiB");
    assert_eq!(words("instructions", 17_221, None, Unit::Number), "instructions        17,221  not limited");
}
