//! What a plugin's call may read, over the store. Errors of the database reach the plugin as `unavailable`, and whatever
//! it makes of that, the call counts for nothing where the database is to blame: see [`Lost`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deskbell_host::{Answer, Asker, Reads, Refusal};
use deskbell_model::calendar::Calendar;
use deskbell_model::event::Event;
use deskbell_model::plugin::{self, Agent, Scope, Summary};
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;

use crate::engine::Engine;

pub(crate) mod calendars;
pub mod first_responses;

/// The most events or tickets that one read gives.
const MAX_ROWS: u32 = 200;

/// The reads of a call on one lane.
pub struct LaneReads {
    pub engine: Arc<Engine>,
    pub plugin: String,
    pub lane_id: i64,
    pub source_id: i32,
    pub source: String,
    /// The event that is being decided on; what came after it is not seen.
    pub last_event: i64,
    pub now: Timestamp,
    pub lost: Lost,
}

/// What a call's reads have met with.
#[derive(Debug, Default)]
pub struct Lost(Mutex<Met>);

#[derive(Debug, Default)]
struct Met {
    error: Option<deskbell_store::Error>,
    waited: Duration,
}

impl Lost {
    /// The first passing error, such as a connection that was lost: nothing that the call answers is to be relied on.
    pub fn take_error(&self) -> Option<deskbell_store::Error> {
        self.met().error.take()
    }

    /// How long the call has waited for the database, a read that was not answered in its time included.
    pub fn waited(&self) -> Duration {
        self.met().waited
    }

    fn met(&self) -> std::sync::MutexGuard<'_, Met> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds up the time of a read, however it ends.
struct Waiting<'a> {
    lost: &'a Lost,
    since: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.lost.met().waited += self.since.elapsed();
    }
}

impl LaneReads {
    /// Has the store read something for the plugin.
    async fn ask<T>(&self, read: impl Future<Output = deskbell_store::Result<T>>) -> Result<T, Refusal> {
        let waiting = Waiting { lost: &self.lost, since: Instant::now() };
        deskbell_store::chaos::point("inside-call");
        let answer = read.await;
        drop(waiting);
        answer.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "a plugin's read did not work");
            if error.is_passing() {
                self.lost.met().error.get_or_insert(error);
            }
            Refusal::unavailable("the database did not answer; the call can be repeated")
        })
    }

    fn lane_of(&self, scope: Scope) -> i64 {
        match scope {
            Scope::Plugin => 0,
            Scope::Ticket => self.lane_id,
        }
    }
}

impl Reads for LaneReads {
    fn kv_get<'a>(&'a self, asker: &'a Asker, scope: Scope, key: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(
            async move { self.ask(self.engine.store.kv_get(&self.plugin, self.lane_of(scope), key, asker.now)).await },
        )
    }

    fn kv_list<'a>(
        &'a self,
        asker: &'a Asker,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Answer<'a, Vec<(String, String)>> {
        Box::pin(async move {
            let lane = self.lane_of(scope);
            let pairs = self.engine.store.kv_list(&self.plugin, lane, prefix, asker.now, i64::from(limit.min(1000)));
            self.ask(pairs).await
        })
    }

    fn history<'a>(&'a self, _: &'a Asker, limit: u32) -> Answer<'a, Vec<plugin::Event>> {
        Box::pin(async move {
            let limit = i64::from(limit.min(MAX_ROWS));
            let recorded = self.ask(self.engine.store.latest_events(self.lane_id, self.last_event, limit)).await?;
            let mut events = Vec::new();
            for recorded in recorded {
                let parts = (recorded.id.clone(), self.source.clone(), recorded.kind.clone());
                let event =
                    Event::from_parts(parts.0, parts.1, parts.2, recorded.subject.clone(), recorded.at, &recorded.data)
                        .ok();
                events.push(plugin::Event {
                    id: recorded.id,
                    source: self.source.clone(),
                    kind: recorded.kind.strip_prefix("deskbell.").unwrap_or(&recorded.kind).to_owned(),
                    subject: recorded.subject,
                    time: recorded.at,
                    received_at: recorded.received_at,
                    late: false,
                    actor: event.as_ref().and_then(Event::actor).cloned(),
                    ticket: None,
                    data: recorded.data,
                    extra: Vec::new(),
                });
            }
            Ok(events)
        })
    }

    fn tickets_of<'a>(
        &'a self,
        _: &'a Asker,
        requester: &'a str,
        limit: u32,
    ) -> Answer<'a, Vec<(String, Arc<Ticket>)>> {
        Box::pin(async move {
            let limit = i64::from(limit.min(MAX_ROWS));
            let tickets = self.ask(self.engine.store.tickets_of(self.source_id, requester, limit)).await?;
            Ok(tickets.into_iter().map(|(id, ticket)| (id, Arc::new(ticket))).collect())
        })
    }

    fn agents<'a>(&'a self, _: &'a Asker, group: Option<&'a str>) -> Answer<'a, Vec<Agent>> {
        Box::pin(self.ask(self.engine.store.agents(self.source_id, group)))
    }

    fn first_response<'a>(&'a self, _: &'a Asker, days: u32, group: Option<&'a str>) -> Answer<'a, Option<Summary>> {
        Box::pin(async move {
            // As of now and not of the event: all who ask share it.
            let Engine { store, first_responses, .. } = &*self.engine;
            self.ask(first_responses.summary(store, self.source_id, days.min(366), group, self.engine.now())).await
        })
    }

    fn calendar(&self, name: &str) -> Result<Arc<Calendar>, Refusal> {
        calendars::named(&self.engine.calendars, name)
    }
}
