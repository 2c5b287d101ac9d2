//! Raises the priority of new tickets whose requester belongs to one of the configured organisations.

use deskbell::prelude::*;

deskbell::automation!(handle);

/// From the least to the most urgent.
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Whose tickets are raised.
    organizations: Vec<String>,
    /// The least priority that they get.
    #[serde(default = "high")]
    priority: String,
}

fn high() -> String {
    "high".to_owned()
}

fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings: Settings = cx.settings()?;
    let ticket = event.ticket()?;
    let Some(organization) = &ticket.requester.organization else {
        return Ok(vec![]);
    };
    if !settings.organizations.contains(organization)
        || rank(&ticket.priority)? >= rank(&settings.priority)?
    {
        return Ok(vec![]);
    }
    let reason = format!("{organization} is served first");
    Ok(vec![
        Effect::set_priority(settings.priority).because(reason),
    ])
}

fn rank(priority: &str) -> Result<usize> {
    PRIORITIES
        .iter()
        .position(|known| *known == priority)
        .ok_or_else(|| {
            Error::fail(format!(
                "'{priority}' is no priority; choose one of {}",
                PRIORITIES.join(", ")
            ))
        })
}

#[cfg(test)]
mod tests {
    use deskbell::testing::{self, TestHost};

    use super::*;

    #[track_caller]
    fn check(organization: Option<&str>, priority: &str, expected: &[Effect]) {
        let settings = json!({ "organizations": ["acme", "initech"] });
        let event = testing::event(json!({
            "ticket": { "priority": priority, "requester": { "organization": organization } },
        }));
        let effects = TestHost::new()
            .settings(settings)
            .call(handle, &event)
            .unwrap();
        let bare: Vec<_> = effects
            .into_iter()
            .map(|effect| Effect {
                reason: None,
                ..effect
            })
            .collect();
        assert_eq!(bare, expected);
    }

    #[test]
    fn tickets_of_the_organisations_are_raised() {
        let raised = [Effect::set_priority("high")];
        check(Some("acme"), "normal", &raised);
        check(Some("initech"), "low", &raised);
    }

    #[test]
    fn other_tickets_and_higher_priorities_stay() {
        check(Some("umbrella"), "normal", &[]);
        check(None, "normal", &[]);
        check(Some("acme"), "high", &[]);
        check(Some("acme"), "urgent", &[]);
    }

    #[test]
    fn settings_that_do_not_fit_say_what_is_wrong() {
        for (settings, part) in [
            (json!({}), "missing field `organizations`"),
            (
                json!({ "organizations": [], "prio": "high" }),
                "unknown field `prio`",
            ),
            (
                json!({ "organizations": ["acme"], "priority": "top" }),
                "'top' is no priority",
            ),
        ] {
            let event =
                testing::event(json!({ "ticket": { "requester": { "organization": "acme" } } }));
            let error = TestHost::new()
                .settings(settings)
                .call(handle, &event)
                .unwrap_err();
            assert!(error.message.contains(part), "{error}");
        }
    }

    #[test]
    fn the_fixture_holds() {
        TestHost::check_fixture(handle, "fixtures/created.json");
    }
}
