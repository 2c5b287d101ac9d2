//! What the operator configures for a GitHub source.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use serde::Deserialize;

/// The source's `settings`; the README explains each.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where the API is: `https://api.github.com`, or `https://HOST/api/v3` for an Enterprise Server.
    pub base_url: String,
    /// Logins that count as agents, besides owners, members and collaborators.
    pub agents: Vec<String>,
    /// Logins that are programs.
    pub bots: Vec<String>,
    /// The login that Deskbell writes as.
    pub own_actor: Option<String>,
    /// Labels by status: what GitHub's open and closed cannot say.
    pub statuses: Labels,
    /// Labels by priority.
    pub priorities: Labels,
    /// Labels by type.
    pub types: Labels,
    /// Labels by category.
    pub categories: Labels,
    /// Labels by group.
    pub groups: Labels,
    /// Labels by language.
    pub languages: Labels,
    /// The channel of every issue.
    pub channel: String,
    /// Whether comments on pull requests count too.
    pub pull_requests: bool,
    /// The label that an escalated issue gets; empty for none.
    pub escalation_label: String,
}

/// Labels by what they stand for.
pub(crate) type Labels = BTreeMap<String, String>;

fn labels<const N: usize>(labels: [(&str, &str); N]) -> Labels {
    labels.into_iter().map(|(word, label)| (word.to_owned(), label.to_owned())).collect()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: "https://api.github.com".to_owned(),
            agents: Vec::new(),
            bots: Vec::new(),
            own_actor: None,
            statuses: labels([("pending", "waiting for customer"), ("on_hold", "on hold")]),
            priorities: labels([("urgent", "priority: urgent"), ("high", "priority: high"), ("low", "priority: low")]),
            types: Labels::new(),
            categories: Labels::new(),
            groups: Labels::new(),
            languages: Labels::new(),
            channel: "web".to_owned(),
            pull_requests: false,
            escalation_label: "escalated".to_owned(),
        }
    }
}

impl Settings {
    /// Whether a login is a program: one of `bots`, or Deskbell itself.
    pub(crate) fn is_bot(&self, login: &str) -> bool {
        login.ends_with("[bot]") || self.bots.iter().chain(&self.own_actor).any(|bot| bot.eq_ignore_ascii_case(login))
    }

    /// Whether the settings name a login as an agent.
    pub(crate) fn is_agent(&self, login: &str) -> bool {
        self.agents.iter().any(|agent| agent.eq_ignore_ascii_case(login))
    }

    /// The URL of an issue (`owner/repository#number`) in the API.
    pub(crate) fn issue_url(&self, ticket: &str) -> Result<String> {
        let (repository, number) = split(ticket).ok_or_else(|| {
            Error::fail(format!("'{ticket}' is no ticket of GitHub's, which are named like owner/repository#1"))
        })?;
        Ok(format!("{}/repos/{repository}/issues/{number}", self.base_url.trim_end_matches('/')))
    }
}

/// Repository and number, checked, since they become part of a URL.
fn split(ticket: &str) -> Option<(&str, u64)> {
    let (repository, number) = ticket.split_once('#')?;
    let (owner, name) = repository.split_once('/')?;
    let is_name = |text: &str| {
        !text.chars().all(|c| c == '.') && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    (is_name(owner) && is_name(name)).then_some((repository, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn only_what_names_an_issue_gets_into_a_url() {
        for (ticket, expected) in [
            ("octo-org/hello_world.js#12", Some(("octo-org/hello_world.js", 12))),
            ("octo-org/hello", None),
            ("hello#1", None),
            ("../x#1", None),
            ("a/b/c#1", None),
            ("a/b#1/comments", None),
            ("/b#1", None),
        ] {
            assert_eq!(split(ticket), expected, "{ticket}");
        }
    }
}
