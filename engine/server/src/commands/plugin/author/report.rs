//! What a call did and used, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use deskbell_host::Failure;
use deskbell_model::plugin::{Decision, Parsed, Scope, Usage, Write};
use serde_json::{Map, Value, json};

use super::calling::{MAX_ROUNDS, Made, Outcome};
use super::{Workbench, as_json};

/// What a call used of one thing, and how much it may.
struct Used {
    name: &'static str,
    amount: u64,
    limit: Option<u64>,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Number,
    Bytes,
    Micros,
}

/// All of it as JSON.
pub(super) fn json(workbench: &Workbench, outcome: &Outcome) -> anyhow::Result<String> {
    let plugin = &workbench.plugin;
    let mut all = Map::new();
    let identity = plugin.identity();
    all.insert(
        "plugin".to_owned(),
        json!({ "name": *identity.name, "version": *identity.version, "sha256": plugin.digest() }),
    );
    match &outcome.made {
        Ok(made) => all.extend(made_json(made, outcome)),
        Err(failure) => {
            all.insert("failure".to_owned(), failure_json(failure));
        }
    }
    if !outcome.requests.is_empty() {
        all.insert("requests".to_owned(), outcome.requests.iter().map(as_json::request).collect());
    }
    all.insert("refused".to_owned(), json!(outcome.refused));
    all.insert("log".to_owned(), json!(outcome.log));
    all.insert("log_dropped".to_owned(), json!(outcome.log_dropped));
    all.insert("calls".to_owned(), json!(outcome.n_calls));
    let used = usage(workbench, outcome).into_iter();
    let used = used.map(|used| (used.key(), json!({ "used": used.amount, "limit": used.limit })));
    all.insert("usage".to_owned(), Value::Object(used.collect()));
    Ok(serde_json::to_string_pretty(&all)?)
}

fn failure_json(failure: &Failure) -> Value {
    let backtrace = match failure {
        Failure::Trap { backtrace, .. } => backtrace.as_deref(),
        _ => None,
    };
    json!({
        "kind": failure.kind(), "message": failure.to_string(), "retry": failure.retryable(), "backtrace": backtrace,
    })
}

