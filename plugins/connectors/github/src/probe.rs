//! Whether an action whose outcome is unknown took effect: replies carry the action's key in a marker.

use deskbell::prelude::*;

use crate::answers::refusal;
use crate::marker::carries;
use crate::render::authorized;
use crate::settings::Settings;

/// How many comments a page holds. Comments may be long, and the host reads no more than 2 MiB of an answer.
const PAGE: usize = 50;
/// How many pages are read before giving up. The host asks a connector 32 times at most.
const MAX_PAGES: usize = 30;

/// Looks for the action's marker among the issue's comments, page by page from the oldest: GitHub sorts those of an issue no
/// other way.
pub(crate) fn probe(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<ProbeStep> {
    if action.kind != "ticket.reply" {
        // Setting the same again changes nothing, so it may simply be sent again.
        return Ok(ProbeStep::NotEffective);
    }
    if let Some(last) = so_far.last() {
        if let Some(reason) = refusal(last)? {
            return Ok(ProbeStep::Unknown(reason));
        }
        let answer: Value = last.response.json()?;
        let Some(comments) = answer.as_array() else {
            return Ok(ProbeStep::Unknown("GitHub's answer is not a list of comments".to_owned()));
        };
        let bodies = comments.iter().filter_map(|comment| comment.get("body").and_then(Value::as_str));
        if bodies.into_iter().any(|body| carries(body, &action.key)) {
            return Ok(ProbeStep::Effective);
        }
        if comments.len() < PAGE {
            return Ok(ProbeStep::NotEffective);
        }
        if so_far.len() >= MAX_PAGES {
            return Ok(ProbeStep::Unknown(format!("the issue has more than {} comments", MAX_PAGES * PAGE)));
        }
    }
    let url = format!("{}/comments", settings.issue_url(action.subject()?)?);
    let page = (so_far.len() + 1).to_string();
    let request = Request::get(url).query("per_page", PAGE.to_string()).query("page", page);
    Ok(ProbeStep::Requests(vec![authorized(request)]))
}
