//! A new plugin's folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::commands::WrongUse;

macro_rules! template {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/rust/template/", $file, ".tmpl"))
    };
}

/// What a new plugin is to be. Connectors begin as a copy of the example, whose README tells what to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::commands::plugin) enum Kind {
    /// Gets events and decides what happens.
    #[default]
    Automation,
    /// Writes reports from figures.
    Reporter,
}

impl Kind {
    /// The files of a new plugin, with `{{name}}` and `{{sdk}}` where its name and its SDK come.
    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Automation => &[
                ("Cargo.toml", template!("Cargo.toml")),
                ("plugin.toml", template!("plugin.toml")),
                ("src/lib.rs", template!("src/lib.rs")),
                ("fixtures/created.json", template!("fixtures/created.json")),
                (".gitignore", "/target\n"),
            ],
            Self::Reporter => &[
                ("Cargo.toml", template!("Cargo.toml")),
                ("plugin.toml", template!("reporter/plugin.toml")),
                ("src/lib.rs", template!("reporter/src/lib.rs")),
                ("fixtures/week.json", template!("reporter/fixtures/week.json")),
                (".gitignore", "/target\n"),
            ],
        }
    }

    /// The fixture to try it with.
    pub(super) const fn fixture(self) -> &'static str {
        match self {
            Self::Automation => "fixtures/created.json",
            Self::Reporter => "fixtures/week.json",
        }
    }
}

/// Names the folder of the SDK.
const SDK_VARIABLE: &str = "DESKBELL_SDK";

/// The SDK of the checkout that this program was built from.
const OWN_SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/rust");

/// The most characters of a name in a manifest.
const MAX_NAME_CHARS: usize = 64;

/// Names that a crate cannot have, or that mean another crate: Rust's words, its own libraries, and the SDK.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "deskbell",
    "deskbell-sdk",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Whether a plugin, its folder and its crate can have this name.
pub(super) fn check_name(name: &str) -> Result<(), WrongUse> {
    let Some(problem) = problem(name) else {
        return Ok(());
    };
    let suggestion = suggestion(name);
    let hint = if problem_free(&suggestion) {
        format!(", such as '{suggestion}'")
    } else {
        ", such as 'urgent-tag'".to_owned()
    };
    Err(WrongUse(format!(
        "'{name}' cannot be a plugin's name: {problem}; take lower-case letters, digits and single hyphens{hint}"
    )))
}

fn problem_free(name: &str) -> bool {
    problem(name).is_none()
}

fn problem(name: &str) -> Option<&'static str> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() {
        Some("it is empty")
    } else if name.chars().count() > MAX_NAME_CHARS {
        Some("it has more than 64 characters")
    } else if !name.chars().all(is_allowed) {
        Some("it has other characters than a to z, 0 to 9 and -")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Some("it does not begin with a letter")
    } else if name.ends_with('-') || name.contains("--") {
        Some("its hyphens do not stand between letters or digits")
    } else if RESERVED.contains(&name) {
        Some("Rust or Deskbell has that name already")
    } else {
        None
    }
}

