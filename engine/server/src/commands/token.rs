//! `deskbell token`: who may use the HTTP API.

use anyhow::{anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Subcommand, ValueEnum};
use deskbell_workers::engine::{Clock as _, SystemClock};
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::{self, Rows};
use crate::commands::{WrongUse, with_store};

/// What every token begins with, so that a leaked one is recognised.
const PREFIX: &str = "dbk_";
const RANDOM_BYTES: usize = 32;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token; it is printed once and kept nowhere.
    Create {
        /// What it is for, to tell it from others.
        name: String,
        /// What it allows; `operate` includes `read`, `admin` both.
        #[arg(long, value_enum, required = true, num_args = 1.., value_delimiter = ',')]
        scope: Vec<Scope>,
        /// How long it holds, such as 90d or 12h (absent: until it is revoked).
        #[arg(long, value_name = "DURATION", value_parser = seconds)]
        expires: Option<i64>,
    },
    /// Show all tokens, never themselves.
    List {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Revoke a token.
    Revoke {
        /// As `deskbell token list` shows it.
        id: i64,
    },
}

/// What a token allows; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scope {
    /// To look at everything.
    Read,
    /// To act as well: replay dead letters.
    Operate,
    /// Everything.
    Admin,
}

impl Scope {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// The widest of what a token's words allow; none where it allows nothing that this version knows.
    pub(crate) fn widest(words: &[String]) -> Option<Self> {
        let known = |word: &String| Self::value_variants().iter().copied().find(|scope| scope.as_str() == word);
        words.iter().filter_map(known).max()
    }
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Create { name, scope, expires } => create(common, &name, scope, expires).await,
        Command::List { format } => list(common, format).await,
        Command::Revoke { id } => revoke(common, id).await,
    }
}

async fn create(common: &Common, name: &str, mut scopes: Vec<Scope>, expires: Option<i64>) -> anyhow::Result<()> {
    if name.trim().is_empty() {
        return Err(WrongUse("a token needs a name that says what it is for".to_owned()).into());
    }
    scopes.sort_unstable();
    scopes.dedup();
    let words: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let now = SystemClock.now();
    let expires_at = expires.map(|seconds| now.plus_seconds(seconds));
    let token = make()?;
    let id =
        with_store(common, async |store| Ok(store.create_token(name, &token, &words, now, expires_at).await?)).await?;
    let until = expires_at.map_or_else(|| "it is revoked".to_owned(), |at| at.to_string());
    eprintln!("token {id} ('{name}', {}) holds until {until}; it is shown this once:", words.join(", "));
    output::line(&token)
}

/// A new token.
fn make() -> anyhow::Result<String> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
}

async fn list(common: &Common, format: Format) -> anyhow::Result<()> {
    let tokens = with_store(common, async |store| Ok(store.tokens().await?)).await?;
    let now = SystemClock.now();
    let mut rows = Rows::new(["id", "name", "begins", "scopes", "state", "created at", "expires at", "revoked at"]);
    for token in tokens {
        let state = match (token.revoked_at, token.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(expires_at)) if expires_at <= now => "expired",
            (None, _) => "holds",
        };
        rows.push([
            json!(token.token_id),
            json!(token.name),
            json!(token.hint),
            json!(token.scopes),
            json!(state),
            json!(token.created_at),
            json!(token.expires_at),
            json!(token.revoked_at),
        ]);
    }
    rows.print(format)
}

async fn revoke(common: &Common, id: i64) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let revoked = with_store(common, async |store| Ok(store.revoke_token(id, now).await?)).await?;
    if !revoked {
        bail!("there is no token {id} that holds; `deskbell token list` shows all");
    }
    eprintln!("token {id} is revoked");
    Ok(())
}

/// A duration such as 90d in seconds.
fn seconds(text: &str) -> Result<i64, String> {
    let refused = || format!("'{text}' is no duration; write it like 90d, 12h or 30m");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(refused)?;
    let factor: i64 = match unit {
        "d" => 86_400,
        "h" => 3600,
        "m" => 60,
        _ => return Err(refused()),
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    let seconds = number.parse::<i64>().ok().and_then(|number| number.checked_mul(factor));
    // A century is as good as for ever, and every time stays within what the database has.
    seconds.filter(|seconds| (1..=100 * 366 * 86_400).contains(seconds)).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        for (text, expected) in [("90d", Some(7_776_000)), ("12h", Some(43_200)), ("30m", Some(1800))] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
        for text in ["", "d", "0d", "-1d", "+1d", "90", "1.5h", "1w", "1h30m", "99999999999999999999d", "9\u{fc}"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn makes_tokens_of_43_characters_that_differ() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert_ne!(one, other);
        let random = one.strip_prefix(PREFIX).unwrap();
        assert_eq!(random.len(), 43);
        assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }

    #[test]
    fn takes_the_widest_scope_that_it_knows() {
        let widest = |words: &[&str]| Scope::widest(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(widest(&[]), None);
        assert_eq!(widest(&["reign"]), None);
        assert_eq!(widest(&["read", "reign"]), Some(Scope::Read));
        assert_eq!(widest(&["operate", "read"]), Some(Scope::Operate));
        assert_eq!(widest(&["admin"]), Some(Scope::Admin));
        assert!(Scope::Read < Scope::Operate && Scope::Operate < Scope::Admin);
    }
}
