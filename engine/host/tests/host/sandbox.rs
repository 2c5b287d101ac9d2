//! What a plugin cannot reach.

use std::sync::Arc;

use deskbell_host::NoReads;
use deskbell_model::plugin::Event;

use crate::support::{NOON, call, event, failed, note, plugin, settings};

#[tokio::test]
async fn there_are_no_files() {
    assert_eq!(note(&call("opens_files", "7").await), "0 of 7 worked");
}

#[tokio::test]
async fn opening_a_socket_ends_the_call() {
    for how in ["connect", "listen", "udp", "resolve"] {
        let message = failed(&call("opens_sockets", how).await);
        assert!(message.contains("wasi:sockets/") && message.contains("plugins have no network"), "{how}: {message}");
    }
}

#[tokio::test]
async fn there_is_no_environment_no_argument_and_no_input() {
    // The test's own process has an environment.
    assert!(std::env::vars().next().is_some());
    assert_eq!(note(&call("reads_env", "7").await), r#"saw [] and """#);
}

#[tokio::test]
async fn leaving_is_a_failure_whatever_the_code() {
    for code in ["0", "1"] {
        let message = failed(&call("exits", code).await);
        assert!(message.contains(&format!("it called exit({code})")), "{message}");
    }
}

#[tokio::test]
async fn what_it_prints_goes_to_its_log() {
    let call = call("prints", "7").await;
    let lines: Vec<String> = call.log.iter().map(|line| format!("{} {}", line.level, line.message)).collect();
    assert_eq!(lines, ["info to the author", "error something is odd", "info no end"]);
}

#[tokio::test]
async fn time_stands_still_and_dice_fall_as_the_event_says() {
    let plugin = plugin("tells_time").await;
    let tell = async |id: &str| {
        let event = Event { id: id.to_owned(), ..event() };
        note(&plugin.handle(&event, &settings(), Arc::new(NoReads)).await)
    };
    let first = tell("e-1").await;
    assert!(first.starts_with("2026-01-05T08:00:00"), "{first}");
    assert!(first.contains(&format!(" {} 0ns ", NOON.micros())), "{first}");
    assert_eq!(first, tell("e-1").await);
    assert_ne!(first, tell("e-2").await);
}
