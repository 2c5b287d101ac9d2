//! `deskbell init`: writes a commented configuration to begin with.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};

use anyhow::{Context as _, bail};

use crate::cli::Common;
use crate::commands::output;
use crate::config;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write over a configuration that is there already.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(common: &Common, arguments: &Arguments) -> anyhow::Result<()> {
    let file = &common.config;
    let cannot = || format!("cannot write the configuration {}", file.display());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if arguments.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options.open(file) {
        Ok(mut opened) => opened.write_all(config::DEFAULT.as_bytes()).with_context(cannot)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "there is a configuration {} already; write over it with --force, or name another file with --config",
            file.display()
        ),
        Err(error) => return Err(error).with_context(cannot),
    }
    output::line(&file.display().to_string())?;
    eprintln!("wrote {}; edit it, then try `deskbell check`", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(file: &std::path::Path) -> Common {
        Common { config: file.to_owned(), data_dir: "deskbell-data".into(), log: "warn".to_owned(), log_json: false }
    }

    #[test]
    fn writes_the_manual_and_spares_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("etc/deskbell.toml");
        run(&common(&file), &Arguments { force: false }).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), config::DEFAULT);
        fs::write(&file, "# mine\n").unwrap();
        let refused = run(&common(&file), &Arguments { force: false }).unwrap_err();
        assert!(refused.to_string().contains("--force"), "{refused}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
        run(&common(&file), &Arguments { force: true }).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), config::DEFAULT);
    }
}
