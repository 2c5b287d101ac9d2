//! An action for a helpdesk: its connector says which requests it takes, one step after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use deskbell_host::{Busy, Failure};
use deskbell_model::plugin::{Action, Exchange, ProbeStep, RenderStep, Request, Response};
use deskbell_store::outbox::{Claimed, Message};
use serde_json::json;

use super::{Deliverer, LEASE, Record, Went, parts};
use crate::engine::Source;
use crate::registry::{Connector, Suspended as _};
use crate::sender::error::SendError;
use crate::sender::hosts::AllowedHosts;
use crate::sender::response::Outcome;
use crate::sender::signing::Signing;
use crate::sender::{Call, retry_after};

/// A connector that asks for more rounds of requests than this for one action goes in circles. A round that a refusal cut
/// short does not count: the next one may be what was left of it.
const MAX_ROUNDS: usize = 8;
/// Nor does an action take more requests than this, however they are asked for; one step may ask for 20.
const MAX_REQUESTS: usize = 64;
/// Finding out what became of an earlier attempt may take more rounds: a long ticket is read page by page.
const MAX_PROBE_ROUNDS: usize = 32;
/// So much is read of an answer. A page of a hundred comments is some hundred KiB, a long ticket that an update is answered
/// with may be more; what is longer still, a connector could not take apart within the limits of a call.
const MAX_ANSWER_BYTES: usize = 2 * 1024 * 1024;
/// So much is read of all answers of an action together: a connector is shown them again at each step, and has 32 MiB
/// of memory where it asks for no more.
const MAX_ANSWERS_BYTES: usize = 8 * 1024 * 1024;
/// An action that takes longer is left to its next attempt: no further request is sent, and the lease still holds for the
/// one under way.
const LONGEST: Duration = Duration::from_mins(2);
/// A request under way ends here at the latest, whatever time the configuration gives it. What is left of the lease is for
/// the record.
const LAST_ANSWER: Duration = LEASE.saturating_sub(Duration::from_secs(15));
const CUT: &str = "the helpdesk's answer is longer than what is read of one";

/// Fails where the host had no room for the connector before anything was sent to the helpdesk: that is no attempt. Later it
/// is one, for the helpdesk would be asked the same over and over while that lasts, and no backoff would come of it.
pub(super) async fn attempt(
    deliverer: &Deliverer,
    lane: &Claimed,
    message: &Message,
    source: &str,
    record: &mut Record,
) -> Result<Went, Busy> {
    let begun = Instant::now();
    let engine = &deliverer.engine;
    let Some(source) = engine.sources.get(source) else {
        return Ok(Went::GiveUp {
            why: format!("the source '{source}' is not in the configuration any more; add it and replay"),
        });
    };
    let connector = source.connector.as_ref().and_then(|name| engine.registry.connectors.get(name));
    let Some(connector) = connector else {
        return Ok(Went::GiveUp {
            why: format!("the source '{}' has no connector; configure one and replay", source.name),
        });
    };
    let ticket = match engine.store.tickets(&[lane.lane_id]).await {
        Ok(tickets) => tickets.into_iter().find_map(|ticket| ticket.ticket),
        Err(error) => {
            let (why, retry_after) = (error.to_string(), None);
            // Nobody has asked yet: what was in doubt stays so.
            return Ok(if lane.ambiguous {
                Went::Ambiguous { why, retry_after }
            } else {
                Went::Retry { why, retry_after }
            });
        }
    };
    let (data, reason, _) = parts(message);
    let action = Action {
        kind: message.kind.clone(),
        data: data.to_string(),
        key: message.key.to_string(),
        subject: Some(lane.ticket.clone()),
        ticket: ticket.map(|ticket| (source.name.clone(), lane.ticket.clone(), Arc::new(ticket))),
        extra: reason.map(|reason| ("reason".to_owned(), json!(reason).to_string())).into_iter().collect(),
    };
    let manifest_hosts = match manifest_hosts(connector, source) {
        Ok(hosts) => hosts,
        Err(why) => return Ok(Went::GiveUp { why }),
    };
    let key = action.key.clone();
    let conversation = Conversation { deliverer, connector, source, manifest_hosts, key, begun };
    let earlier = if lane.ambiguous { conversation.probe(&action, record).await? } else { Earlier::None };
    match earlier {
        Earlier::Went(went) => Ok(went),
        Earlier::Unknown(why) if !lane.insisted => conversation.carry_out(&action, Some(&why), record).await,
        Earlier::None | Earlier::Unknown(_) => conversation.carry_out(&action, None, record).await,
    }
}

