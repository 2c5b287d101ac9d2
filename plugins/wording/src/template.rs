//! Filling in the texts that operators write: minijinja with a short list of filters and two habits of our own.
//!
//! A placeholder without a value is an error, never a hole in a letter to a customer, and `{{requester.first_name|there}}`
//! gives the fallback in the shortest way: whatever stands behind the bar and is no filter is the text to use instead.

use std::borrow::Cow;

use deskbell::prelude::*;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, filters};
use serde_json::{Map, Value, json};

/// The filters that a text may use.
const FILTERS: &[&str] = &["capitalize", "date", "default", "join", "length", "lower", "title", "trim", "upper"];
/// A name longer than this is no name.
const MAX_NAME_CHARS: usize = 80;

/// Fills the placeholders of a text. The error says what is wrong with it, or which values are missing.
pub fn fill(text: &str, values: &Value) -> Result<String, String> {
    let source = with_fallbacks(text);
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.add_filter("capitalize", filters::capitalize);
    env.add_filter("date", |time: String| time.split('T').next().unwrap_or_default().to_owned());
    env.add_filter("default", or_else);
    env.add_filter("join", filters::join);
    env.add_filter("length", filters::length);
    env.add_filter("lower", filters::lower);
    env.add_filter("title", filters::title);
    env.add_filter("trim", filters::trim);
    env.add_filter("upper", filters::upper);
    let template =
        env.template_from_str(&source).map_err(|error| format!("it cannot be read: {}", in_words(&error)))?;
    template.render(values).map_err(|error| {
        if error.kind() != ErrorKind::UndefinedError {
            return format!("it cannot be filled in: {}", in_words(&error));
        }
        let mut absent: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        absent.retain(|path| lookup(values, path).is_none());
        absent.sort();
        // Of those, the ones that the text cannot do without even if all the others were there.
        let is_needed = |path: &&String| {
            let mut values = values.clone();
            absent.iter().filter(|other| other != path).for_each(|other| put(&mut values, other));
            template.render(&values).is_err()
        };
        let needed: Vec<&str> = absent.iter().filter(is_needed).map(String::as_str).collect();
        let missing = if needed.is_empty() { absent.join(", ") } else { needed.join(", ") };
        format!("no value for {missing}; give a fallback, as in {{{{requester.first_name|there}}}}")
    })
}

/// The values that every text may use: ticket, requester and custom. What has no value is left out.
pub fn ticket_values(ticket: &Ticket) -> Map<String, Value> {
    let mut fields = serde_json::to_value(ticket).unwrap_or_default();
    let mut take =
        |name: &str| fields.as_object_mut().and_then(|fields| fields.remove(name)).map(present).unwrap_or_default();
    let mut requester = take("requester");
    let custom = take("custom");
    let _ = take("extra");
    if let Some(requester) = requester.as_object_mut() {
        requester.remove("name");
        add_name(requester, ticket.requester.name.as_deref());
    }
    let object = |value: Value| if value.is_object() { value } else { json!({}) };
    Map::from_iter([
        ("ticket".to_owned(), object(present(fields))),
        ("requester".to_owned(), object(requester)),
        ("custom".to_owned(), object(custom)),
    ])
}

/// Adds `name` and `first_name` to the values of a person, where the name is one.
pub fn add_name(person: &mut Map<String, Value>, stated: Option<&str>) {
    if let Some(name) = stated.and_then(name) {
        person.insert("first_name".to_owned(), first_name(&name).into());
        person.insert("name".to_owned(), name.into());
    }
}

/// A name as it may stand in a letter: on one line, and nothing that somebody has put there to be mailed to a stranger.
fn name(stated: &str) -> Option<String> {
    let name = stated.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = name.to_lowercase();
    let is_bait = ["://", "www.", "@", "<", ">", "{", "}"].iter().any(|mark| lower.contains(mark));
    (!name.is_empty() && !is_bait && name.chars().count() <= MAX_NAME_CHARS).then_some(name)
}

/// `Ann` of `Ann Lee` and of `Lee, Ann`; a name without spaces, as in Chinese, as it is.
fn first_name(name: &str) -> String {
    let given = name.split_once(',').map_or(name, |(_, given)| given).trim();
    given.split(' ').next().filter(|first| !first.is_empty()).unwrap_or(name).to_owned()
}

/// The value without nulls and blank texts, so that they count as missing.
pub fn present(value: Value) -> Value {
    let is_present = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    };
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| is_present(value))
                .map(|(name, value)| (name, present(value)))
                .collect(),
        ),
        other => other,
    }
}

/// Gives the path some value.
fn put(value: &mut Value, path: &str) {
    if !value.is_object() {
        *value = json!({});
    }
    if let Some(members) = value.as_object_mut() {
        match path.split_once('.') {
            Some((name, rest)) => put(members.entry(name).or_insert_with(|| json!({})), rest),
            None => drop(members.insert(path.to_owned(), json!("x"))),
        }
    }
}

fn lookup<'a>(values: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(values, |value, name| value.get(name))
}

/// The `default` filter, for which null and blank texts are missing too; elsewhere a second argument asks for that.
fn or_else(value: &minijinja::Value, other: Option<minijinja::Value>, _: Option<bool>) -> minijinja::Value {
    let is_missing =
        value.is_undefined() || value.is_none() || value.as_str().is_some_and(|text| text.trim().is_empty());
    if is_missing { other.unwrap_or_else(|| "".into()) } else { value.clone() }
}

