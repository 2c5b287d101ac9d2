//! Report documents as page, mail, PDF, tables and JSON.
//!
//! A checked [`Document`] becomes a view: the same blocks with every value already written in the document's language.
//! Page, mail, text and PDF are made from the view by templates that only place it; tables for spreadsheets and JSON are
//! made from the document, whose numbers are still numbers. Texts come from tickets, that is, from strangers: they are
//! cleaned once on their way into the view, and each template escapes what it places.
//!
//! Rendering reads nothing but its arguments: the same document gives the same bytes.

mod brand;
mod chart;
mod csv;
mod fonts;
mod mail;
mod page;
mod pdf;
mod plain;
pub mod samples;
mod text;
mod view;

#[cfg(test)]
mod tests;

pub use brand::{Brand, Colour, Logo};
pub use chart::png::Error as PictureError;
pub use pdf::Error as PdfError;

use deskbell_model::document::{Document, Invalid};

/// A report as a mail, ready to be put into MIME parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub html: String,
    /// The same for readers without HTML.
    pub text: String,
    /// Pictures that the HTML shows, by `cid:`.
    pub inline: Vec<Inline>,
    pub attachments: Vec<File>,
}

/// A picture inside a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inline {
    /// What stands after `cid:` in the HTML, and in angle brackets in the part's Content-ID.
    pub content_id: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A file for an attachment, a folder or a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// ASCII letters, digits, `-` and `.` alone.
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the document of the report cannot be rendered")]
    Document(#[from] Invalid),
    #[error("the report's template does not fit its data; this is a fault of the renderer")]
    Template(#[from] minijinja::Error),
    #[error("the report's PDF could not be made")]
    Pdf(#[from] PdfError),
    #[error("a chart of the report could not be painted")]
    Picture(#[from] PictureError),
}

/// A page that stands alone: styles and charts are in it, scripts and requests are not.
pub fn html(document: &Document, brand: &Brand) -> Result<String, Error> {
    document.check()?;
    Ok(page::render(&view::view(document), document, brand)?)
}

/// A PDF/UA document: tagged, titled, with its fonts inside.
pub fn pdf(document: &Document, brand: &Brand) -> Result<Vec<u8>, Error> {
    document.check()?;
    Ok(pdf::render(&view::view(document), document, brand)?)
}

/// A mail with the PDF and the tables attached.
pub fn mail(document: &Document, brand: &Brand) -> Result<Mail, Error> {
    document.check()?;
    let view = view::view(document);
    let (html, inline) = mail::render(&view, document, brand)?;
    let stem = text::file_stem(&document.title);
    let mut attachments = vec![File {
        name: format!("{stem}.pdf"),
        media_type: "application/pdf",
        bytes: pdf::render(&view, document, brand)?,
    }];
    attachments.extend(csv::files(document));
    Ok(Mail { subject: mail::subject(&view), html, text: plain::render(&view), inline, attachments })
}

/// The report as text alone.
pub fn text(document: &Document) -> Result<String, Error> {
    document.check()?;
    Ok(plain::render(&view::view(document)))
}

/// One file for each table and each chart's numbers.
pub fn csv(document: &Document) -> Result<Vec<File>, Error> {
    document.check()?;
    Ok(csv::files(document))
}

/// The document itself, as a program reads it.
pub fn json(document: &Document) -> Result<String, Error> {
    document.check()?;
    // Documents hold nothing that JSON cannot say: the check refused infinite numbers.
    Ok(serde_json::to_string_pretty(document).unwrap_or_default())
}
