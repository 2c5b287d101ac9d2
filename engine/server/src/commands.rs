//! The commands, one file each. Output that is data goes to stdout, talk to stderr.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use deskbell_store::{Connections, Store};

use crate::cli::{Cli, Command, Common};
use crate::config::Config;
use crate::postgres::{Database, Options};

pub(crate) mod bench;
pub(crate) mod calendar;
pub(crate) mod check;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod kpi;
pub(crate) mod output;
pub(crate) mod plugin;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod sla;
pub(crate) mod source;
pub(crate) mod token;

/// Wrong use of a command, as opposed to work that failed: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUse(pub(crate) String);

/// 2 for wrong use, 1 for work that failed.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<WrongUse>().is_some() { 2 } else { 1 }
}

/// The whole chain: what went wrong, with which thing, because of what. Some errors say themselves what their cause says.
pub(crate) fn told(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |told, cause| {
        let cause = cause.to_string();
        if told.ends_with(&cause) { told } else { format!("{told}: {cause}") }
    })
}

/// Runs a command.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let common = cli.common;
    match cli.command {
        Command::Serve(arguments) => serve::run(&common, arguments).await,
        Command::Demo(arguments) => demo::run(&common, arguments).await,
        Command::Init(arguments) => init::run(&common, &arguments),
        Command::Check(arguments) => check::run(&common, arguments).await,
        Command::Import(arguments) => import::run(&common, arguments).await,
        Command::Explain(arguments) => explain::run(&common, arguments).await,
        Command::Plugin(arguments) => plugin::run(&common, arguments).await,
        Command::Source(arguments) => source::run(&common, arguments).await,
        Command::Secret(arguments) => secret::run(&common, arguments).await,
        Command::Token(arguments) => token::run(&common, arguments).await,
        Command::DeadLetters(arguments) => dead_letters::run(&common, arguments).await,
        Command::Calendar(arguments) => calendar::run(&common, arguments),
        Command::Schedule(arguments) => schedule::run(&common, arguments).await,
        Command::Kpi(arguments) => Box::pin(kpi::run(&common, arguments)).await,
        Command::Report(arguments) => report::run(&common, arguments).await,
        Command::Sla(arguments) => sla::run(&common, arguments).await,
        Command::Bench(arguments) => bench::run(&common, arguments).await,
        Command::Simulate(arguments) => simulate::run(arguments).await,
        Command::PostgresPrograms { folder } => {
            println!("{}", crate::postgres::programs_for(&folder).await?.display());
            Ok(())
        }
        Command::CompilePlugin { input, output } => {
            deskbell_host::compile(&input, &output).context("the component does not compile")
        }
    }
}

/// The configuration of `--config`; where that is the default one and there is no such file, the defaults.
pub(crate) fn configuration(common: &Common) -> anyhow::Result<Config> {
    if common.config == Path::new("deskbell.toml") && !common.config.exists() {
        return Ok(Config::parse("", &common.config).map_err(crate::config::Error::Mistakes)?);
    }
    let config = Config::load(&common.config)?;
    // What the file says of calendars and policies is read by other code; no command goes on with a file that is wrong.
    let calendars = crate::wiring::calendars(&config).with_context(|| common.config.display().to_string())?;
    crate::wiring::policies(&config, &calendars).with_context(|| common.config.display().to_string())?;
    Ok(config)
}

/// The database, brought to this version's tables: that of `DATABASE_URL`, or the private cluster, which a running
/// engine of the same data directory shares.
pub(crate) async fn open(common: &Common) -> anyhow::Result<(Store, Database)> {
    let given = std::env::var("DATABASE_URL").ok();
    let mut options = Options::new(&common.data_dir);
    if std::env::var_os("DESKBELL_TEST_UNSAFE_DATABASE").is_some() {
        // For throw-away databases of tests alone: what is acknowledged does not survive the machine.
        options.settings = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    }
    let database = Database::open(given.as_deref(), &options).await.context("there is no database")?;
    let store = connect(database.url()).await.with_context(|| match given {
        Some(_) => "the database of DATABASE_URL cannot be used",
        None => "the private database cannot be used",
    })?;
    Ok((store, database))
}

async fn connect(url: &str) -> anyhow::Result<Store> {
    let store = Store::connect(url, Connections::default()).await?;
    store.migrate().await?;
    Ok(store)
}

/// Closes what [`open`] opened.
pub(crate) async fn close(store: Store, database: Database) {
    let closing = async {
        store.close().await;
        if let Err(error) = database.close().await {
            eprintln!("deskbell: the private database was not stopped: {error}");
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(20), closing).await;
}

/// Opens the database for a command's duration.
pub(crate) async fn with_store<T, W, F>(common: &Common, work: W) -> anyhow::Result<T>
where
    W: FnOnce(Store) -> F,
    F: Future<Output = anyhow::Result<T>>,
{
    let (store, database) = open(common).await?;
    let done = work(store.clone()).await;
    close(store, database).await;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error communicating: {0}")]
    struct Communication(#[source] std::io::Error);

    #[test]
    fn an_error_is_told_with_its_causes_each_once() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        let error = anyhow::Error::new(Communication(refused)).context("the database could not be reached");
        assert_eq!(told(&error), "the database could not be reached: error communicating: connection refused");
    }
}
