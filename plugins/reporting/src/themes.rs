//! What comments have in common: words that several of them share, without those that every text has.

use std::collections::{BTreeMap, BTreeSet};

/// A word that several comments share.
pub(crate) struct Theme {
    pub(crate) term: String,
    pub(crate) n_comments: usize,
    pub(crate) examples: Vec<String>,
}

/// The most themes that are told.
const MOST: usize = 6;
/// Words that stand for one theme.
const MOST_TERMS: usize = 3;
/// Comments that share a word, at least.
const LEAST: usize = 2;
/// Characters of a quoted comment.
const QUOTED: usize = 160;

/// Words that say nothing about what a comment is about.
const STOP_WORDS: &str = "
a about after again all also am an and any are as at be because been before but by can could did do does don for from get got
had has have he her him his how i if in into is it its just me more my no not now of off on one only or our out over so some
than that the their them then there they this to too up us very was we were what when which who why will with would you your
still even really much after never nothing
aber alle als am an auch auf aus bei bin bis das dass dem den der des die doch durch ein eine einem einen einer eines er es
für hat hatte habe haben ich ihr im in ist ja kann kein keine man mehr mein meine mich mir mit nach nicht noch nur ob oder
sehr sein sich sie sind so um und uns unser von vom vor war waren was wenn werden wie wieder wir wird wurde zu zum zur
aan al alle bij dan dat de deze die dit door een en er geen had hebben heb heeft het hij hoe ik in is je kan maar me meer met
mijn na naar niet niets nog nu of om ook op over te toch tot uit van veel voor waar was wat we wel werd wij wordt ze zijn zo
ei eikä ei ole oli olen on ovat ja jos joka jo kun kuin mutta myös me minä minun mitä niin nyt oli se sen sitä siitä tai tämä
tätä vain vielä vaan että eivät hän kanssa kaikki koska
а без бы был была были было в вам вас во все всё вы где да для до его ее её если есть ещё же за и из или их к как когда кто
ли мне мой мы на над нам нас не нет ни но ну о об он она они оно от по под при с со так там то тоже только у уже чем что
чтобы это этот эта эти я очень
";
/// Characters of Chinese that join words and say nothing themselves.
const STOP_CHARACTERS: &str = "的了是不我有在这就都和很也你他她它们那要会到说没还被给与及或但吗呢吧啊个一来去上下把对";

/// The themes of comments, what most share first.
pub(crate) fn of<'a>(comments: impl Iterator<Item = &'a str>) -> Vec<Theme> {
    let stop_words: BTreeSet<&str> = STOP_WORDS.split_whitespace().collect();
    let mut shared: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for comment in comments {
        for term in terms(comment, &stop_words) {
            shared.entry(term).or_default().push(comment);
        }
    }
    let mut shared: Vec<(String, Vec<&str>)> = shared.into_iter().filter(|(_, of)| of.len() >= LEAST).collect();
    shared.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    // Words that the very same comments share are one theme.
    let mut themes: Vec<(Vec<&str>, Theme)> = Vec::new();
    for (term, comments) in shared {
        let texts = distinct(&comments);
        let has_room = themes.len() < MOST;
        match themes.iter_mut().find(|(known, _)| *known == texts) {
            Some((_, theme)) if theme.term.split(", ").count() < MOST_TERMS => {
                theme.term.extend([", ", term.as_str()]);
            }
            None if has_room => {
                let examples = texts.iter().take(5).map(|text| quoted(text)).collect();
                themes.push((texts, Theme { term, n_comments: comments.len(), examples }));
            }
            _ => {}
        }
    }
    themes.into_iter().map(|(_, theme)| theme).collect()
}

/// The terms of a comment, each once.
fn terms(comment: &str, stop_words: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for word in comment.split(|c: char| !c.is_alphanumeric()) {
        if word.chars().any(is_chinese) {
            let characters: Vec<char> = word.chars().collect();
            let pairs = characters
                .windows(2)
                .filter(|pair| pair.iter().all(|c| is_chinese(*c) && !STOP_CHARACTERS.contains(*c)));
            terms.extend(pairs.map(|pair| pair.iter().collect::<String>()));
            continue;
        }
        let word = word.to_lowercase();
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        if word.chars().count() > 2 && !is_number && !stop_words.contains(word.as_str()) {
            terms.insert(word);
        }
    }
    terms
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

fn distinct<'a>(comments: &[&'a str]) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    comments.iter().copied().filter(|comment| seen.insert(*comment)).collect()
}

fn quoted(comment: &str) -> String {
    let line = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_are_words_that_several_comments_share() {
        let themes = |comments: &[&str]| {
            of(comments.iter().copied()).into_iter().map(|theme| (theme.term, theme.n_comments)).collect::<Vec<_>>()
        };
        let expected = vec![("refund".to_owned(), 3), ("slow".to_owned(), 2)];
        assert_eq!(themes(&["The refund was slow", "Refund, refund!", "still no refund, so slow.", "bad"]), expected);
        assert_eq!(themes(&["die Lieferung kam nicht", "Lieferung?", "nicht gut"]), [("lieferung".to_owned(), 2)]);
        assert_eq!(themes(&["退款太慢", "我的退款没有到"]), [("退款".to_owned(), 2)]);
        assert_eq!(themes(&["возврат не пришёл", "где возврат"]), [("возврат".to_owned(), 2)]);
        assert_eq!(themes(&["parcel lost", "parcel lost", "lost"]), [("lost".to_owned(), 3), ("parcel".to_owned(), 2)]);
        assert_eq!(themes(&["parcel lost", "lost parcel"]), [("lost, parcel".to_owned(), 2)]);
        assert!(themes(&["it was not good", "it was"]).is_empty());
    }

    #[test]
    fn quotes_are_short_and_on_one_line() {
        assert_eq!(quoted("a\n b"), "a b");
        assert_eq!(quoted(&"x".repeat(200)).chars().count(), QUOTED + 1);
    }
}
