//! The account that the server's programs run as: our own, or an unprivileged one when we are root, as which they
//! refuse to run.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown, lchown};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::unistd::{User, geteuid};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::Error;

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    gid: u32,
    /// Whether it is another account than ours.
    other: bool,
}

/// The accounts tried as root. `nobody` is everywhere; `postgres` where the server's package is installed.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

impl Account {
    pub(super) fn choose() -> Result<Self, Error> {
        let uid = geteuid();
        if !uid.is_root() {
            let gid = nix::unistd::getegid().as_raw();
            return Ok(Self { name: "own".to_owned(), uid: uid.as_raw(), gid, other: false });
        }
        let find = |name: &str| User::from_name(name).ok().flatten().filter(|user| !user.uid.is_root());
        let user = UNPRIVILEGED.into_iter().find_map(find).ok_or(Error::NoAccount)?;
        Ok(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), other: true })
    }

    pub(super) fn is_other(&self) -> bool {
        self.other
    }

    /// A program to be run as this account, with nothing of our environment but where programs and libraries are:
    /// `PGDATA`, `PGPORT` and their like would have it do something else.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").current_dir("/").stdin(Stdio::null());
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if self.other {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Hands a file or folder that we made over to it.
    pub(super) fn own(&self, path: &Path) -> Result<(), Error> {
        if !self.other {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).map_err(super::file_error("change the owner of", path))
    }

    /// The same for an open file.
    pub(super) fn own_file(&self, file: &File) -> io::Result<()> {
        if self.other { fchown(file, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// Whether it may pass through this folder and all above it.
    pub(super) fn can_reach(&self, folder: &Path) -> io::Result<bool> {
        if !self.other {
            return Ok(true);
        }
        for folder in folder.canonicalize()?.ancestors() {
            let meta = folder.metadata()?;
            let bit = match (meta.uid() == self.uid, meta.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if meta.mode() & bit == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What a program that ended well wrote.
pub(super) struct Output {
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a program to its end. Where it fails, the error has the last lines of everything that it wrote.
pub(super) async fn run(mut command: Command, input: &[u8], limit: Duration) -> Result<Output, Error> {
    let program = display_name(command.as_std().get_program());
    let failed = |source| Error::Run { program: program.clone(), source };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    let work = async {
        if let Some(mut stdin) = stdin {
            stdin.write_all(input).await?;
        }
        child.wait_with_output().await
    };
    let output = match tokio::time::timeout(limit, work).await {
        Ok(output) => output.map_err(failed)?,
        Err(_) => {
            return Err(Error::Slow { program, seconds: limit.as_secs() });
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() {
        return Ok(Output { stdout, stderr });
    }
    let output = last_lines(&format!("{stdout}\n{stderr}\n{}", output.status), 8);
    Err(Error::Failed { program, output })
}

/// The last lines that say something, in one line.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join(" | ")
}

fn display_name(program: &OsStr) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}
