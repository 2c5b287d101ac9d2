//! From bytes to a plugin.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbell_host::{Compiler, Host, NoReads, Options};
use deskbell_model::manifest::{Grants, World};

use crate::support::{component, event, host, options, plugin, settings};

#[test]
fn a_component_says_what_it_is_without_being_run() {
    let bytes = component("ok");
    let inspected = Host::inspect(&bytes).unwrap();
    assert_eq!((inspected.manifest.name.as_str(), inspected.manifest.version.as_str()), ("ok", "1.2.3"));
    assert_eq!(inspected.manifest.world, World::Automation);
    assert!(inspected.sdk.starts_with("rust ") && inspected.sdk.contains("contract 1.1.0"), "{}", inspected.sdk);
    assert_eq!(inspected.size_bytes, bytes.len() as u64);
    assert_eq!(inspected.digest.len(), 64);
    assert!(inspected.imports.iter().any(|import| import == "deskbell:plugin/log@1.1.0"), "{:?}", inspected.imports);
}

#[tokio::test]
async fn what_cannot_run_here_is_refused_with_the_reason() {
    for (guest, expected) in [
        ("large_table", "exceeds the limit of 100000"),
        ("large_start", "314572800 which exceeds the limit of"),
        ("wrong_world", "does not export `parse`, which a plugin of world \"connector\" must"),
    ] {
        let refused = host().load(component(guest), Grants::AsAsked).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{guest}: {refused}");
    }
}

#[tokio::test]
async fn a_damaged_component_is_refused() {
    let whole = component("ok");
    let mut n_refused = 0;
    // Bits flipped and bytes cut off all over the file: some damage is in text that nobody reads, none does harm.
    for place in (8..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.to_vec();
        flipped[place] ^= 0x55;
        n_refused += usize::from(Host::inspect(&flipped).is_err());
        assert!(Host::inspect(&whole[..place]).is_err());
    }
    assert!(n_refused > 10, "{n_refused}");
}

#[tokio::test]
async fn compiled_code_is_kept_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = folder.path().join("code");
    let bytes = component("ok");
    let compiling = Host::new(Options { cache_dir: cache_dir.clone(), ..options() }).unwrap();
    compiling.load(Arc::clone(&bytes), Grants::AsAsked).await.unwrap();
    // Another process of the engine, which could not compile.
    let compiler = Compiler::ChildProcess(PathBuf::from("/nonexistent"));
    let finding = Host::new(Options { cache_dir: cache_dir.clone(), compiler, ..options() }).unwrap();
    let plugin = finding.load(Arc::clone(&bytes), Grants::AsAsked).await.unwrap();
    assert!(plugin.handle(&event(), &settings(), Arc::new(NoReads)).await.result.is_ok());
    // Damaged code is noticed and never run.
    let code = std::fs::read_dir(&cache_dir).unwrap().map(|entry| entry.unwrap().path());
    let code = code.filter(|path| path.extension().is_some_and(|extension| extension == "cwasm"));
    for path in code {
        let mut damaged = std::fs::read(&path).unwrap();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(&path, damaged).unwrap();
    }
    let refused = finding.load(Arc::clone(&bytes), Grants::AsAsked).await.unwrap_err().to_string();
    assert!(refused.contains("it cannot be compiled"), "{refused}");
    assert!(compiling.load(bytes, Grants::AsAsked).await.is_ok());
}

#[tokio::test]
async fn code_that_counts_instructions_is_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = folder.path().join("code");
    for count_fuel in [false, true] {
        let host = Host::new(Options { cache_dir: cache_dir.clone(), count_fuel, ..options() }).unwrap();
        host.load(component("ok"), Grants::AsAsked).await.unwrap();
    }
    assert_eq!(std::fs::read_dir(cache_dir).unwrap().count(), 4);
}

#[tokio::test]
async fn limits_of_the_manifest_and_defaults() {
    let limits = *plugin("allocates").await.limits();
    assert_eq!(
        (limits.memory_bytes, limits.cpu, limits.wall),
        (32 << 20, Duration::from_secs(1), Duration::from_secs(2))
    );
    assert_eq!(plugin("ok").await.limits().cpu, Duration::from_millis(50));
}

#[test]
fn every_guest_has_a_test() {
    let sources = [
        include_str!("answers.rs"),
        include_str!("capabilities.rs"),
        include_str!("connectors.rs"),
        include_str!("limits.rs"),
        include_str!("loading.rs"),
        include_str!("sandbox.rs"),
        include_str!("../../benches/call.rs"),
        // Those that the scenarios use.
        include_str!("../../../../tests/support/program.rs"),
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/guests");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("plugin.toml").exists() {
            let named = format!("\"{}\"", path.file_name().unwrap().to_string_lossy());
            assert!(sources.iter().any(|source| source.contains(&named)), "{named} is built and never used");
        }
    }
}
