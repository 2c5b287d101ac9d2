//! Whether an action whose outcome is unknown took effect: the ticket's audits hold the keys of the updates.

use deskbell::prelude::*;

use crate::answers::refusal;
use crate::render::{KEY, authorized, ticket_id};
use crate::settings::Settings;

/// How many audits a page holds. They hold comments, which may be long, and the host reads no more than 2 MiB of an answer.
const PAGE: usize = 50;
/// How many pages are read before giving up. The host asks a connector 32 times at most.
const MAX_PAGES: usize = 30;

/// Looks for the action's key in the ticket's audits, page by page from the newest: what is asked about was sent lately.
pub(crate) fn probe(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<ProbeStep> {
    if !matches!(action.kind.as_str(), "ticket.reply" | "ticket.note") {
        // Setting the same again changes nothing, so it may simply be sent again.
        return Ok(ProbeStep::NotEffective);
    }
    let Some(last) = so_far.last() else {
        let url = settings.url(&format!("tickets/{}/audits", ticket_id(action)?))?;
        // Pages by number: an audit that is added meanwhile moves the others on, so that none is passed over.
        let first = Request::get(url).query("sort_order", "desc").query("per_page", PAGE.to_string());
        return Ok(ProbeStep::Requests(vec![authorized(first, settings)]));
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
            Ok(ProbeStep::Unknown(format!("it is not among the ticket's latest {} audits", MAX_PAGES * PAGE)))
        }
        Some(url) if url.starts_with(&settings.url("")?) => {
            Ok(ProbeStep::Requests(vec![authorized(Request::get(url), settings)]))
        }
        Some(_) => Ok(ProbeStep::Unknown("the next page of audits lies at another address than base_url".to_owned())),
    }
}

/// The next page's URL: numbered pages name it beside the audits, cursor pages in `links`.
fn next_page(page: &Value) -> Option<&str> {
    if page.pointer("/meta/has_more").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    page.pointer("/links/next").or_else(|| page.get("next_page")).and_then(Value::as_str)
}
