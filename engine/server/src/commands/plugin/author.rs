//! The author's side: from a new folder to a component that does what its fixtures say.
//!
//! `new` and `build` need no engine. `test` and `run` call the real component in a host of their own: the configuration's
//! ceilings and the manifest's limits hold, and instructions are counted besides.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use deskbell_host::{Ceilings, Compiler, Host, Inspected, Plugin};
use deskbell_model::calendar::Book;
use deskbell_model::manifest::Grants;

use crate::cli::{Common, Format};
use crate::commands::output::line;
use crate::commands::{WrongUse, configuration};
use crate::{shipped, wiring};
use cargo::Package;
use fixture::Fixture;

mod as_json;
mod calling;
mod cargo;
mod comparing;
mod fixture;
mod reads;
mod report;
pub(in crate::commands) mod sample;
mod scaffold;
mod testing;

pub(super) use scaffold::Kind;

/// Writes a new plugin.
pub(super) fn new(name: &str, kind: Kind) -> anyhow::Result<()> {
    scaffold::check_name(name)?;
    let files = scaffold::write(Path::new(""), kind, name, &scaffold::sdk()?)?;
    for file in files {
        line(&file.display().to_string())?;
    }
    if shipped::component(name).is_some() {
        eprintln!("A plugin named {name} ships with Deskbell; where yours is installed it takes that one's place.");
    }
    eprintln!(
        "Next:\n\n    cd {name}\n    deskbell plugin test\n    deskbell plugin run --event {}\n\n\
         The plugin is in src/lib.rs; what it is called for and asks for is in plugin.toml.",
        kind.fixture()
    );
    Ok(())
}

/// Compiles a plugin and says what came out.
pub(super) fn build(folder: &Path) -> anyhow::Result<()> {
    let package = Package::of(folder)?;
    let (_, inspected) = built(&package)?;
    let component = short(&package.component);
    line(&component.display().to_string())?;
    line(&format!("{} bytes", inspected.size_bytes))?;
    line(&format!("sha256 {}", inspected.digest))?;
    eprintln!(
        "Next: `deskbell plugin test{}`, and once it passes `deskbell plugin install {}`.",
        argument(folder),
        component.display()
    );
    Ok(())
}

/// Runs a plugin's own tests, then its fixtures against its component.
pub(super) async fn test(common: &Common, folder: &Path) -> anyhow::Result<()> {
    let package = Package::of(folder)?;
    package.test()?;
    let (bytes, _) = built(&package)?;
    let workbench = Workbench::new(common, bytes).await?;
    let fixtures = testing::fixtures(folder)?;
    if fixtures.is_empty() {
        eprintln!(
            "There are no fixtures in {}; the SDK's README says what one looks like.",
            folder.join(testing::FOLDER).display()
        );
    }
    let mut n_failed = 0;
    for path in &fixtures {
        let checked = testing::check(&workbench, path).await;
        line(&checked.to_string())?;
        n_failed += usize::from(!checked.has_passed());
    }
    line(&format!("{} passed, {n_failed} failed", fixtures.len() - n_failed))?;
    match n_failed {
        0 => Ok(()),
        _ => bail!("{n_failed} of {} fixtures failed", fixtures.len()),
    }
}

/// Calls a plugin once and says what came of it.
pub(super) async fn run(
    common: &Common,
    plugin: &Path,
    event: &Path,
    settings: Option<&Path>,
    format: Format,
) -> anyhow::Result<()> {
    if format == Format::Csv {
        return Err(WrongUse("what a call does is no single table; take --format table or json".to_owned()).into());
    }
    let workbench = Workbench::new(common, component(plugin)?).await?;
    let mut fixture = Fixture::read_loosely(event, workbench.plugin.manifest().world)?;
    if let Some(path) = settings {
        fixture.replace_settings(fixture::read_json(path)?);
    }
    let case = workbench.case(&fixture).with_context(|| format!("{} cannot be used", event.display()))?;
    let outcome = calling::call(&workbench.plugin, &case).await;
    match format {
        Format::Json => line(&report::json(&workbench, &outcome)?)?,
        Format::Table | Format::Csv => line(&report::text(&workbench, &outcome))?,
    }
    match outcome.made {
        Ok(_) => Ok(()),
        // What failed, and how, stands with everything else that came of the call.
        Err(failure) => bail!("the call failed ({})", failure.kind()),
    }
}

/// A plugin under the limits that hold in the engine, and what else fixtures are run with.
struct Workbench {
    plugin: Plugin,
    ceilings: Ceilings,
    calendars: Arc<Book>,
    /// The compiled code lies here, and goes with it.
    _cache: tempfile::TempDir,
}

impl Workbench {
    async fn new(common: &Common, component: Arc<[u8]>) -> anyhow::Result<Self> {
        let config = configuration(common)?;
        let cache = tempfile::tempdir().context("there is no folder for temporary files")?;
        let host = wiring::host_with(&config, cache.path(), Compiler::InProcess, true)?;
        let plugin = host.load(component, Grants::AsAsked).await.context("the component cannot be used")?;
        Ok(Self {
            plugin,
            ceilings: host.ceilings().clone(),
            calendars: Arc::new(wiring::calendars(&config)?),
            _cache: cache,
        })
    }

    fn case(&self, fixture: &Fixture) -> anyhow::Result<fixture::Case> {
        fixture.case(self.plugin.manifest().world, &self.calendars)
    }
}

/// Compiles a plugin and reads what its component says of itself.
fn built(package: &Package) -> anyhow::Result<(Arc<[u8]>, Inspected)> {
    package.build()?;
    let path = &package.component;
    let bytes = read(path)
        .with_context(|| format!("the build of {} did not leave its component where cargo said", package.name))?;
    let inspected = Host::inspect(&bytes).with_context(|| format!("{} cannot be used", short(path).display()))?;
    Ok((bytes, inspected))
}

/// The component that `plugin run` was pointed at: a file, a folder that has been built, or a plugin that ships.
fn component(plugin: &Path) -> anyhow::Result<Arc<[u8]>> {
    if plugin.is_dir() {
        let package = Package::of(plugin)?;
        if !package.component.exists() {
            bail!("{} is not built yet; run `deskbell plugin build{}`", package.name, argument(plugin));
        }
        if let Some(newer) = package.newer_source() {
            eprintln!(
                "Note: {} is newer than the component; `deskbell plugin build{}` brings it up to date.",
                short(&newer).display(),
                argument(plugin)
            );
        }
        return read(&package.component);
    }
    let shipped = plugin.to_str().filter(|_| !plugin.exists()).and_then(shipped::component);
    match shipped {
        Some(component) => Ok(Arc::from(component)),
        None => read(plugin),
    }
}

fn read(path: &Path) -> anyhow::Result<Arc<[u8]>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Arc::from(bytes))
}

/// A path as it is seen from here.
fn short(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_path_buf()
}

/// A folder as the argument of a command that takes `.` where it has none.
fn argument(folder: &Path) -> String {
    match folder.to_str() {
        Some("." | "") => String::new(),
        _ => format!(" {}", folder.display()),
    }
}
