use std::sync::Arc;

use deskbell_host::Host;
use deskbell_model::manifest::World;

use super::*;
use crate::cli::Common;
use crate::shipped;

fn common() -> Common {
    Common {
        config: PathBuf::from("deskbell.toml"),
        data_dir: PathBuf::from("unused"),
        log: "warn".to_owned(),
        log_json: false,
    }
}

async fn workbench(name: &str) -> Workbench {
    let component = shipped::component(name).unwrap();
    Workbench::new(&common(), Arc::from(component)).await.unwrap()
}

/// Where the plugin of a component that ships is written.
fn folder(name: &str) -> PathBuf {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    match Host::inspect(shipped::component(name).unwrap()).unwrap().manifest.world {
        World::Automation | World::Reporter => plugins.join(name),
        World::Connector => plugins.join("connectors").join(name),
    }
}

#[tokio::test]
async fn what_ships_does_what_its_fixtures_say() {
    let mut failed = Vec::new();
    for name in shipped::names() {
        let workbench = workbench(name).await;
        for path in fixtures(&folder(name)).unwrap() {
            let checked = check(&workbench, &path).await;
            if !checked.has_passed() {
                failed.push(format!("{name}: {checked}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn a_fixture_that_expects_something_else_fails_with_what_came() {
    let workbench = workbench("routing").await;
    let files = tempfile::tempdir().unwrap();
    let check_text = async |text: &str, expected: &str| {
        let path = files.path().join("some.json");
        fs::write(&path, text).unwrap();
        let checked = check(&workbench, &path).await;
        assert!(!checked.has_passed());
        assert!(checked.to_string().contains(expected), "{checked}");
    };
    check_text("{", "is no JSON").await;
    check_text(r#"{ "event": {} }"#, "it has no `expect`").await;
    check_text(r#"{ "delivery": {}, "expect": {} }"#, "it has no `event`").await;
    check_text(r#"{ "event": {}, "expect": { "failure": {} } }"#, "FAILED  some.json").await;
    check_text(r#"{ "event": {}, "expect": { "effects": [{ "kind": "notify" }] } }"#, "effects").await;
}

#[test]
fn fixtures_are_the_json_files_by_name() {
    let plugin = tempfile::tempdir().unwrap();
    assert!(fixtures(plugin.path()).unwrap().is_empty());
    let folder = plugin.path().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    for name in ["b.json", "SOURCES.md", "a.json"] {
        fs::write(folder.join(name), "{}").unwrap();
    }
    assert_eq!(fixtures(plugin.path()).unwrap(), [folder.join("a.json"), folder.join("b.json")]);
}
