//! The engine's secret key.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use deskbell_store::secret::SecretKey;

/// The environment variable that holds it, before any file.
const KEY_VARIABLE: &str = "DESKBELL_SECRET_KEY";
/// Its file in the data directory.
const KEY_FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;

/// The engine's secret key: that of the environment, else that of the data directory, where it is made if it is missing.
/// Processes that share a database need the same one.
pub(crate) fn secret_key(data_dir: &Path) -> anyhow::Result<SecretKey> {
    match std::env::var(KEY_VARIABLE) {
        Ok(text) => SecretKey::from_hex(&text).with_context(|| format!("{KEY_VARIABLE} is no secret key")),
        Err(std::env::VarError::NotPresent) => key_of_file(&data_dir.join(KEY_FILE)),
        Err(std::env::VarError::NotUnicode(_)) => {
            bail!("{KEY_VARIABLE} is no secret key: it is no text")
        }
    }
}

fn key_of_file(file: &Path) -> anyhow::Result<SecretKey> {
    let cannot = || format!("the secret key {} cannot be read", file.display());
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_key(file).with_context(|| {
                format!(
                    "the secret key {} cannot be made; give one in {KEY_VARIABLE}, or another --data-dir",
                    file.display()
                )
            })?;
            fs::read_to_string(file).with_context(cannot)?
        }
        read => read.with_context(cannot)?,
    };
    let mode = fs::metadata(file).with_context(cannot)?.permissions().mode();
    if mode & 0o077 != 0 {
        eprintln!("deskbell: others may read the secret key {}; run `chmod 600` on it", file.display());
    }
    SecretKey::from_hex(&text).with_context(|| {
        format!("{} holds no secret key; put the right one back, or remove it and set all secrets anew", file.display())
    })
}

/// Makes a key, for its owner's eyes alone. Where another process made one at the same time, that one holds.
fn make_key(file: &Path) -> anyhow::Result<()> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Written whole under another name first, with mode 0600: nobody ever reads half a key.
    let mut made = tempfile::NamedTempFile::new_in(folder)?;
    made.write_all(hex::encode(key).as_bytes())?;
    made.write_all(b"\n")?;
    made.as_file().sync_all()?;
    match made.persist_noclobber(file) {
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(Into::into),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_key_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/secret.key");
        key_of_file(&file).unwrap();
        let made = fs::read_to_string(&file).unwrap();
        assert_eq!(made.trim_end().len(), 64);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        key_of_file(&file).unwrap();
        make_key(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), made);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        fs::write(&file, "no key\n").unwrap();
        let refused = format!("{:#}", key_of_file(&file).unwrap_err());
        assert!(refused.contains("64 hexadecimal digits"), "{refused}");
    }
}