fn made_json(made: &Made, outcome: &Outcome) -> Map<String, Value> {
    let members = match made {
        Made::Decision(Decision { effects, writes }) => {
            vec![("effects", effects.iter().map(as_json::effect).collect()), ("writes", json!(writes))]
        }
        Made::Parsed(Parsed { events, ignored }, rejected) => vec![
            ("events", events.iter().map(as_json::event).collect()),
            ("ignored", json!(ignored)),
            ("rejected", json!(rejected)),
        ],
        Made::Document(document, problem) => vec![("document", document.clone()), ("problem", json!(problem))],
        Made::Done(reference) => vec![("done", json!(reference))],
        Made::Impossible(reason) => vec![("impossible", json!(reason))],
        Made::Unanswered(_) | Made::Endless => vec![("unfinished", json!(unfinished(made, outcome)))],
    };
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Why an action did not come to its end.
fn unfinished(made: &Made, outcome: &Outcome) -> String {
    match made {
        Made::Unanswered(number) => format!(
            "it waits for the answer to request {number} of {}; give the fixture `responses`",
            outcome.requests.len()
        ),
        _ => format!("it still asks for requests after {MAX_ROUNDS} rounds, where the engine gives up"),
    }
}

/// All of it for people.
pub(super) fn text(workbench: &Workbench, outcome: &Outcome) -> String {
    let used = usage(workbench, outcome).iter().map(Used::in_words).collect();
    format!("{}\n{}", story(outcome), section("used", used))
}

/// What the call did.
fn story(outcome: &Outcome) -> String {
    let mut sections = Vec::new();
    match &outcome.made {
        Ok(Made::Decision(Decision { effects, writes })) => {
            let effects = effects.iter().map(|effect| {
                let reason =
                    effect.reason.as_ref().map(|reason| format!("\n      because {reason}")).unwrap_or_default();
                format!("{} {}{reason}", effect.kind, Value::Object(effect.data.clone()))
            });
            sections.push(section("effects", effects.collect()));
            sections.push(section("writes", writes.iter().map(write_in_words).collect()));
        }
        Ok(Made::Parsed(Parsed { events, ignored }, rejected)) => {
            let events = events.iter().map(|event| {
                let subject = event.subject.as_deref().unwrap_or("-");
                format!("{} of {subject} at {}, id {}\n      {}", event.kind, event.time, event.id, event.data)
            });
            sections.push(section("events", events.collect()));
            if let Some(why) = ignored {
                sections.push(format!("ignored: {why}"));
            }
            if !rejected.is_empty() {
                sections.push(section("rejected", rejected.clone()));
            }
        }
        Ok(Made::Document(document, None)) => sections.push(in_words(document)),
        Ok(Made::Document(_, Some(problem))) => sections.push(problem.clone()),
        Ok(_) | Err(_) => {}
    }
    if !outcome.requests.is_empty() {
        let requests = outcome.requests.iter().map(|request| {
            let whole = as_json::request(request);
            let once = if request.idempotent { "" } else { " (not to be repeated)" };
            format!("{} {}{once}\n      {}\n      {}", request.method, request.url, whole["headers"], whole["body"])
        });
        sections.push(section("requests", requests.collect()));
    }
    match &outcome.made {
        Ok(Made::Done(None)) => sections.push("done".to_owned()),
        Ok(Made::Done(Some(reference))) => sections.push(format!("done: {reference}")),
        Ok(Made::Impossible(reason)) => sections.push(format!("impossible: {reason}")),
        Ok(made @ (Made::Unanswered(_) | Made::Endless)) => {
            sections.push(format!("unfinished: {}", unfinished(made, outcome)));
        }
        Ok(Made::Decision(_) | Made::Parsed(..) | Made::Document(..)) => {}
        Err(failure) => sections.push(failure_in_words(failure)),
    }
    if !outcome.refused.is_empty() {
        sections.push(section("refused", outcome.refused.clone()));
    }
    let mut log =
        section("log", outcome.log.iter().map(|line| format!("{:<5} {}", line.level, line.message)).collect());
    if outcome.log_dropped > 0 {
        let _ = write!(log, "\n  {} more lines did not fit and were dropped", outcome.log_dropped);
    }
    sections.push(log);
    sections.join("\n")
}

/// A report as the text part of a mail has it.
fn in_words(document: &Value) -> String {
    let document = serde_json::from_value(document.clone()).ok();
    let text = document.and_then(|document| deskbell_render::report::text(&document).ok());
    text.unwrap_or_default()
}

fn section(name: &str, entries: Vec<String>) -> String {
    if entries.is_empty() {
        return format!("{name}: none");
    }
    let entries: Vec<String> = entries.into_iter().map(|entry| format!("\n  {entry}")).collect();
    format!("{name}:{}", entries.concat())
}

fn failure_in_words(failure: &Failure) -> String {
    let again =
        if failure.retryable() { "it would be called again later" } else { "it would not be called again for this" };
    let mut words = format!("failed ({}), and {again}\n  {failure}", failure.kind());
    for frame in frames(failure) {
        let _ = write!(words, "\n  {frame}");
    }
    words
}

/// Where a plugin trapped, innermost first. Components are stripped as a rule, and numbers of functions help nobody.
pub(super) fn frames(failure: &Failure) -> Vec<&str> {
    const NAMELESS: &str = "<wasm function";
    const HINT: &str =
        "its functions have no names, so there is no telling where; strip = false under [profile.release] keeps them";
    let Failure::Trap { backtrace: Some(backtrace), .. } = failure else {
        return Vec::new();
    };
    let is_frame = |line: &&str| line.contains(" - ");
    if backtrace.lines().filter(is_frame).all(|line| line.contains(NAMELESS)) {
        return vec![HINT];
    }
    backtrace.lines().filter(is_frame).filter(|line| !line.contains(NAMELESS)).map(str::trim).collect()
}

fn write_in_words(write: &Write) -> String {
    let of = |scope: &Scope| match scope {
        Scope::Plugin => "the plugin's",
        Scope::Ticket => "the ticket's",
    };
    match write {
        Write::KvSet { scope, key, value, expires_at } => {
            let until = expires_at.map(|at| format!(" until {at}")).unwrap_or_default();
            format!("{} value {key} is {}{until}", of(scope), Value::from(value.as_str()))
        }
        Write::KvDelete { scope, key } => format!("{} value {key} is deleted", of(scope)),
        Write::KvIncrement { scope, key, by } => format!("{} value {key} changes by {by:+}", of(scope)),
        Write::TimerSet { name, at, payload } => format!("timer {name} fires at {at} with {payload}"),
        Write::TimerCancel { name } => format!("timer {name} is cancelled"),
    }
}

/// What was used of everything that is limited, and instructions, which are counted here alone and not limited.
fn usage(workbench: &Workbench, outcome: &Outcome) -> Vec<Used> {
    let (limits, ceilings, used) = (workbench.plugin.limits(), &workbench.ceilings, &outcome.usage);
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let number = |name, amount, limit| Used { name, amount, limit, unit: Unit::Number };
    let mut all: Vec<Used> = used.fuel.map(|fuel| number("instructions", fuel, None)).into_iter().collect();
    all.extend([
        Used { name: "memory", amount: used.memory_peak_bytes, limit: Some(limits.memory_bytes), unit: Unit::Bytes },
        Used { name: "CPU time", amount: used.cpu_us, limit: Some(micros(limits.cpu)), unit: Unit::Micros },
        Used { name: "wall time", amount: used.wall_us, limit: Some(micros(limits.wall)), unit: Unit::Micros },
    ]);
    let mut count = |name, used: usize, limit: usize| all.push(number(name, used as u64, Some(limit as u64)));
    match &outcome.made {
        Ok(Made::Decision(decision)) => {
            count("effects", decision.effects.len(), ceilings.effects);
            count("writes", decision.writes.len(), ceilings.writes);
        }
        Ok(Made::Parsed(parsed, _)) => count("events", parsed.events.len(), ceilings.events),
        _ => {}
    }
    all
}

/// What a call used, in a few words.
pub(super) fn in_short(used: &Usage) -> String {
    let fuel = used.fuel.map(|fuel| format!("{} instructions, ", Unit::Number.amount(fuel))).unwrap_or_default();
    let (memory, cpu) = (Unit::Bytes.amount(used.memory_peak_bytes), Unit::Micros.amount(used.cpu_us));
    format!("{fuel}{memory}, {cpu} CPU")
}

impl Used {
    fn in_words(&self) -> String {
        let limit =
            self.limit.map_or_else(|| "not limited".to_owned(), |limit| format!("of {}", self.unit.amount(limit)));
        format!("{:<12}  {:>12}  {limit}", self.name, self.unit.amount(self.amount))
    }

    /// Its name in JSON, with its unit.
    fn key(&self) -> String {
        let unit = match self.unit {
            Unit::Number => "",
            Unit::Bytes => "_bytes",
            Unit::Micros => "_us",
        };
        let name = self.name.to_ascii_lowercase().replace(" time", "");
        format!("{name}{unit}")
    }
}

impl Unit {
    /// An amount as people read it.
    fn amount(self, amount: u64) -> String {
        match self {
            Self::Number => grouped(amount),
            Self::Bytes if amount >= 1 << 20 => format!("{} MiB", decimal(amount as f64 / f64::from(1 << 20))),
            Self::Bytes if amount >= 1 << 10 => format!("{} KiB", decimal(amount as f64 / f64::from(1 << 10))),
            Self::Bytes => format!("{amount} bytes"),
            Self::Micros if amount >= 1_000_000 => format!("{} s", decimal(amount as f64 / 1e6)),
            Self::Micros => format!("{} ms", decimal(amount as f64 / 1e3)),
        }
    }
}

/// With at most two decimals.
fn decimal(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// With a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "report/tests.rs"]
mod tests;
