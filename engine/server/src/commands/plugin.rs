//! `deskbell plugin`: from a new folder to an installed plugin, and what installed plugins did.

use std::path::PathBuf;

use crate::cli::{Common, Format};

pub(super) mod author;
mod installed;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Write a new plugin that builds and passes its test at once.
    New {
        /// The plugin's name and its folder's: lower-case letters, digits and -.
        name: String,
        /// What it is to be.
        #[arg(long, value_enum, default_value_t)]
        world: author::Kind,
    },
    /// Compile the plugin in a folder to a component.
    Build {
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Run the plugin's own tests, then its fixtures against the real component under production limits.
    Test {
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Call a plugin on one event and print what it decides, logs and uses.
    Run {
        /// A component, or the folder of a plugin that has been built.
        #[arg(default_value = ".")]
        plugin: PathBuf,
        /// A fixture, or an event (of a reporter: a request) alone, as JSON.
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
        /// The plugin's settings as JSON; those of the fixture where it has some.
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Check a component: contract, what it asks for, whether it starts.
    Check { component: PathBuf },
    /// Keep a component in the database, so that every engine process runs it.
    Install { component: PathBuf },
    /// List the plugins that ship and those that are installed.
    List {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show what plugins were called for lately, what they decided and logged.
    Logs {
        /// This plugin alone.
        name: Option<String>,
        /// Calls of so many hours.
        #[arg(long, default_value_t = 24)]
        hours: u32,
        #[arg(long, default_value_t = 50)]
        limit: i64,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Go back to the version that was installed before, or to the one that ships.
    Rollback { name: String },
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.verb {
        Verb::New { name, world } => author::new(&name, world),
        Verb::Build { folder } => author::build(&folder),
        Verb::Test { folder } => author::test(common, &folder).await,
        Verb::Run { plugin, event, settings, format } => {
            author::run(common, &plugin, &event, settings.as_deref(), format).await
        }
        Verb::Check { component } => installed::check(common, &component).await,
        Verb::Install { component } => installed::install(common, &component).await,
        Verb::List { format } => installed::list(common, format).await,
        Verb::Logs { name, hours, limit, format } => {
            installed::logs(common, name.as_deref(), hours, limit, format).await
        }
        Verb::Rollback { name } => installed::rollback(common, &name).await,
    }
}
