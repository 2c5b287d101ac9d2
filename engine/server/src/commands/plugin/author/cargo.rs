//! Cargo, called in a plugin's folder. What it says goes to stderr: stdout is for what the command found.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use serde::Deserialize;

const TARGET: &str = "wasm32-wasip2";

/// A plugin's crate.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Where its component lies once it is built.
    pub(super) component: PathBuf,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Package {
    /// The crate in a folder.
    pub(super) fn of(folder: &Path) -> anyhow::Result<Self> {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            bail!(
                "{} has no Cargo.toml; name the folder of a plugin, or write a new one with `deskbell plugin new NAME`",
                folder.display()
            );
        }
        let manifest = manifest.canonicalize().with_context(|| format!("{} cannot be found", manifest.display()))?;
        let folder = manifest.parent().unwrap_or(folder).to_path_buf();
        let asking =
            cargo(&folder).args(["metadata", "--no-deps", "--format-version", "1"]).stderr(Stdio::inherit()).output();
        let output = asking.context(NO_CARGO)?;
        if !output.status.success() {
            bail!("cargo cannot make sense of {}; it said why above", manifest.display());
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("`cargo metadata` said something unexpected")?;
        Self::described(metadata, &manifest, folder)
    }

    fn described(metadata: Metadata, manifest: &Path, folder: PathBuf) -> anyhow::Result<Self> {
        let own = metadata.packages.into_iter().find(|package| {
            package.manifest_path == manifest || package.manifest_path.canonicalize().is_ok_and(|path| path == manifest)
        });
        let Some(package) = own else {
            bail!("{} describes no crate; name the folder of one plugin", manifest.display());
        };
        let makes_component = |target: &&Target| target.crate_types.iter().any(|kind| kind == "cdylib");
        let Some(target) = package.targets.iter().find(makes_component) else {
            bail!("{} makes no component; add under [lib] the line crate-type = [\"cdylib\"]", manifest.display());
        };
        let file = format!("{}.wasm", target.name.replace('-', "_"));
        let component = metadata.target_directory.join(TARGET).join("release").join(file);
        Ok(Self { name: package.name, component, folder })
    }

    /// Compiles it to a component.
    pub(super) fn build(&self) -> anyhow::Result<()> {
        if self.run(&["build", "--target", TARGET, "--release"])? {
            return Ok(());
        }
        if !self.has_target() {
            bail!("Rust's target for components is missing; install it with `rustup target add {TARGET}`");
        }
        bail!("{} does not compile; cargo said why above", self.name)
    }

    /// Runs its own tests, natively.
    pub(super) fn test(&self) -> anyhow::Result<()> {
        if self.run(&["test"])? {
            return Ok(());
        }
        bail!("the tests of {} do not pass; cargo said why above", self.name)
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<bool> {
        let status = cargo(&self.folder).args(arguments).stdout(std::io::stderr()).status();
        Ok(status.context(NO_CARGO)?.success())
    }

    /// Whether the standard library for components is there. Only asked after a failure: it costs a process.
    fn has_target(&self) -> bool {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
        let asking = Command::new(rustc)
            .current_dir(&self.folder)
            .args(["--print", "target-libdir", "--target", TARGET])
            .output();
        asking.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
    }

    /// A file of the crate that has been changed since the component was built.
    pub(super) fn newer_source(&self) -> Option<PathBuf> {
        let built_at = changed_at(&self.component)?;
        let own = ["Cargo.toml", "plugin.toml"].map(|file| self.folder.join(file));
        let mut files: Vec<PathBuf> = own.into();
        collect(&self.folder.join("src"), &mut files);
        files.into_iter().find(|file| changed_at(file).is_some_and(|at| at > built_at))
    }
}

const NO_CARGO: &str = "cargo cannot be started; install Rust from https://rustup.rs";

/// Cargo in a folder; the one that runs this program, where one does.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(folder);
    command
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(crate_types: &str, manifest: &str, expected: &str) {
        let metadata = format!(
            r#"{{
                "packages": [
                    {{ "name": "other", "manifest_path": "/w/other/Cargo.toml", "targets": [] }},
                    {{ "name": "urgent-tag", "manifest_path": "/w/tag/Cargo.toml",
                       "targets": [{{ "name": "urgent-tag", "crate_types": {crate_types} }}] }}
                ],
                "target_directory": "/w/target"
            }}"#
        );
        let metadata = serde_json::from_str(&metadata).unwrap();
        let described = Package::described(metadata, Path::new(manifest), PathBuf::from("/w/tag"));
        let actual =
            described.map_or_else(|error| error.to_string(), |package| package.component.display().to_string());
        assert!(actual.contains(expected), "{actual}");
    }

    #[test]
    fn the_component_lies_where_cargo_puts_it() {
        let manifest = "/w/tag/Cargo.toml";
        check(r#"["cdylib", "rlib"]"#, manifest, "/w/target/wasm32-wasip2/release/urgent_tag.wasm");
        check(r#"["lib"]"#, manifest, "crate-type = [\"cdylib\"]");
        check(r#"["cdylib"]"#, "/w/Cargo.toml", "describes no crate");
    }

    #[test]
    fn a_folder_without_a_crate_is_no_plugin() {
        let folder = tempfile::tempdir().unwrap();
        let error = Package::of(folder.path()).unwrap_err();
        assert!(error.to_string().contains("deskbell plugin new"), "{error}");
    }
}
