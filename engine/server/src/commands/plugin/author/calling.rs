//! Calling a plugin with a fixture.

use std::sync::Arc;

use deskbell_host::{Call, Failure, Plugin, Reads};
use deskbell_model::document::Document;
use deskbell_model::event;
use deskbell_model::plugin::{Action, Decision, Exchange, LogLine, Parsed, RenderStep, Request, Usage};

use super::fixture::{Case, Input};

/// A connector that asks for more rounds of requests than this for one action is given up on, as by the deliverer.
pub(super) const MAX_ROUNDS: usize = 8;

/// What came of a fixture. Where it took several calls, the usage is the most that one of them used.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) made: Result<Made, Failure>,
    /// All requests of an action, in their order.
    pub(super) requests: Vec<Request>,
    pub(super) usage: Usage,
    pub(super) n_calls: usize,
    pub(super) log: Vec<LogLine>,
    pub(super) log_dropped: u32,
    /// Reads that were refused for what they asked.
    pub(super) refused: Vec<String>,
}

/// What a plugin made of its input.
#[derive(Debug)]
pub(super) enum Made {
    Decision(Decision),
    /// What a connector read, and why the engine would not take some of it.
    Parsed(Parsed, Vec<String>),
    Done(Option<String>),
    Impossible(String),
    /// What a reporter wrote as JSON, and why the engine would not take it.
    Document(serde_json::Value, Option<String>),
    /// The fixture has no answer for the request of this number.
    Unanswered(usize),
    /// After all rounds that the engine allows it still asks for more.
    Endless,
}

impl Outcome {
    fn of(made: Result<Made, Failure>) -> Self {
        Self {
            made,
            requests: Vec::new(),
            usage: Usage::default(),
            n_calls: 0,
            log: Vec::new(),
            log_dropped: 0,
            refused: Vec::new(),
        }
    }

    /// Takes what a call used and logged, and gives what it answered.
    fn absorb<T>(&mut self, call: Call<T>) -> Result<T, Failure> {
        let Call { result, usage, log, log_dropped } = call;
        let most = &mut self.usage;
        most.cpu_us = most.cpu_us.max(usage.cpu_us);
        most.wall_us = most.wall_us.max(usage.wall_us);
        most.memory_peak_bytes = most.memory_peak_bytes.max(usage.memory_peak_bytes);
        // Instructions are counted up from call to call inside the plugin, and so not in a loop that was stopped.
        let was_stopped = matches!(&result, Err(Failure::Limit { limit, .. }) if limit.is_about_time());
        most.fuel = if was_stopped { None } else { most.fuel.max(usage.fuel) };
        most.host_calls = most.host_calls.max(usage.host_calls);
        self.n_calls += 1;
        self.log.extend(log);
        self.log_dropped = self.log_dropped.saturating_add(log_dropped);
        result
    }
}

/// Calls a plugin as the engine does.
pub(super) async fn call(plugin: &Plugin, case: &Case) -> Outcome {
    let mut outcome = Outcome::of(Ok(Made::Endless));
    outcome.made = match &case.input {
        Input::Event(event) => {
            let reads: Arc<dyn Reads> = Arc::clone(&case.known) as Arc<dyn Reads>;
            let call = plugin.handle(event, &case.settings, reads).await;
            outcome.absorb(call).map(Made::Decision)
        }
        Input::Delivery(delivery) => {
            let call = plugin.parse(delivery, &case.settings).await;
            outcome.absorb(call).map(|parsed| {
                let rejected = rejected(&parsed, &delivery.source);
                Made::Parsed(parsed, rejected)
            })
        }
        Input::Action(action) => carry_out(plugin, case, action, &mut outcome).await,
        Input::Request(request) => {
            let reads: Arc<dyn Reads> = Arc::clone(&case.known) as Arc<dyn Reads>;
            let call = plugin.report(request, &case.settings, reads, case.now).await;
            outcome.absorb(call).map(|text| document(&text))
        }
    };
    outcome.refused = case.known.refused();
    outcome
}

/// A document that hangs together, or what is wrong with it.
fn document(text: &str) -> Made {
    let written = serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text));
    let problem = match serde_json::from_str::<Document>(text) {
        Ok(document) => document.check().err().map(|invalid| invalid.to_string()),
        Err(error) => Some(error.to_string()),
    };
    Made::Document(written, problem.map(|problem| format!("the engine refuses the document: {problem}")))
}

/// Why the engine would not take events that a connector states.
fn rejected(parsed: &Parsed, source: &str) -> Vec<String> {
    let check = |(index, stated)| {
        let rejected = event::Event::from_stated(stated, source).err()?;
        Some(format!("events[{index}]: the engine rejects it: {rejected}"))
    };
    parsed.events.iter().enumerate().filter_map(check).collect()
}

/// Carries out an action as the deliverer does; the fixture's responses play the helpdesk.
async fn carry_out(plugin: &Plugin, case: &Case, action: &Action, outcome: &mut Outcome) -> Result<Made, Failure> {
    let mut so_far: Vec<Exchange> = Vec::new();
    let mut answers = case.responses.iter();
    for _ in 0..MAX_ROUNDS {
        let call = plugin.render(action, &so_far, &case.settings, case.now).await;
        let requests = match outcome.absorb(call)? {
            RenderStep::Requests(requests) => requests,
            RenderStep::Done(reference) => return Ok(Made::Done(reference)),
            RenderStep::Impossible(reason) => return Ok(Made::Impossible(reason)),
        };
        let n_before = outcome.requests.len();
        outcome.requests.extend(requests.iter().cloned());
        for (index, request) in requests.into_iter().enumerate() {
            let Some(response) = answers.next() else {
                return Ok(Made::Unanswered(n_before + index + 1));
            };
            so_far.push(Exchange { request, response: response.clone() });
        }
    }
    Ok(Made::Endless)
}
