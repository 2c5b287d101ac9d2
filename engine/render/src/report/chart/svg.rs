use std::fmt::{Display, Write};

use serde::Serialize;

use super::{Ink, LETTERS};

/// An SVG element in the making. All texts are escaped here and nowhere else.
pub(super) struct Svg {
    ink: Ink,
    body: String,
    /// Letters that somebody else sets, where the ink says so.
    labels: Vec<Label>,
}

/// Letters of a drawing that are not in it: the typesetter of the PDF joins and orders scripts better than a drawing can.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Label {
    x: f64,
    /// The letters' base line.
    y: f64,
    anchor: &'static str,
    fill: &'static str,
    text: String,
}

/// A drawing whose letters are to be set above it.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Bare {
    #[serde(skip)]
    pub(in crate::report) svg: String,
    width: f64,
    height: f64,
    letters: f64,
    labels: Vec<Label>,
}

/// One place after the point is finer than any screen or printer shows.
struct Short(f64);

impl Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (self.0 * 10.0).round() / 10.0)
    }
}

/// Text as SVG and HTML take it.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

impl Svg {
    pub(super) fn new(ink: Ink) -> Self {
        Self { ink, body: String::new(), labels: Vec::new() }
    }

    pub(super) fn series(&self, index: usize) -> &'static str {
        self.ink.series(index)
    }

    /// Nothing where it would have no area: renderers complain of such a rectangle.
    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        if width.min(height) < 0.05 {
            return;
        }
        self.put(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" fill="{fill}"/>"#,
            Short(x),
            Short(y),
            Short(width),
            Short(height)
        ));
    }

    pub(super) fn rule(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: &str) {
        self.put(format_args!(
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{stroke}"/>"#,
            Short(x1),
            Short(y1),
            Short(x2),
            Short(y2)
        ));
    }

    /// `anchor` is `start`, `middle` or `end`; `y` is the letters' base line.
    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &'static str, fill: &'static str, text: &str) {
        if self.ink.letters_apart {
            self.labels.push(Label { x, y, anchor, fill, text: text.to_owned() });
            return;
        }
        self.put(format_args!(
            r#"<text x="{}" y="{}" text-anchor="{anchor}" fill="{fill}">{}</text>"#,
            Short(x),
            Short(y),
            Escaped(text)
        ));
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], stroke: &str, dashed: bool) {
        let mut data = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            // Writing into a string cannot fail.
            let _ = write!(data, "{}{} {}", if index == 0 { "M" } else { "L" }, Short(*x), Short(*y));
        }
        let dashes = if dashed { r#" stroke-dasharray="6 5""# } else { "" };
        self.put(format_args!(
            r#"<path d="{data}" fill="none" stroke="{stroke}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"{dashes}/>"#
        ));
    }

    /// Circle, square, triangle, diamond: series stay apart without colours.
    pub(super) fn mark(&mut self, x: f64, y: f64, series: usize, fill: &str) {
        const R: f64 = 3.4;
        if series.is_multiple_of(4) {
            return self.put(format_args!(r#"<circle cx="{}" cy="{}" r="{R}" fill="{fill}"/>"#, Short(x), Short(y)));
        }
        let points: &[(f64, f64)] = match series % 4 {
            1 => &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
            2 => &[(0.0, -1.25), (1.2, 1.0), (-1.2, 1.0)],
            _ => &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)],
        };
        let mut data = String::new();
        for (dx, dy) in points {
            let _ = write!(data, "{},{} ", Short(x + dx * R), Short(y + dy * R));
        }
        self.put(format_args!(r#"<polygon points="{}" fill="{fill}"/>"#, data.trim_end()));
    }

    pub(super) fn finish_bare(mut self, width: f64, height: f64, id: usize, title: &str, alt: &str) -> Bare {
        let labels = std::mem::take(&mut self.labels);
        Bare { svg: self.finish(width, height, id, title, alt), width, height, letters: LETTERS, labels }
    }

    pub(super) fn finish(self, width: f64, height: f64, id: usize, title: &str, alt: &str) -> String {
        let ground = self.ink.ground.map_or_else(String::new, |fill| {
            format!(
                r#"<rect x="-12" y="-12" width="{}" height="{}" fill="{fill}"/>"#,
                Short(width + 24.0),
                Short(height + 24.0)
            )
        });
        let (margin, wide, high) =
            if self.ink.ground.is_some() { (-12.0, width + 24.0, height + 24.0) } else { (0.0, width, height) };
        let font = self.ink.font;
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="chart-{id}-title chart-{id}-text" "#,
                r#"viewBox="{margin} {margin} {wide} {high}" width="{wide}" height="{high}" font-family="{font}" font-size="{letters}">"#,
                r#"<title id="chart-{id}-title">{title}</title><desc id="chart-{id}-text">{alt}</desc>{ground}{body}</svg>"#
            ),
            id = id,
            margin = margin,
            wide = Short(wide),
            high = Short(high),
            font = font,
            letters = LETTERS,
            title = Escaped(title),
            alt = Escaped(alt),
            ground = ground,
            body = self.body
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
    }
}
