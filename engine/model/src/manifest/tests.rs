use super::*;

const ROUTING: &str = r#"
name = "routing"
version = "0.1.0"
contract = "1.0.0"
world = "automation"
description = "Sends tickets to the right group."
events = ["ticket.created", "sla.*", "deskbell.timer.fired"]
effects = ["ticket.update", "ticket.tag"]
reads = ["kv", "agents"]
[limits]
memory = "32MiB"
cpu = "50ms"
wall = "2s"
"#;

const ACMEDESK: &str = r#"
name = "acmedesk"
version = "0.1.0"
contract = "1.0.0"
world = "connector"
[connector]
hosts = ["*.acmedesk.com", "$base_url"]
delivery_id = ["header:X-Acmedesk-Webhook-Invocation-Id", "json:/id"]
[connector.signature]
scheme = "hmac"
header = "X-Acmedesk-Webhook-Signature"
"#;

/// Parses the manifest with one line replaced (or, where `from` is empty, put in front) and compares the error.
#[track_caller]
fn check(text: &str, from: &str, to: &str, expected: &str) {
    let changed = if from.is_empty() { format!("{to}\n{text}") } else { text.replacen(from, to, 1) };
    assert_ne!(text, changed, "nothing was changed");
    let actual = Manifest::parse(&changed).map_or_else(|error| error.to_string(), |_| "valid".to_owned());
    assert!(actual.contains(expected), "{to}: {actual}");
}

#[test]
fn reads_an_automation() {
    let manifest = Manifest::parse(ROUTING).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.world), ("routing", World::Automation));
    assert_eq!(manifest.contract.to_string(), "1.0.0");
    assert_eq!(manifest.on_failure, OnFailure::Retry);
    assert!(!manifest.own_events);
    let limits = Limits { memory_bytes: Some(32 << 20), cpu_ms: Some(50), wall_ms: Some(2000) };
    assert_eq!(manifest.limits, limits);
    assert_eq!(manifest.asks().collect::<Vec<_>>(), ["ticket.tag", "ticket.update", "agents", "kv"]);
}

#[test]
fn reads_a_connector() {
    let connector = Manifest::parse(ACMEDESK).unwrap().connector.unwrap();
    assert_eq!(connector.hosts, ["*.acmedesk.com", "$base_url"]);
    let header = DeliveryId::Header("x-acmedesk-webhook-invocation-id".to_owned());
    assert_eq!(connector.delivery_id, [header, DeliveryId::Json("/id".to_owned())]);
    assert_eq!(connector.signature.unwrap()["scheme"], "hmac");
}

#[test]
fn is_the_same_after_a_journey_through_json() {
    for text in [ROUTING, ACMEDESK] {
        let manifest = Manifest::parse(text).unwrap();
        let json = serde_json::to_string(&manifest).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
    }
}

#[test]
fn names_the_member_at_fault_and_the_word_that_was_meant() {
    check(ROUTING, "", "name = [", "no TOML");
    check(ROUTING, "", "efects = []", "there is no member 'efects'; did you mean 'effects'?");
    check(ROUTING, "name = \"routing\"", "", "'name' is missing");
    check(ROUTING, "\"routing\"", "\"Routing\"", "'name' must be 1 to 64 lower-case letters");
    check(ROUTING, "\"routing\"", "7", "'name' must be a text");
    check(ROUTING, "\"0.1.0\"", "\"latest\"", "'version' must be a version");
    check(ROUTING, "contract = \"1.0.0\"", "contract = \"1\"", "'contract' must be a version");
    check(
        ROUTING,
        "\"automation\"",
        "\"automaton\"",
        "'world' has 'automaton', which is no world; did you mean 'automation'?",
    );
    check(
        ROUTING,
        "ticket.created",
        "ticket.create",
        "'events' has 'ticket.create', which is no kind of event; did you mean 'ticket.created'?",
    );
    check(ROUTING, "sla.*", "sla*", "'events' has 'sla*'");
    check(ROUTING, "sla.*", "slo.*", "'events' has 'slo.*'");
    check(
        ROUTING,
        "\"ticket.update\"",
        "\"ticket.updat\"",
        "'effects' has 'ticket.updat', which is no effect kind; did you mean 'ticket.update'?",
    );
    check(ROUTING, "\"kv\"", "\"clocks\"", "known are kv, timers");
    check(ROUTING, "\"kv\"", "1", "'reads' must be a list of texts");
    check(ROUTING, "", "on_failure = \"ignore\"", "'on_failure' has 'ignore'");
    check(ROUTING, "", "own_events = 1", "'own_events' must be true or false");
    check(ROUTING, "32MiB", "32MB", "'limits.memory' must be an amount with its unit, such as \"32MiB\"");
    check(ROUTING, "\"50ms\"", "\"0ms\"", "'limits.cpu' must be an amount");
    check(ROUTING, "memory", "memry", "'limits.memry'; did you mean 'memory'?");
    check(ROUTING, "[limits]", "limits = 3\n[x]", "there is no member 'x'");
}

