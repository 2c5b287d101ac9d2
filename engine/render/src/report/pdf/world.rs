use std::sync::OnceLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt};

use crate::report::fonts;

const TEMPLATE: &str = include_str!("../../../templates/report.typ");

/// All that the typesetter can see.
pub(super) struct World {
    source: Source,
    files: Vec<(FileId, Bytes)>,
}

/// What is the same for all documents.
struct Shared {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let fonts: Vec<Font> = fonts::FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect();
        Shared { library: LazyHash::new(Library::default()), book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
    })
}

/// The text with a replacement sign for each character that none of the fonts has, which an accessible PDF may not hold.
pub(in crate::report) fn settable(text: &str) -> String {
    let fonts = &shared().fonts;
    let known = |c: char| invisible(c) || fonts.iter().any(|font| font.info().coverage.contains(u32::from(c)));
    text.chars().map(|c| if c.is_ascii() || known(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Joiners and selectors, which shape their neighbours and are no signs themselves.
const fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}')
}

impl World {
    /// With files by their names, beside the template.
    pub(super) fn new(files: Vec<(String, Bytes)>) -> Self {
        Self {
            source: Source::new(id("report.typ").unwrap_or_else(detached), TEMPLATE.to_owned()),
            files: files.into_iter().filter_map(|(name, bytes)| Some((id(&name)?, bytes))).collect(),
        }
    }
}

fn id(name: &str) -> Option<FileId> {
    Some(FileId::new(RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).ok()?)))
}

fn detached() -> FileId {
    Source::detached("").id()
}

impl typst::World for World {
    fn library(&self) -> &LazyHash<Library> {
        &shared().library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &shared().book
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() { Ok(self.source.clone()) } else { Err(missing(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.iter().find(|(known, _)| *known == id).map(|(_, bytes)| bytes.clone()).ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        shared().fonts.get(index).cloned()
    }

    /// The template says no date but the document's own.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_with_slash().into())
}
