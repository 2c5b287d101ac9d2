//! Who uses a cluster: two lock files in its home. The kernel keeps the locks, so they end with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{Error, file_error, say};

/// Whoever holds the gate may start and stop the server and come and go. Short, except while a cluster is made.
pub(super) struct Gate {
    _file: File,
}

impl Gate {
    pub(super) async fn enter(home: &Path) -> Result<Self, Error> {
        let path = home.join("gate");
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => return Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(file_error("lock", &path)(error)),
        }
        say("waiting for another deskbell process that is starting or stopping the database");
        let waiting = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
        let file = waiting.await.map_err(std::io::Error::other).and_then(|locked| locked);
        Ok(Self { _file: file.map_err(file_error("lock", &path))? })
    }

    /// The gate, if nobody else has it.
    pub(super) fn try_enter(home: &Path) -> Option<Self> {
        let file = open(&home.join("gate")).ok()?;
        file.try_lock().ok().map(|()| Self { _file: file })
    }
}

/// Held for as long as the cluster is used.
pub(super) struct Seat {
    file: File,
}

impl Seat {
    /// Taken inside the gate, so that nobody judges at the same time whether others are there. The file says in which
    /// process namespace the first one sits.
    pub(super) fn take(home: &Path, _gate: &Gate) -> Result<Self, Error> {
        let path = home.join("users");
        let mut file = open(&path)?;
        let io = |verb| file_error(verb, &path);
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(io("write"))?;
                file.write_all(namespace().as_bytes()).map_err(io("write"))?;
            }
            Err(TryLockError::WouldBlock) => {
                let mut first = String::new();
                file.rewind().and_then(|()| file.read_to_string(&mut first)).map_err(io("read"))?;
                if first != namespace() {
                    return Err(Error::OtherContainer { path: home.to_owned() });
                }
            }
            Err(TryLockError::Error(error)) => return Err(io("lock")(error)),
        }
        file.lock_shared().map_err(io("lock"))?;
        Ok(Self { file })
    }

    /// Gives the seat up and says whether it was the last.
    pub(super) fn leave(self, _gate: &Gate) -> bool {
        self.file.try_lock().is_ok()
    }
}

/// Which processes we can see; empty where the system does not say.
fn namespace() -> String {
    std::fs::read_link("/proc/self/ns/pid")
        .map(PathBuf::into_os_string)
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn open(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(file_error("open", path))
}