#[test]
fn tells_automations_from_connectors() {
    check(ROUTING, "events = ", "#", "'events' is missing");
    check(ROUTING, "[limits]", "[connector]\nhosts = []\n[limits]", "'connector' is for world");
    check(ACMEDESK, "\"connector\"", "\"automation\"", "'connector' is for world");
    check(ACMEDESK, "", "reads = [\"kv\"]", "'reads' is for automations");
    check(ACMEDESK, "", "events = [\"*\"]", "'events' is for automations");
    check(ACMEDESK, "*.acmedesk.com", "https://acmedesk.com", "'connector.hosts' has 'https://acmedesk.com'");
    check(ACMEDESK, "json:/id", "body:/id", "'connector.delivery_id' must name places");
    check(ACMEDESK, "header = ", "heder = ", "'connector.signature.heder'; did you mean 'header'?");
    check(ACMEDESK, "scheme = \"hmac\"", "", "'connector.signature.scheme' is missing");
}

#[test]
fn patterns_cover_kinds_families_and_all() {
    let covers = |pattern: &str, kind: &str| EventPattern(pattern.to_owned()).matches(kind);
    assert!(covers("ticket.created", "ticket.created"));
    assert!(!covers("ticket.created", "ticket.created2"));
    assert!(covers("ticket.*", "ticket.created"));
    assert!(!covers("ticket.*", "tickets.created"));
    assert!(covers("*", "anything"));
    let manifest = Manifest::parse(ROUTING).unwrap();
    assert!(manifest.wants("sla.breached") && manifest.wants("timer.fired") && !manifest.wants("ticket.updated"));
}

#[test]
fn allows_what_is_asked_and_granted_and_names_the_line_that_is_missing() {
    let manifest = Manifest::parse(ROUTING).unwrap();
    let may = |word: &str, grants: &Grants| manifest.may(word, grants).map_err(|denied| denied.to_string());
    assert_eq!(may("kv", &Grants::AsAsked), Ok(()));
    let some = Grants::only(["ticket.tag", "agents", "timers"]).unwrap();
    assert_eq!(may("ticket.tag", &some), Ok(()));
    let denied = may("kv", &some).unwrap_err();
    assert!(denied.contains(r#"[[plugin]], say grant = ["agents", "ticket.tag", "timers", "kv"]"#), "{denied}");
    let denied = may("timers", &some).unwrap_err();
    assert!(denied.contains(r#"in plugin.toml say reads = ["agents", "kv", "timers"]"#), "{denied}");
    let denied = may("notify", &Grants::AsAsked).unwrap_err();
    assert!(denied.contains(r#"say effects = ["ticket.tag", "ticket.update", "notify"]"#), "{denied}");
    let wrong = Grants::only(["kw"]).unwrap_err().to_string();
    assert!(wrong.contains("'grant' has 'kw'") && wrong.contains("did you mean 'kv'?"), "{wrong}");
}
