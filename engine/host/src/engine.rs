//! wasmtime's configuration, in one place: whatever compiles a plugin and whatever runs it must agree.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ProfilingStrategy, Strategy,
};

use crate::ceilings::Ceilings;
use crate::memories::{MAX_MEMORIES, MAX_TABLES};

/// What stays mapped in a place of the pool after a call, so that the next one need not fault it in again. Of memories and
/// tables only the pages that were written to are reset; of stacks all that is kept is filled with zeroes, and the
/// rest given back, which together cost some 2 µs of a call.
const MEMORY_KEPT_BYTES: usize = 1 << 20;
const TABLE_KEPT_BYTES: usize = 64 << 10;
const STACK_KEPT_BYTES: usize = 16 << 10;

/// The stack that a plugin may use. The rest of the fiber's 2 MiB is for the host functions it calls, whose overflow
/// would end the process.
const PLUGIN_STACK_BYTES: usize = 512 << 10;

/// Interpreters have instances of some megabytes.
const MAX_INSTANCE_BYTES: usize = 10 << 20;

/// What is compiled into a plugin's code. Another value of any of these makes other code, and another hash.
pub(crate) fn code(count_fuel: bool) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .profiler(ProfilingStrategy::None)
        .wasm_component_model(true)
        // Bounds the time on the processor: code looks at the epoch at each loop and call.
        .epoch_interruption(true)
        // Exact and repeatable, but slower; for `plugin run` and `plugin test`.
        .consume_fuel(count_fuel)
        // Component-model threads and streams are in no contract, and cost every call.
        .concurrency_support(false)
        // The same call gives the same answer on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // `wasm_multi_memory` stays on: wasmtime 48 panics on composed components without it.
        .generate_address_map(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20))
        .max_wasm_stack(PLUGIN_STACK_BYTES)
        // Stacks serve one plugin after the other.
        .async_stack_zeroing(true);
    config
}

/// An engine that runs plugins, and whether it has a pool.
///
/// A pool is address space: some gigabytes for each memory. Where the machine does not give that much, instances are
/// made on demand, which is slower by a factor of five.
pub(crate) fn serving(calls: usize, ceilings: &Ceilings, count_fuel: bool) -> wasmtime::Result<(Engine, bool)> {
    let mut pooled = code(count_fuel);
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls, ceilings)));
    match Engine::new(&pooled) {
        Ok(engine) => Ok((engine, true)),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "no pool for plugin instances; calls will be slower");
            Ok((Engine::new(&code(count_fuel))?, false))
        }
    }
}

fn pool(calls: usize, ceilings: &Ceilings) -> PoolingAllocationConfig {
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    // A store's places are free again a moment after the call's permit is.
    let places = calls.saturating_add(2);
    let instances = u32::try_from(ceilings.instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places)
        .total_core_instances(places.saturating_mul(instances))
        .total_memories(places.saturating_mul(4))
        .total_tables(places.saturating_mul(8))
        .total_stacks(places)
        .max_memory_size(usize::try_from(ceilings.memory_bytes).unwrap_or(usize::MAX))
        .table_elements(ceilings.table_elements)
        .max_core_instance_size(MAX_INSTANCE_BYTES)
        .max_component_instance_size(MAX_INSTANCE_BYTES)
        .max_core_instances_per_component(instances)
        .max_memories_per_component(MAX_MEMORIES as u32)
        .max_tables_per_component(MAX_TABLES as u32)
        .max_memories_per_module(2)
        .max_tables_per_module(8)
        .max_unused_warm_slots(places)
        .linear_memory_keep_resident(MEMORY_KEPT_BYTES)
        .table_keep_resident(TABLE_KEPT_BYTES)
        .async_stack_keep_resident(STACK_KEPT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}
