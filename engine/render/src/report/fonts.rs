//! The fonts that PDF and pictures are set in: Latin, Greek, Cyrillic, Chinese and kana, Arabic, Hebrew and signs.
//! `fonts/README.md` says where they come from.

/// The family of most letters; the others stand in where it has none.
pub(super) const FAMILY: &str = "Noto Sans";

/// Earlier files are asked first.
pub(super) static FILES: [&[u8]; 8] = [
    include_bytes!("../../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../fonts/NotoSans-SemiBold.ttf"),
    include_bytes!("../../fonts/NotoSans-Italic.ttf"),
    include_bytes!("../../fonts/NotoSansSC-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansSC-SemiBold.ttf"),
    include_bytes!("../../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../../fonts/NotoEmoji-Regular.ttf"),
];
