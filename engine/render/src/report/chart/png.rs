use std::sync::{Arc, OnceLock};

use resvg::{tiny_skia, usvg};

use crate::report::fonts;

/// Why a picture could not be painted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the drawing is no SVG")]
    Drawing(#[from] usvg::Error),
    #[error("the picture would be {width} by {height} dots")]
    Size { width: u32, height: u32 },
    #[error("the picture could not be written as PNG: {0}")]
    Png(String),
}

/// Screens of phones have two dots where a mail's width counts one.
const DOTS: f32 = 2.0;

/// The largest side of a picture, in dots.
const MOST_DOTS: u32 = 8_000;

/// An SVG as PNG, with the size in which it is to be shown.
pub(in crate::report) fn paint(svg: &str) -> Result<(Vec<u8>, u32, u32), Error> {
    let options = usvg::Options { fontdb: book(), font_family: fonts::FAMILY.to_owned(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let size = tree.size();
    let (width, height) = ((size.width() * DOTS).ceil() as u32, (size.height() * DOTS).ceil() as u32);
    let mut picture = tiny_skia::Pixmap::new(width, height)
        .filter(|_| width <= MOST_DOTS && height <= MOST_DOTS)
        .ok_or(Error::Size { width, height })?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(DOTS, DOTS), &mut picture.as_mut());
    let bytes = picture.encode_png().map_err(|error| Error::Png(error.to_string()))?;
    Ok((bytes, size.width().round() as u32, size.height().round() as u32))
}

/// The bundled fonts, read once. Those of the machine are left out, so that each machine paints the same.
fn book() -> Arc<usvg::fontdb::Database> {
    static BOOK: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    Arc::clone(BOOK.get_or_init(|| {
        let mut book = usvg::fontdb::Database::new();
        for font in fonts::FILES {
            book.load_font_source(usvg::fontdb::Source::Binary(Arc::new(font)));
        }
        book.set_sans_serif_family(fonts::FAMILY);
        Arc::new(book)
    }))
}
