//! What the crate and its documents promise of each other.

use std::fs;
use std::path::Path;

use crate::{__private, CONTRACT};

const README: &str = include_str!("../../README.md");

/// The contract's folders and what was in them when they were released. A released folder never changes: plugins in the field were
/// built from it. A new version is a new folder and a new line.
const RELEASED: &[(&str, u64)] = &[("since_v1.0.0", 0x4618_175a_7ec7_c09b), ("since_v1.1.0", 0x5bb1_12e4_019d_f593)];

/// FNV-1a, enough to notice a change.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn released_contracts_stay_as_they_are() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let mut folders: Vec<String> = fs::read_dir(&wit)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("since_"))
        .collect();
    folders.sort();
    let known: Vec<_> = RELEASED.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(folders, known, "add the new folder to RELEASED");
    for (folder, expected) in RELEASED {
        let text = fs::read_to_string(wit.join(folder).join("deskbell.wit")).unwrap();
        let actual = digest(&text);
        assert_eq!(
            actual, *expected,
            "sdk/wit/{folder} has changed. Once released it must not: put it back and add a new folder (sdk/wit/README.md). \
             Before its release, write {actual:#018x} into RELEASED."
        );
    }
}

#[test]
fn the_stamp_names_sdk_and_contract() {
    let expected = format!("rust {}; contract {CONTRACT}", env!("CARGO_PKG_VERSION"));
    assert_eq!(std::str::from_utf8(__private::STAMP).unwrap(), expected);
}

#[test]
fn the_contract_is_the_one_that_the_bindings_read() {
    let wit = include_str!("../../wit/since_v1.1.0/deskbell.wit");
    assert!(wit.contains(&format!("package deskbell:plugin@{CONTRACT};")));
}

#[test]
fn the_compatibility_table_has_this_version() {
    let row = format!("| {} | {CONTRACT} |", env!("CARGO_PKG_VERSION"));
    assert!(README.contains(&row), "sdk/README.md lacks the row {row}");
    let heading = format!("## {}", env!("CARGO_PKG_VERSION"));
    assert!(include_str!("../../CHANGELOG.md").contains(&heading));
}

#[test]
fn the_tutorial_shows_the_template() {
    for (name, template) in [
        ("Cargo.toml", include_str!("../template/Cargo.toml.tmpl")),
        ("plugin.toml", include_str!("../template/plugin.toml.tmpl")),
        ("src/lib.rs", include_str!("../template/src/lib.rs.tmpl")),
        ("fixtures/created.json", include_str!("../template/fixtures/created.json.tmpl")),
    ] {
        let sdk = "{ package = \"deskbell-sdk\", path = \"../deskbell/sdk/rust\" }";
        let shown = template.replace("{{name}}", "urgent-tag").replace("{{sdk}}", sdk);
        assert!(README.contains(shown.trim_end()), "sdk/README.md shows another {name}");
        assert!(!shown.contains("{{"), "{name} has a placeholder that nobody fills");
    }
}

#[test]
fn the_guide_to_reports_shows_the_template() {
    for template in [
        include_str!("../template/reporter/plugin.toml.tmpl"),
        include_str!("../template/reporter/src/lib.rs.tmpl"),
        include_str!("../template/reporter/fixtures/week.json.tmpl"),
    ] {
        let shown = template.replace("{{name}}", "channels");
        assert!(README.contains(shown.trim_end()), "sdk/README.md shows another {shown}");
    }
}

#[test]
fn the_fixtures_of_the_readme_are_fixtures() {
    let fixtures: Vec<_> = README.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(fixtures.len(), 2);
    for (number, text) in fixtures.iter().enumerate() {
        let fixture = crate::testing::Fixture::parse(format!("README {number}"), text);
        let mut host = fixture.host();
        host.call(|_, _| Ok(vec![]), &fixture.event()).unwrap();
    }
}

#[test]
fn the_readme_names_every_effect_and_capability() {
    use crate::Effect;

    for word in [
        Effect::UPDATE,
        Effect::TAG,
        Effect::REPLY,
        Effect::NOTE,
        Effect::ESCALATE,
        Effect::NOTIFY,
        "kv",
        "timers",
        "tickets",
        "agents",
        "calendars",
        "figures",
        "kpis",
        "comments",
        "automation-figures",
    ] {
        assert!(README.contains(&format!("| `{word}` |")), "sdk/README.md has no row for {word}");
    }
}