/// The hosts that the manifest lists, `$base_url` being that of the source's settings.
pub(crate) fn manifest_hosts(connector: &Connector, source: &Source) -> Result<AllowedHosts, String> {
    let settings: serde_json::Value = serde_json::from_str(&source.settings).unwrap_or_default();
    let listed = connector.plugin.manifest().connector.as_ref().map(|c| c.hosts.clone()).unwrap_or_default();
    let hosts = listed.iter().filter_map(|host| match host.strip_prefix('$') {
        None => Some(host.clone()),
        Some(setting) => {
            settings.get(setting).and_then(serde_json::Value::as_str).and_then(crate::sender::hosts::host_of)
        }
    });
    let origin = format!("the manifest of connector '{}'", connector.name);
    AllowedHosts::parse(origin, hosts.collect::<Vec<_>>()).map_err(|error| error.to_string())
}

/// What the helpdesk says of earlier attempts.
enum Earlier {
    /// None took effect.
    None,
    /// There is no telling.
    Unknown(String),
    Went(Went),
}

struct Conversation<'a> {
    deliverer: &'a Deliverer,
    connector: &'a Connector,
    source: &'a Source,
    manifest_hosts: AllowedHosts,
    key: String,
    begun: Instant,
}

impl Conversation<'_> {
    /// Asks whether an earlier attempt took effect.
    async fn probe(&self, action: &Action, record: &mut Record) -> Result<Earlier, Busy> {
        let mut so_far: Vec<Exchange> = Vec::new();
        let mut asked_to_wait: Option<Duration> = None;
        for _ in 0..MAX_PROBE_ROUNDS {
            if let Some(why) = self.too_slow() {
                return Ok(Earlier::Went(Went::Ambiguous { why, retry_after: None }));
            }
            let requests = match self.ask_to_probe(action, &so_far).await {
                Ok(ProbeStep::Requests(requests)) => requests,
                Ok(ProbeStep::Effective) => {
                    record.note("asked the helpdesk: the earlier attempt took effect");
                    return Ok(Earlier::Went(Went::Done(None)));
                }
                Ok(ProbeStep::NotEffective) => {
                    record.note("asked the helpdesk: no earlier attempt took effect");
                    return Ok(Earlier::None);
                }
                Ok(ProbeStep::Unknown(why)) => {
                    record.note(format!("whether an earlier attempt took effect cannot be told: {why}"));
                    return Ok(Earlier::Unknown(why));
                }
                Err(Failure::Busy(busy)) if record.n_requests == 0 => return Err(busy),
                // It stays unknown until the helpdesk can be asked.
                Err(failure) => {
                    let why = failure.to_string();
                    return Ok(Earlier::Went(Went::Ambiguous { why, retry_after: asked_to_wait }));
                }
            };
            for request in requests {
                if let Some(why) = self.too_slow() {
                    return Ok(Earlier::Went(Went::Ambiguous { why, retry_after: None }));
                }
                match self.send(request, &so_far, record).await {
                    Ok(Some(exchange)) => {
                        asked_to_wait = wait_asked(&exchange.response, self.deliverer.engine.now());
                        let went_well = is_success(&exchange);
                        so_far.push(exchange);
                        if !went_well {
                            break;
                        }
                    }
                    Ok(None) => return Ok(Earlier::Unknown(CUT.to_owned())),
                    Err(error) => {
                        return Ok(Earlier::Went(Went::Ambiguous { why: error.in_full(), retry_after: None }));
                    }
                }
            }
        }
        let why = "the connector asked for too many requests to find out";
        record.note(why);
        Ok(Earlier::Unknown(why.to_owned()))
    }

    /// Sends what the connector asks for, until it says that the action is done or impossible. A step ends with the first
    /// request that is not answered well: whether the rest is still wanted, the connector says when it has seen that.
    ///
    /// `unknown` says why nobody can tell whether an earlier attempt took effect: then nothing is sent that does harm when
    /// it is repeated, and a person decides.
    async fn carry_out(&self, action: &Action, unknown: Option<&str>, record: &mut Record) -> Result<Went, Busy> {
        let mut in_doubt = unknown.is_some();
        let went = self.send_all(action, unknown, &mut in_doubt, record).await?;
        record.insistence_spent = in_doubt && unknown.is_none();
        Ok(match went {
            Went::Retry { why, retry_after } if in_doubt => Went::Ambiguous { why, retry_after },
            went => went,
        })
    }

    /// `in_doubt` becomes true with the first request that does harm when it is repeated and may have taken effect, and
    /// stays so: whatever becomes of the requests behind it, the action has been done in part.
    async fn send_all(
        &self,
        action: &Action,
        unknown: Option<&str>,
        in_doubt: &mut bool,
        record: &mut Record,
    ) -> Result<Went, Busy> {
        let mut so_far: Vec<Exchange> = Vec::new();
        let mut asked_to_wait: Option<Duration> = None;
        let mut n_rounds = 0;
        while n_rounds < MAX_ROUNDS && so_far.len() < MAX_REQUESTS {
            if let Some(why) = self.too_slow() {
                return Ok(Went::Retry { why, retry_after: None });
            }
            let requests = match self.ask_to_render(action, &so_far).await {
                Ok(RenderStep::Done(reference)) => return Ok(Went::Done(reference)),
                Ok(RenderStep::Impossible(why)) => return Ok(Went::Impossible { why }),
                Ok(RenderStep::Requests(requests)) => requests,
                Err(Failure::Busy(busy)) if record.n_requests == 0 => return Err(busy),
                Err(failure) if failure.retryable() => {
                    return Ok(Went::Retry { why: failure.to_string(), retry_after: asked_to_wait });
                }
                Err(failure) => return Ok(Went::GiveUp { why: failure.to_string() }),
            };
            if requests.is_empty() {
                return Ok(Went::GiveUp {
                    why: format!("the connector '{}' neither finished nor asked for a request", self.connector.name),
                });
            }
            n_rounds += 1;
            for request in requests {
                let does_harm_twice = !request.idempotent && changes_something(&request);
                if let Some(why) = unknown.filter(|_| does_harm_twice) {
                    return Ok(Went::GiveUp {
                        why: format!(
                            "an earlier attempt may have taken effect ({why}), and doing it twice may do harm; look at the ticket, and replay to have it done again"
                        ),
                    });
                }
                if let Some(why) = self.too_slow() {
                    return Ok(Went::Retry { why, retry_after: None });
                }
                match self.send(request, &so_far, record).await {
                    Ok(None) => return Ok(Went::GiveUp { why: CUT.to_owned() }),
                    Ok(Some(exchange)) => {
                        asked_to_wait = wait_asked(&exchange.response, self.deliverer.engine.now());
                        *in_doubt |= does_harm_twice && may_have_taken_effect(exchange.response.status);
                        let went_well = is_success(&exchange);
                        so_far.push(exchange);
                        if !went_well {
                            n_rounds -= 1;
                            break;
                        }
                    }
                    Err(error @ SendError::Refused { .. }) => return Ok(Went::GiveUp { why: error.in_full() }),
                    Err(error) => {
                        *in_doubt |= does_harm_twice && !error.is_safe_to_repeat();
                        return Ok(Went::Retry { why: error.in_full(), retry_after: None });
                    }
                }
            }
        }
        Ok(Went::GiveUp {
            why: format!(
                "the connector '{}' asked for more than {MAX_ROUNDS} rounds or {MAX_REQUESTS} requests for one action",
                self.connector.name
            ),
        })
    }

    /// Takes a turn, so that connectors that take their time leave places to the calls of others.
    async fn ask_to_probe(&self, action: &Action, so_far: &[Exchange]) -> Result<ProbeStep, Failure> {
        let _turn = self.connector.turn().await?;
        let now = self.deliverer.engine.now();
        self.connector.plugin.probe(action, so_far, &self.source.settings, now).await.result
    }

    /// The same.
    async fn ask_to_render(&self, action: &Action, so_far: &[Exchange]) -> Result<RenderStep, Failure> {
        let _turn = self.connector.turn().await?;
        let now = self.deliverer.engine.now();
        self.connector.plugin.render(action, so_far, &self.source.settings, now).await.result
    }

    /// Why the action is left to its next attempt.
    fn too_slow(&self) -> Option<String> {
        (self.begun.elapsed() > LONGEST).then(|| format!("it was not done within {} s", LONGEST.as_secs()))
    }

    /// Sends a request. None where it asks for something and the answer had to be cut: half an answer says nothing. Of a
    /// refusal, and of a request that changes something, the status says what matters: the connector sees it without a
    /// body.
    async fn send(
        &self,
        request: Request,
        so_far: &[Exchange],
        record: &mut Record,
    ) -> Result<Option<Exchange>, SendError> {
        let n_read: usize = so_far.iter().map(|exchange| exchange.response.body.len()).sum();
        let signing =
            request.sign.as_ref().map(|sign| Signing { scheme: sign.scheme.clone(), secret: sign.secret.clone() });
        let secrets = self.deliverer.engine.source_secrets(&self.source.name);
        let call = Call {
            method: &request.method,
            url: &request.url,
            headers: &request.headers,
            body: request.body.clone().map(Bytes::from),
            sign: signing.as_ref(),
            key: &self.key,
            now: self.deliverer.engine.now(),
            hosts: &[&self.manifest_hosts, &self.source.hosts],
            secrets: &*secrets,
            timeout: Some(self.deliverer.sender.timeout().min(LAST_ANSWER.saturating_sub(self.begun.elapsed()))),
            max_response_bytes: Some(MAX_ANSWER_BYTES.min(MAX_ANSWERS_BYTES.saturating_sub(n_read))),
        };
        let sent = self.deliverer.sender.send(call).await;
        note(record, &request, &sent);
        let outcome = sent?;
        let is_needed = outcome.is_success() && !changes_something(&request);
        let Outcome { status, headers, mut body, is_truncated, .. } = outcome;
        if is_truncated {
            record.note(CUT);
            if is_needed {
                return Ok(None);
            }
            body.clear();
        }
        Ok(Some(Exchange { response: Response { status, headers, body }, request }))
    }
}

