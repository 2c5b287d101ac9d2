//! What belongs to one call: who calls, what may be used, what was written and logged.

use std::sync::Arc;

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::types;
use deskbell_model::timestamp::Timestamp;

use crate::capability::kv::Memory;
use crate::ceilings::Ceilings;
use crate::log::Log;
use crate::memories::Memories;
use crate::meter::Meter;
use crate::permits::Permits;
use crate::reads::{Asker, Reads, Refusal};
use crate::wasi::Wasi;

/// The data of a call's store. The files in `capability` implement the contract's imports on it.
pub(crate) struct State {
    pub(crate) permits: Arc<Permits>,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) asker: Asker,
    /// What the call's randomness follows from, beside the plugin's name: the event's id, as a rule.
    pub(crate) seed: String,
    /// A JSON object.
    pub(crate) settings: Arc<str>,
    pub(crate) reads: Option<Arc<dyn Reads>>,
    pub(crate) memory: Memory,
    pub(crate) log: Log,
    pub(crate) memories: Memories,
    pub(crate) meter: Arc<Meter>,
    pub(crate) cpu_limit_us: u64,
    pub(crate) host_calls: u32,
    pub(crate) n_reads: u32,
    pub(crate) wasi: Option<Box<Wasi>>,
}

/// What a call is about.
pub(crate) struct Circumstances<'a> {
    pub(crate) now: Timestamp,
    pub(crate) seed: &'a str,
    pub(crate) source: &'a str,
    pub(crate) ticket: Option<&'a str>,
    pub(crate) settings: &'a Arc<str>,
    pub(crate) reads: Option<Arc<dyn Reads>>,
}

impl State {
    pub(crate) fn wasi(&mut self) -> &mut Wasi {
        self.wasi.get_or_insert_with(|| {
            let seed = [&*self.asker.plugin, &self.seed];
            Box::new(Wasi::new(self.asker.now, &seed, &self.log, self.ceilings.handles))
        })
    }

    /// Counts a host call and asks whether the plugin may use the capability.
    pub(crate) fn use_capability(&mut self, capability: &'static str) -> Result<(), Refusal> {
        self.host_calls = self.host_calls.saturating_add(1);
        self.permits.check(capability)
    }

    /// As [`Self::use_capability`], for a read that goes to the store.
    pub(crate) fn use_read(&mut self, capability: &'static str) -> Result<Arc<dyn Reads>, Refusal> {
        self.use_capability(capability)?;
        if self.n_reads >= self.ceilings.reads {
            let allowed = self.ceilings.reads;
            return Err(Refusal::limit(format!("the call has used up its {allowed} reads; read less in one call")));
        }
        self.n_reads += 1;
        self.reader()
    }

    /// What answers reads.
    pub(crate) fn reader(&self) -> Result<Arc<dyn Reads>, Refusal> {
        self.reads.clone().ok_or_else(|| Refusal::unavailable("there is nothing to read in this call"))
    }

    /// The most entries that a read asking for `limit` gets.
    pub(crate) fn entries(&self, limit: u32) -> u32 {
        limit.min(self.ceilings.read_entries)
    }

    /// The event's ticket, which some capabilities are about.
    pub(crate) fn need_ticket(&self) -> Result<(), Refusal> {
        match self.asker.ticket {
            Some(_) => Ok(()),
            None => Err(Refusal::invalid("the event belongs to no ticket")),
        }
    }
}

impl From<Refusal> for types::Refusal {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.to_owned(), message: refusal.message }
    }
}
