//! Which tickets a policy is for.

use serde_json::Value;

use crate::ticket::Fields;

/// A field of a ticket that a policy may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Source,
    Channel,
    Group,
    Assignee,
    Organization,
    Type,
    Category,
    Language,
    Priority,
    Tags,
    Custom(String),
}

impl Field {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "source" => Self::Source,
            "channel" => Self::Channel,
            "group" => Self::Group,
            "assignee" => Self::Assignee,
            "organization" => Self::Organization,
            "type" => Self::Type,
            "category" => Self::Category,
            "language" => Self::Language,
            "priority" => Self::Priority,
            "tags" => Self::Tags,
            _ => Self::Custom(name.strip_prefix("custom.").filter(|name| !name.is_empty())?.to_owned()),
        })
    }

    /// Whether the ticket's value is one of `values`; a field without a value matches nothing.
    fn matches(&self, values: &[Value], source: &str, ticket: &Fields) -> bool {
        let one_of =
            |text: Option<&str>| text.is_some_and(|text| values.iter().any(|value| value.as_str() == Some(text)));
        match self {
            Self::Source => one_of(Some(source)),
            Self::Channel => one_of(Some(&ticket.channel)),
            Self::Group => one_of(ticket.group.as_deref()),
            Self::Assignee => one_of(ticket.assignee.as_deref()),
            Self::Organization => one_of(ticket.requester.organization.as_deref()),
            Self::Type => one_of(ticket.kind.as_deref()),
            Self::Category => one_of(ticket.category.as_deref()),
            Self::Language => one_of(ticket.language.as_deref()),
            Self::Priority => one_of(Some(ticket.priority.as_str())),
            Self::Tags => ticket.tags.iter().any(|tag| one_of(Some(tag))),
            Self::Custom(name) => ticket.custom.get(name).is_some_and(|held| !held.is_null() && values.contains(held)),
        }
    }
}

/// All of these fields must have one of their values; without any, every ticket matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Condition(pub(super) Vec<(Field, Vec<Value>)>);

impl Condition {
    pub(super) fn matches(&self, source: &str, ticket: &Fields) -> bool {
        self.0.iter().all(|(field, values)| field.matches(values, source, ticket))
    }
}
