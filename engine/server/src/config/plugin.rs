//! The plugins that run: `[[plugin]]`.

use std::path::PathBuf;

use deskbell_model::manifest::Grants;
use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::reading::{Problem, Section};
use super::settings::Settings;

/// `[[plugin]]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugin {
    /// As its manifest has it.
    pub(crate) name: String,
    /// A component that is installed from here; none for what ships and what was installed by a command. Relative to
    /// the configuration file.
    pub(crate) component: Option<PathBuf>,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// What it may do and read. None: what its manifest asks for, if it ships with the engine; else nothing.
    pub(crate) grant: Option<Vec<String>>,
    /// The sources that it is for; none for all.
    pub(crate) sources: Option<Vec<String>>,
    /// What it reads as its settings.
    #[serde(default)]
    pub(crate) settings: Settings,
}

impl Plugin {
    /// A plugin that ships, as if `[[plugin]]` had its name alone.
    pub(crate) fn shipped(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            component: None,
            enabled: true,
            grant: None,
            sources: None,
            settings: Settings::default(),
        }
    }
}

const fn yes() -> bool {
    true
}

impl Section for Plugin {
    fn validate(&self, problems: &mut Vec<Problem>) {
        check_name(&self.name, problems);
        if let Err(error) = Grants::only(self.grant.iter().flatten()) {
            problems.push(Problem::new("grant", format!("is wrong: {error}")));
        }
    }
}
