//! Actions as calls of GitHub's REST API.

use deskbell::prelude::*;

use crate::answers::{Reason, follow, refusal};
use crate::labels::same;
use crate::marker::mark;
use crate::reading::each;
use crate::settings::Settings;
use crate::update;

/// Labels to be exchanged.
#[derive(Default)]
struct Exchanged<'a> {
    added: Vec<String>,
    /// Only those that the issue has are removed.
    removed: Vec<&'a str>,
}

/// How an action is carried out, given the answers so far.
pub(crate) fn render(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<RenderStep> {
    let issue = settings.issue_url(action.subject()?)?;
    let impossible = match action.kind.as_str() {
        "ticket.update" => return update::render(action, &issue, so_far, settings),
        "ticket.tag" => return relabel(&tag(action), &issue, so_far),
        "ticket.reply" => return follow(vec![reply(action, &issue)?], so_far),
        "ticket.note" => "GitHub has no private notes; everything on an issue is public".to_owned(),
        "ticket.escalate" => match escalate(action, settings) {
            Ok(labels) => return relabel(&labels, &issue, so_far),
            Err(reason) => reason,
        },
        kind => format!("the GitHub connector does not know {kind}"),
    };
    Ok(RenderStep::Impossible(impossible))
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

/// The next step of an exchange of labels. Which of those to be removed are there only the issue shows, so it is read first;
/// where none is to be removed it need not be.
fn relabel(labels: &Exchanged<'_>, issue: &str, so_far: &[Exchange]) -> Result<RenderStep> {
    let mut plan = Vec::new();
    if !labels.added.is_empty() {
        plan.push(add_labels(issue, &labels.added));
    }
    if labels.removed.is_empty() {
        return follow(plan, so_far);
    }
    let Some((shown, sent)) = so_far.split_first() else {
        return Ok(RenderStep::Requests(vec![authorized(Request::get(issue))]));
    };
    if let Some(reason) = refusal(shown)? {
        return Ok(RenderStep::Impossible(reason));
    }
    let present = each(shown.response.json::<Value>()?.get("labels"), "name");
    let is_present = |label: &&str| present.iter().any(|own| same(own, label));
    plan.extend(labels.removed.iter().copied().filter(is_present).map(|label| remove_label(issue, label)));
    follow(plan, sent)
}

fn tag(action: &Action) -> Exchanged<'_> {
    let words = |member: &str| {
        action.data.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    };
    Exchanged { added: words("add").map(str::to_owned).collect(), removed: words("remove").collect() }
}

fn reply(action: &Action, issue: &str) -> Result<Request> {
    let body = mark(action.text("body")?, &action.key);
    Ok(authorized(Request::post(format!("{issue}/comments")).json(&json!({ "body": body }))))
}

/// A higher tier is a group's label and labels of its own: GitHub knows no tiers.
fn escalate<'a>(action: &Action, settings: &'a Settings) -> std::result::Result<Exchanged<'a>, Reason> {
    let mut labels = Exchanged::default();
    if let Some(group) = action.data.get("group").and_then(Value::as_str) {
        let label = settings.groups.get(group).ok_or_else(|| update::missing("groups", group))?;
        labels.added.push(label.clone());
        labels.removed.extend(settings.groups.values().filter(|other| !same(other, label)).map(String::as_str));
    }
    if !settings.escalation_label.is_empty() {
        labels.added.push(settings.escalation_label.clone());
        if let Some(tier) = action.data.get("tier").and_then(Value::as_u64) {
            labels.added.push(format!("tier {tier}"));
        }
    }
    if labels.added.is_empty() {
        return Err("an escalation without a group needs settings.escalation_label in GitHub".to_owned());
    }
    Ok(labels)
}
