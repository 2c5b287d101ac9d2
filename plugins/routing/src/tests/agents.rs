//! Choosing an agent.

use deskbell::prelude::*;
use deskbell::testing::TestHost;

use super::{by_customer, rules};
use crate::handle;

fn desk(assign: &Value) -> TestHost {
    let agent = |id: &str, status: &str, open: u32, skills: Value, languages: Value| {
        json!({
            "id": id, "status": status, "capacity": 3, "open_tickets": open, "groups": ["billing"], "skills": skills, "languages": languages,
        })
    };
    TestHost::new()
        .settings(rules(json!([{ "name": "money", "then": { "group": "billing", "assign": assign } }])))
        .agent(agent("anna", "online", 2, json!(["Tax"]), json!(["de-AT", "en"])))
        .agent(agent("ben", "online", 0, json!([]), json!(["en"])))
        .agent(agent("carl", "offline", 0, json!(["tax"]), json!(["de"])))
        .agent(agent("dora", "online", 3, json!(["tax"]), json!(["de", "ru"])))
        .agent(json!({ "id": "eve", "groups": ["legal"], "skills": ["tax"], "languages": ["de"] }))
}

/// Whom tickets are given to, one after the other, and the last reason.
fn given(host: &mut TestHost, n: usize, ticket: &Value) -> (Vec<String>, String) {
    let mut reason = String::new();
    let mut assignees = Vec::new();
    for number in 1..=n {
        let mut ticket = ticket.clone();
        ticket["id"] = json!(number.to_string());
        let effects = host.call(handle, &by_customer(ticket)).unwrap();
        assignees.push(effects[0].data["assignee"].as_str().unwrap_or("-").to_owned());
        reason = effects[0].reason.clone().unwrap();
    }
    (assignees, reason)
}

#[test]
fn round_robin_gives_everyone_a_turn_who_can_take_it() {
    let mut host = desk(&json!({ "strategy": "round_robin" }));
    let (assignees, reason) = given(&mut host, 3, &json!({}));
    assert_eq!(assignees, ["anna", "ben", "ben"], "anna is full after her first");
    assert_eq!(
        reason,
        "rule 'money': it matches every ticket; assigned to ben: 1 of 3 tickets, next in turn of 1 who can; \
         passed over: anna (3 of 3 tickets), carl (offline), dora (3 of 3 tickets)"
    );
}

#[test]
fn the_least_loaded_gets_it_and_a_burst_spreads() {
    let mut host = desk(&json!({ "strategy": "least_loaded" }));
    let (assignees, _) = given(&mut host, 5, &json!({}));
    assert_eq!(assignees, ["ben", "ben", "anna", "ben", "-"]);
}

#[test]
fn skills_and_language_are_asked_for() {
    let german = json!({ "language": "de" });
    let (assignees, reason) =
        given(&mut desk(&json!({ "strategy": "round_robin", "skills": ["tax"], "language": true })), 1, &german);
    assert_eq!(assignees, ["anna"]);
    assert!(reason.contains("anna: has tax, speaks de, 2 of 3 tickets"), "{reason}");
    assert!(reason.ends_with("passed over: ben (lacks tax), carl (offline), dora (3 of 3 tickets)"), "{reason}");
    // A language that nobody has found out is not asked for.
    let (assignees, _) = given(&mut desk(&json!({ "strategy": "least_loaded", "language": true })), 1, &json!({}));
    assert_eq!(assignees, ["ben"]);
    let offline_too = json!({ "strategy": "least_loaded", "skills": ["tax"], "language": true, "only_online": false });
    assert_eq!(given(&mut desk(&offline_too), 1, &german).0, ["carl"]);
}

#[test]
fn demands_are_given_up_in_the_order_asked() {
    let russian = json!({ "language": "ru" });
    let strict = json!({ "strategy": "round_robin", "skills": ["tax"], "language": true });
    let (assignees, reason) = given(&mut desk(&strict), 1, &russian);
    assert_eq!(assignees, ["-"]);
    assert!(
        reason.contains(
            "not assigned: nobody of billing can take it; passed over: anna (does not speak ru), ben (lacks tax)"
        ),
        "{reason}"
    );
    let mut relaxed = strict;
    relaxed["relax"] = json!(["language", "skills"]);
    let (assignees, reason) = given(&mut desk(&relaxed), 1, &russian);
    assert_eq!(assignees, ["anna"]);
    assert!(reason.contains("(nobody could with language asked for)"), "{reason}");
}

#[test]
fn without_a_group_all_agents_are_asked() {
    let mut host = TestHost::new()
        .settings(rules(json!([{ "name": "any", "then": { "assign": { "strategy": "round_robin" } } }])))
        .agent(json!({ "id": "a" }))
        .agent(json!({ "id": "b" }));
    assert_eq!(given(&mut host, 3, &json!({})).0, ["a", "b", "a"]);
    let mut empty = TestHost::new()
        .settings(rules(json!([{ "name": "any", "then": { "assign": { "strategy": "round_robin" } } }])));
    assert_eq!(empty.call(handle, &by_customer(json!({}))).unwrap(), []);
    assert!(empty.logs()[0].to_string().contains("nobody of all agents can take it"));
}

#[test]
fn a_refused_capability_names_the_rule() {
    let mut host = desk(&json!({ "strategy": "round_robin" })).deny("agents");
    let error = host.call(handle, &by_customer(json!({}))).unwrap_err();
    assert!(error.message.starts_with("routing rule 'money', choosing an agent: "), "{error}");
}
