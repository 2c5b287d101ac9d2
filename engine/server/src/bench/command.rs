//! `deskbell bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use deskbell_workers::signature::Scheme;
use secrecy::SecretString;

use super::history::{HistoryArgs, write_history};
use super::{Options, run};

/// Send signed webhooks to a running engine and measure its answers
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The engine, http://HOST:PORT, or an account's URL
    #[arg(long, default_value = "http://127.0.0.1:8484")]
    url: String,
    /// The account that is posted to
    #[arg(long, required = true)]
    source: Option<String>,
    /// The environment variable with the account's secret
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
    /// How the account verifies, as in its `signature`: 'scheme = "hmac", header = "X-Signature"'
    #[arg(long, value_name = "TOML", default_value = "scheme = \"standard-webhooks\"", value_parser = scheme)]
    signature: Scheme,
    /// How long to measure
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Deliveries a second; without it each connection sends as fast as it is answered
    #[arg(long)]
    rate: Option<u32>,
    /// How many connections are kept open
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// A body with {{n}}, {{uuid}}, {{time}} and {{pad}}; without it an event that creates a ticket
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// How large a body is that has {{pad}}
    #[arg(long, default_value_t = 2048)]
    body_bytes: usize,
    /// A further header, NAME: VALUE, with the same placeholders
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,
    /// How long to send before measuring, in seconds
    #[arg(long, default_value_t = 2.0)]
    warmup: f64,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What is done instead of sending webhooks.
#[derive(Debug, clap::Subcommand)]
enum What {
    History(HistoryArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

fn scheme(text: &str) -> Result<Scheme, String> {
    #[derive(serde::Deserialize)]
    struct Signature {
        signature: Scheme,
    }
    let inline = format!("signature = {{ {text} }}");
    toml::from_str::<Signature>(&inline).map(|read| read.signature).map_err(|error| error.message().to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as NAME: VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Measures and prints. Failure means that not every delivery was answered with 2xx.
pub(crate) async fn command(args: Args) -> anyhow::Result<ExitCode> {
    if let Some(What::History(history)) = args.what {
        tokio::task::spawn_blocking(move || write_history(&history)).await??;
        return Ok(ExitCode::SUCCESS);
    }
    let secret = match &args.secret_env {
        Some(name) => std::env::var(name).with_context(|| format!("the environment variable {name} has no secret"))?,
        None => String::new(),
    };
    let options = Options {
        url: args.url,
        source: args.source.unwrap_or_default(),
        secret: SecretString::from(secret),
        scheme: args.signature,
        seconds: args.seconds,
        rate: args.rate,
        connections: args.connections,
        body_bytes: args.body_bytes,
        body: args.body,
        headers: args.headers,
        warmup: args.warmup,
    };
    eprintln!("warming up for {} s, then measuring for {} s", options.warmup, options.seconds);
    // A thread of its own that does nothing else: cheaper than one pool of threads that wake each other.
    let report = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok::<_, anyhow::Error>(runtime.block_on(run(&options))?)
    })
    .await??;
    match args.format {
        Format::Table => print!("{report}"),
        Format::Json => println!("{:#}", report.to_json()),
    }
    if report.is_clean() {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

#[cfg(test)]
mod tests {
    use deskbell_workers::signature::Kind;

    use super::*;

    #[test]
    fn a_signature_is_written_as_in_the_configuration() {
        let read = scheme(r#"scheme = "hmac", header = "X-Sig", prefix = "sha256=""#).unwrap();
        assert_eq!((read.scheme, read.header.as_str(), read.prefix.as_str()), (Kind::Hmac, "X-Sig", "sha256="));
        assert!(scheme(r#"scheme = "wax""#).is_err());
        assert!(scheme(r#"scheme = "hmac", colour = "red""#).unwrap_err().contains("colour"));
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        assert_eq!(header("X-Event: issues"), Ok(("X-Event".to_owned(), "issues".to_owned())));
        assert!(header("X-Event").is_err());
    }
}
