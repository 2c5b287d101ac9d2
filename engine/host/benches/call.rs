//! What a call costs, beside the same component called by wasmtime alone: with the best settings (what the host could
//! reach) and with those that one begins with. All of them take turns in one run, so that a busy machine slows all; and a
//! turn is some calls in a row, so that none pays for what the one before it left in the processor's caches.
//!
//! Then how long after its limit an endless loop is stopped: by the time on the processor, which is what is limited, and
//! by the wall's clock, which on a busy machine also counts what others had of it meanwhile.
//!
//! `cargo bench -p deskbell-host`; with `-- ROUNDS` for another number of rounds.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbell_bindings::v1_0_0::Automation;
use deskbell_host::{Ceilings, Compiler, Failure, Host, Limit, NoReads, Options, Plugin};
use deskbell_model::manifest::Grants;
use deskbell_model::plugin::Event;
use deskbell_model::ticket::{Actor, Fields, Requester, Role, Ticket};
use deskbell_model::timestamp::Timestamp;
use tokio::runtime::Runtime;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits,
    StoreLimitsBuilder,
};

const ROUNDS: usize = 20_000;
const CALLS_IN_A_ROW: usize = 20;
/// Calls of each guest that never ends.
const ENDLESS_CALLS: usize = 60;
const NOON: Timestamp = Timestamp::from_seconds(1_767_600_000);

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{:<46} {:>9} {:>9} {:>9}", "microseconds per fresh call", "p50", "p90", "p99");
    for guest in ["bare", "idles", "ok"] {
        let bytes = component(guest);
        let event = event();
        let hosted = hosted(&runtime, &bytes);
        let best = Bare::new(&bytes, &best());
        let naive = Bare::new(&bytes, &Config::new());
        let settings: Arc<str> = Arc::from("{}");
        let reads = Arc::new(NoReads);
        let mut times = [const { Vec::new() }; 3];
        let [of_host, of_best, of_naive] = &mut times;
        for turn in 0..(rounds + rounds / 10).div_ceil(CALLS_IN_A_ROW) {
            let counts = turn * CALLS_IN_A_ROW >= rounds / 10;
            take_turn(counts.then_some(&mut *of_host), || {
                let call = runtime.block_on(hosted.handle(&event, &settings, Arc::clone(&reads) as _));
                assert!(call.result.is_ok());
            });
            take_turn(counts.then_some(&mut *of_best), || runtime.block_on(best.call(&event)));
            take_turn(counts.then_some(&mut *of_naive), || runtime.block_on(naive.call(&event)));
        }
        let names = ["in the host, all limits on", "wasmtime alone, best settings", "wasmtime alone, default settings"];
        for (name, times) in names.into_iter().zip(&mut times) {
            report(&format!("{guest}: {name}"), times);
        }
    }
    println!(
        "\n{:<46} {:>9} {:>9} {:>9}",
        "milliseconds until an endless loop is stopped", "limit", "p50 over", "max over"
    );
    for guest in ["loops", "loops_in_host_calls"] {
        stop_endless(&runtime, guest);
    }
}

/// Calls a guest that never ends, and says by how much it went over its limit.
fn stop_endless(runtime: &Runtime, guest: &str) {
    let hosted = hosted(runtime, &component(guest));
    let limit = hosted.limits().cpu;
    let event = event();
    let settings: Arc<str> = Arc::from("{}");
    let (mut on_processor, mut by_the_wall) = (Vec::new(), Vec::new());
    for _ in 0..ENDLESS_CALLS {
        let start = Instant::now();
        let call = runtime.block_on(hosted.handle(&event, &settings, Arc::new(NoReads)));
        by_the_wall.push(start.elapsed().saturating_sub(limit));
        assert!(matches!(call.result, Err(Failure::Limit { limit: Limit::Cpu, .. })), "{:?}", call.result);
        on_processor.push(Duration::from_micros(call.usage.cpu_us).saturating_sub(limit));
    }
    for (name, over) in [("time on the processor", &mut on_processor), ("by the wall's clock", &mut by_the_wall)] {
        over.sort_unstable();
        let median = over.get(over.len() / 2).copied().unwrap_or_default();
        let most = over.last().copied().unwrap_or_default();
        let [limit, median, most] = [limit, median, most].map(|time| time.as_secs_f64() * 1000.0);
        let name = format!("{guest}: {name}");
        println!("{name:<46} {limit:>9.0} {median:>9.2} {most:>9.2}");
    }
}

