//! One call, from its place to its end.
//!
//! A call waits for one of the host's places, gets a store and an instance of its own, runs under all limits at once, and
//! leaves nothing behind but what it answered, what it wrote and what it logged.

use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use deskbell_model::plugin::{LogLine, Usage, Write};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::yield_now;
use wasmtime::component::Instance;
use wasmtime::{PoolConcurrencyLimitError, Store, StoreContextMut, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::capability::kv::Memory;
use crate::ceilings::{Exceeded, Limit};
use crate::failure::{Busy, Failure};
use crate::log::Log;
use crate::memories::Memories;
use crate::meter::{Meter, Metered};
use crate::plugin::Plugin;
use crate::reads::Asker;
use crate::state::{Circumstances, State};
use crate::work::Work;

/// More than any call takes before another limit ends it.
const FUEL: u64 = u64::MAX;

/// How much of a backtrace is kept.
const MAX_BACKTRACE_BYTES: usize = 4096;

/// How much of a message that a plugin had a hand in is kept.
const MAX_MESSAGE_BYTES: usize = 2048;

/// What came of a call.
#[derive(Debug)]
pub struct Call<T> {
    pub result: Result<T, Failure>,
    pub usage: Usage,
    /// What the plugin wrote and printed.
    pub log: Vec<LogLine>,
    /// How many lines more there would have been.
    pub log_dropped: u32,
}

impl<T> Call<T> {
    /// A call that did not begin.
    pub(crate) fn not_begun(failure: Failure) -> Self {
        Self { result: Err(failure), usage: Usage::default(), log: Vec::new(), log_dropped: 0 }
    }

    /// The same call with its result looked at once more.
    pub(crate) fn and_then<U>(self, check: impl FnOnce(T) -> Result<U, Failure>) -> Call<U> {
        let Self { result, usage, log, log_dropped } = self;
        Call { result: result.and_then(check), usage, log, log_dropped }
    }
}

/// Runs a piece of work in an instance of its own. Gives the answer and the buffered writes.
pub(crate) async fn run<W: Work + Send>(
    plugin: &Plugin,
    circumstances: Circumstances<'_>,
    work: W,
) -> Call<(W::Answer, Vec<Write>)> {
    let _place = match place(plugin).await {
        Ok(place) => place,
        Err(busy) => return Call::not_begun(busy.into()),
    };
    // Declared after the place, and so gone before it.
    let (mut store, meter) = store(plugin, circumstances);
    let outcome = {
        let running = pin!(async {
            let instance = plugin.instance_pre().instantiate_async(&mut store).await?;
            work.run(&mut store, &instance).await
        });
        let metered = Metered { meter: &meter, inner: running };
        tokio::time::timeout(plugin.limits().wall, metered).await
    };
    let result = match outcome {
        Ok(Ok(Ok(answer))) => Ok((answer, store.data_mut().memory.take())),
        Ok(Ok(Err(failure))) => Err(Failure::Refused {
            plugin: plugin.identity().clone(),
            message: cut(failure.message, MAX_MESSAGE_BYTES),
            retry: failure.retry,
        }),
        Ok(Err(error)) => Err(failure(plugin, &error)),
        Err(_elapsed) => {
            let allowed = micros(plugin.limits().wall);
            let exceeded = Exceeded { limit: Limit::Wall, allowed, used: meter.wall_us() };
            Err(Failure::exceeded(plugin.identity().clone(), exceeded))
        }
    };
    let usage = usage(&store, &meter, plugin.counts_fuel());
    let (log, log_dropped) = store.data().log.take();
    Call { result, usage, log, log_dropped }
}

/// Starts an instance without calling it, to see whether it starts and has the right exports.
pub(crate) async fn try_start(
    plugin: &Plugin,
    circumstances: Circumstances<'_>,
    check: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<()> + Send,
) -> wasmtime::Result<()> {
    let Ok(_place) = plugin.host().places.acquire().await else {
        return Err(wasmtime::format_err!("the plugin host is shutting down"));
    };
    let (mut store, _) = store(plugin, circumstances);
    let starting = async {
        let instance = plugin.instance_pre().instantiate_async(&mut store).await?;
        check(&mut store, &instance)
    };
    let started = tokio::time::timeout(plugin.limits().wall, starting).await;
    started.unwrap_or_else(|_elapsed| {
        let allowed = micros(plugin.limits().wall);
        Err(Exceeded { limit: Limit::Wall, allowed, used: allowed }.into())
    })
}

/// Waits for one of the host's places. The pool has as many; without waiting here it would fail instead.
async fn place(plugin: &Plugin) -> Result<SemaphorePermit<'_>, Busy> {
    let host = plugin.host();
    wait_for_room(plugin, &host.places, host.n_places).await
}

