//! Whether an action whose outcome is unknown took effect: the ticket's articles hold the keys of the replies and notes.

use deskbell::prelude::*;

use crate::answers::refusal;
use crate::article::KEY;
use crate::render::{authorized, ticket_id};
use crate::settings::Settings;

/// Looks for the action's key among the ticket's articles.
pub(crate) fn probe(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<ProbeStep> {
    if !matches!(action.kind.as_str(), "ticket.reply" | "ticket.note") {
        // Setting the same again changes nothing, so it may simply be sent again.
        return Ok(ProbeStep::NotEffective);
    }
    let Some(last) = so_far.last() else {
        let url = settings.url(&format!("ticket_articles/by_ticket/{}", ticket_id(action)?))?;
        return Ok(ProbeStep::Requests(vec![authorized(Request::get(url))]));
    };
    if let Some(reason) = refusal(last)? {
        return Ok(ProbeStep::Unknown(reason));
    }
    let answer: Value = last.response.json()?;
    let Some(articles) = answer.as_array() else {
        return Ok(ProbeStep::Unknown("Zammad's answer is not a list of articles".to_owned()));
    };
    if articles.iter().any(|article| article.pointer(KEY).and_then(Value::as_str) == Some(action.key.as_str())) {
        return Ok(ProbeStep::Effective);
    }
    if articles.iter().any(|article| article.get("preferences").is_none()) {
        return Ok(ProbeStep::Unknown("Zammad shows the articles without their preferences".to_owned()));
    }
    Ok(ProbeStep::NotEffective)
}