/// Calls some times in a row; notes how long each took, where it counts.
fn take_turn(mut times: Option<&mut Vec<Duration>>, mut call: impl FnMut()) {
    for _ in 0..CALLS_IN_A_ROW {
        let start = Instant::now();
        call();
        if let Some(times) = &mut times {
            times.push(start.elapsed());
        }
    }
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at =
        |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_nanos() as f64 / 1000.0);
    println!("{name:<46} {:>9.2} {:>9.2} {:>9.2}", at(50), at(90), at(99));
}

fn hosted(runtime: &Runtime, bytes: &Arc<[u8]>) -> Plugin {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::new(Options {
        cache_dir: folder.path().join("code"),
        max_concurrent_calls: 8,
        ceilings: Ceilings::default(),
        count_fuel: false,
        compiler: Compiler::InProcess,
    });
    runtime.block_on(host.unwrap().load(Arc::clone(bytes), Grants::AsAsked)).unwrap()
}

/// The settings that make a fresh call cheap.
fn best() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto)
        .total_component_instances(10)
        .total_core_instances(100)
        .total_memories(20)
        .total_tables(40)
        .total_stacks(10);
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// wasmtime alone: a store, an instance, a call. The guests' imports are there and do nothing.
struct Bare {
    instance_pre: InstancePre<StoreLimits>,
    exports: Automation,
}

impl Bare {
    fn new(bytes: &[u8], config: &Config) -> Self {
        let engine = Engine::new(config).unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let mut linker = Linker::new(&engine);
        // A guest imports them in its own contract's version.
        for version in ["1.0.0", "1.1.0"] {
            let mut log = linker.instance(&format!("deskbell:plugin/log@{version}")).unwrap();
            log.func_wrap("write", |_, _: (String, String)| Ok(())).unwrap();
            let mut clock = linker.instance(&format!("deskbell:plugin/clock@{version}")).unwrap();
            clock.func_wrap("now", |_, (): ()| Ok((NOON.micros(),))).unwrap();
        }
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let instance_pre = linker.instantiate_pre(&component).unwrap();
        Self { instance_pre, exports: Automation::new(&component).unwrap() }
    }

    async fn call(&self, event: &Event) {
        let limits = StoreLimitsBuilder::new().memory_size(32 << 20).build();
        let mut store = Store::new(self.instance_pre.engine(), limits);
        store.limiter(|limits| limits);
        store.set_epoch_deadline(1);
        let instance = self.instance_pre.instantiate_async(&mut store).await.unwrap();
        self.exports.handle(&mut store, &instance, event).await.unwrap().unwrap();
    }
}

fn component(name: &str) -> Arc<[u8]> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let target = root.join("target/guests");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--package"])
        .arg(format!("guest-{}", name.replace('_', "-")))
        .arg("--target-dir")
        .arg(&target)
        .current_dir(root.join("tests/guests"))
        .status();
    assert!(status.unwrap().success());
    std::fs::read(target.join(format!("wasm32-wasip2/release/guest_{name}.wasm"))).unwrap().into()
}

/// An event with a ticket of usual size and one KiB of data.
fn event() -> Event {
    let ticket = Ticket {
        fields: Fields {
            subject: "No dial tone".to_owned(),
            description: Some("The phone in room 3 is silent since this morning. ".repeat(4)),
            channel: "email".to_owned(),
            tags: vec!["phone".to_owned(), "hardware".to_owned()],
            group: Some("support".to_owned()),
            requester: Requester {
                id: "r-1".to_owned(),
                name: Some("Anna".to_owned()),
                email: Some("anna@example.com".to_owned()),
                ..Requester::default()
            },
            custom: BTreeMap::from([("floor".to_owned(), 3.into())]),
            ..Fields::default()
        },
        created_at: NOON,
        updated_at: NOON,
        created_by: Some(Role::Customer),
        first_response_at: None,
        last_agent_reply_at: None,
        last_customer_comment_at: Some(NOON),
        solved_at: None,
        agent_replies: 0,
        customer_comments: 1,
        reopens: 0,
        escalations: 0,
        end: None,
    };
    Event {
        id: "e-1".to_owned(),
        source: "support".to_owned(),
        kind: "ticket.created".to_owned(),
        subject: Some("7".to_owned()),
        time: NOON,
        received_at: NOON,
        late: false,
        actor: Some(Actor { id: "r-1".to_owned(), role: Role::Customer, name: Some("Anna".to_owned()) }),
        ticket: Some(("7".to_owned(), Arc::new(ticket))),
        data: format!(r#"{{"comment":{{"public":true,"body":"{}"}}}}"#, "It is still silent. ".repeat(50)),
        extra: vec![],
    }
}
