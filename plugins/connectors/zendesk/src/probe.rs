//! Whether an action whose outcome is unknown took effect: the ticket's audits hold the keys of the updates.

use deskbell::prelude::*;

use crate::answers::refusal;
use crate::render::{KEY, authorized, ticket_id};
use crate::settings::Settings;

/// How many pages of 100 audits are read before giving up.
const MAX_PAGES: usize = 50;

/// Looks for the action's key in the ticket's audits, page by page.
pub(crate) fn probe(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<ProbeStep> {
    if !matches!(action.kind.as_str(), "ticket.reply" | "ticket.note") {
        // Setting the same again changes nothing, so it may simply be sent again.
        return Ok(ProbeStep::NotEffective);
    }
    let Some(last) = so_far.last() else {
        let url = settings.url(&format!("tickets/{}/audits", ticket_id(action)?))?;
        return Ok(ProbeStep::Requests(vec![authorized(Request::get(url).query("page[size]", "100"), settings)]));
    };
    if let Some(reason) = refusal(last)? {
        return Ok(ProbeStep::Unknown(reason));
    }
    let page: Value = last.response.json()?;
    let Some(audits) = page.get("audits").and_then(Value::as_array) else {
        return Ok(ProbeStep::Unknown("Zendesk's answer holds no audits".to_owned()));
    };
    let key = format!("/metadata/custom/{KEY}");
    if audits.iter().any(|audit| audit.pointer(&key).and_then(Value::as_str) == Some(action.key.as_str())) {
        return Ok(ProbeStep::Effective);
    }
    match next_page(&page) {
        None => Ok(ProbeStep::NotEffective),
        Some(_) if so_far.len() >= MAX_PAGES => {
            Ok(ProbeStep::Unknown(format!("the ticket has more than {MAX_PAGES} pages of audits")))
        }
        Some(url) if url.starts_with(&settings.url("")?) => {
            Ok(ProbeStep::Requests(vec![authorized(Request::get(url), settings)]))
        }
        Some(_) => Ok(ProbeStep::Unknown("the next page of audits lies at another address than base_url".to_owned())),
    }
}

/// The next page's URL: cursor pages name it in `links`, the older ones beside the audits.
fn next_page(page: &Value) -> Option<&str> {
    if page.pointer("/meta/has_more").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    page.pointer("/links/next").or_else(|| page.get("next_page")).and_then(Value::as_str)
}
