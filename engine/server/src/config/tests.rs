//! The file as an operator writes it, well and badly.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::mistake::Mistake;
use super::secret::SecretRef;
use super::*;

fn parse(text: &str) -> Result<Config, Mistakes> {
    Config::parse(text, Path::new("etc/deskbell.toml"))
}

/// What is said about a text, one line each, without the file's name.
fn said(text: &str) -> Vec<String> {
    let Err(mistakes) = parse(text) else {
        return Vec::new();
    };
    let lines = mistakes.list.iter().map(|Mistake { at, key, problem }| format!("{at} {key}: {problem}"));
    lines.collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(said(text), expected, "{text}");
}

/// The default file with its settings and examples in force.
fn uncommented() -> String {
    let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line != "#";
    let lines = DEFAULT.lines().map(|line| if setting(line) { &line[1..] } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same without what is an instead of something else.
fn in_force() -> String {
    uncommented().lines().filter(|line| *line != "folder = \"mail\"").collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_file_changes_nothing() {
    let (file, empty) = (parse(DEFAULT).unwrap(), parse("").unwrap());
    assert_eq!(file.digest(), empty.digest());
    assert_eq!((&file.server, &file.intake, &file.dispatch), (&empty.server, &empty.intake, &empty.dispatch));
    assert!(file.sources.is_empty() && file.mail.is_none());
}

#[test]
fn every_setting_of_the_default_file_is_the_default_or_a_valid_example() {
    let mut config = parse(&in_force()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    config.server.public_url = None;
    config.deliver.allow_private.clear();
    config.deliver.ca_file = None;
    assert_eq!(config.server, Server::default());
    assert_eq!(config.intake, Intake::default());
    assert_eq!(config.dispatch, Dispatch::default());
    assert_eq!(config.deliver, Deliver::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.loop_guard, LoopGuard::default());
    assert_eq!(config.retention, Retention::default());
    // The rules of [[sla_on]] bring their plugin along.
    assert_eq!((config.sources.len(), config.plugins.len(), config.destinations.len()), (2, 2, 4));
    assert_eq!(config.kpi, Kpi::default());
    assert_eq!((config.calendars.len(), config.sla.len(), config.sla_on.len()), (1, 1, 1));
}

#[test]
fn the_default_file_names_every_setting() {
    let text = uncommented();
    let table: toml::Table = text.parse().unwrap();
    let config = parse(&in_force()).unwrap();
    let members = |value: Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let written = |name: &str| {
        let tables = match &table[name] {
            toml::Value::Array(tables) => tables.iter().filter_map(toml::Value::as_table).collect(),
            value => vec![value.as_table().unwrap()],
        };
        tables.into_iter().flat_map(|table| table.keys().cloned()).collect::<BTreeSet<_>>()
    };
    for (name, value) in [
        ("server", serde_json::to_value(&config.server)),
        ("intake", serde_json::to_value(&config.intake)),
        ("dispatch", serde_json::to_value(&config.dispatch)),
        ("deliver", serde_json::to_value(&config.deliver)),
        ("loop_guard", serde_json::to_value(&config.loop_guard)),
        ("retention", serde_json::to_value(&config.retention)),
        ("limits", serde_json::to_value(&config.limits)),
        ("kpi", serde_json::to_value(&config.kpi)),
        ("mail", serde_json::to_value(&config.mail)),
        ("source", serde_json::to_value(&config.sources[0])),
        ("plugin", serde_json::to_value(&config.plugins[0])),
        ("destination", serde_json::to_value(&config.destinations[0])),
        ("report", serde_json::to_value(&config.reports[0])),
    ] {
        assert_eq!(written(name), members(value.unwrap()), "{name}");
    }
}

#[test]
fn weights_and_targets_of_figures_are_checked() {
    check(
        "[kpi.weights.rating]\nqualty = 2\n",
        &["2:1 kpi.weights.rating.qualty: is no setting; did you mean `quality`?"],
    );
    check("[kpi.weights]\nspeed = {}\n", &["2:1 kpi.weights.speed: is no setting; here belong `rating`, `efficiency`"]);
    check(
        "[kpi]\nfirst_response_target = \"0s\"\nweights = { efficiency = { csat = -1 } }\n",
        &[
            "2:25 kpi.first_response_target: has to be more than 0",
            "3:11 kpi.weights: has efficiency.csat = -1; a weight is a number from 0 on",
        ],
    );
    let config = parse("[kpi]\nfirst_response_target = \"1h30m\"\nweights = { rating = { quality = 2 } }\n").unwrap();
    assert_eq!(config.kpi.first_response_target, Duration::from_mins(90));
    assert_eq!((config.kpi.weights.rating.quality, config.kpi.weights.rating.reaction), (2.0, 1.0));
}

#[test]
fn reads_what_is_written() {
    let config = parse(
        r#"
        [server]
        listen = "[::1]:80"
        max_body = "2MiB"
        public_url = "https://desk.example.com/base/"
        [deliver]
        allow_private = ["10.0.0.0/8"]
        [retention]
        bodies = "30d"
        [mail]
        host = "smtp.example.com"
        tls = "implicit"
        from = "Desk <desk@example.com>"
        [[source]]
        name = "support"
        connector = "generic"
        settings = { base_url = "https://help.example.com", since = 2026-01-05 }
        secrets = { webhook = [{ env = "NEW" }, { env = "OLD" }], token = { sealed = true } }
        signature = { scheme = "token", header = "X-Token" }
        rate_per_second = 2.5
        silent_after = "2h"
        [[source]]
        name = "shop"
        sources = ["shop-eu"]
        [[plugin]]
        name = "routing"
        grant = ["ticket.update", "kv"]
        sources = ["shop"]
        [[destination]]
        name = "ops"
        kind = "mail"
        to = ["ops@example.com"]
        "#,
    )
    .unwrap();
    assert_eq!(config.folder, Path::new("etc"));
    assert_eq!((config.server.listen.port(), config.server.max_body), (80, 2 << 20));
    assert_eq!(config.server.public_url.as_deref(), Some("https://desk.example.com/base"));
    assert!(config.deliver.allow_private[0].contains("10.1.2.3".parse().unwrap()));
    assert_eq!(config.retention.bodies, Duration::from_hours(720));
    assert_eq!(config.mail.unwrap().port(), 465);
    let [support, shop] = config.sources.as_slice() else { panic!("there are two sources") };
    assert_eq!((shop.name.as_str(), shop.sources.as_slice()), ("shop", ["shop-eu".to_owned()].as_slice()));
    let env = |name: &str| SecretRef::Env(name.to_owned());
    assert_eq!(support.secret("webhook"), [env("NEW"), env("OLD")]);
    assert_eq!((support.secret("token"), support.secret("other")), ([SecretRef::Sealed].as_slice(), [].as_slice()));
    assert_eq!(support.settings.to_json(), r#"{"base_url":"https://help.example.com","since":"2026-01-05"}"#);
    assert!(support.signature.is_some() && support.silent_after == Some(Duration::from_hours(2)));
    let plugin = &config.plugins[0];
    assert_eq!((plugin.enabled, plugin.grant.as_ref().map(Vec::len)), (true, Some(2)));
}

#[test]
fn names_the_setting_that_was_meant() {
    check("[server]\nlsiten = \"127.0.0.1:1\"\n", &["2:1 server.lsiten: is no setting; did you mean `listen`?"]);
    check("[sorce]\nname = 'a'\n", &["1:2 sorce: is no section; did you mean `source`?"]);
    check(
        "[intake]\nfrobnicate = 1\n",
        &["2:1 intake.frobnicate: is no setting; here belong `max_batch`, `committers`"],
    );
    check(
        "[[destination]]\nname = 'a'\nkind = 'slak'\n",
        &["3:8 destination.kind: is none of `slack`, `webhook`, `mail`, `folder`; did you mean \"slack\"?"],
    );
    check(
        "[[source]]\nname = 'a'\nsecrets = { webhook = { evn = 'A' } }\n",
        &["3:25 source.secrets.webhook.evn: is no setting; did you mean `env`?"],
    );
    check(
        "[[source]]\nname = 'a'\n[source.signature]\nscheme = 'hmac'\nheadr = 'X'\n",
        &["5:1 source.signature.headr: is no setting; did you mean `header`?"],
    );
}

#[test]
fn tells_all_mistakes_at_once() {
    check(
        r#"[server]
listen = "here"
max_body = "1MB"
maxbody = 3

[intake]
max_batch = 0
committers = "two"

[limts]

[[source]]
name = "Support"

[[source]]
connector = 7
silent_after = "soon"

[[plugin]]
nam = "routing"
"#,
        &[
            "2:10 server.listen: is no address with a port; write it like 127.0.0.1:8484 or [::]:8484",
            "3:12 server.max_body: is wrong: '1MB' is no size; write it like 64KiB, 1MiB or 2GiB",
            "4:1 server.maxbody: is no setting; did you mean `max_body`?",
            "8:14 intake.committers: should be a whole number",
            "10:2 limts: is no section; did you mean `limits`?",
            "13:8 source.name: has to be 1 to 64 lower-case letters, digits, - and _",
            "15:1 source.name: is missing",
            "16:13 source.connector: should be a text in quotes",
            "17:16 source.silent_after: is wrong: 'soon' is no duration; write it like 500ms, 30s, 5m, 1h30m or 14d",
            "20:1 plugin.nam: is no setting; did you mean `name`?",
        ],
    );
}

#[test]
fn tells_mistakes_of_form_with_their_place() {
    let lines = said("[server]\nlisten = \"127.0.0.1:1\nmax_body = ]\n");
    assert!(lines.len() >= 2 && lines.iter().all(|line| line.contains("this is no TOML")), "{lines:?}");
    assert!(lines[0].starts_with("2:"), "{lines:?}");
    assert_eq!(said("[server]\n[server]\n").len(), 1);
}

#[test]
fn refuses_a_secret_in_the_file_and_does_not_repeat_it() {
    for text in [
        "[[source]]\nname = 'a'\nsecrets = { webhook = 'hunter2' }\n",
        "[[source]]\nname = 'a'\nsecrets = 'hunter2'\n",
        "[[source]]\nname = 'a'\nsecrets.webhook = ['hunter2']\n",
        "[[destination]]\nname = 'a'\nkind = 'webhook'\nurl = 'https://hooks.example.com/hunter2'\n",
        "[[destination]]\nname = 'a'\nkind = 'webhook'\nurl = { env = 'https://hooks.example.com/hunter2' }\n",
        "[mail]\nhost = 'a'\nfrom = 'a@b'\nuser = 'u'\npassword = 'hunter2'\n",
        "[[source]]\nname = 'a'\nsettings = 'hunter2'\n",
        "[[source]]\nname = 'a'\nsecrets = { webhook = { env = 'A' }\ntoken = 'hunter2' }\n]",
    ] {
        let text = parse(text).unwrap_err().to_string();
        assert!(!text.contains("hunter2"), "{text}");
    }
    check(
        "[[source]]\nname = 'a'\nsecrets = { webhook = 'hunter2' }\n",
        &["3:23 source.secrets.webhook: must not stand in this file; write { env = \"NAME\" } or \
           { file = \"PATH\" }, or { sealed = true } after `deskbell secret set`"],
    );
}

#[test]
fn tells_what_does_not_fit_together() {
    let source = |rest: &str| format!("[[source]]\nname = 'a'\n{rest}\n");
    for (text, expected) in [
        (source("[[source]]\nname = 'a'"), "4:8 source.name: has 'a' a second time"),
        (source("connector = 'c'\nhosts = ['https://x']"), "4:9 source.hosts: has 'https://x', which is no host: "),
        (source("hosts = ['x.example']"), "3:9 source.hosts: is for connectors; without one nothing is sent there"),
        (source("connector = 'c'\nsources = ['b']"), "4:11 source.sources: is for canonical events; "),
        (source("signature = { scheme = 'hmac' }"), "3:13 source.signature: is wrong: `header` is missing"),
        (source("rate_per_second = 0.0"), "3:19 source.rate_per_second: has to be between 0.001 and 10000"),
        (source("[[plugin]]\nname = 'p'\nsources = ['aa']"), "4:8 plugin.sources: names 'aa', which is no source"),
        ("[[plugin]]\nname = 'p'\ngrant = ['ticket.udpate']".to_owned(), "3:9 plugin.grant: is wrong: "),
        ("[limits]\ncpu = '20s'".to_owned(), "2:7 limits.cpu: has to be at least 1ms and at most `wall`"),
        ("[retention]\ndelivery_ids = '1d'".to_owned(), "2:16 retention.delivery_ids: has to be at least 3d"),
        (
            "[deliver]\nallow_private = ['10.0.0.1/8']".to_owned(),
            "2:17 deliver.allow_private: is wrong: '10.0.0.1/8' has",
        ),
        ("[[destination]]\nname = 'd'\nkind = 'mail'\nto = ['a@b']".to_owned(), "2:8 destination.kind: is mail, and"),
        ("[[destination]]\nname = 'd'\nkind = 'slack'".to_owned(), "1:1 destination.url: is missing; "),
        ("[[destination]]\nname = 'd'\nkind = 'mail'\nto = ['ab']".to_owned(), "4:6 destination.to: has 'ab', which"),
        ("[mail]\nhost = 'a'\nfrom = 'a@b'\nuser = 'u'".to_owned(), "1:1 mail.password: and `user` belong together"),
        ("[source]\nname = 'a'".to_owned(), "1:1 source: is a list of tables; write [[source]]"),
        ("[[server]]\nlisten = ':1'".to_owned(), "1:1 server: is a table; write [server]"),
        ("calendars = 3".to_owned(), "1:13 calendars: is a table; write [calendars]"),
    ] {
        let lines = said(&text);
        assert!(lines.len() == 1 && lines[0].starts_with(expected), "{text}: {lines:?}");
    }
}

#[test]
fn the_digest_goes_by_what_is_meant() {
    let base = "[limits]\neffects = 50\n[[source]]\nname = 'a'\n";
    let digest = |text: &str| parse(text).unwrap().digest().to_string();
    assert_eq!(digest(base).len(), 64);
    for same in [
        "# a comment\n[[source]]\nname = \"a\"\n\n[limits]\neffects = 50\ncpu = '1000ms'\n",
        "[server]\nlisten = '0.0.0.0:1'\n[intake]\nmax_batch = 7\n[limits]\neffects = 50\n[[source]]\nname = 'a'\n",
    ] {
        assert_eq!(digest(same), digest(base), "{same}");
    }
    let mut seen = BTreeMap::from([(digest(base), base.to_owned())]);
    for change in [
        "[[source]]\nname = 'b'\n",
        "[[plugin]]\nname = 'p'\n",
        "[[plugin]]\nname = 'p'\nenabled = false\n",
        "[[plugin]]\nname = 'p'\ngrant = []\n",
        "[[plugin]]\nname = 'p'\nsettings = { a = 1 }\n",
        "[[plugin]]\nname = 'p'\nsettings = { a = '1' }\n",
        "[calendars.x]\nhours = {}\n",
        "[[sla]]\nname = 'x'\n",
        "[[sla_on]]\nevent = 'met'\ndo = [{ tag = 'x' }]\n",
        "[kpi]\nfirst_response_target = '2h'\n",
        "[kpi.weights.rating]\nquality = 2\n",
        "[[schedule]]\nname = 'x'\ncron = '@daily'\n",
        "[[report]]\nname = 'x'\nreport = 'weekly'\n",
        "[retention]\nbodies = '15d'\n",
        "[server]\nmax_body = '2MiB'\n",
        "[deliver]\nallow_private = ['10.0.0.1']\n",
    ] {
        let text = format!("{base}{change}");
        if let Some(other) = seen.insert(digest(&text), text.clone()) {
            panic!("{text} has the digest of {other}");
        }
    }
}

#[test]
fn says_what_to_do_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Config::load(&folder.path().join("deskbell.toml")).unwrap_err().to_string();
    assert!(missing.contains("deskbell init") && missing.contains("deskbell.toml"), "{missing}");
    assert!(matches!(Config::load(folder.path()), Err(Error::Unreadable { .. })));
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "[server]\nlisten = 1\n").unwrap();
    let bad = Config::load(&file).unwrap_err().to_string();
    assert!(bad.contains(&format!("{}:2:10: `server.listen`", file.display())), "{bad}");
}
