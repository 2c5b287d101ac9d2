//! The programs under test: the binary `deskbell`, built with its chaos points, and the guests of `tests/guests`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

/// What this run of the tests uses.
pub(crate) struct Run {
    /// The binary, under a name of this run's own: a build meanwhile does not change it.
    pub(crate) deskbell: PathBuf,
    /// A folder for the files of its tests.
    pub(crate) folder: PathBuf,
    keeper: Mutex<ChildStdin>,
}

impl Run {
    pub(crate) fn get() -> &'static Self {
        static RUN: OnceLock<Run> = OnceLock::new();
        RUN.get_or_init(Self::start)
    }

    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("deskbell-tests-run-").tempdir().unwrap().keep();
        let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&own).unwrap();
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", include_str!("keep_folders.sh"), "keep_folders"]).arg(&folder).arg(&own);
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = Mutex::new(keeper.spawn().unwrap().stdin.take().unwrap());
        let deskbell = own.join("deskbell");
        let built = build_deskbell();
        fs::hard_link(&built, &deskbell).or_else(|_| fs::copy(&built, &deskbell).map(drop)).unwrap();
        Self { deskbell, folder, keeper }
    }

    /// Has a process ended that outlives the tests.
    pub(crate) fn keep(&self, pid: u32) {
        writeln!(self.keeper.lock().unwrap(), "{pid}").unwrap();
    }
}

/// The folder of compiled plugins that all engines share, this run's and the next one's: compiling takes seconds each.
pub(crate) fn compiled() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
        folder
    })
}

/// The guests that scenarios use.
pub(crate) const GUESTS: [&str; 9] =
    ["echoes", "gives_up", "loops", "ok", "reads_others_kv", "remembers", CONNECTOR, CONNECTOR_IN_STEPS, STRAY];
/// Of these, the connectors: one whose helpdesk does a repeated action twice.
pub(crate) const CONNECTOR: &str = "sends_once";
/// One that takes several steps and asks what became of them.
pub(crate) const CONNECTOR_IN_STEPS: &str = "connects_in_steps";
/// One that goes where it has no business.
pub(crate) const STRAY: &str = "strays";

/// The component of the guest in `tests/guests/NAME`, which is one of [`GUESTS`].
pub(crate) fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let target = target_folder().join("guests");
        let mut build = cargo();
        build.args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--target-dir"]).arg(&target);
        for name in GUESTS {
            build.args(["-p", &format!("guest-{}", name.replace('_', "-"))]);
        }
        let status = build.current_dir(root().join("tests/guests")).status().unwrap();
        status.success().then(|| target.join("wasm32-wasip2/release"))
    });
    let folder = folder.as_ref().expect("the guests in tests/guests build");
    folder.join(format!("guest_{name}.wasm"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    // What cargo and clippy set for the build of the tests is not meant for these.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(name);
    }
    command
}

/// `target/PROFILE/deps/scenarios-..` is where we are.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().to_owned()
}

fn target_folder() -> PathBuf {
    profile_folder().parent().unwrap().to_owned()
}

fn build_deskbell() -> PathBuf {
    let profile = profile_folder().file_name().unwrap().to_string_lossy().into_owned();
    let output = cargo()
        .args(["build", "-p", "deskbell-server", "--bin", "deskbell", "--features", "chaos", "--profile"])
        .arg(if profile == "debug" { "dev" } else { &profile })
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(target_folder())
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "deskbell does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut messages = stdout.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    built.expect("cargo says where the binary lies")
}
