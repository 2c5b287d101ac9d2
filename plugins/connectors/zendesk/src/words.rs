//! Zendesk's words and Deskbell's.

use std::collections::BTreeMap;

use deskbell::prelude::*;

use crate::settings::Settings;

/// The status that a word of Zendesk's stands for. Unknown ones count as open.
pub(crate) fn status(word: &str, settings: &Settings, cx: &Context<'_>) -> &'static str {
    if let Some(status) = own(&settings.statuses, word).as_deref().and_then(canonical_status) {
        return status;
    }
    match slug(word).as_str() {
        "hold" => "on_hold",
        "deleted" | "archived" => "closed",
        word => canonical_status(word).unwrap_or_else(|| {
            cx.warn(format!("status '{word}' is not known and counts as open; say what it means in settings.statuses"));
            "open"
        }),
    }
}

/// The priority that a word of Zendesk's stands for; none means normal.
pub(crate) fn priority(word: Option<&str>, settings: &Settings, cx: &Context<'_>) -> &'static str {
    let Some(word) = word else { return "normal" };
    let stated = own(&settings.priorities, word).unwrap_or_else(|| slug(word));
    match stated.as_str() {
        "low" => "low",
        "normal" => "normal",
        "high" => "high",
        "urgent" => "urgent",
        word => {
            cx.warn(format!(
                "priority '{word}' is not known and counts as normal; say what it means in settings.priorities"
            ));
            "normal"
        }
    }
}

fn own(meanings: &BTreeMap<String, String>, word: &str) -> Option<String> {
    meanings.iter().find(|(label, _)| label.eq_ignore_ascii_case(word)).map(|(_, meaning)| meaning.clone())
}

fn canonical_status(word: &str) -> Option<&'static str> {
    ["new", "open", "pending", "on_hold", "solved", "closed"].into_iter().find(|status| *status == word)
}

/// Zendesk's word for a status.
pub(crate) fn zendesk_status(status: &str) -> &str {
    if status == "on_hold" { "hold" } else { status }
}

/// The channel that a `via` stands for.
pub(crate) fn channel(via: Option<&str>) -> String {
    let via = slug(via.unwrap_or_default());
    match via.as_str() {
        "mail" | "email" => "email",
        "" | "web_service" | "web_service_api" | "api" | "rest" => "api",
        "web" | "web_form" | "web_widget" => "web",
        "help_center" | "closed_ticket" | "follow_up" => "portal",
        "voice" | "phone" | "phone_call_inbound" | "phone_call_outbound" | "voicemail" => "phone",
        "chat" | "chat_message" | "answer_bot" => "chat",
        "sms" => "sms",
        "twitter" | "twitter_dm" | "twitter_favorite" | "facebook" | "facebook_post" | "facebook_message"
        | "instagram_dm" => "social",
        "native_messaging"
        | "mobile"
        | "mobile_sdk"
        | "messaging"
        | "whatsapp"
        | "line"
        | "wechat"
        | "telegram"
        | "any_channel"
        | "any_channel_attached" => "messaging",
        other => other,
    }
    .to_owned()
}

/// A lower-case word of a-z, 0-9 and _, as channels are.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.trim_end_matches('_').to_owned()
}
