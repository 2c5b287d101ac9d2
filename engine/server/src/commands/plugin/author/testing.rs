//! A plugin's fixtures against its component.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use deskbell_model::plugin::{LogLine, Usage};

use super::fixture::Fixture;
use super::{Workbench, calling, comparing, report};

/// Where a plugin's fixtures lie.
pub(super) const FOLDER: &str = "fixtures";

/// The fixtures of a plugin's folder, by name.
pub(super) fn fixtures(plugin: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = plugin.join(FOLDER);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = || format!("cannot read {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What came of a fixture.
pub(super) struct Checked {
    name: String,
    /// How it differs from what it should be.
    differences: Vec<String>,
    /// The most that one call used, where there was a call.
    usage: Option<Usage>,
    log: Vec<LogLine>,
}

/// Calls the plugin with a fixture and compares.
pub(super) async fn check(workbench: &Workbench, path: &Path) -> Checked {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let prepared = Fixture::read(path).and_then(|fixture| {
        let case = workbench.case(&fixture)?;
        let expect = fixture.expect.context("it has no `expect`")?;
        Ok((case, expect))
    });
    let (case, expect) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Checked { name, differences: vec![format!("{error:#}")], usage: None, log: Vec::new() },
    };
    let outcome = calling::call(&workbench.plugin, &case).await;
    Checked {
        name,
        differences: comparing::differences(&expect, &outcome),
        usage: Some(outcome.usage),
        log: outcome.log,
    }
}

impl Checked {
    pub(super) fn has_passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.has_passed() { "passed" } else { "FAILED" };
        write!(f, "{word}  {:<40}", self.name)?;
        if let Some(usage) = &self.usage {
            write!(f, "  {}", report::in_short(usage))?;
        }
        if self.has_passed() {
            return Ok(());
        }
        for difference in &self.differences {
            write!(f, "\n        {}", difference.replace('\n', "\n        "))?;
        }
        for line in &self.log {
            write!(f, "\n        log {}: {}", line.level, line.message)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "testing/tests.rs"]
mod tests;