fn in_words(error: &minijinja::Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    error.line().map_or_else(|| what.clone(), |line| format!("{what} (line {line})"))
}

/// Turns `{{name|text}}` into `{{name|default("text")}}` wherever the text is no filter.
fn with_fallbacks(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    let mut filled = String::new();
    while let Some((before, inner, after)) = next_placeholder(rest) {
        filled.push_str(before);
        match inner.split_once('|').filter(|(_, fallback)| is_plain(fallback.trim())) {
            Some((name, fallback)) => {
                let quoted = Value::from(fallback.trim().trim_matches('"')).to_string();
                filled.extend(["{{", name, "|default(", &quoted, ")}}"]);
            }
            None => filled.extend(["{{", inner, "}}"]),
        }
        rest = after;
    }
    if filled.is_empty() {
        return Cow::Borrowed(text);
    }
    filled.push_str(rest);
    Cow::Owned(filled)
}

fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (inner, after) = rest.split_once("}}")?;
    Some((before, inner, after))
}

/// Whether what stands behind the bar is a text and no filter.
fn is_plain(fallback: &str) -> bool {
    let unquoted = fallback.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(fallback);
    let is_filter = FILTERS.contains(&fallback);
    !is_filter && !unquoted.contains(['|', '(', ')', '"', '~'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            id: "4711".into(),
            subject: "Hello {{ticket.id}}".into(),
            requester: Requester { id: "c-1".into(), name: Some("Ann  Lee".into()), ..Requester::default() },
            custom: [
                ("order".to_owned(), json!("A-17")),
                ("seats".to_owned(), json!(40)),
                ("none".to_owned(), Value::Null),
                ("due date".to_owned(), json!("2026-01-05")),
            ]
            .into(),
            created_at: Instant::from_unix_seconds(1_767_600_000),
            ..Ticket::default()
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let result = fill(text, &Value::Object(ticket_values(&ticket())));
        assert_eq!(result.unwrap_or_else(|error| format!("! {error}")), expected, "{text}");
    }

    #[test]
    fn placeholders_are_filled() {
        check("#{{ticket.id}} for {{requester.name}}, {{ requester.first_name }}", "#4711 for Ann Lee, Ann");
        check("{{custom.order}} {{custom.seats}} {{custom[\"due date\"]}}", "A-17 40 2026-01-05");
        check("{{ticket.created_at|date}}", "2026-01-05");
        check("{{custom.order|lower}}", "a-17");
        check("no placeholder }} at { all", "no placeholder }} at { all");
    }

    #[test]
    fn a_value_is_never_read_as_a_text_to_fill() {
        check("{{ticket.subject}}", "Hello {{ticket.id}}");
    }

    #[test]
    fn a_fallback_takes_the_place_of_what_is_missing() {
        check("Hi {{requester.email|there}}", "Hi there");
        check("Hi {{requester.first_name|there}}", "Hi Ann");
        check("Hi {{custom.none | dear customer}}!", "Hi dear customer!");
        check("Hi {{requester.email|\"there\"}}", "Hi there");
        check("Hi {{requester.email|default('you', true)}}", "Hi you");
        check("Hi {{requester.email|default('you')}}", "Hi you");
        check("Hi {{requester.email or \"you\"}}", "Hi you");
        check("Hi {{requester.email|}}!", "Hi !");
        check("{{custom.nothing|кто-нибудь}}{{custom.nothing|您}}", "кто-нибудь您");
        check("{% if requester.email %}mail{% else %}none{% endif %}", "none");
    }

    #[test]
    fn what_is_missing_is_named() {
        let fallback = "give a fallback, as in {{requester.first_name|there}}";
        check("Hi {{requester.email}}", &format!("! no value for requester.email; {fallback}"));
        check(
            "{{requester.email|you}} {{custom.none}} {{custom.x|y}}",
            &format!("! no value for custom.none; {fallback}"),
        );
        check("{{custom.none}} {{agent.name}}", &format!("! no value for agent.name, custom.none; {fallback}"));
    }

    #[test]
    fn a_text_that_cannot_be_read_says_where() {
        let error = fill("one\n{{ticket.", &json!({})).unwrap_or_else(|error| error);
        assert!(error.contains("it cannot be read") && error.contains("line 2"), "{error}");
        let error =
            fill("{{ticket.id|upper|frobnicate}}", &json!({ "ticket": { "id": "1" } })).unwrap_or_else(|error| error);
        assert!(error.contains("frobnicate"), "{error}");
    }

    #[test]
    fn names_that_are_bait_are_no_names() {
        for (stated, expected) in [
            ("Ann Lee", Some("Ann Lee")),
            ("  王伟 ", Some("王伟")),
            ("Иван\nПетров", Some("Иван Петров")),
            ("Win big https://evil.example", None),
            ("www.evil.example", None),
            ("ann@example.com", None),
            ("", None),
            (" \t", None),
        ] {
            assert_eq!(name(stated).as_deref(), expected, "{stated}");
        }
        assert_eq!(name(&"x".repeat(200)), None);
    }

    #[test]
    fn first_names_are_found() {
        for (full, expected) in
            [("Ann Lee", "Ann"), ("Lee, Ann Mary", "Ann"), ("王伟", "王伟"), ("Cher", "Cher"), ("Lee,", "Lee,")]
        {
            assert_eq!(first_name(full), expected);
        }
    }
}
