//! Mails as files, for trying things out and for machines that must not send.

use std::path::Path;

use tokio::fs;

use super::error::{Failure, MailError};
use super::message::Composed;

/// Writes the mail and gives the file's name. A repeated mail replaces itself; a file is never seen half written.
pub(super) async fn write(folder: &Path, mail: &Composed) -> Result<String, MailError> {
    let name = format!("{}.eml", mail.id);
    let unfinished = folder.join(format!(".{}.part", mail.id));
    let written = async {
        fs::create_dir_all(folder).await?;
        fs::write(&unfinished, &mail.bytes).await?;
        fs::rename(&unfinished, folder.join(&name)).await
    };
    let failed = |error| MailError::NotSent { server: folder.display().to_string(), cause: Failure::Folder(error) };
    written.await.map_err(failed)?;
    Ok(name)
}
