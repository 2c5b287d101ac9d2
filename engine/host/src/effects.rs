//! Checking what an automation asks for. All of its effects can take effect, or none does.

use deskbell_bindings::StatedEffect;
use deskbell_model::effect::Effect;
use serde_json::{Map, Value};

use crate::ceilings::{Ceilings, Exceeded, Limit};
use crate::permits::Permits;

/// Why an answer cannot take effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    TooMuch(Exceeded),
    Garbage(String),
    Denied(String),
}

/// The effects, if all of them are known, granted, whole and within bounds.
pub(crate) fn check(
    stated: Vec<StatedEffect>,
    permits: &Permits,
    ceilings: &Ceilings,
    has_ticket: bool,
) -> Result<Vec<Effect>, Unfit> {
    within(Limit::Effects, ceilings.effects, stated.len()).map_err(Unfit::TooMuch)?;
    let effects = stated.into_iter().enumerate();
    effects.map(|(index, effect)| check_one(index + 1, effect, permits, ceilings, has_ticket)).collect()
}

fn check_one(
    number: usize,
    stated: StatedEffect,
    permits: &Permits,
    ceilings: &Ceilings,
    has_ticket: bool,
) -> Result<Effect, Unfit> {
    let garbage = |problem: String| Unfit::Garbage(format!("effect {number}: {problem}"));
    let size = stated.data.len() + stated.reason.as_deref().map_or(0, str::len);
    within(Limit::EffectBytes, ceilings.effect_bytes, size).map_err(Unfit::TooMuch)?;
    let data: Map<String, Value> = match stated.data.as_str() {
        "" => Map::new(),
        text => serde_json::from_str(text).map_err(|error| garbage(format!("its data is no JSON object: {error}")))?,
    };
    // Looking for the escape first spares walking through nearly all of them.
    if stated.data.contains("\\u0000") && data.values().any(has_nul)
        || stated.reason.as_deref().is_some_and(|reason| reason.contains('\0'))
    {
        return Err(garbage("a text contains a NUL character, which cannot be stored".to_owned()));
    }
    let effect = Effect { kind: stated.kind, data, reason: stated.reason };
    effect.validate().map_err(|invalid| garbage(invalid.to_string()))?;
    permits.check_effect(&effect.kind).map_err(|denied| Unfit::Denied(denied.to_string()))?;
    if effect.is_for_helpdesk() && !has_ticket {
        let invalid = deskbell_model::effect::Invalid::NoTicket { kind: effect.kind };
        return Err(garbage(invalid.to_string()));
    }
    Ok(effect)
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a number of things is within a bound.
pub(crate) fn within(limit: Limit, allowed: usize, used: usize) -> Result<(), Exceeded> {
    if used <= allowed {
        return Ok(());
    }
    Err(Exceeded { limit, allowed: allowed as u64, used: used as u64 })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use deskbell_model::manifest::{Grants, Manifest};

    use super::*;

    fn permits() -> Permits {
        let manifest = "name='a'\nversion='1'\ncontract='1.0.0'\nworld='automation'\nevents=['*']\neffects=['ticket.tag','notify']";
        Permits::new(&Manifest::parse(manifest).unwrap(), &Grants::only(["ticket.tag"]).unwrap())
    }

    #[track_caller]
    fn check_as(stated: &[(&str, &str)], has_ticket: bool, expected: &str) {
        let ceilings = Ceilings { effects: 2, effect_bytes: 100, cpu: Duration::ZERO, ..Ceilings::default() };
        let stated = stated.iter().map(|(kind, data)| StatedEffect {
            kind: (*kind).to_owned(),
            data: (*data).to_owned(),
            reason: None,
        });
        let actual = match check(stated.collect(), &permits(), &ceilings, has_ticket) {
            Ok(effects) => format!("{} fit", effects.len()),
            Err(unfit) => format!("{unfit:?}"),
        };
        assert!(actual.contains(expected), "{actual}");
    }

    #[test]
    fn takes_what_is_known_granted_and_whole() {
        check_as(&[("ticket.tag", r#"{"add":["a"]}"#)], true, "1 fit");
        check_as(&[], false, "0 fit");
    }

    #[test]
    fn one_unfit_effect_spoils_the_answer() {
        let good = ("ticket.tag", r#"{"add":["a"]}"#);
        check_as(&[good, ("ticket.tag", "[]")], true, "Garbage(\"effect 2: its data is no JSON object");
        check_as(&[good, ("ticket.burn", "{}")], true, "effect 2: there is no effect kind 'ticket.burn'");
        check_as(&[good, ("ticket.tag", "")], true, "effect 2: ticket.tag: it asks for nothing");
        check_as(&[("ticket.tag", r#"{"add":["a\u0000"]}"#)], true, "NUL");
        check_as(&[good], false, "effect 1: ticket.tag acts on a ticket");
        check_as(&[good, good, good], true, "TooMuch(Exceeded { limit: Effects, allowed: 2, used: 3 })");
        let long = format!(r#"{{"add":["{}"]}}"#, "x".repeat(100));
        check_as(&[("ticket.tag", &long)], true, "limit: EffectBytes");
    }

    #[test]
    fn what_is_not_granted_is_denied_with_the_line_that_would_allow_it() {
        check_as(&[("notify", r#"{"to":"ops","text":"x"}"#)], true, "say grant = [\\\"ticket.tag\\\", \\\"notify\\\"]");
        check_as(&[("ticket.note", r#"{"body":"x"}"#)], true, "plugin.toml say effects = ");
    }
}
