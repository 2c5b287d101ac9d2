//! Telling from a text which language it is written in.

use std::collections::BTreeSet;

use whatlang::{Detector, Info, Script};

use crate::language;

/// Fewer characters than this say too little about their language, unless their script gives it away.
const MIN_CHARS: usize = 40;
/// More characters do not make the answer better, only later.
const MAX_CHARS: usize = 2_000;
/// What the detector must be sure of. Much less would be guessing; its own idea of reliable, 0.9, leaves every second
/// support mail of one sentence undecided.
const MIN_CONFIDENCE: f64 = 0.5;

/// Words that hardly a sentence of a language does without.
const SMALL_WORDS: &[(&str, &str)] = &[
    ("bg", "и в не на да се от за е с моля благодаря здравейте ми мога съм което но как това си по може"),
    ("da", "og at det er jeg ikke en et som for med på af har kan min vi tak hej til om den mit men fra eller kunne"),
    (
        "de",
        "und der die das nicht ist ich wir sie mit für auf ein eine einen wurde bitte mein meine ihr ihre kann haben habe von \
            zu den dem im bei es dass danke guten sehr hallo nach seit wie werden",
    ),
    (
        "en",
        "the and you for with this that have not can are please my your our was is it be to of in on at from thank thanks \
            hello dear would could i we will when after been how what there",
    ),
    (
        "es",
        "el los las y es que en de una un para con por no mi su hola gracias del se lo como está pero favor al nos hemos \
            más este esta",
    ),
    (
        "fi",
        "ja on ei en että se olen voi ole mutta kun kiitos hei miten tai myös minun voisitteko jos olisi ovat sen tämä oli \
            kanssa",
    ),
    (
        "fr",
        "le la les des et est je nous vous pour avec dans que qui pas une un du sur mon ma votre bonjour merci ne au plus ce \
            cette être avons ai mais",
    ),
    (
        "it",
        "il lo gli e è che di un una per con non mi mio la le ciao grazie del della sono ho come si più questo questa ma al \
            nel vorrei",
    ),
    (
        "nl",
        "de het een en niet ik wij is voor met van op dat kan hebben heb mijn uw graag wilt alstublieft te aan bij zijn naar \
            maar bedankt hallo geen ook wordt kunt deze hoe",
    ),
    ("pl", "i nie w na z do się jest to że jak dzień dobry proszę o mój moje dla po ale dziękuję czy od przez mam"),
    (
        "pt",
        "o os as e é que em uma um para com por não meu minha seu olá obrigado obrigada do da no na dos das se como está mas \
            ao mais este esta você",
    ),
    (
        "ru",
        "и в не на я что с по как это мы вы для пожалуйста спасибо здравствуйте мне мой у от к но есть был нет могу до со",
    ),
    (
        "sv",
        "och att det är jag inte en ett som för med på av har kan min ni vi tack hej till om den mitt men från eller",
    ),
    ("uk", "і в не на я що з як це ми ви для будь ласка дякую вітаю мені мій від до але є був немає можу та"),
];

/// The language that the text is written in, where it is clear enough.
pub fn language_of(text: &str) -> Option<String> {
    let text: String = text.chars().take(MAX_CHARS).collect();
    if is_russian(&text) {
        return Some("ru".to_owned());
    }
    let is_enough = |found: &Info| text.chars().count() >= MIN_CHARS || found.script() != Script::Latin;
    let found = Detector::new().detect(&text).filter(|found| is_enough(found) && found.confidence() >= MIN_CONFIDENCE);
    found.map(|found| language::primary(found.lang().code())).or_else(|| by_small_words(&text).map(str::to_owned))
}

/// The language whose small words the text has at least two of, and twice as many as of any other. That decides most
/// mails of one or two sentences, which say too little about groups of letters.
fn by_small_words(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let count = |list: &str| {
        let list: BTreeSet<&str> = list.split(' ').collect();
        words.iter().filter(|word| list.contains(*word)).count()
    };
    let mut counts: Vec<(usize, &str)> = SMALL_WORDS.iter().map(|(code, list)| (count(list), *code)).collect();
    counts.sort_unstable();
    let (most, code) = counts.pop()?;
    let (next, _) = counts.pop()?;
    (most >= 2 && most >= 2 * next.max(1)).then_some(code)
}

/// Whether the letters give Russian away. The detector, which counts groups of letters, confuses short Russian texts with
/// Ukrainian and Bulgarian ones; but these have no ы and э, and the other languages that do have letters of their own.
fn is_russian(text: &str) -> bool {
    let text = text.to_lowercase();
    let is_cyrillic = |c: &char| ('\u{400}'..='\u{4ff}').contains(c);
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let n_cyrillic = text.chars().filter(is_cyrillic).count();
    let is_of_the_alphabet = |c: char| matches!(c, 'а'..='я' | 'ё');
    n_cyrillic * 2 > n_letters && text.contains(['ы', 'э']) && text.chars().filter(is_cyrillic).all(is_of_the_alphabet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_shipped_languages_are_recognised() {
        for (text, expected) in [
            (
                "I have not been able to log in since yesterday. Could you please reset my password? Thank you for your help.",
                "en",
            ),
            ("Seit gestern kann ich mich nicht mehr anmelden, bitte setzen Sie mein Passwort zurück.", "de"),
            ("Sinds gisteren kan ik niet meer inloggen, wilt u alstublieft mijn wachtwoord opnieuw instellen?", "nl"),
            (
                "En ole voinut kirjautua sisään eilisen jälkeen, voisitteko nollata salasanani mahdollisimman pian?",
                "fi",
            ),
            ("Со вчерашнего дня я не могу войти в систему, пожалуйста, сбросьте мой пароль.", "ru"),
            ("I cannot log in any more since yesterday, please reset my password.", "en"),
            ("Ich habe die Rechnung nicht.", "de"),
            ("Где мой заказ? Вы обещали прислать его вчера.", "ru"),
            ("Я не отримав рахунок за грудень, будь ласка, надішліть його ще раз.", "uk"),
            ("Не съм получил фактурата за декември, моля, изпратете ми я отново възможно най-скоро.", "bg"),
            ("从昨天开始我无法登录系统，请尽快重置我的密码。", "zh"),
        ] {
            assert_eq!(language_of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_says_too_little_stays_unknown() {
        for text in ["", "   ", "Hi", "ok ok", "12345 678", "???", "AB-1234 / XJ9", "Login Problem", "Invoice 4711"] {
            assert_eq!(language_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_huge_text_is_judged_by_its_beginning() {
        let text = "Bitte helfen Sie mir, ich kann die Rechnung nicht öffnen. ".repeat(20_000);
        assert_eq!(language_of(&text).as_deref(), Some("de"));
    }
}
