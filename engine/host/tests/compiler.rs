//! Compiling in a child process. This program is its own child, as the engine's binary is: called with the hidden
//! command it compiles, called without it tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use deskbell_host::{Ceilings, CompileError, Compiler, Host, Options, Refused, compile};
use deskbell_model::manifest::Grants;

type Test = fn(&Path);

const TESTS: &[(&str, Test)] = &[
    ("compiles_in_a_process_of_its_own", compiles_in_a_process_of_its_own),
    ("passes_on_what_the_compiler_says", passes_on_what_the_compiler_says),
    ("says_that_the_compiling_process_was_stopped", says_that_the_compiling_process_was_stopped),
    ("says_that_the_compiling_process_cannot_be_started", says_that_the_compiling_process_cannot_be_started),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, input, output] = arguments.as_slice()
        && command == "compile-plugin"
    {
        return compile_as_child(input, output);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        // What test runners ask for. None of these tests is ignored.
        if !arguments.iter().any(|argument| argument == "--ignored") {
            for (name, _) in TESTS {
                println!("{name}: test");
            }
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    for (name, test) in TESTS {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            let folder = tempfile::tempdir().unwrap();
            test(folder.path());
            println!("test {name} ... ok");
        }
    }
    ExitCode::SUCCESS
}

/// The child. Environment variables do not reach it, so that the name of the output says how it shall fail.
fn compile_as_child(input: &str, output: &str) -> ExitCode {
    if std::env::vars().any(|(name, _)| name != "DESKBELL_COMPILE_FUEL") {
        eprintln!("the child has an environment");
        return ExitCode::FAILURE;
    }
    if output.contains("/stopped/") {
        std::process::abort();
    }
    match compile(Path::new(input), Path::new(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn load(cache_dir: PathBuf, exe: PathBuf, count_fuel: bool) -> Result<(), Refused> {
    let options = Options {
        cache_dir,
        max_concurrent_calls: 2,
        ceilings: Ceilings::default(),
        count_fuel,
        compiler: Compiler::ChildProcess(exe),
    };
    let host = Host::new(options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(host.load(component(), Grants::AsAsked)).map(drop)
}

fn component() -> Arc<[u8]> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
    let built = target.join("wasm32-wasip2/release/guest_ok.wasm");
    let status = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--package", "guest-ok", "--target-dir"])
        .arg(&target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .status();
    assert!(status.unwrap().success());
    std::fs::read(built).unwrap().into()
}

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn compiles_in_a_process_of_its_own(folder: &Path) {
    for count_fuel in [false, true] {
        load(folder.join("code"), this_program(), count_fuel).unwrap();
    }
    let names = std::fs::read_dir(folder.join("code")).unwrap();
    let mut endings: Vec<String> =
        names.map(|entry| entry.unwrap().path().extension().unwrap().to_string_lossy().into_owned()).collect();
    endings.sort();
    assert_eq!(endings, ["cwasm", "cwasm", "sha256", "sha256"], "temporary files are left, or code is missing");
}

fn passes_on_what_the_compiler_says(folder: &Path) {
    let input = folder.join("in.wasm");
    std::fs::write(&input, b"no component").unwrap();
    let program = std::process::Command::new(this_program())
        .env_clear()
        .arg("compile-plugin")
        .args([&input, &folder.join("out")])
        .output()
        .unwrap();
    assert!(!program.status.success());
    let complaint = String::from_utf8(program.stderr).unwrap();
    assert!(complaint.contains("no valid WebAssembly component"), "{complaint}");
}

fn says_that_the_compiling_process_was_stopped(folder: &Path) {
    match load(folder.join("stopped"), this_program(), false) {
        Err(Refused::Compile(CompileError::Stopped { .. })) => {}
        other => panic!("{other:?}"),
    }
}

fn says_that_the_compiling_process_cannot_be_started(folder: &Path) {
    match load(folder.join("code"), folder.join("nobody"), false) {
        Err(Refused::Compile(CompileError::Spawn { exe, .. })) => assert!(exe.ends_with("nobody"), "{exe}"),
        other => panic!("{other:?}"),
    }
}
