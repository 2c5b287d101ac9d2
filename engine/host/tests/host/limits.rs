//! What a call may use, and what happens when it wants more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deskbell_host::{Call, Ceilings, Failure, Host, Limit, NoReads, Options};
use deskbell_model::manifest::Grants;
use deskbell_model::plugin::Decision;

use crate::support::{Stored, call, component, event, event_about, failed, host, note, options, plugin, settings};

#[track_caller]
fn check(call: &Call<Decision>, expected: Limit) {
    match &call.result {
        Err(Failure::Limit { limit, .. }) => assert_eq!(*limit, expected),
        other => panic!("{expected:?}: {other:?}"),
    }
}

#[tokio::test]
async fn an_endless_loop_is_stopped_within_three_ticks_of_its_limit() {
    for guest in ["loops", "loops_in_host_calls"] {
        let plugin = plugin(guest).await;
        let mut least_us = u64::MAX;
        for _ in 0..5 {
            let call = plugin.handle(&event(), &settings(), Arc::new(NoReads)).await;
            check(&call, Limit::Cpu);
            assert!(call.usage.cpu_us > 50_000, "{:?}", call.usage);
            least_us = least_us.min(call.usage.cpu_us);
        }
        // Where others want the processor a tick comes late; the least of five is the host's word. How long it takes
        // by the wall's clock is a matter for the benchmark.
        assert!(least_us < 80_000, "{guest}: {least_us} us");
    }
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took.get(took.len() / 2).copied().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_calls_go_on_beside_endless_loops() {
    let (bad, good) = (plugin("loops").await, plugin("ok").await);
    let done = Arc::new(AtomicBool::new(false));
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let (bad, done) = (bad.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    let call = bad.handle(&event(), &settings(), Arc::new(NoReads)).await;
                    check(&call, Limit::Cpu);
                    took.push(start.elapsed());
                }
                took
            })
        })
        .collect();
    let calls = tokio::spawn(async move {
        let mut took = Vec::new();
        for _ in 0..50 {
            let start = Instant::now();
            good.handle(&event(), &settings(), Arc::new(NoReads)).await.result.unwrap();
            took.push(start.elapsed());
            tokio::task::yield_now().await;
        }
        took
    });
    let good = median(calls.await.unwrap());
    done.store(true, Ordering::Relaxed);
    let mut stopped = Vec::new();
    for busy in loops {
        stopped.extend(busy.await.unwrap());
    }
    // Whoever had to wait for a loop's end would take longer than a loop.
    let bad = median(stopped);
    assert!(good < bad / 2, "a call beside loops took {good:?}, a loop {bad:?}");
}

#[tokio::test]
async fn a_stack_without_end_is_a_trap() {
    for (subject, expected) in [("calls", "call stack exhausted"), ("data", "out of bounds memory access")] {
        let call = call("recurses", subject).await;
        assert!(failed(&call).contains(expected), "{}", failed(&call));
    }
}

