//! Where the files of a private cluster lie.
//!
//! | folder | what | whose |
//! | --- | --- | --- |
//! | `HOME` | all below; `DATA/postgres`, or `/var/lib/deskbell-HASH` with a note in the data directory | ours |
//! | `HOME/cluster` | the database | the account's, 0700 |
//! | `HOME/programs` | what was fetched | ours, readable |
//! | `HOME/socket` | the socket; `/run/deskbell-HASH` or `/tmp/deskbell-HASH` where that path is too long | the account's, 0700 |
//! | `HOME/postgres.log` | the server's log, and the one before as `.1` | ours |
//! | `HOME/gate`, `HOME/users` | the two locks | ours |

use std::ffi::OsStr;
use std::fs::{DirBuilder, Permissions, read, set_permissions, write};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::{Error, Options, file_error, say};

#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) home: PathBuf,
    pub(super) socket: PathBuf,
}

/// In the data directory: the path of the home that lies elsewhere.
const NOTE: &str = "postgres.location";

/// A socket's path may have this many bytes: 108 in the kernel's structure, one of them the end.
const LONGEST_SOCKET_BYTES: usize = 107;

/// The name of the socket in its folder, after a slash. The port is part of the name and means nothing else.
const SOCKET_NAME: &str = "/.s.PGSQL.5432";

impl Place {
    /// Finds the home of this data directory's cluster, or chooses it the first time, and makes the folders.
    pub(super) fn settle(options: &Options, account: &Account) -> Result<Self, Error> {
        let data_dir = &options.data_dir;
        // Root's data directory is passable, so that the account gets to what is its own; secrets in it have modes of
        // their own.
        folder(data_dir, if account.is_other() { 0o711 } else { 0o700 })?;
        let data_dir = data_dir.canonicalize().map_err(file_error("find", data_dir))?;
        let home = home(&data_dir, options, account)?;
        let socket = socket_folder(&home, account)?;
        Ok(Self { home, socket })
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.home.join("cluster")
    }

    pub(super) fn programs(&self) -> PathBuf {
        self.home.join("programs")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.home.join("postgres.log")
    }
}

fn home(data_dir: &Path, options: &Options, account: &Account) -> Result<PathBuf, Error> {
    let reaches = |path: &Path| account.can_reach(path).map_err(file_error("look at", path));
    let unreachable = |path: PathBuf| Error::Unreachable { account: account.name.clone(), path };
    let note = data_dir.join(NOTE);
    match read(&note) {
        Ok(path) => {
            let home = PathBuf::from(std::ffi::OsString::from_vec(path.trim_ascii().to_vec()));
            if !home.is_dir() {
                return Err(Error::Vanished { home, note });
            }
            return if reaches(&home)? { Ok(home) } else { Err(unreachable(home)) };
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(file_error("read", &note)(error)),
    }
    let inside = data_dir.join("postgres");
    if reaches(data_dir)? {
        folder(&inside, if account.is_other() { 0o711 } else { 0o700 })?;
        return Ok(inside);
    }
    if inside.join("cluster").exists() {
        // It could be reached when it was made. An empty database elsewhere is not what the operator wants.
        return Err(unreachable(inside));
    }
    let outside = options.elsewhere.join(format!("deskbell-{}", short_hash(data_dir)));
    folder(&outside, 0o711)?;
    if !reaches(&outside)? {
        return Err(unreachable(outside));
    }
    write(&note, outside.as_os_str().as_bytes()).map_err(file_error("write", &note))?;
    say(&format!(
        "running as root: PostgreSQL runs as `{}`, which cannot reach {}, so the database lies in {}",
        account.name,
        data_dir.display(),
        outside.display()
    ));
    Ok(outside)
}

/// The folder of the socket. It depends on nothing but the home, so that all processes find the same one.
fn socket_folder(home: &Path, account: &Account) -> Result<PathBuf, Error> {
    let inside = home.join("socket");
    let path = if fits(&inside) {
        inside
    } else {
        let run = Path::new("/run");
        let parent = if account.is_other() && run.is_dir() { run } else { Path::new("/tmp") };
        parent.join(format!("deskbell-{}", short_hash(home)))
    };
    if !path.exists() {
        folder(&path, 0o700)?;
        account.own(&path)?;
    }
    // In /tmp somebody else may have made it before us, to listen in our place.
    let meta = path.symlink_metadata().map_err(file_error("look at", &path))?;
    if !meta.is_dir() || meta.uid() != account.uid || meta.mode() & 0o077 != 0 {
        return Err(Error::NotPrivate { path });
    }
    Ok(path)
}

/// Whether a socket in this folder can be named: its path is short enough, and free of what means something in the
/// server's list of folders.
fn fits(folder: &Path) -> bool {
    let bytes = folder.as_os_str().as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    bytes.len() + SOCKET_NAME.len() <= LONGEST_SOCKET_BYTES && bytes.iter().all(plain)
}

/// Makes a folder and those above it. One that is there keeps its mode.
pub(super) fn folder(path: &Path, mode: u32) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).create(path).map_err(file_error("make", path))?;
    // The process's umask may have taken bits away.
    set_permissions(path, Permissions::from_mode(mode)).map_err(file_error("set the mode of", path))
}

/// Enough of a hash of a path to name a folder for it.
fn short_hash(path: &Path) -> String {
    let mut hash = hex::encode(Sha256::digest(path.as_os_str().as_bytes()));
    hash.truncate(12);
    hash
}

/// The URL of a database that listens in this folder. Port and `sslmode` say what
/// holds anyway, to clients that would take them from their environment or ask.
pub(super) fn url(socket_folder: &OsStr) -> String {
    let mut host = String::new();
    for byte in socket_folder.as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                host.push(char::from(*byte));
            }
            byte => host.extend(['%'].into_iter().chain(format!("{byte:02X}").chars())),
        }
    }
    format!("postgres:///{DATABASE}?host={host}&port=5432&user={DATABASE}&sslmode=disable")
}

/// The name of the database, and of the role that owns it.
pub(super) const DATABASE: &str = "deskbell";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_is_short_and_plain() {
        for (path, expected) in [
            ("/srv/deskbell/socket".to_owned(), true),
            (format!("/{}", "a".repeat(92)), true),
            (format!("/{}", "a".repeat(93)), false),
            ("/srv/my data/socket".to_owned(), false),
            ("/srv/a,b".to_owned(), false),
        ] {
            assert_eq!(fits(Path::new(&path)), expected, "{path}");
        }
    }

    #[test]
    fn a_url_names_any_folder() {
        let expected = "postgres:///deskbell?host=/tmp/a%20b%26%C3%A9&port=5432&user=deskbell&sslmode=disable";
        assert_eq!(url(OsStr::new("/tmp/a b&\u{e9}")), expected);
    }
}
