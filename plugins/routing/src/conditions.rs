//! What a rule asks of a ticket.

use deskbell::prelude::*;
use deskbell_wording::fields::{self, Field};
use deskbell_wording::{detect, language};
use serde_json::{Map, Value};

use crate::words::{Entry, Text};

/// How many found words a reason names.
const MAX_SHOWN: usize = 5;

/// The conditions of a rule; all of them must hold.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    fields: Vec<Field>,
    words: Option<Words>,
    languages: Vec<String>,
    form: Vec<String>,
}

/// Words to look for, and where.
#[derive(Debug, Default, PartialEq)]
struct Words {
    any: Vec<Entry>,
    all: Vec<Entry>,
    none: Vec<Entry>,
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Subject,
    Description,
}

impl Place {
    const ALL: [Self; 2] = [Self::Subject, Self::Description];

    fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Description => "description",
        }
    }
}

/// A ticket and what rules want to know of it, worked out when the first of them asks.
pub(crate) struct Case<'a> {
    pub(crate) ticket: &'a Ticket,
    form_field: &'a str,
    detects_language: bool,
    subject: std::cell::OnceCell<Text>,
    description: std::cell::OnceCell<Text>,
    language: std::cell::OnceCell<Option<(String, &'static str)>>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(ticket: &'a Ticket, form_field: &'a str, detects_language: bool) -> Self {
        Self {
            ticket,
            form_field,
            detects_language,
            subject: std::cell::OnceCell::new(),
            description: std::cell::OnceCell::new(),
            language: std::cell::OnceCell::new(),
        }
    }

    /// The ticket's language as a two-letter code, and who says so.
    pub(crate) fn language(&self) -> Option<(&str, &'static str)> {
        let found = self.language.get_or_init(|| {
            let stated = |tag: &Option<String>, by| {
                let code = tag.as_deref().map(language::primary).filter(|code| !code.is_empty());
                code.map(|code| (code, by))
            };
            stated(&self.ticket.language, "stated on the ticket")
                .or_else(|| stated(&self.ticket.requester.language, "the requester's"))
                .or_else(|| self.detects_language.then(|| self.detected()).flatten())
        });
        found.as_ref().map(|(code, by)| (code.as_str(), *by))
    }

    fn detected(&self) -> Option<(String, &'static str)> {
        let description = self.ticket.description.as_deref().unwrap_or_default();
        let text = format!("{}\n{description}", self.ticket.subject);
        detect::language_of(&text).map(|code| (code, "detected"))
    }

    fn text(&self, place: Place) -> &Text {
        match place {
            Place::Subject => self.subject.get_or_init(|| Text::new(&self.ticket.subject)),
            Place::Description => {
                self.description.get_or_init(|| Text::new(self.ticket.description.as_deref().unwrap_or_default()))
            }
        }
    }

    fn form(&self) -> Vec<&str> {
        let stated = self.ticket.custom.get(self.form_field).and_then(Value::as_str);
        [self.ticket.kind.as_deref(), stated].into_iter().flatten().collect()
    }
}

impl Conditions {
    /// Reads the conditions of a rule; the error names the member at fault.
    pub(crate) fn read(table: &Map<String, Value>) -> Result<Self, String> {
        let mut table = table.clone();
        let words = table.remove("words").map(|value| Words::read(&value)).transpose()?;
        let languages = table.remove("language").map(|value| texts("language", &value)).transpose()?;
        let form = table.remove("form").map(|value| texts("form", &value)).transpose()?;
        Ok(Self {
            fields: fields::read(&table)
                .map_err(|error| error.replace("known are ", "known are words, language, form, "))?,
            words,
            languages: languages.unwrap_or_default(),
            form: form.unwrap_or_default(),
        })
    }

    /// What matched, in words; none where a condition does not hold.
    pub(crate) fn matched(&self, case: &Case) -> Option<Vec<String>> {
        let mut found = Vec::new();
        for field in &self.fields {
            found.push(field.matched(case.ticket)?);
        }
        if !self.form.is_empty() {
            let stated = case.form();
            let form = stated.iter().find(|stated| self.form.iter().any(|form| form.eq_ignore_ascii_case(stated)))?;
            found.push(format!("form is {form}"));
        }
        if !self.languages.is_empty() {
            let (code, by) = case.language()?;
            self.languages.iter().find(|wanted| language::primary(wanted) == code)?;
            found.push(format!("language is {code} ({by})"));
        }
        if let Some(words) = &self.words {
            found.extend(words.matched(case)?);
        }
        Some(found)
    }
}

impl Words {
    fn read(value: &Value) -> Result<Self, String> {
        let mut words = Self { places: Place::ALL.to_vec(), ..Self::default() };
        let Some(table) = value.as_object() else {
            words.any = entries("words", value)?;
            return Ok(words);
        };
        for (name, value) in table {
            match name.as_str() {
                "any" => words.any = entries("words.any", value)?,
                "all" => words.all = entries("words.all", value)?,
                "none" => words.none = entries("words.none", value)?,
                "in" => words.places = places(value)?,
                _ => {
                    return Err(format!("`words.{name}` is unknown; known are any, all, none and in"));
                }
            }
        }
        if words.any.is_empty() && words.all.is_empty() && words.none.is_empty() {
            return Err("`words` lists no word; give any, all or none".to_owned());
        }
        Ok(words)
    }

