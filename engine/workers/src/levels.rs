//! Service levels: which policies judge which tickets.
//!
//! Only tickets of configured accounts have clocks that wake their lane. Others, such as an imported helpdesk's, can be
//! looked at with `deskbell sla` and tell nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use deskbell_model::facts::Facts;
use deskbell_model::sla::{Clocks, Editions};
use deskbell_model::timestamp::Timestamp;

/// The policies and the accounts that they are for.
#[derive(Clone, Debug)]
pub struct Levels {
    editions: Arc<Editions>,
    /// The numbers of the configured sources, those that accounts post for included.
    sources: BTreeSet<i32>,
}

impl Levels {
    pub const fn new(editions: Arc<Editions>, sources: BTreeSet<i32>) -> Self {
        Self { editions, sources }
    }

    pub const fn editions(&self) -> &Arc<Editions> {
        &self.editions
    }

    /// Whether clocks of this source's tickets wake anybody.
    pub fn are_for(&self, source_id: i32) -> bool {
        self.sources.contains(&source_id)
    }

    /// The clocks of a ticket as of `now`, and when to look again: when one is due or warns, and when something that its
    /// helpdesk dates in the future has happened.
    pub fn clocks(&self, source: &str, facts: &Facts, now: Timestamp) -> (Clocks, Option<Timestamp>) {
        if facts.created_at > now {
            return (Clocks::default(), Some(facts.created_at));
        }
        let clocks = self.editions.clocks(source, facts, now);
        let to_come = facts.entries.iter().rev().map(|entry| entry.at).take_while(|at| *at > now).last();
        let wakes = [clocks.next_wake(), to_come];
        (clocks, wakes.into_iter().flatten().min())
    }

    /// When the clocks of a ticket wake it; none for tickets of other sources.
    pub fn next_clock(&self, source_id: i32, source: &str, facts: &Facts, now: Timestamp) -> Option<Timestamp> {
        if self.are_for(source_id) { self.clocks(source, facts, now).1 } else { None }
    }
}