/// The name that was probably meant.
fn suggestion(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The folder of the SDK that a new plugin depends on.
pub(super) fn sdk() -> anyhow::Result<PathBuf> {
    find_sdk(std::env::var_os(SDK_VARIABLE).map(PathBuf::from), Path::new(OWN_SDK))
}

fn find_sdk(named: Option<PathBuf>, own: &Path) -> anyhow::Result<PathBuf> {
    let is_sdk = |folder: &Path| folder.join("Cargo.toml").is_file();
    match named {
        Some(folder) if is_sdk(&folder) => {
            folder.canonicalize().with_context(|| format!("{SDK_VARIABLE} names {}", folder.display()))
        }
        Some(folder) => bail!(
            "{SDK_VARIABLE} names {}, which has no Cargo.toml; set it to the folder sdk/rust of a Deskbell checkout",
            folder.display()
        ),
        None if is_sdk(own) => own.canonicalize().with_context(|| format!("the SDK lies in {}", own.display())),
        None => bail!(
            "the SDK that new plugins depend on is not where this program was built; set {SDK_VARIABLE} to the folder \
             sdk/rust of a Deskbell checkout"
        ),
    }
}

/// The versions that the SDK is tested with, where it lies in a checkout. Cargo leaves out what the plugin has no use for.
fn lock_file(sdk: &Path) -> Option<String> {
    fs::read_to_string(sdk.join("../../Cargo.lock")).ok()
}

/// Writes a new plugin's files into a folder of its name, below `parent`, and says which.
pub(super) fn write(parent: &Path, kind: Kind, name: &str, sdk: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Some(path) = sdk.to_str() else {
        bail!("the path of the SDK, {}, is no UTF-8 and cannot stand in Cargo.toml; move it", sdk.display());
    };
    let path = toml::Value::String(path.to_owned());
    let dependency = format!("{{ package = \"deskbell-sdk\", path = {path} }}");
    let folder = parent.join(name);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already; take another name, or delete it", folder.display())
        }
        made => made.with_context(|| format!("the folder {} cannot be made", folder.display()))?,
    }
    let mut written = Vec::new();
    let lock_file = lock_file(sdk);
    let lock_file = lock_file.as_deref().map(|text| ("Cargo.lock", text));
    for (file, template) in kind.files().iter().copied().chain(lock_file) {
        let path = folder.join(file);
        let text = template.replace("{{name}}", name).replace("{{sdk}}", &dependency);
        let writing = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        writing.with_context(|| format!("{} cannot be written", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use deskbell_model::manifest::Manifest;

    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let actual = check_name(name).map_or_else(|error| error.to_string(), |()| "taken".to_owned());
        assert!(actual.contains(expected), "{name}: {actual}");
    }

    #[test]
    fn names_are_those_of_manifests_and_crates() {
        for name in ["a", "urgent-tag", "sla2", "a-1-b"] {
            check(name, "taken");
        }
        check("", "it is empty");
        check(
            "Urgent_Tag",
            "other characters than a to z, 0 to 9 and -; take lower-case letters, digits and single hyphens, such as 'urgent-tag'",
        );
        check("../x", "such as 'x'");
        check("2fast", "begin with a letter");
        check("-x", "begin with a letter");
        check("x-", "hyphens");
        check("x--y", "such as 'x-y'");
        check("täg", "other characters");
        check("fn", "has that name already");
        check("deskbell", "such as 'urgent-tag'");
        check(&"x".repeat(65), "more than 64");
    }

    #[test]
    fn the_files_name_the_plugin_and_its_sdk() {
        let parent = tempfile::tempdir().unwrap();
        let sdk = parent.path().join("sdk/a \"quoted\" sdk");
        fs::create_dir_all(&sdk).unwrap();
        fs::write(parent.path().join("Cargo.lock"), "version = 4\n").unwrap();
        for (kind, name) in [(Kind::Automation, "urgent-tag"), (Kind::Reporter, "volume")] {
            let written = write(parent.path(), kind, name, &sdk).unwrap();
            assert_eq!(written.len(), kind.files().len() + 1);
            let text = |file: &str| fs::read_to_string(parent.path().join(name).join(file)).unwrap();
            let cargo: toml::Table = text("Cargo.toml").parse().unwrap();
            assert_eq!(cargo["package"]["name"].as_str(), Some(name));
            assert_eq!(cargo["dependencies"]["deskbell"]["path"].as_str(), sdk.to_str());
            assert_eq!(text("Cargo.lock"), "version = 4\n");
            assert_eq!(Manifest::parse(&text("plugin.toml")).unwrap().name, name);
            assert!(written.iter().any(|path| path.ends_with(kind.fixture())));
            for path in written {
                let text = fs::read_to_string(path).unwrap();
                assert!(!text.contains("{{name") && !text.contains("{{sdk"), "{text}");
            }
        }
    }

    #[test]
    fn a_folder_that_is_there_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("mine")).unwrap();
        let error = write(parent.path(), Kind::Automation, "mine", Path::new("/sdk")).unwrap_err();
        assert!(error.to_string().contains("exists already"), "{error}");
        assert_eq!(fs::read_dir(parent.path().join("mine")).unwrap().count(), 0);
    }

    #[test]
    fn the_sdk_is_the_named_one_or_the_checkouts() {
        let folder = tempfile::tempdir().unwrap();
        let (named, nowhere) = (folder.path().canonicalize().unwrap(), folder.path().join("none"));
        let check = |variable: Option<&Path>, own: &Path, expected: &str| {
            let found = find_sdk(variable.map(Path::to_path_buf), own);
            let actual = found.map_or_else(|error| error.to_string(), |path| path.display().to_string());
            assert!(actual.contains(expected), "{actual}");
        };
        check(Some(&named), Path::new(OWN_SDK), "has no Cargo.toml");
        fs::write(named.join("Cargo.toml"), "").unwrap();
        check(Some(&named), &nowhere, &named.display().to_string());
        check(None, &named, &named.display().to_string());
        check(None, &nowhere, "set DESKBELL_SDK");
    }
}