    fn matched(&self, case: &Case) -> Option<Vec<String>> {
        let place_of = |entry: &Entry| self.places.iter().find(|place| case.text(**place).has(entry));
        let describe =
            |entry: &Entry, place: &Place| format!("\u{201c}{}\u{201d} in the {}", entry.shown, place.name());
        if self.none.iter().any(|entry| place_of(entry).is_some()) {
            return None;
        }
        let mut found = Vec::new();
        for entry in &self.all {
            found.push(describe(entry, place_of(entry)?));
        }
        let any: Vec<String> =
            self.any.iter().filter_map(|entry| place_of(entry).map(|place| describe(entry, place))).collect();
        if any.is_empty() && !self.any.is_empty() {
            return None;
        }
        found.extend(any);
        if found.is_empty() {
            found.push("none of the excluded words".to_owned());
        }
        found.truncate(MAX_SHOWN);
        Some(found)
    }
}

fn entries(member: &str, value: &Value) -> Result<Vec<Entry>, String> {
    let read = |written: &String| Entry::read(written).map_err(|error| format!("`{member}`: {error}"));
    texts(member, value)?.iter().map(read).collect()
}

fn places(value: &Value) -> Result<Vec<Place>, String> {
    let place = |name: &String| {
        let known = Place::ALL.into_iter().find(|place| place.name() == name);
        known.ok_or_else(|| format!("`words.in`: '{name}' is no place; known are subject and description"))
    };
    texts("words.in", value)?.iter().map(place).collect()
}

/// A text or a list of texts that is not empty.
pub(crate) fn texts(member: &str, value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("`{member}` must be a text or a list of texts");
    let list = match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().map(str::to_owned));
            items.collect::<Option<Vec<String>>>().ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    if list.is_empty() {
        return Err(format!("`{member}` lists nothing; leave it out or fill it"));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            subject: "Rechnung 4711 doppelt bezahlt".into(),
            description: Some(
                "Guten Tag, ich habe Ihre Rechnung leider zweimal bezahlt. Bitte erstatten Sie mir das Geld zurück."
                    .into(),
            ),
            channel: "web".into(),
            kind: Some("Complaint".into()),
            custom: [("form".to_owned(), json!("billing-form"))].into(),
            ..Ticket::default()
        }
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "short cases")]
    fn check(conditions: Value, expected: Option<&[&str]>) {
        let read = Conditions::read(conditions.as_object().unwrap()).unwrap();
        let ticket = ticket();
        let found = read.matched(&Case::new(&ticket, "form", true));
        let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected, "{conditions}");
    }

    #[test]
    fn all_conditions_must_hold() {
        check(json!({}), Some(&[]));
        check(json!({ "channel": "web", "words": "Rechnung" }), Some(&["channel is web", "“Rechnung” in the subject"]));
        check(json!({ "channel": "email", "words": "Rechnung" }), None);
    }

    #[test]
    fn words_are_looked_for_in_the_places_asked() {
        check(json!({ "words": ["invoice", "Geld zurück"] }), Some(&["“Geld zurück” in the description"]));
        check(json!({ "words": { "any": ["Geld"], "in": ["subject"] } }), None);
        check(json!({ "words": { "all": ["Rechnung", "invoice"] } }), None);
        check(json!({ "words": { "any": ["Rechnung"], "none": ["bitte"] } }), None);
        check(json!({ "words": { "none": ["spam"] } }), Some(&["none of the excluded words"]));
    }

    #[test]
    fn the_language_is_that_stated_or_else_detected() {
        check(json!({ "language": ["nl", "de-AT"] }), Some(&["language is de (detected)"]));
        check(json!({ "language": "en" }), None);
        let conditions = Conditions::read(json!({ "language": "ru" }).as_object().unwrap()).unwrap();
        let stated = Ticket { language: Some("ru-RU".into()), ..ticket() };
        assert_eq!(
            conditions.matched(&Case::new(&stated, "form", true)).unwrap(),
            ["language is ru (stated on the ticket)"]
        );
        let mut by_requester = ticket();
        by_requester.requester.language = Some("RU".into());
        assert_eq!(
            conditions.matched(&Case::new(&by_requester, "form", true)).unwrap(),
            ["language is ru (the requester's)"]
        );
        let german = Conditions::read(json!({ "language": "de" }).as_object().unwrap()).unwrap();
        assert_eq!(german.matched(&Case::new(&ticket(), "form", false)), None, "detection is off");
    }

    #[test]
    fn a_form_is_the_type_or_a_custom_field() {
        check(json!({ "form": "complaint" }), Some(&["form is Complaint"]));
        check(json!({ "form": ["x", "billing-form"] }), Some(&["form is billing-form"]));
        check(json!({ "form": "y" }), None);
    }

    #[test]
    fn bad_conditions_name_their_member() {
        for (conditions, expected) in [
            (json!({ "words": [] }), "`words` lists nothing"),
            (json!({ "words": {} }), "`words` lists no word"),
            (json!({ "words": { "some": ["x"] } }), "`words.some` is unknown"),
            (json!({ "words": ["ok", "!"] }), "`words`: '!' has no letter"),
            (json!({ "words": { "any": [3] } }), "`words.any` must be a text"),
            (json!({ "words": { "any": ["x"], "in": ["body"] } }), "`words.in`: 'body' is no place"),
            (
                json!({ "languages": ["de"] }),
                "`languages` is no field of a ticket; known are words, language, form, source",
            ),
        ] {
            let error = Conditions::read(conditions.as_object().unwrap()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
