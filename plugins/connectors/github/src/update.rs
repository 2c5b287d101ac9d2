//! Setting fields of an issue: it is read first, so that only what differs is written and labels that say the contrary go.

use deskbell::prelude::*;

use crate::answers::{Reason, follow, refusal};
use crate::issue::assignees;
use crate::labels::same;
use crate::reading::{each, text};
use crate::render::{add_labels, authorized, remove_label};
use crate::settings::{Labels, Settings};

/// What an update asks for.
#[derive(Default)]
struct Wanted<'a> {
    /// open or closed.
    state: Option<&'static str>,
    /// Tables of labels of which the issue shall have one, or none.
    labels: Vec<(&'a Labels, Option<&'a str>)>,
    /// Who shall have the issue, and nobody else.
    assignees: Option<Vec<&'a str>>,
}

/// The next step of an update.
pub(crate) fn render(action: &Action, issue: &str, so_far: &[Exchange], settings: &Settings) -> Result<RenderStep> {
    let wanted = match wanted(action, settings) {
        Ok(wanted) => wanted,
        Err(reason) => return Ok(RenderStep::Impossible(reason)),
    };
    let Some((shown, sent)) = so_far.split_first() else {
        return Ok(RenderStep::Requests(vec![authorized(Request::get(issue))]));
    };
    if let Some(reason) = refusal(shown)? {
        return Ok(RenderStep::Impossible(reason));
    }
    let now: Value = shown.response.json()?;
    let mut logins = wanted.assignees.iter().flatten();
    if let Some(login) = logins.find(|login| was_refused(login, sent)) {
        return Ok(RenderStep::Impossible(format!(
            "GitHub does not let '{login}' be assigned: no part in the repository"
        )));
    }
    follow(plan(&wanted, &now, issue), sent)
}

fn wanted<'a>(action: &'a Action, settings: &'a Settings) -> std::result::Result<Wanted<'a>, Reason> {
    let mut wanted = Wanted::default();
    for (member, value) in action.data.as_object().into_iter().flatten() {
        let word = value.as_str();
        match member.as_str() {
            "status" => {
                let status = word.unwrap_or_default();
                wanted.state = Some(if matches!(status, "solved" | "closed") { "closed" } else { "open" });
                let needs_label = matches!(status, "pending" | "on_hold");
                wanted.labels.push((&settings.statuses, label("statuses", &settings.statuses, word, needs_label)?));
            }
            "priority" => {
                let needs_label = word != Some("normal");
                wanted
                    .labels
                    .push((&settings.priorities, label("priorities", &settings.priorities, word, needs_label)?));
            }
            "type" => wanted.labels.push((&settings.types, label("types", &settings.types, word, true)?)),
            "category" => {
                wanted.labels.push((&settings.categories, label("categories", &settings.categories, word, true)?));
            }
            "language" => {
                wanted.labels.push((&settings.languages, label("languages", &settings.languages, word, true)?));
            }
            "group" => wanted.labels.push((&settings.groups, label("groups", &settings.groups, word, true)?)),
            "assignee" => wanted.assignees = Some(word.into_iter().collect()),
            "custom" => return Err("GitHub's issues have no custom fields".to_owned()),
            other => return Err(format!("the GitHub connector cannot set '{other}'")),
        }
    }
    Ok(wanted)
}

/// The label for a word; clearing needs none.
fn label<'a>(
    table: &str,
    labels: &'a Labels,
    word: Option<&str>,
    is_needed: bool,
) -> std::result::Result<Option<&'a str>, Reason> {
    let Some(word) = word else { return Ok(None) };
    match labels.get(word) {
        Some(label) => Ok(Some(label)),
        None if is_needed => Err(missing(table, word)),
        None => Ok(None),
    }
}

/// What to do about a word without a label.
pub(crate) fn missing(table: &str, word: &str) -> Reason {
    format!(
        "no label stands for '{word}'; add one to settings.{table}, such as {table} = {{ \"{word}\" = \"{word}\" }}"
    )
}

/// Whether an assignment was answered with an issue that does not show it: GitHub silently leaves out whom it refuses.
fn was_refused(login: &str, sent: &[Exchange]) -> bool {
    let assigned = sent.iter().find(|sent| sent.request.method == "POST" && sent.request.url.ends_with("/assignees"));
    let Some(answer) = assigned.filter(|sent| sent.response.is_success()) else {
        return false;
    };
    let issue: Value = answer.response.json().unwrap_or_default();
    issue.get("assignees").is_some() && !assignees(&issue).iter().any(|own| own.eq_ignore_ascii_case(login))
}

/// The requests that turn the issue as it is into what is wanted, those that take something away last. Computed from the
/// first answer alone, so it is the same at every step.
fn plan(wanted: &Wanted<'_>, now: &Value, issue: &str) -> Vec<Request> {
    let present = each(now.get("labels"), "name");
    let has = |label: &str| present.iter().any(|own| same(own, label));
    let mut plan = Vec::new();
    let mut added: Vec<&str> = Vec::new();
    let mut removed: Vec<&str> = Vec::new();
    for (table, label) in &wanted.labels {
        added.extend(label.filter(|label| !has(label)));
        let others = table.values().filter(|other| label.is_none_or(|label| !same(other, label)) && has(other));
        removed.extend(others.map(String::as_str));
    }
    if !added.is_empty() {
        plan.push(add_labels(issue, &added));
    }
    let (assigned, unassigned) = assign(wanted, now, issue);
    plan.extend(assigned);
    if let Some(state) = wanted.state.filter(|state| text(now.get("state")).as_deref() != Some(state)) {
        let fields = if state == "closed" {
            json!({ "state": state, "state_reason": "completed" })
        } else {
            json!({ "state": state })
        };
        plan.push(authorized(Request::patch(issue).json(&fields).idempotent()));
    }
    plan.extend(removed.into_iter().map(|label| remove_label(issue, label)));
    plan.extend(unassigned);
    plan
}

/// The request that assigns who is missing, and the one that takes the issue from who shall not have it.
fn assign(wanted: &Wanted<'_>, now: &Value, issue: &str) -> (Option<Request>, Option<Request>) {
    let Some(wanted) = &wanted.assignees else {
        return (None, None);
    };
    let present = assignees(now);
    let request = |method: &str, logins: &[&str]| {
        let body = json!({ "assignees": logins });
        let request = Request::new(method, format!("{issue}/assignees"));
        authorized(request.json(&body).idempotent())
    };
    let is_present = |login: &&&str| present.iter().any(|own| own.eq_ignore_ascii_case(login));
    let is_wanted = |login: &&str| wanted.iter().any(|own| own.eq_ignore_ascii_case(login));
    let added: Vec<&str> = wanted.iter().filter(|login| !is_present(login)).copied().collect();
    let removed: Vec<&str> = present.iter().map(String::as_str).filter(|login| !is_wanted(login)).collect();
    ((!added.is_empty()).then(|| request("POST", &added)), (!removed.is_empty()).then(|| request("DELETE", &removed)))
}
