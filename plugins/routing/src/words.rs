//! Looking for words in what a customer wrote.
//!
//! Words are whole words, whatever their case; `invoic*` stands for every word that begins so, and an entry of several
//! words for those words in that order. Scripts that put no spaces between words (Chinese, Japanese, Thai and the
//! like) are searched as they stand.

/// Characters of a text that are looked at. What decides where a ticket goes is said earlier.
const MAX_CHARS: usize = 50_000;

/// A text, ready to be searched.
#[derive(Debug, Default)]
pub(crate) struct Text {
    words: Vec<String>,
    /// The positions of `words`, by word.
    sorted: Vec<usize>,
    folded: String,
}

/// What is looked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// As the operator wrote it.
    pub(crate) shown: String,
    needle: Needle,
}

#[derive(Debug, PartialEq)]
enum Needle {
    Words(Vec<Pattern>),
    /// Somewhere in the text, for scripts without spaces.
    Part(String),
}

#[derive(Debug, PartialEq)]
struct Pattern {
    word: String,
    is_beginning: bool,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let folded = fold(text.chars().take(MAX_CHARS));
        let words: Vec<String> =
            folded.split(|c| !is_of_word(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let mut sorted: Vec<usize> = (0..words.len()).collect();
        sorted.sort_by_key(|&at| words.get(at));
        Self { words, sorted, folded }
    }

    pub(crate) fn has(&self, entry: &Entry) -> bool {
        match &entry.needle {
            Needle::Part(part) => self.folded.contains(part.as_str()),
            Needle::Words(patterns) => {
                let Some((first, rest)) = patterns.split_first() else {
                    return false;
                };
                self.positions(first).any(|at| {
                    rest.iter()
                        .zip(at + 1..)
                        .all(|(pattern, at)| self.words.get(at).is_some_and(|word| pattern.fits(word)))
                })
            }
        }
    }

    /// Where words are that fit the pattern.
    fn positions(&self, pattern: &Pattern) -> impl Iterator<Item = usize> {
        let word_at = |at: usize| self.words.get(at).map_or("", String::as_str);
        let start = self.sorted.partition_point(|&at| word_at(at) < pattern.word.as_str());
        self.sorted.iter().skip(start).copied().take_while(move |&at| pattern.fits(word_at(at)))
    }
}

impl Entry {
    /// Reads what an operator wrote; the error says what is wrong with it.
    pub(crate) fn read(written: &str) -> Result<Self, String> {
        let folded = fold(written.trim().chars());
        let needle = if folded.chars().any(is_unspaced) {
            Needle::Part(folded)
        } else {
            Needle::Words(folded.split_whitespace().flat_map(patterns).collect())
        };
        if matches!(&needle, Needle::Words(patterns) if patterns.is_empty()) {
            return Err(format!("'{written}' has no letter or digit to look for"));
        }
        Ok(Self { shown: written.trim().to_owned(), needle })
    }
}

impl Pattern {
    fn fits(&self, word: &str) -> bool {
        if self.is_beginning { word.starts_with(&self.word) } else { word == self.word }
    }
}

/// The patterns of one written word: `e-mail*` is `e` followed by what begins with `mail`.
fn patterns(written: &str) -> Vec<Pattern> {
    let is_beginning = written.ends_with('*');
    let mut patterns: Vec<Pattern> = written
        .split(|c| !is_of_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| Pattern { word: word.to_owned(), is_beginning: false })
        .collect();
    if let Some(last) = patterns.last_mut() {
        last.is_beginning = is_beginning;
    }
    patterns
}

/// Lower case, and one spelling for what people write in two: ß and ss, ё and е, full-width and plain letters.
fn fold(text: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    for c in text {
        for c in c.to_lowercase() {
            match c {
                'ß' => folded.push_str("ss"),
                'ё' => folded.push('е'),
                'ς' => folded.push('σ'),
                '\u{ff01}'..='\u{ff5e}' => {
                    folded.extend(char::from_u32(c as u32 - 0xfee0).map(|c| c.to_ascii_lowercase()));
                }
                c => folded.push(c),
            }
        }
    }
    folded
}

/// Letters, digits and the marks that combine with them.
fn is_of_word(c: char) -> bool {
    (c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)) && !is_unspaced(c)
}

/// Scripts that put no space between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3040}'..='\u{30ff}' // Japanese syllables
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, entry: &str, expected: bool) {
        assert_eq!(Text::new(text).has(&Entry::read(entry).unwrap()), expected, "'{entry}' in '{text}'");
    }

    #[test]
    fn whole_words_are_found_whatever_their_case() {
        check("My INVOICE is wrong", "invoice", true);
        check("invoices", "invoice", false);
        check("(invoice)", "Invoice", true);
        check("pre-invoice", "invoice", true);
        check("", "invoice", false);
        check("Order A-17.", "a-17", true);
    }

    #[test]
    fn letters_of_many_languages_are_letters() {
        check("Где мой СЧЁТ?", "счет", true);
        check("Где мой счёт?", "счёт", true);
        check("Meine Straße", "STRASSE", true);
        check("Ei pääse kirjautumaan", "pääse", true);
        check("Ei pääse kirjautumaan", "paase", false);
        check("ΛΟΓΑΡΙΑΣΜΟΣ", "λογαριασμός", false);
        check("λογαριασμος", "ΛΟΓΑΡΙΑΣΜΟΣ", true);
        check("فاتورة خاطئة", "فاتورة", true);
    }

    #[test]
    fn scripts_without_spaces_are_searched_as_they_stand() {
        check("我的发票有错误", "发票", true);
        check("我的发票有错误", "退款", false);
        check("请重发invoice给我", "invoice", true);
        check("ＩＮＶＯＩＣＥ １２", "invoice 12", true);
        check("請求書を再発行してください", "請求書", true);
        check("ขอใบแจ้งหนี้", "ใบแจ้งหนี้", true);
    }

    #[test]
    fn several_words_stand_for_those_words_in_that_order() {
        check("I want my money back, now", "money back", true);
        check("back to the money", "money back", false);
        check("Money -- back!", "money back", true);
        check("money money back", "money back", true);
        check("money", "money back", false);
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_word() {
        check("Laskutukseen liittyvä", "lasku*", true);
        check("alasku", "lasku*", false);
        check("refunding requests", "refund* request*", true);
        check("e-mails", "e-mail*", true);
    }

    #[test]
    fn an_entry_without_letters_is_refused() {
        for entry in ["", " ", "?!", "*"] {
            assert!(Entry::read(entry).is_err(), "{entry}");
        }
    }

    #[test]
    fn a_huge_text_is_searched_up_to_its_limit() {
        let text = format!("refund {} invoice", "x ".repeat(100_000));
        check(&text, "refund", true);
        check(&text, "invoice", false);
    }
}
