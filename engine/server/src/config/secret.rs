//! Secrets in the configuration: never themselves, always where they are.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretRef {
    /// In this environment variable.
    Env(String),
    /// In this file, whose last line break does not count. Relative to the configuration file.
    File(PathBuf),
    /// Sealed in the database, under the names of what it is for and of itself. A secret that the file does not
    /// mention is looked for there too; this says that it has to be there.
    Sealed,
}

/// A secret that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    #[error("the environment variable {0} is not text")]
    NotText(String),
    #[error("cannot read {}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{place} is empty")]
    Empty { place: String },
}

impl SecretRef {
    /// The secret; none if it is sealed in the database. `folder` is that of the configuration file.
    pub(crate) fn read(&self, folder: &Path) -> Result<Option<SecretString>, Unreadable> {
        let (place, text) = match self {
            Self::Sealed => return Ok(None),
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => (format!("the environment variable {name}"), text),
                Err(std::env::VarError::NotPresent) => {
                    return Err(Unreadable::NotSet(name.clone()));
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(Unreadable::NotText(name.clone()));
                }
            },
            Self::File(path) => {
                let path = folder.join(path);
                match std::fs::read_to_string(&path) {
                    Ok(text) => (path.display().to_string(), text),
                    Err(source) => return Err(Unreadable::File { path, source }),
                }
            }
        };
        let secret = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if secret.is_empty() {
            return Err(Unreadable::Empty { place });
        }
        Ok(Some(SecretString::from(secret.to_owned())))
    }
}

/// One secret or several that hold at the same time, so that it can be changed without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct SecretRefs(Vec<SecretRef>);

impl SecretRefs {
    pub(crate) fn all(&self) -> &[SecretRef] {
        &self.0
    }
}

const ADVICE: &str = "must not stand in this file; write { env = \"NAME\" } or { file = \"PATH\" }, or { sealed = true } \
                      after `deskbell secret set`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    env: Option<String>,
    file: Option<PathBuf>,
    sealed: Option<bool>,
}

/// Reads one place, or a list of them. Whatever else stands there may be the secret itself and is not repeated.
struct Places {
    /// How many there may be.
    most: usize,
}

impl<'de> Visitor<'de> for Places {
    type Value = Vec<SecretRef>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = \"NAME\" }, { file = \"PATH\" } or { sealed = true }")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(E::custom(ADVICE))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        match Written::deserialize(MapAccessDeserializer::new(map))? {
            Written { env: Some(name), file: None, sealed: None } if is_variable(&name) => {
                Ok(vec![SecretRef::Env(name)])
            }
            Written { env: Some(_), file: None, sealed: None } => {
                // Somebody may have put the secret where its variable's name belongs.
                Err(A::Error::custom("`env` is no name of an environment variable (letters, digits and _)"))
            }
            Written { env: None, file: Some(path), sealed: None } => Ok(vec![SecretRef::File(path)]),
            Written { env: None, file: None, sealed: Some(true) } => Ok(vec![SecretRef::Sealed]),
            _ => Err(A::Error::custom("has to be one of { env = .. }, { file = .. } and { sealed = true }")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element::<SecretRef>()? {
            all.push(one);
        }
        if all.is_empty() || all.len() > self.most {
            return Err(A::Error::invalid_length(all.len(), &self));
        }
        Ok(all)
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl<'de> Deserialize<'de> for SecretRefs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Places { most: 8 }).map(Self)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut places = deserializer.deserialize_any(Places { most: 1 })?;
        places.pop().ok_or_else(|| D::Error::custom("names no secret"))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        secret: SecretRefs,
    }

    fn read(value: &str) -> Result<Vec<SecretRef>, String> {
        let holder = toml::from_str::<Holder>(&format!("secret = {value}"));
        holder.map(|holder| holder.secret.0).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn reads_one_place_or_several() {
        let (env, file) = (SecretRef::Env("TOKEN".to_owned()), SecretRef::File("t".into()));
        assert_eq!(read("{ env = 'TOKEN' }"), Ok(vec![env.clone()]));
        assert_eq!(read("{ sealed = true }"), Ok(vec![SecretRef::Sealed]));
        assert_eq!(read("[{ env = 'TOKEN' }, { file = 't' }]"), Ok(vec![env, file]));
    }

    #[test]
    fn refuses_the_secret_itself_without_repeating_it() {
        for value in [
            "'hunter2'",
            "['hunter2']",
            "{ env = 'hunter2!' }",
            "{ value = 'hunter2' }",
            "{ env = 'A', file = 'hunter2' }",
            "{ sealed = false }",
            "{}",
            "[]",
            "7",
            "{ env = '' }",
        ] {
            let message = read(value).unwrap_err();
            assert!(!message.contains("hunter2"), "{value}: {message}");
        }
        assert!(read("'hunter2'").unwrap_err().contains("deskbell secret set"));
    }

    #[test]
    fn takes_the_line_break_off_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let secret = |content: &str| {
            std::fs::write(folder.path().join("token"), content).unwrap();
            let read = SecretRef::File("token".into()).read(folder.path());
            read.map(|secret| secret.unwrap().expose_secret().to_owned()).map_err(|error| error.to_string())
        };
        for content in ["s3 cret", "s3 cret\n", "s3 cret\r\n"] {
            assert_eq!(secret(content).as_deref(), Ok("s3 cret"), "{content:?}");
        }
        assert!(secret("\n").unwrap_err().ends_with("is empty"));
    }

    #[test]
    fn says_which_variable_or_file_is_missing() {
        let folder = Path::new("/nonexistent");
        let unset = SecretRef::Env("DESKBELL_NEVER_SET_ANYWHERE".to_owned()).read(folder).unwrap_err();
        assert_eq!(unset.to_string(), "the environment variable DESKBELL_NEVER_SET_ANYWHERE is not set");
        let missing = SecretRef::File("token".into()).read(folder).unwrap_err();
        assert_eq!(missing.to_string(), "cannot read /nonexistent/token");
        assert!(SecretRef::Sealed.read(folder).unwrap().is_none());
    }
}
