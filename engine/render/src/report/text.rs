//! What is done to a text before anybody sees it.

/// Without control characters and without those that turn the direction of what follows them, which would let a quoted
/// ticket rearrange the words around it. Line ends stay, tabs become spaces.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' => Some('\n'),
            '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// A [`clean`] text on one line.
pub(super) fn line(text: &str) -> String {
    // Spaces that do not break belong to a number and its unit, and stay.
    clean(text).split([' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A name for files, of the letters and digits of any script, at most 63 bytes; `report` where nothing is left of the text.
pub(super) fn file_stem(text: &str) -> String {
    let mut stem = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            stem.extend(c.to_lowercase());
        } else if !stem.is_empty() && !stem.ends_with('-') {
            stem.push('-');
        }
        if stem.len() >= 60 {
            break;
        }
    }
    let stem = stem.trim_end_matches('-');
    if stem.is_empty() { "report".to_owned() } else { stem.to_owned() }
}

/// Roughly how wide a text is drawn, in ems of its font.
pub(super) fn ems(text: &str) -> f64 {
    text.chars().map(em).sum()
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '!' | '|' | '\'' => 0.3,
        ' ' | '\u{a0}' | 'f' | 't' | 'r' | '(' | ')' | '-' => 0.36,
        'm' | 'w' | 'M' | 'W' | 'Ш' | 'Щ' | 'Ю' | 'Ж' | 'ш' | 'щ' | 'ю' | 'ж' | '%' | '@' => 0.9,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        c if c.is_uppercase() => 0.68,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' => 1.0,
        '\u{1f000}'..='\u{3ffff}' => 1.25,
        c if c.is_ascii_digit() => 0.58,
        _ => 0.61,
    }
}

/// The text in at most `n` lines of at most `width` ems, cut with an ellipsis where it is longer. Breaks at spaces where
/// it can and anywhere where it must.
pub(super) fn lines(text: &str, width: f64, n: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = text.trim();
    while !rest.is_empty() {
        let fits = fitting(rest, width);
        if fits == rest.len() {
            push(&mut lines, rest);
            break;
        }
        if lines.len() == n {
            let short = fitting(rest, width - 1.0);
            push(&mut lines, &format!("{}…", rest.get(..short).unwrap_or_default().trim_end()));
            break;
        }
        let head = rest.get(..fits).unwrap_or_default();
        let broken = head.rfind(' ').filter(|at| *at > 0).unwrap_or(fits);
        push(&mut lines, rest.get(..broken).unwrap_or_default().trim_end());
        lines.push(String::new());
        rest = rest.get(broken..).unwrap_or_default().trim_start();
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// How many bytes of the text fit in so many ems: one character at least.
fn fitting(text: &str, width: f64) -> usize {
    let mut used = 0.0;
    for (index, c) in text.char_indices() {
        used += em(c);
        if used > width && index > 0 {
            return index;
        }
    }
    text.len()
}

/// With invisible chances to break in words that are too long for a column, as in addresses and identifiers.
pub(super) fn breakable(text: &str) -> String {
    /// Longer than nearly all words of a dictionary, shorter than a narrow column.
    const LONG: usize = 18;
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        let wide = em(c) >= 1.0;
        run = if c.is_whitespace() || wide { 0 } else { run + 1 };
        out.push(c);
        // Joined letters and marks would fall apart at a break in their midst.
        let simple = c.is_ascii() || ('\u{400}'..'\u{500}').contains(&c);
        if run >= LONG && simple {
            out.push('\u{200b}');
            run = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_control_what_shows_it() {
        assert_eq!(clean("a\u{0}b\u{1b}[31m\u{202e}evil\u{2066}\tc\nd\r"), "ab[31mevil c\nd");
        assert_eq!(line(" a\n\n b\u{a0}c\t"), "a b\u{a0}c");
        assert_eq!(clean("שלום 👩\u{200d}💻 你好"), "שלום 👩\u{200d}💻 你好");
    }

    #[test]
    fn names_of_files_are_plain() {
        let cases = [
            ("Weekly report, team A/B", "weekly-report-team-a-b"),
            ("../../etc", "etc"),
            ("Größte Änderungen", "größte-änderungen"),
            ("周报", "周报"),
            ("\u{202e}", "report"),
            ("", "report"),
        ];
        for (text, expected) in cases {
            assert_eq!(file_stem(text), expected);
        }
        assert!(file_stem(&"周".repeat(500)).len() <= 63);
    }

    #[test]
    fn long_labels_break_into_lines_and_end_in_an_ellipsis() {
        assert_eq!(lines("short", 20.0, 2), ["short"]);
        assert_eq!(lines("two words", 3.4, 2), ["two", "words"]);
        assert_eq!(lines("你好世界欢迎", 3.0, 1), ["你好…"]);
        assert_eq!(lines("", 3.0, 2), [""]);
        for line in lines(&"Donaudampfschifffahrtsgesellschaft ".repeat(9), 10.0, 2) {
            assert!(ems(&line) <= 10.6, "{line}");
        }
    }

    #[test]
    fn long_words_get_chances_to_break() {
        assert_eq!(breakable("plain words stay"), "plain words stay");
        assert_eq!(breakable(&"x".repeat(20)), format!("{}\u{200b}xx", "x".repeat(18)));
        assert!(!breakable(&"ا".repeat(40)).contains('\u{200b}'));
    }
}
