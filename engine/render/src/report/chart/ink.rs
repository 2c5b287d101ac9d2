/// The colours of a picture, for the ground that it lies on.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Ink {
    pub(super) letters: &'static str,
    pub(super) faint: &'static str,
    pub(super) grid: &'static str,
    /// Filled in behind everything; none where the page's own ground shows.
    pub(super) ground: Option<&'static str>,
    pub(super) series: &'static [&'static str; 8],
    pub(super) font: &'static str,
    /// How much broader letters may be than those of the bundled fonts.
    pub(super) broad: f64,
    /// Whether the letters are left to somebody else.
    pub(super) letters_apart: bool,
}

/// Told apart by people who see few colours; each at least 3 : 1 against white.
const ON_WHITE: [&str; 8] = ["#1f6fb2", "#c8500a", "#0b8a63", "#9a4a9c", "#a5780a", "#566370", "#c2416b", "#2e8fb0"];
/// As variables of the page's style, which gives each a second value for the dark.
const ON_PAGE: [&str; 8] =
    ["var(--s0)", "var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)", "var(--s7)"];

const OWN_FONTS: &str = "Noto Sans, Noto Sans SC, Noto Sans Arabic, Noto Sans Hebrew, Noto Emoji";

impl Ink {
    /// For paper and PDF.
    pub(in crate::report) const PAPER: Self = Self {
        letters: "#1b222b",
        faint: "#5a6572",
        grid: "#dde3ea",
        ground: None,
        series: &ON_WHITE,
        font: OWN_FONTS,
        broad: 1.0,
        letters_apart: true,
    };
    /// For a picture in a mail: it brings its own white, for the reader's ground may be dark.
    pub(in crate::report) const PICTURE: Self = Self { ground: Some("#ffffff"), letters_apart: false, ..Self::PAPER };
    /// For the page, light or dark.
    pub(in crate::report) const PAGE: Self = Self {
        letters: "var(--letters)",
        faint: "var(--faint)",
        grid: "var(--grid)",
        ground: None,
        series: &ON_PAGE,
        font: "inherit",
        // The reader's machine chooses the font.
        broad: 1.14,
        letters_apart: false,
    };

    pub(super) fn series(&self, index: usize) -> &'static str {
        self.series.get(index % self.series.len()).copied().unwrap_or(self.letters)
    }
}
