//! A report or a notice as files in a folder, for people and programs that fetch what they need.
//!
//! A file is never seen half written: it gets its name when it is whole and on the disk. The same action writes the same
//! names, so a repeated one replaces its own files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use deskbell_model::document::Document;
use deskbell_render::notice::{self, Notice};
use deskbell_render::report as render;
use deskbell_store::report::Content;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_blocking;

use super::{Record, Went};
use crate::report::{Format, Report};

/// A file to write: its name and what is in it.
type File = (String, Vec<u8>);

/// Writes a filed report in the forms that its configuration names; in all where it is not configured any more.
pub(super) async fn report(
    folder: &Path,
    run_id: i64,
    content: Content,
    report: Option<&Report>,
    record: &mut Record,
) -> Went {
    let formats = report
        .map_or_else(|| vec![Format::Html, Format::Pdf, Format::Csv, Format::Json], |report| report.formats.clone());
    match spawn_blocking(move || files(run_id, &content, &formats)).await {
        Ok(Ok(files)) => write(folder, &files, record).await,
        Ok(Err(why)) => Went::GiveUp { why },
        Err(error) => Went::Retry { why: error.to_string(), retry_after: None },
    }
}

/// Writes a notice as text.
pub(super) async fn notice(folder: &Path, notice: &Notice<'_>, record: &mut Record) -> Went {
    let written = notice::mail::content(notice);
    let text = format!("{}\n\n{}\n", written.subject, written.text.trim_end());
    write(folder, &[(format!("notice-{}.txt", notice.key), text.into_bytes())], record).await
}

/// Begins with the report's name and the first day it is about, so that a folder sorts by them.
fn files(run_id: i64, content: &Content, formats: &[Format]) -> Result<Vec<File>, String> {
    let document: Document = serde_json::from_str(&content.document).map_err(|error| error.to_string())?;
    let stem = stem(&content.report, run_id, &document);
    let mut files = Vec::new();
    for format in formats {
        match format {
            Format::Html => files.push((format!("{stem}.html"), content.html.clone().into_bytes())),
            Format::Pdf => files.push((format!("{stem}.pdf"), content.pdf.clone())),
            Format::Json => {
                let json = render::json(&document).map_err(|error| error.to_string())?;
                files.push((format!("{stem}.json"), json.into_bytes()));
            }
            Format::Csv => {
                let tables = render::csv(&document).map_err(|error| error.to_string())?;
                files.extend(tables.into_iter().map(|file| (format!("{stem}-{}", file.name), file.bytes)));
            }
        }
    }
    Ok(files)
}

fn stem(report: &str, run_id: i64, document: &Document) -> String {
    let from = document.period.as_ref().map(|period| {
        let zone: chrono_tz::Tz = period.tz.parse().unwrap_or(chrono_tz::Tz::UTC);
        format!("-{}", period.from.to_chrono().with_timezone(&zone).format("%Y-%m-%d"))
    });
    format!("{report}{}-{run_id}", from.unwrap_or_default())
}

async fn write(folder: &Path, files: &[File], record: &mut Record) -> Went {
    let mut written = Vec::new();
    for (name, bytes) in files {
        if let Err(error) = write_one(folder, name, bytes).await {
            let why = format!("{} cannot be written: {error}", folder.join(name).display());
            record.is_down = true;
            record.note(&why);
            return Went::Retry { why, retry_after: None };
        }
        written.push(name.as_str());
    }
    record.note(format!("wrote {} to {}", written.join(", "), folder.display()));
    Went::Done(None)
}

async fn write_one(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished: PathBuf = folder.join(format!(".{name}.part"));
    let mut file = match fs::File::create(&unfinished).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder).await?;
            fs::File::create(&unfinished).await?
        }
        made => made?,
    };
    file.write_all(bytes).await?;
    file.sync_all().await?;
    fs::rename(&unfinished, folder.join(name)).await?;
    // The name is on the disk when the folder is.
    fs::File::open(folder).await?.sync_all().await
}

#[cfg(test)]
mod tests {
    use deskbell_render::report::samples;

    use super::*;

    fn content() -> Content {
        let sample = samples::all().swap_remove(0);
        Content {
            report: "weekly".to_owned(),
            document: serde_json::to_string(&sample.document).unwrap(),
            html: "<!doctype html>".to_owned(),
            pdf: b"%PDF-".to_vec(),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_report_is_written_whole_and_again_over_itself() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        for _ in 0..2 {
            let mut record = Record::default();
            let went = report(&folder, 7, content(), None, &mut record).await;
            assert_eq!(went, Went::Done(None), "{record:?}");
        }
        let names = names(&folder);
        for ending in [".html", ".pdf", ".json", ".csv"] {
            assert!(names.iter().any(|name| name.ends_with(ending)), "{names:?}");
        }
        // The first of March in Berlin is still February in UTC.
        assert!(names.iter().all(|name| name.starts_with("weekly-2026-03-01-7")), "{names:?}");
        assert_eq!(std::fs::read(folder.join("weekly-2026-03-01-7.pdf")).unwrap(), b"%PDF-");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_tried_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("file");
        std::fs::write(&folder, "in the way").unwrap();
        let notice_ = Notice { key: "k", subject: None, text: "hello", ticket: None, link: None };
        let mut record = Record::default();
        let went = notice(&folder, &notice_, &mut record).await;
        assert!(matches!(&went, Went::Retry { why, .. } if why.contains("notice-k.txt cannot be written")), "{went:?}");
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(notice(&folder, &notice_, &mut record).await, Went::Done(None));
        assert!(std::fs::read_to_string(folder.join("notice-k.txt")).unwrap().contains("hello"));
        assert_eq!(names(&folder), ["notice-k.txt"]);
    }
}
