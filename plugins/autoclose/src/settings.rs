//! What an operator can set.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use deskbell_wording::language;
use serde::Deserialize;

use crate::phrases;

/// Everything an operator can set.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) calendar: String,
    /// How long a ticket waits for its customer.
    pub(crate) after: String,
    /// How long until the customer is reminded; none: never.
    pub(crate) remind_after: Option<String>,
    close_as: CloseAs,
    /// Texts by language; they go before the shipped ones.
    reminder: BTreeMap<String, String>,
    /// Texts by language that go out with the closing; without any, it is silent.
    farewell: BTreeMap<String, String>,
    default_language: String,
    except_tags: Vec<String>,
    /// Tags that say that somebody has put the ticket aside.
    snooze_tags: Vec<String>,
    /// The custom field that says until when.
    pub(crate) snooze_field: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CloseAs {
    Solved,
    Closed,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            calendar: "always".to_owned(),
            after: "168h".to_owned(),
            remind_after: None,
            close_as: CloseAs::Solved,
            reminder: BTreeMap::new(),
            farewell: BTreeMap::new(),
            default_language: "en".to_owned(),
            except_tags: vec!["no-autoclose".to_owned()],
            snooze_tags: vec!["snoozed".to_owned()],
            snooze_field: "snoozed_until".to_owned(),
        }
    }
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let mut settings: Self = cx.settings()?;
        for texts in [&mut settings.reminder, &mut settings.farewell] {
            *texts = std::mem::take(texts).into_iter().map(|(tag, text)| (language::primary(&tag), text)).collect();
        }
        settings.default_language = language::primary(&settings.default_language);
        Ok(settings)
    }

    pub(crate) fn final_status(&self) -> &'static str {
        match self.close_as {
            CloseAs::Solved => "solved",
            CloseAs::Closed => "closed",
        }
    }

    /// The tag that keeps the ticket open, or says that somebody has put it aside; none where it has none.
    pub(crate) fn exception<'a>(&'a self, ticket: &Ticket) -> Option<&'a str> {
        let mut tags = self.except_tags.iter().chain(&self.snooze_tags);
        tags.find(|tag| ticket.has_tag(tag)).map(String::as_str)
    }

    /// The reminder in the requester's language: the operator's text, if there is one, and the shipped one.
    pub(crate) fn reminder(&self, ticket: &Ticket) -> (Option<&str>, &'static str) {
        let language =
            self.language_of(ticket, |code| self.reminder.contains_key(code) || phrases::reminder(code).is_some());
        let own = self.reminder.get(&language).map(String::as_str);
        (own, phrases::reminder(&language).unwrap_or(phrases::ENGLISH))
    }

    /// What goes out with the closing, if anything.
    pub(crate) fn farewell(&self, ticket: &Ticket) -> Option<&str> {
        let language = self.language_of(ticket, |code| self.farewell.contains_key(code));
        self.farewell.get(&language).map(String::as_str)
    }

    fn language_of(&self, ticket: &Ticket, has_text: impl Fn(&str) -> bool) -> String {
        let stated = [&ticket.requester.language, &ticket.language];
        let mut codes = stated.into_iter().flatten().map(|tag| language::primary(tag));
        codes.find(|code| has_text(code)).unwrap_or_else(|| self.default_language.clone())
    }
}
