//! What an operator can set.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use deskbell_wording::language;
use serde::Deserialize;

use crate::phrases::Tongue;

/// Everything an operator can set.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Texts by language; they go before the shipped ones.
    templates: BTreeMap<String, String>,
    pub(crate) default_language: String,
    pub(crate) detect_language: bool,
    pub(crate) calendar: String,
    /// Days that the average is taken over.
    pub(crate) days: u32,
    /// Fewer tickets than this make no average to promise anything from.
    pub(crate) min_tickets: u64,
    pub(crate) measure: Measure,
    /// Days ahead within which closed dates are announced, whatever the expected wait.
    pub(crate) holidays_ahead: u32,
    /// Acknowledgements a requester gets within 24 hours.
    pub(crate) per_day: u32,
    pub(crate) max_age: String,
    channels: Vec<String>,
    except_tags: Vec<String>,
    /// Addresses and domains that are never answered.
    except_emails: Vec<String>,
}

/// Which figure of the past is promised.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Measure {
    Mean,
    P50,
    P90,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            templates: BTreeMap::new(),
            default_language: "en".to_owned(),
            detect_language: true,
            calendar: "always".to_owned(),
            days: 28,
            min_tickets: 5,
            measure: Measure::Mean,
            holidays_ahead: 3,
            per_day: 3,
            max_age: "12h".to_owned(),
            channels: vec![],
            except_tags: vec!["no-acknowledgement".to_owned(), "spam".to_owned()],
            except_emails: vec![],
        }
    }
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let mut settings: Self = cx.settings()?;
        let templates = std::mem::take(&mut settings.templates);
        settings.templates = templates.into_iter().map(|(tag, text)| (language::primary(&tag), text)).collect();
        settings.default_language = language::primary(&settings.default_language);
        let default = &settings.default_language;
        if Tongue::of(default).is_none() && !settings.templates.contains_key(default) {
            return Err(Error::fail(format!(
                "acknowledge setting `default_language`: there is no text in '{default}'; give one in `templates.{default}`, or take en, de, nl, fi, ru or zh"
            )));
        }
        if settings.days == 0 {
            return Err(Error::fail("acknowledge setting `days` must be 1 or more"));
        }
        Ok(settings)
    }

    /// The operator's text in a language.
    pub(crate) fn template(&self, language: &str) -> Option<&str> {
        self.templates.get(language).map(String::as_str)
    }

    /// Why the ticket is not for us; none where it is.
    pub(crate) fn excludes(&self, ticket: &Ticket) -> Option<String> {
        if !self.channels.is_empty() && !self.channels.contains(&ticket.channel) {
            return Some(format!("its channel is {}", ticket.channel));
        }
        if let Some(tag) = self.except_tags.iter().find(|tag| ticket.has_tag(tag)) {
            return Some(format!("it has the tag {tag}"));
        }
        let email = ticket.requester.email.as_deref()?.to_lowercase();
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        let excepted = self.except_emails.iter().find(|except| {
            let except = except.to_lowercase();
            except == email || except.trim_start_matches("*@").trim_start_matches('@') == domain
        })?;
        Some(format!("`except_emails` has {excepted}"))
    }
}