#[tokio::test]
async fn memory_is_bounded_named_and_comes_back() {
    let plugin = plugin("allocates").await;
    let allocate = async || plugin.handle(&event(), &settings(), Arc::new(NoReads)).await;
    let call = allocate().await;
    check(&call, Limit::Memory);
    let message = failed(&call);
    assert!(message.contains("its limit of 32 MiB for memory was exceeded"), "{message}");
    assert!(call.usage.memory_peak_bytes <= 32 << 20);
    let before = resident_bytes();
    for _ in 0..20 {
        check(&allocate().await, Limit::Memory);
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 48 << 20, "20 calls of 32 MiB left {grown} bytes behind");
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn memory_below_the_limit_is_used_and_reported() {
    let call = call("takes_memory", "7").await;
    assert_eq!(note(&call), (16 << 20).to_string());
    assert!(call.usage.memory_peak_bytes >= 16 << 20 && call.usage.memory_peak_bytes < 20 << 20);
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_counted() {
    let call = call("floods_log", "7").await;
    assert!(call.result.is_ok());
    let kept: usize = call.log.iter().map(|line| line.message.len()).sum();
    assert!(kept <= 64 << 10);
    assert!(call.log.len() > 300, "{}", call.log.len());
    assert_eq!(call.log.len() + call.log_dropped as usize, 10_000);
}

#[tokio::test]
async fn a_flood_of_effects_takes_no_effect() {
    let call = call("floods_effects", "7").await;
    check(&call, Limit::Effects);
    assert!(failed(&call).contains("its limit of 100 for effects per call was exceeded (10000)"), "{}", failed(&call));
}

#[tokio::test]
async fn huge_texts_do_not_reach_the_host() {
    for (subject, expected) in [
        ("body", Limit::HostCallBytes),
        ("reason", Limit::HostCallBytes),
        ("log", Limit::HostCallBytes),
        ("failure", Limit::HostCallBytes),
        ("one effect", Limit::EffectBytes),
    ] {
        check(&call("huge_strings", subject).await, expected);
    }
}

#[tokio::test]
async fn open_handles_are_bounded() {
    check(&call("opens_handles", "7").await, Limit::Handles);
}

#[tokio::test]
async fn waiting_is_bounded_too() {
    for guest in ["sleeps", "waits"] {
        let plugin = plugin(guest).await;
        let start = Instant::now();
        let call = plugin.handle(&event(), &settings(), Arc::new(Stored { hangs: true })).await;
        check(&call, Limit::Wall);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert!(call.usage.wall_us >= 200_000 && call.usage.cpu_us < 100_000, "{:?}", call.usage);
    }
}

#[tokio::test]
async fn a_call_that_finds_no_place_is_told_so() {
    let ceilings = Ceilings { patience: Duration::from_millis(20), ..Ceilings::default() };
    let host = Host::new(Options { max_concurrent_calls: 1, ceilings, ..options() }).unwrap();
    let plugin = host.load(component("waits"), Grants::AsAsked).await.unwrap();
    let (event, settings) = (event(), settings());
    let first = plugin.handle(&event, &settings, Arc::new(Stored { hangs: true }));
    let second = plugin.handle(&event, &settings, Arc::new(Stored { hangs: true }));
    let (first, second) = tokio::join!(first, second);
    check(&first, Limit::Wall);
    let busy = second.result.unwrap_err();
    assert!(busy.to_string().contains("all 1 places for its calls were taken"), "{busy}");
    assert!(busy.retryable());
    assert_eq!(host.calls_under_way(), 0);
}

#[tokio::test]
async fn a_plugin_leaves_half_of_the_places_to_others() {
    let ceilings = Ceilings { patience: Duration::from_millis(20), ..Ceilings::default() };
    let host = Host::new(Options { max_concurrent_calls: 4, ceilings, ..options() }).unwrap();
    let greedy = host.load(component("waits"), Grants::AsAsked).await.unwrap();
    let other = host.load(component("ok"), Grants::AsAsked).await.unwrap();
    let turns = (greedy.turn().await.unwrap(), greedy.turn().await.unwrap());
    let busy = greedy.turn().await.map(drop).unwrap_err();
    assert!(busy.to_string().contains("all 2 places for its calls were taken"), "{busy}");
    assert!(other.turn().await.is_ok());
    drop(turns);
    assert!(greedy.turn().await.is_ok());
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_place() {
    let host = Host::new(Options { max_concurrent_calls: 1, ..options() }).unwrap();
    let plugin = host.load(component("waits"), Grants::AsAsked).await.unwrap();
    let (event, settings) = (event(), settings());
    let call = plugin.handle(&event, &settings, Arc::new(Stored { hangs: true }));
    let given_up = tokio::time::timeout(Duration::from_millis(20), call).await;
    assert!(given_up.is_err());
    assert_eq!(host.calls_under_way(), 0);
    assert!(plugin.handle(&event, &settings, Arc::new(Stored::default())).await.result.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_places_all_get_their_turn() {
    let plugin = plugin("ok").await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let plugin = plugin.clone();
            tokio::spawn(async move { plugin.handle(&event(), &settings(), Arc::new(NoReads)).await.result.is_ok() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
}

#[tokio::test]
async fn the_operators_ceilings_hold_over_the_manifest() {
    let ceilings = Ceilings { memory_bytes: 16 << 20, ..Ceilings::default() };
    let host = Host::new(Options { ceilings, ..options() }).unwrap();
    let plugin = host.load(component("takes_memory"), Grants::AsAsked).await.unwrap();
    assert_eq!(plugin.limits().memory_bytes, 16 << 20);
    let call = plugin.handle(&event(), &settings(), Arc::new(NoReads)).await;
    check(&call, Limit::Memory);
}

#[tokio::test]
async fn instructions_are_counted_where_that_is_wanted_and_always_the_same() {
    let host = Host::new(Options { count_fuel: true, ..options() }).unwrap();
    let plugin = host.load(component("ok"), Grants::AsAsked).await.unwrap();
    let count = async || plugin.handle(&event(), &settings(), Arc::new(NoReads)).await.usage.fuel.unwrap();
    let first = count().await;
    assert!((1_000..10_000_000).contains(&first), "{first}");
    assert_eq!(first, count().await);
    let loops = host.load(component("loops"), Grants::AsAsked).await.unwrap();
    check(&loops.handle(&event(), &settings(), Arc::new(NoReads)).await, Limit::Cpu);
}

#[tokio::test]
async fn a_host_without_a_pool_works_too() {
    assert!(host().is_pooled());
    // Tables so large, for each of so many calls, that no machine has the address space.
    let ceilings = Ceilings { table_elements: 1 << 34, ..Ceilings::default() };
    let host = Host::new(Options { max_concurrent_calls: 1024, ceilings, ..options() }).unwrap();
    assert!(!host.is_pooled());
    let plugin = host.load(component("ok"), Grants::AsAsked).await.unwrap();
    assert!(plugin.handle(&event_about("7"), &settings(), Arc::new(NoReads)).await.result.is_ok());
    let bad = host.load(component("allocates"), Grants::AsAsked).await.unwrap();
    check(&bad.handle(&event(), &settings(), Arc::new(NoReads)).await, Limit::Memory);
}