/// Waits for one of `n_places`, as long as the host's patience lasts.
pub(crate) async fn wait_for_room<'p>(
    plugin: &Plugin,
    places: &'p Semaphore,
    n_places: usize,
) -> Result<SemaphorePermit<'p>, Busy> {
    if let Ok(place) = places.try_acquire() {
        return Ok(place);
    }
    let start = Instant::now();
    match tokio::time::timeout(plugin.host().patience(), places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(Busy {
            plugin: plugin.identity().clone(),
            calls: n_places,
            waited_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        }),
    }
}

fn store(plugin: &Plugin, circumstances: Circumstances<'_>) -> (Store<State>, Arc<Meter>) {
    let host = plugin.host();
    let ceilings = plugin.ceilings();
    let meter = Meter::new();
    let state = State {
        permits: Arc::clone(plugin.permits()),
        ceilings: Arc::clone(ceilings),
        asker: Asker {
            plugin: Arc::clone(&plugin.identity().name),
            source: circumstances.source.to_owned(),
            ticket: circumstances.ticket.map(str::to_owned),
            now: circumstances.now,
        },
        seed: circumstances.seed.to_owned(),
        settings: Arc::clone(circumstances.settings),
        reads: circumstances.reads,
        memory: Memory::default(),
        log: Log::new(ceilings.log_bytes),
        memories: Memories::new(plugin.limits(), ceilings),
        meter: Arc::clone(&meter),
        cpu_limit_us: micros(plugin.limits().cpu),
        host_calls: 0,
        n_reads: 0,
        wasi: None,
    };
    let mut store = Store::new(&host.engine, state);
    store.limiter(|state| &mut state.memories);
    store.set_hostcall_fuel(ceilings.host_call_bytes);
    store.set_max_component_handles(ceilings.handles);
    if host.count_fuel {
        // Fails only where the engine does not count, and then there is nothing to set.
        let _ = store.set_fuel(FUEL);
    }
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(on_tick);
    (store, meter)
}

/// A tick has passed while the plugin was running: stop it, or let others run for a moment.
///
/// The runtime's own yield is what makes others run. wasmtime's built-in yield wakes the task at once, and a runtime with
/// as many busy plugins as workers then polls nothing else, timeouts included.
#[expect(clippy::needless_pass_by_value, reason = "the signature of an epoch callback")]
fn on_tick(store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data();
    let used = state.meter.tick();
    if used > state.cpu_limit_us {
        return Err(Exceeded { limit: Limit::Cpu, allowed: state.cpu_limit_us, used }.into());
    }
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(yield_now())))
}

fn usage(store: &Store<State>, meter: &Meter, counts_fuel: bool) -> Usage {
    let state = store.data();
    Usage {
        cpu_us: meter.cpu_us(),
        wall_us: meter.wall_us(),
        memory_peak_bytes: state.memories.peak_bytes(),
        fuel: if counts_fuel { store.get_fuel().ok().map(|left| FUEL - left) } else { None },
        host_calls: state.host_calls,
    }
}

/// Says what an error that ended a call was.
pub(crate) fn failure(plugin: &Plugin, error: &wasmtime::Error) -> Failure {
    let identity = plugin.identity().clone();
    if let Some(exceeded) = exceeded(plugin, error) {
        return Failure::exceeded(identity, exceeded);
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Busy { plugin: identity, calls: plugin.host().n_places, waited_ms: 0 }.into();
    }
    let message = match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(code)) => {
            format!("it called exit({code}); a plugin answers instead, with an error where it cannot go on")
        }
        None => error.root_cause().to_string(),
    };
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(|trace| cut(trace.to_string(), MAX_BACKTRACE_BYTES));
    let backtrace = backtrace.filter(|trace| !trace.trim().is_empty());
    Failure::Trap { plugin: identity, message: cut(message, MAX_MESSAGE_BYTES), backtrace }
}

/// The limit that an error is about, where it is about one.
pub(crate) fn exceeded(plugin: &Plugin, error: &wasmtime::Error) -> Option<Exceeded> {
    // wasmtime has no public types for these. The tests would notice other words.
    const HOST_CALL_BYTES: &str = "fuel allocated for hostcalls has been exhausted";
    const HANDLES: [&str; 2] = ["store handle limit exceeded", "resource table has no free keys"];
    if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        return Some(*exceeded);
    }
    let ceilings = plugin.ceilings();
    let root = error.root_cause().to_string();
    if root.contains(HOST_CALL_BYTES) {
        let allowed = ceilings.host_call_bytes as u64;
        return Some(Exceeded { limit: Limit::HostCallBytes, allowed, used: allowed });
    }
    if HANDLES.iter().any(|text| root.contains(text)) {
        let allowed = ceilings.handles as u64;
        return Some(Exceeded { limit: Limit::Handles, allowed, used: allowed });
    }
    None
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The text, cut at a letter's border where it is longer than `room` bytes.
fn cut(mut text: String, room: usize) -> String {
    if text.len() > room {
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        let _ = write!(text, " … (cut)");
    }
    text
}
