//! Why a component is not taken.

use deskbell_model::manifest::Invalid;

use crate::ceilings::Limit;
use crate::compile::CompileError;

/// Why a component is not taken. The messages are for whoever installs or builds the plugin: they say what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "it is {size_bytes} bytes long, and {limit_bytes} are allowed; build it with optimisation for size and without debug information"
    )]
    TooLarge { size_bytes: u64, limit_bytes: u64 },
    #[error("it is no WebAssembly component but a core module; build it for the target wasm32-wasip2 with the SDK")]
    NoComponent,
    #[error("it is no valid WebAssembly component: {0}")]
    Malformed(String),
    #[error(
        "it carries no manifest; build it with the SDK, which stamps plugin.toml into it, and do not strip custom sections"
    )]
    NoManifest,
    #[error("it carries {0} manifests; call automation! or connector! in the plugin's own crate alone, once")]
    SeveralManifests(usize),
    #[error("its manifest (plugin.toml) is wrong")]
    Manifest(#[from] Invalid),
    #[error("its manifest (plugin.toml) is no UTF-8 text")]
    ManifestEncoding,
    #[error("it was made for contract {wanted}, and this engine speaks {spoken}; {remedy}")]
    Contract { wanted: String, spoken: &'static str, remedy: &'static str },
    #[error("it imports {import}, which this engine does not offer to plugins; {remedy}")]
    Import { import: String, remedy: String },
    #[error("it does not export `{export}`, which a plugin of world \"{world}\" must; {remedy}")]
    Export { export: &'static str, world: &'static str, remedy: &'static str },
    #[error("its imports or exports do not fit the contract that it names: {0}; rebuild it with a released SDK")]
    Types(String),
    #[error("it went over its limit for {limit} ({allowed}) before its first call, needing {used}")]
    LimitAtStart { limit: Limit, allowed: String, used: String },
    #[error("it cannot be started: {0}")]
    Start(String),
    #[error("it cannot be compiled")]
    Compile(#[from] CompileError),
    #[error("the plugin host is shutting down")]
    ShuttingDown,
}
