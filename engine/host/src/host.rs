//! The host: one engine, one thread that advances its epoch, one number of places for calls.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbell_model::manifest::Grants;
use tokio::sync::{Mutex, Semaphore};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::cache::{Cache, Verified};
use crate::ceilings::Ceilings;
use crate::compile::{self, CompileError};
use crate::engine;
use crate::inspect::Inspected;
use crate::linking;
use crate::meter::TICK;
use crate::plugin::Plugin;
use crate::refused::Refused;
use crate::state::State;

/// How a host is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where compiled plugins are kept. Made, for the engine's user alone, where it is missing.
    pub cache_dir: PathBuf,
    /// How many calls run at a time; more wait. Four for each core is plenty.
    pub max_concurrent_calls: usize,
    pub ceilings: Ceilings,
    /// Whether instructions are counted and reported. Slower; for `plugin run` and `plugin test`.
    pub count_fuel: bool,
    pub compiler: Compiler,
}

/// Where plugins are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// In a process of its own with limits: this program, called with `compile-plugin IN OUT`, for which it must call [`crate::compile`].
    ChildProcess(PathBuf),
    /// In this process, for tests and tools that trust what they compile.
    InProcess,
}

/// Why there is no host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the folder of compiled plugins, {path}, cannot be used")]
    Cache { path: String, source: std::io::Error },
    #[error("wasmtime does not start: {0}")]
    Engine(String),
    #[error("the thread that stops overlong plugin calls cannot be started")]
    Ticker(#[source] std::io::Error),
    #[error("max_concurrent_calls is {0}; it must be between 1 and {MAX_CONCURRENT_CALLS}")]
    Calls(usize),
}

/// More calls than this at a time are a mistake; each reserves address space.
const MAX_CONCURRENT_CALLS: usize = 1024;

/// The plugin host. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) ceilings: Ceilings,
    pub(crate) count_fuel: bool,
    pub(crate) places: Semaphore,
    pub(crate) n_places: usize,
    cache: Cache,
    compiler: Compiler,
    is_pooled: bool,
    /// One compilation at a time: each takes all the cores that it gets.
    compiling: Mutex<()>,
}

impl Host {
    /// Starts a host. It needs a tokio runtime with time for its calls, not yet here.
    pub fn new(options: Options) -> Result<Self, Error> {
        let n_places = options.max_concurrent_calls;
        if !(1..=MAX_CONCURRENT_CALLS).contains(&n_places) {
            return Err(Error::Calls(n_places));
        }
        let path = || options.cache_dir.display().to_string();
        let cache = Cache::open(&options.cache_dir).map_err(|source| Error::Cache { path: path(), source })?;
        let wrong = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        let (engine, is_pooled) = engine::serving(n_places, &options.ceilings, options.count_fuel).map_err(wrong)?;
        let linker = linking::linker(&engine).map_err(wrong)?;
        start_ticker(&engine).map_err(Error::Ticker)?;
        let inner = Inner {
            engine,
            linker,
            ceilings: options.ceilings,
            count_fuel: options.count_fuel,
            places: Semaphore::new(n_places),
            n_places,
            cache,
            compiler: options.compiler,
            is_pooled,
            compiling: Mutex::new(()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a plugin of a component: checks it, compiles it or finds its code in the cache, links it, and starts it
    /// once on trial without calling it.
    pub async fn load(&self, bytes: Arc<[u8]>, grants: Grants) -> Result<Plugin, Refused> {
        let inspecting = {
            let bytes = Arc::clone(&bytes);
            tokio::task::spawn_blocking(move || Self::inspect(&bytes))
        };
        let inspected = inspecting.await.map_err(|_| Refused::ShuttingDown)??;
        let component = self.component(bytes, &inspected).await?;
        Plugin::link(self.clone(), component, inspected, grants).await
    }

    /// Whether instances come from a pool. Where they do not, calls are slower and the log said why.
    pub fn is_pooled(&self) -> bool {
        self.inner.is_pooled
    }

    /// How many calls are under way.
    pub fn calls_under_way(&self) -> usize {
        self.inner.n_places.saturating_sub(self.inner.places.available_permits())
    }

    /// What no plugin's call may exceed.
    pub fn ceilings(&self) -> &Ceilings {
        &self.inner.ceilings
    }

    async fn component(&self, bytes: Arc<[u8]>, inspected: &Inspected) -> Result<Component, Refused> {
        let name = Cache::name(&inspected.digest, &self.inner.engine);
        if let Some(component) = self.cached(&name).await? {
            return Ok(component);
        }
        let _only_one = self.inner.compiling.lock().await;
        if let Some(component) = self.cached(&name).await? {
            return Ok(component); // Somebody else compiled it while this one waited.
        }
        let code = match &self.inner.compiler {
            Compiler::ChildProcess(exe) => {
                compile::in_child(exe, bytes, &self.inner.cache, self.inner.count_fuel).await?
            }
            Compiler::InProcess => {
                let engine = self.inner.engine.clone();
                let compiling = tokio::task::spawn_blocking(move || engine.precompile_component(&bytes));
                let compiled = compiling.await.map_err(|_| CompileError::Cancelled)?;
                compiled.map_err(|error| CompileError::Compiler(format!("{error:#}")))?
            }
        };
        self.keep(name, code).await
    }

    async fn cached(&self, name: &str) -> Result<Option<Component>, Refused> {
        let (host, name) = (self.clone(), name.to_owned());
        let loading = move || match host.inner.cache.get(&name)?.load(&host.inner.engine) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(
                    code.name = name,
                    error = format!("{error:#}"),
                    "compiled plugin code cannot be loaded; compiling it again"
                );
                None
            }
        };
        tokio::task::spawn_blocking(loading).await.map_err(|_| Refused::ShuttingDown)
    }

    /// Keeps code on disk and makes it callable. A full disk is no reason not to run a plugin.
    async fn keep(&self, name: String, code: Vec<u8>) -> Result<Component, Refused> {
        let host = self.clone();
        let keeping = move || {
            let (cache, engine) = (&host.inner.cache, &host.inner.engine);
            if let Err(error) = cache.put(&name, &code) {
                tracing::warn!(code.name = name, %error, "compiled plugin code is not kept; it will be compiled again");
            } else if let Some(Ok(component)) = cache.get(&name).map(|kept| kept.load(engine)) {
                return Ok(component);
            }
            Verified::Fresh(code).load(engine).map_err(|error| Refused::Start(format!("{error:#}")))
        };
        tokio::task::spawn_blocking(keeping).await.map_err(|_| Refused::ShuttingDown)?
    }
}

/// Advances the epoch until the engine is gone. A thread and not a task: a runtime whose workers are all busy with
/// plugins is what the epoch is for.
fn start_ticker(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        loop {
            std::thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    };
    std::thread::Builder::new().name("plugin-ticker".to_owned()).spawn(tick).map(drop)
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("n_places", &self.inner.n_places)
            .field("is_pooled", &self.inner.is_pooled)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// How long a call waits for its turn.
    pub(crate) const fn patience(&self) -> Duration {
        self.ceilings.patience
    }
}
