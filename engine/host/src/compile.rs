//! Turning components into machine code.
//!
//! A compiler can be made to use much time and memory by input made for that, and wasmtime does not count this as a
//! fault of its own. So the engine compiles in a child process with limits, one at a time and never while a webhook
//! waits. The child is the engine's own binary with a hidden command that calls [`compile`].

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::process::Command;
use wasmtime::Engine;

use crate::cache::{Cache, write_new};
use crate::engine;
use crate::inspect;

/// The hidden command, followed by the paths of the component and of the code to be written.
const COMMAND: &str = "compile-plugin";

/// Tells the child that its code shall count instructions.
const FUEL_VARIABLE: &str = "DESKBELL_COMPILE_FUEL";

/// The child's limits. The largest components, interpreters with their libraries, take 20 s and 2 GiB.
const MAX_CPU_SECONDS: u64 = 300;
const MAX_ADDRESS_SPACE_BYTES: u64 = 8 << 30;
const MAX_FILE_BYTES: u64 = 512 << 20;
const MAX_OPEN_FILES: u64 = 64;
const MAX_WALL: Duration = Duration::from_mins(10);

/// How much of the child's complaint is passed on.
const MAX_COMPLAINT_BYTES: usize = 2048;

/// Why a component could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("{doing} {path} failed")]
    File { doing: &'static str, path: String, source: io::Error },
    #[error("the limits of the compiling process cannot be set")]
    Limits(#[source] nix::Error),
    #[error("the compiler refuses it: {0}")]
    Compiler(String),
    #[error("the compiling process cannot be started from {exe}")]
    Spawn { exe: String, source: io::Error },
    #[error("the compiling process took longer than {} s; the component is too large or made to be slow", MAX_WALL.as_secs())]
    Timeout,
    #[error(
        "the compiling process was stopped ({status}), probably by its limits for time or memory; the component is too large or made to be slow"
    )]
    Stopped { status: ExitStatus },
    #[error("the compiling process failed: {complaint}")]
    Child { complaint: String },
    #[error("the compiling task was cancelled")]
    Cancelled,
}

/// What the hidden command `compile-plugin IN OUT` does: limits its own process, compiles the component at `input`, and
/// writes the code to `output`, which must not exist. Meant for a process of its own: the limits stay.
pub fn compile(input: &Path, output: &Path) -> Result<(), CompileError> {
    limit_this_process().map_err(CompileError::Limits)?;
    let file = |doing, path: &Path| {
        let path = path.display().to_string();
        move |source| CompileError::File { doing, path, source }
    };
    let bytes = std::fs::read(input).map_err(file("reading", input))?;
    inspect::validate(&bytes).map_err(|refused| CompileError::Compiler(refused.to_string()))?;
    let count_fuel = std::env::var_os(FUEL_VARIABLE).is_some();
    let code = Engine::new(&engine::code(count_fuel))
        .and_then(|engine| engine.precompile_component(&bytes))
        .map_err(|error| CompileError::Compiler(format!("{error:#}")))?;
    write_new(output, &code).map_err(file("writing", output))
}

fn limit_this_process() -> nix::Result<()> {
    for (resource, limit) in [
        (Resource::RLIMIT_CPU, MAX_CPU_SECONDS),
        (Resource::RLIMIT_AS, MAX_ADDRESS_SPACE_BYTES),
        (Resource::RLIMIT_FSIZE, MAX_FILE_BYTES),
        (Resource::RLIMIT_NOFILE, MAX_OPEN_FILES),
        (Resource::RLIMIT_CORE, 0),
    ] {
        let (_, allowed) = getrlimit(resource)?;
        let limit = limit.min(allowed);
        setrlimit(resource, limit, limit)?;
    }
    Ok(())
}

/// Compiles in a child process, which is `exe` with the hidden command. Input and output pass through the cache's folder.
pub(crate) async fn in_child(
    exe: &Path,
    bytes: Arc<[u8]>,
    cache: &Cache,
    count_fuel: bool,
) -> Result<Vec<u8>, CompileError> {
    let input = Temporary(cache.temporary("wasm"));
    let output = Temporary(cache.temporary("out"));
    let file = |doing, path: &Path| {
        let path = path.display().to_string();
        move |source| CompileError::File { doing, path, source }
    };
    let path = input.0.clone();
    let written = tokio::task::spawn_blocking(move || write_new(&path, &bytes)).await;
    written.map_err(|_| CompileError::Cancelled)?.map_err(file("writing", &input.0))?;
    let mut command = Command::new(exe);
    command.arg(COMMAND).arg(&input.0).arg(&output.0);
    // Nothing of the engine's environment is the child's business, least of all its secrets.
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    if count_fuel {
        command.env(FUEL_VARIABLE, "1");
    }
    let spawned = |source| CompileError::Spawn { exe: exe.display().to_string(), source };
    let child = command.spawn().map_err(spawned)?;
    let finished = tokio::time::timeout(MAX_WALL, child.wait_with_output()).await;
    let finished = finished.map_err(|_| CompileError::Timeout)?.map_err(spawned)?;
    if !finished.status.success() {
        return Err(complaint(finished.status, &finished.stderr));
    }
    tokio::fs::read(&output.0).await.map_err(file("reading", &output.0))
}

fn complaint(status: ExitStatus, stderr: &[u8]) -> CompileError {
    if status.code().is_none() {
        return CompileError::Stopped { status };
    }
    let start = stderr.get(..MAX_COMPLAINT_BYTES).unwrap_or(stderr);
    let text = String::from_utf8_lossy(start).trim().to_owned();
    let complaint = if text.is_empty() { status.to_string() } else { text };
    CompileError::Child { complaint }
}

/// A file that goes away with its owner.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
