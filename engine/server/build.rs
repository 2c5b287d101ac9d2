//! Compiles the shipped plugins to WebAssembly, into a folder of their own below `target/`, and lists them for the binary.
//!
//! Cargo itself finds out which of them changed, and keeps two builds from using the folder at once.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Where plugins lie, one folder each.
const FOLDERS: [&str; 2] = ["plugins", "plugins/connectors"];
const TARGET: &str = "wasm32-wasip2";

fn main() {
    if let Err(problem) = build() {
        println!("cargo::error={problem}");
    }
}

fn build() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().map_err(|error| format!("the workspace has no root: {error}"))?;
    for watched in ["plugins", "sdk/rust/src", "sdk/rust/Cargo.toml", "sdk/wit"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    let names = names(&root)?;
    let target_dir = target_dir(&root).join("plugins");
    compile(&root, &target_dir, &names)?;
    let mut list = String::from("pub(crate) static SHIPPED: &[(&str, &[u8])] = &[\n");
    for name in &names {
        let file = target_dir.join(TARGET).join("plugin").join(format!("deskbell_plugin_{name}.wasm"));
        if !file.exists() {
            return Err(format!("the build of plugin {name} left no {}", file.display()));
        }
        let _ = writeln!(list, "    ({name:?}, include_bytes!({:?})),", file.display().to_string());
    }
    list.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|error| error.to_string())?);
    fs::write(out.join("shipped.rs"), list).map_err(|error| error.to_string())
}

fn names(root: &Path) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for folder in FOLDERS {
        let entries = fs::read_dir(root.join(folder)).map_err(|error| format!("{folder}: {error}"))?;
        for entry in entries.flatten() {
            if entry.path().join("plugin.toml").exists() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn target_dir(root: &Path) -> PathBuf {
    // The build script's own folder lies in the one that Cargo uses: <target>/<profile>/build/<package>/out.
    let out = env::var("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    out.ancestors()
        .find(|dir| dir.file_name().is_some_and(|name| name == "target"))
        .map_or_else(|| root.join("target"), Path::to_path_buf)
}

/// One after the other, each as a component alone: a library beside it would keep the linker from leaving out what it
/// does not use. What they share is compiled once.
fn compile(root: &Path, target_dir: &Path, names: &[String]) -> Result<(), String> {
    names.iter().try_for_each(|name| compile_one(root, target_dir, name))
}

fn compile_one(root: &Path, target_dir: &Path, name: &str) -> Result<(), String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["rustc", "--quiet", "--locked", "--profile", "plugin", "--target", TARGET]);
    command.args(["--lib", "--crate-type", "cdylib", "-p", &format!("deskbell-plugin-{name}")]);
    command.arg("--target-dir").arg(target_dir);
    // What is meant for the engine's build is not meant for the plugins'.
    for (variable, _) in env::vars() {
        let is_foreign = FOREIGN.contains(&variable.as_str())
            || FOREIGN_BEGINNINGS.iter().any(|beginning| variable.starts_with(beginning));
        if is_foreign {
            command.env_remove(&variable);
        }
    }
    let output = command.output().map_err(|error| format!("cargo did not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    for line in stderr.lines().take(60) {
        println!("cargo::warning={line}");
    }
    let hint = if stderr.contains("may not be installed") {
        format!("; install the target with 'rustup target add {TARGET}'")
    } else {
        String::new()
    };
    Err(format!("the shipped plugin {name} did not compile{hint}"))
}

const FOREIGN: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
];
const FOREIGN_BEGINNINGS: [&str; 3] = ["CARGO_FEATURE_", "CARGO_CFG_", "CARGO_PROFILE_"];
