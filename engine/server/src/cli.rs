//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A WebAssembly plugin-driven automation engine for helpdesks.
///
/// Deskbell receives your helpdesk's webhooks, has sandboxed plugins decide what to do, makes sure that each decision
/// takes effect once, writes it back, and can explain it afterwards.
#[derive(Debug, Parser)]
#[command(name = "deskbell", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The engine's configuration.
    #[arg(long, global = true, value_name = "FILE", default_value = "deskbell.toml")]
    pub(crate) config: PathBuf,
    /// Where the private database, the secret key and compiled plugins are kept.
    #[arg(long, global = true, value_name = "DIR", env = "DESKBELL_DATA_DIR", default_value = "deskbell-data")]
    pub(crate) data_dir: PathBuf,
    /// How much is logged, on stderr: error, warn, info, debug, or directives such as `deskbell_workers=debug`.
    #[arg(long, global = true, value_name = "LEVEL", env = "DESKBELL_LOG", default_value = "warn")]
    pub(crate) log: String,
    /// Log as JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) log_json: bool,
}

/// How a command prints what it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the engine.
    Serve(crate::commands::serve::Arguments),
    /// Start an engine with a simulated helpdesk, to see it all work.
    Demo(crate::commands::demo::Arguments),
    /// Write a commented deskbell.toml.
    Init(crate::commands::init::Arguments),
    /// Check configuration, plugins, grants and database, and say what to do.
    Check(crate::commands::check::Arguments),
    /// Load history: canonical events, one a line (.gz too).
    Import(crate::commands::import::Arguments),
    /// Tell a ticket's whole story.
    Explain(crate::commands::explain::Arguments),
    /// Manage plugins: new, build, test, run, check, install, list, logs, rollback.
    Plugin(crate::commands::plugin::Arguments),
    /// Look at the accounts that webhooks come from.
    Source(crate::commands::source::Arguments),
    /// Manage the secrets of sources and destinations.
    Secret(crate::commands::secret::Arguments),
    /// Manage tokens for the HTTP API.
    Token(crate::commands::token::Arguments),
    /// Look at what could not be done, and have it tried again.
    DeadLetters(crate::commands::dead_letters::Arguments),
    /// Reckon with business calendars.
    Calendar(crate::commands::calendar::Arguments),
    /// Reckon with schedules.
    Schedule(crate::commands::schedule::Arguments),
    /// Print the figures of a period.
    Kpi(crate::commands::kpi::Arguments),
    /// Make, look at and send reports.
    Report(crate::commands::report::Arguments),
    /// Look at service level clocks.
    Sla(crate::commands::sla::Arguments),
    /// Put a running engine under signed load.
    Bench(crate::commands::bench::Arguments),
    /// A simulated helpdesk alone.
    #[command(hide = true)]
    Simulate(crate::commands::simulate::Arguments),
    /// Say where the programs of a Postgres are, fetched into FOLDER if the machine has none. For the tests.
    #[command(hide = true)]
    PostgresPrograms { folder: PathBuf },
    /// Compile a component, in a process of its own.
    #[command(hide = true)]
    CompilePlugin { input: PathBuf, output: PathBuf },
}
