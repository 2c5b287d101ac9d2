//! Compiled plugins on disk.
//!
//! A file is named for the component's digest and for everything that its code depends on (wasmtime's version, the
//! settings, the processor), so that a stale one is never found. Machine code is as good as the host's own code once
//! it is mapped: so the folder belongs to the engine's user alone, a file is complete before it has its name and is never
//! written to afterwards, and it is only loaded if it has the SHA-256 that was noted when it was written.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::unistd::geteuid;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The folder of compiled plugins.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
}

/// Tells the temporary files of this process apart.
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

impl Cache {
    /// Makes the folder where it is missing. One that others could write to is refused.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let metadata = fs::metadata(dir)?;
        if metadata.uid() != geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user; name a folder of the engine's own"));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(io::Error::other("others may write to it; chmod 700 it, or name another folder"));
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// The name of a component's code for this engine.
    pub(crate) fn name(digest: &str, engine: &Engine) -> String {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        format!("{digest}-{:016x}", hasher.finish())
    }

    /// The code of this name, if it is there and whole.
    pub(crate) fn get(&self, name: &str) -> Option<Verified> {
        let noted = fs::read_to_string(self.path(name, "sha256")).ok()?;
        let mut file = File::open(self.path(name, "cwasm")).ok()?;
        if digest(&mut file).ok()? == noted.trim() {
            return Some(Verified::Kept(file));
        }
        tracing::warn!(code.name = name, "compiled plugin code is damaged; compiling it again");
        None
    }

    /// Keeps code under this name.
    pub(crate) fn put(&self, name: &str, code: &[u8]) -> io::Result<()> {
        self.write(name, "cwasm", code)?;
        self.write(name, "sha256", hex::encode(Sha256::digest(code)).as_bytes())
    }

    /// A path in the folder that nobody else uses.
    pub(crate) fn temporary(&self, extension: &str) -> PathBuf {
        let number = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
        self.dir.join(format!(".{}-{number}.{extension}", std::process::id()))
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.dir.join(format!("{name}.{extension}"))
    }

    fn write(&self, name: &str, extension: &str, content: &[u8]) -> io::Result<()> {
        let temporary = self.temporary("tmp");
        let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, self.path(name, extension)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

/// Writes a file that must not be there yet, for the engine's user alone.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)
}

/// The SHA-256 of a file's content, in hexadecimal.
fn digest(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut part = vec![0; 64 << 10];
    loop {
        match file.read(&mut part) {
            Ok(0) => return Ok(hex::encode(hasher.finalize())),
            Ok(n) => hasher.update(&part[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn whole(mut file: &File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.seek(io::SeekFrom::Start(0))?;
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Code that this engine's compiler made and nobody has changed since.
pub(crate) enum Verified {
    /// Straight from the compiler of this process.
    Fresh(Vec<u8>),
    /// A file of the engine's own folder that has the digest noted when it was written.
    Kept(File),
}

impl Verified {
    /// Makes it callable. An error means that it was made by another wasmtime or with other settings.
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: `deserialize` and `deserialize_file` trust their input to come from `precompile_component`, and so do
        // both kinds. The file is the one that was checked, whatever has its name by now; it is nobody's to write but
        // the engine's user's, who could as well write to the engine, and the engine only ever renames a new one over it.
        #[expect(unsafe_code, reason = "the one place where compiled code is loaded")]
        let component = unsafe {
            match self {
                Self::Fresh(code) => Component::deserialize(engine, code),
                // Mapped, so that of a plugin's code and data only what is used takes memory. Read, where the file
                // system is one from which nothing may be executed.
                Self::Kept(file) => Component::deserialize_file(engine, format!("/dev/fd/{}", file.as_raw_fd()))
                    .or_else(|_| Component::deserialize(engine, whole(file)?)),
            }
        }?;
        component.initialize_copy_on_write_image()?;
        Ok(component)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("code")).unwrap();
        (folder, cache)
    }

    #[test]
    fn gives_back_what_was_put_and_nothing_that_was_changed() {
        let (_folder, cache) = cache();
        assert!(cache.get("a").is_none());
        cache.put("a", b"code").unwrap();
        assert!(cache.get("a").is_some());
        fs::write(cache.path("a", "cwasm"), b"c0de").unwrap();
        assert!(cache.get("a").is_none());
        cache.put("a", b"code").unwrap();
        fs::remove_file(cache.path("a", "sha256")).unwrap();
        assert!(cache.get("a").is_none());
    }

    #[test]
    fn leaves_no_temporary_files() {
        let (_folder, cache) = cache();
        cache.put("a", b"code").unwrap();
        let mut names: Vec<_> = fs::read_dir(&cache.dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.cwasm", "a.sha256"]);
    }

    #[test]
    fn is_private_and_refuses_a_folder_that_others_may_write_to() {
        let (_folder, cache) = cache();
        assert_eq!(fs::metadata(&cache.dir).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&cache.dir, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Cache::open(&cache.dir).unwrap_err().to_string().contains("chmod 700"));
    }
}
