//! `deskbell secret`: the secrets of sources and destinations, sealed in the database.
//!
//! They are sealed with the engine's secret key, which is never in the database: it is in the environment variable
//! `DESKBELL_SECRET_KEY` or in the file `secret.key` of the data directory, made when it is first needed. A secret is
//! read from standard input or a file and never from the command line, where other users of the machine would see it.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use deskbell_workers::engine::{Clock as _, SystemClock};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::Rows;
use crate::commands::{WrongUse, configuration, with_store};
use crate::config::Config;
use crate::config::secret::SecretRef;

mod key;
mod reading;

pub(crate) use key::secret_key;
use reading::{ask, read};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Seal a secret. It is read from standard input, or asked for where that is a terminal.
    Set {
        /// source:NAME, destination:NAME, or a source's name alone.
        owner: String,
        /// `webhook` verifies what a source posts; a connector names the others; a destination has `url` and `secret`.
        name: String,
        /// Read it from this file, whose last line break does not count.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Go on accepting the one it replaces, while the sender is moved over.
        #[arg(long)]
        keep_previous: bool,
    },
    /// Show which secrets are sealed: names and dates, never themselves.
    List {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Forget a secret.
    Delete {
        /// source:NAME, destination:NAME, or a source's name alone.
        owner: String,
        name: String,
    },
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Set { owner, name, file, keep_previous } => {
            set(common, &owner, &name, file.as_deref(), keep_previous).await
        }
        Command::List { format } => list(common, format).await,
        Command::Delete { owner, name } => delete(common, &owner, &name).await,
    }
}

async fn set(common: &Common, owner: &str, name: &str, file: Option<&Path>, keep_previous: bool) -> anyhow::Result<()> {
    let (owner, name) = (owner_of(owner)?, name_of(name)?);
    // Before anything is typed, so that a mistake in a name costs no typing.
    advise(common, &owner, name);
    let secret = match file {
        Some(file) => {
            let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
            read(opened)?
        }
        None if io::stdin().is_terminal() => ask(&format!("secret '{name}' of {owner}: ")).await?,
        None => read(io::stdin().lock())?,
    };
    if secret.expose_secret().is_empty() {
        bail!("the secret is empty; nothing was changed");
    }
    let key = secret_key(&common.data_dir)?;
    with_store(common, async |store| {
        let now = SystemClock.now();
        Ok(store.set_secret(&key, &owner, name, secret.expose_secret(), keep_previous, now).await?)
    })
    .await?;
    let beside = if keep_previous { "; the one before it is accepted too" } else { "" };
    eprintln!("the secret '{name}' of {owner} is sealed{beside}; a running engine takes it at its next start");
    Ok(())
}

async fn list(common: &Common, format: Format) -> anyhow::Result<()> {
    let sealed = with_store(common, async |store| Ok(store.sealed_secrets().await?)).await?;
    let mut rows = Rows::new(["owner", "name", "changed at", "previous accepted"]);
    for secret in sealed {
        rows.push([json!(secret.owner), json!(secret.name), json!(secret.changed_at), json!(secret.has_previous)]);
    }
    rows.print(format)
}

async fn delete(common: &Common, owner: &str, name: &str) -> anyhow::Result<()> {
    let (owner, name) = (owner_of(owner)?, name_of(name)?);
    let deleted = with_store(common, async |store| Ok(store.delete_secret(&owner, name).await?)).await?;
    if !deleted {
        bail!("{owner} has no sealed secret '{name}'; `deskbell secret list` shows which there are");
    }
    eprintln!("the secret '{name}' of {owner} is forgotten; a running engine keeps it until its next start");
    Ok(())
}

/// Whom a secret belongs to, as the database has it. A name alone is a source's.
fn owner_of(text: &str) -> Result<String, WrongUse> {
    let (kind, name) = text.split_once(':').unwrap_or(("source", text));
    if !matches!(kind, "source" | "destination") || !is_word(name) {
        return Err(WrongUse(format!(
            "'{text}' is nobody who has secrets; write source:NAME, destination:NAME or a source's name"
        )));
    }
    Ok(format!("{kind}:{name}"))
}

fn name_of(text: &str) -> Result<&str, WrongUse> {
    if is_word(text) {
        return Ok(text);
    }
    // Somebody may have put the secret where its name belongs, so it is not repeated.
    Err(WrongUse(
        "the name of a secret is 1 to 64 letters, digits, - and _, such as webhook; the secret itself is read from standard input"
            .to_owned(),
    ))
}

fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// Says where the configuration will not use the secret. It may be written later, so nothing is refused.
fn advise(common: &Common, owner: &str, name: &str) {
    if let Some(advice) = configuration(common).ok().and_then(|config| advice(&config, owner, name)) {
        eprintln!("note: {advice}");
    }
}

fn advice(config: &Config, owner: &str, name: &str) -> Option<String> {
    let (kind, owner_name) = owner.split_once(':')?;
    let places: Vec<&SecretRef> = if kind == "source" {
        let source = config.sources.iter().find(|source| source.name == owner_name);
        let Some(source) = source else {
            return Some(format!("the configuration has no [[source]] named '{owner_name}' yet"));
        };
        source.secret(name).iter().collect()
    } else {
        let found = config.destinations.iter().find(|found| found.name == owner_name);
        let Some(destination) = found else {
            return Some(format!("the configuration has no [[destination]] named '{owner_name}' yet"));
        };
        match name {
            "url" => destination.url.iter().collect(),
            "secret" => destination.secret.iter().collect(),
            _ => {
                return Some(format!("a destination has the secrets 'url' and 'secret', not '{name}'"));
            }
        }
    };
    let elsewhere = !places.is_empty() && !places.contains(&&SecretRef::Sealed);
    elsewhere.then(|| {
        format!("the configuration says that the secret '{name}' of {owner} is elsewhere; write {{ sealed = true }} there to use this one")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whom_a_secret_belongs_to() {
        for (text, expected) in [
            ("support", Some("source:support")),
            ("source:support", Some("source:support")),
            ("destination:ops", Some("destination:ops")),
            ("plugin:routing", None),
            ("source:", None),
            ("", None),
            ("a b", None),
            ("source:a:b", None),
        ] {
            assert_eq!(owner_of(text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn does_not_repeat_a_secret_that_stands_where_its_name_belongs() {
        let refused = name_of("hunter2 and more").unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn says_where_the_configuration_looks_elsewhere() {
        let text =
            "[[source]]\nname = 'support'\nsecrets = { webhook = { env = 'HOOK' }, token = { sealed = true } }\n";
        let config = Config::parse(text, Path::new("deskbell.toml")).unwrap();
        let advice = |owner: &str, name: &str| advice(&config, owner, name).unwrap_or_default();
        assert!(advice("source:support", "webhook").contains("elsewhere"));
        assert_eq!(advice("source:support", "token"), "");
        assert_eq!(advice("source:support", "other"), "");
        assert!(advice("source:suport", "token").contains("no [[source]]"));
        assert!(advice("destination:ops", "url").contains("no [[destination]]"));
    }
}