fn changes_something(request: &Request) -> bool {
    !["GET", "HEAD", "OPTIONS"].iter().any(|method| request.method.eq_ignore_ascii_case(method))
}

/// Whether a request with this answer may have changed something. A server that is busy (503) says that it has not; one
/// that breaks may do so in the middle.
fn may_have_taken_effect(status: u16) -> bool {
    status < 400 || (status >= 500 && status != 503)
}

fn is_success(exchange: &Exchange) -> bool {
    (200..300).contains(&exchange.response.status)
}

fn note(record: &mut Record, request: &Request, sent: &Result<Outcome, SendError>) {
    // The query may carry what is filled in or a customer's data; the path says enough.
    record.n_requests += 1;
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    match sent {
        Ok(outcome) => {
            record.status = Some(outcome.status);
            record.elapsed_ms += outcome.elapsed_ms;
            record.is_down = outcome.status >= 500 || outcome.status == 429;
            record.note(format!("{} {url} answered {} in {} ms", request.method, outcome.status, outcome.elapsed_ms));
        }
        Err(error) => {
            record.is_down = !matches!(error, SendError::Refused { .. });
            record.note(format!("{} {url}: {}", request.method, error.in_full()));
        }
    }
}

fn wait_asked(response: &Response, now: deskbell_model::timestamp::Timestamp) -> Option<Duration> {
    let header = response.headers.iter().find(|(name, _)| name == "retry-after");
    header.and_then(|(_, value)| retry_after::parse(value, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_has_not_taken_effect_and_what_breaks_may_have() {
        for (status, expected) in [
            (200, true),
            (202, true),
            (302, true),
            (404, false),
            (422, false),
            (429, false),
            (500, true),
            (503, false),
            (504, true),
        ] {
            assert_eq!(may_have_taken_effect(status), expected, "{status}");
        }
    }
}
