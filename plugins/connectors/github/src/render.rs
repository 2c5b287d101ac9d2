//! Actions as calls of GitHub's REST API.

use deskbell::prelude::*;

use crate::answers::{Reason, follow};
use crate::labels::same;
use crate::marker::mark;
use crate::settings::Settings;
use crate::update;

type Plan = std::result::Result<Vec<Request>, Reason>;

/// How an action is carried out, given the answers so far.
pub(crate) fn render(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<RenderStep> {
    let issue = settings.issue_url(action.subject()?)?;
    let plan = match action.kind.as_str() {
        "ticket.update" => return update::render(action, &issue, so_far, settings),
        "ticket.tag" => Ok(tag(action, &issue)),
        "ticket.reply" => Ok(vec![reply(action, &issue)?]),
        "ticket.note" => Err("GitHub has no private notes; everything on an issue is public".to_owned()),
        "ticket.escalate" => escalate(action, &issue, settings),
        kind => Err(format!("the GitHub connector does not know {kind}")),
    };
    match plan {
        Ok(plan) => follow(plan, so_far),
        Err(reason) => Ok(RenderStep::Impossible(reason)),
    }
}

/// A request with the credentials and the headers that GitHub wants.
pub(crate) fn authorized(request: Request) -> Request {
    request
        .bearer("token")
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .header("user-agent", "deskbell")
}

/// Adds labels; those that the repository does not have yet it gets.
pub(crate) fn add_labels<S: AsRef<str>>(issue: &str, labels: &[S]) -> Request {
    let labels: Vec<&str> = labels.iter().map(AsRef::as_ref).collect();
    authorized(Request::post(format!("{issue}/labels")).json(&json!({ "labels": labels })).idempotent())
}

/// Removes a label.
pub(crate) fn remove_label(issue: &str, label: &str) -> Request {
    authorized(Request::delete(format!("{issue}/labels/{}", deskbell::encode(label))).idempotent())
}

fn tag(action: &Action, issue: &str) -> Vec<Request> {
    let words = |member: &str| -> Vec<&str> {
        action.data.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let added = words("add");
    let mut plan = if added.is_empty() { Vec::new() } else { vec![add_labels(issue, &added)] };
    plan.extend(words("remove").into_iter().map(|label| remove_label(issue, label)));
    plan
}

fn reply(action: &Action, issue: &str) -> Result<Request> {
    let body = mark(action.text("body")?, &action.key);
    Ok(authorized(Request::post(format!("{issue}/comments")).json(&json!({ "body": body }))))
}

/// A higher tier is a group's label and labels of its own: GitHub knows no tiers.
fn escalate(action: &Action, issue: &str, settings: &Settings) -> Plan {
    let mut labels = Vec::new();
    let mut plan = Vec::new();
    if let Some(group) = action.data.get("group").and_then(Value::as_str) {
        let label = settings.groups.get(group).ok_or_else(|| update::missing("groups", group))?;
        labels.push(label.clone());
        let others = settings.groups.values().filter(|other| !same(other, label));
        plan.extend(others.map(|other| remove_label(issue, other)));
    }
    if !settings.escalation_label.is_empty() {
        labels.push(settings.escalation_label.clone());
        if let Some(tier) = action.data.get("tier").and_then(Value::as_u64) {
            labels.push(format!("tier {tier}"));
        }
    }
    if labels.is_empty() {
        return Err("an escalation without a group needs settings.escalation_label in GitHub".to_owned());
    }
    plan.insert(0, add_labels(issue, &labels));
    Ok(plan)
}
