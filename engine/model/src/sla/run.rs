//! The clocks of one ticket, told what happens to it.

use serde_json::Value;

use super::clock::{Clock, Now, Until};
use super::outcome::Outcome;
use super::policy::Policies;
use super::{Kept, Metric};
use crate::facts::view::View;
use crate::facts::{Changed, Facts, Initial, Unreadable, What};
use crate::ticket::{Fields, Priority, Requester, Role, Status};
use crate::timestamp::Timestamp;

/// What happened to a ticket. Changes of one event come as one; `fields` is what the ticket shows after them.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// The creation, and the role of whoever created it.
    Created {
        fields: &'a Fields,
        by: Option<Role>,
    },
    Updated {
        fields: &'a Fields,
    },
    /// A public comment with role agent.
    AgentReply,
    /// A public comment with role customer.
    CustomerComment,
    Merged,
    Deleted,
}

/// The clocks of one ticket while its history is told.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    policies: &'a Policies,
    source: &'a str,
    kept: Option<&'a Kept>,
    stand: Option<Stand>,
    clocks: Vec<Clock>,
    is_brief: bool,
}

/// What of the ticket the clocks go by.
#[derive(Clone, Copy, Debug)]
struct Stand {
    policy: Option<usize>,
    priority: Priority,
    status: Status,
    /// Deleted or merged: nothing more counts.
    is_gone: bool,
    is_brief: bool,
}

/// The clocks of a ticket as of an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clocks(Vec<Clock>);

impl<'a> Run<'a> {
    /// The clocks of a ticket of that source, before its creation.
    pub fn new(policies: &'a Policies, source: &'a str) -> Self {
        Self { policies, source, kept: None, stand: None, clocks: Vec::new(), is_brief: false }
    }

    /// The same, where clocks that were over or breached when the configuration changed keep what they had.
    pub fn with_kept(policies: &'a Policies, source: &'a str, kept: &'a Kept) -> Self {
        Self { kept: Some(kept), ..Self::new(policies, source) }
    }

    /// The same, where clocks keep how they stand alone: neither warnings nor outcomes, nor how they came to stand so.
    pub fn brief(policies: &'a Policies, source: &'a str) -> Self {
        Self { is_brief: true, ..Self::new(policies, source) }
    }

    /// Tells what happened next. The creation comes first and times never run backwards; what comes before the
    /// creation, or after the end, does nothing.
    pub fn apply(&mut self, at: Timestamp, change: Change<'_>) {
        if let Change::Created { fields, by } = change {
            if self.stand.is_none() {
                self.create(at, fields, by);
            }
            return;
        }
        let Some(stand) = self.stand.filter(|stand| !stand.is_gone) else {
            return;
        };
        self.fire(Until::Before(at));
        match change {
            Change::Created { .. } => {}
            Change::Updated { fields } => {
                self.change_target(at, fields);
                self.change_status(at, fields.status);
            }
            Change::AgentReply => {
                self.end(at, true, |clock| clock.metric() != Metric::Resolution);
            }
            Change::CustomerComment => self.wait(at),
            Change::Merged | Change::Deleted => {
                self.end(at, false, |_| true);
                self.stand = Some(Stand { is_gone: true, ..stand });
            }
        }
    }

    /// The clocks as of an instant, which is not before what was told last.
    pub fn finish(mut self, as_of: Timestamp) -> Clocks {
        if let Some(stand) = self.stand {
            self.fire(Until::Through(as_of));
            let now = now(self.policies, stand, as_of);
            let open = self.clocks.iter_mut().filter(|clock| clock.is_open());
            open.for_each(|clock| clock.measure(as_of, now.policy, now.status));
        }
        Clocks(self.clocks)
    }

    fn create(&mut self, at: Timestamp, fields: &Fields, by: Option<Role>) {
        let policy = self.policies.choose(self.source, fields);
        // A ticket that is created solved starts its clocks first; then the solve happens.
        let status = if fields.status.is_solved() { Status::New } else { fields.status };
        let stand = Stand { policy, priority: fields.priority, status, is_gone: false, is_brief: self.is_brief };
        self.stand = Some(stand);
        let metrics = [Metric::FirstResponse, Metric::Resolution];
        let started = metrics.into_iter().filter(|metric| *metric == Metric::Resolution || by != Some(Role::Agent));
        self.clocks = started.map(|metric| Clock::start(metric, 1, now(self.policies, stand, at))).collect();
        self.change_status(at, fields.status);
    }

    fn change_target(&mut self, at: Timestamp, fields: &Fields) {
        let Some(stand) = self.stand else { return };
        let next = Stand { policy: self.policies.choose(self.source, fields), priority: fields.priority, ..stand };
        if (next.policy, next.priority) == (stand.policy, stand.priority) {
            return;
        }
        self.stand = Some(next);
        let (before, now) = (now(self.policies, stand, at), now(self.policies, next, at));
        for clock in self.clocks.iter_mut().filter(|clock| clock.may_go_on()) {
            clock.change_target(before, now);
        }
    }

    fn change_status(&mut self, at: Timestamp, status: Status) {
        let Some(stand) = self.stand.filter(|stand| stand.status != status) else {
            return;
        };
        let next = Stand { status, ..stand };
        self.stand = Some(next);
        let now = now(self.policies, next, at);
        for clock in self.clocks.iter_mut().filter(|clock| clock.may_go_on()) {
            match (stand.status.is_solved(), status.is_solved()) {
                (false, true) => clock.end(clock.metric() == Metric::Resolution, stand.status, now),
                (true, false) if !clock.is_open() => clock.reopen(stand.status, now),
                _ => clock.change_status(stand.status, now),
            }
        }
    }

    /// Ends the open clocks of which `which` holds.
    fn end(&mut self, at: Timestamp, is_met: bool, which: impl Fn(&Clock) -> bool) {
        let Some(stand) = self.stand else { return };
        let now = now(self.policies, stand, at);
        for clock in self.clocks.iter_mut().filter(|clock| clock.is_open() && which(clock)) {
            clock.end(is_met, stand.status, now);
        }
    }

    /// The customer waits for the next response, unless the first is still to come or one is waited for already.
    fn wait(&mut self, at: Timestamp) {
        let Some(stand) = self.stand else { return };
        let waits = |clock: &Clock| clock.is_open() && clock.metric() != Metric::Resolution;
        if !self.clocks.iter().any(waits) {
            let n_cycles = self.clocks.iter().filter(|clock| clock.metric() == Metric::NextResponse).count();
            let cycle = u32::try_from(n_cycles).unwrap_or(u32::MAX).saturating_add(1);
            self.clocks.push(Clock::start(Metric::NextResponse, cycle, now(self.policies, stand, at)));
        }
    }

    fn fire(&mut self, until: Until) {
        let Some(stand) = self.stand else { return };
        if let Some(kept) = self.kept.filter(|kept| until.includes(kept.at())) {
            // They take over what they were, before anything that happens later.
            self.kept = None;
            self.fire(Until::Through(kept.at()));
            kept.restore(&mut self.clocks);
        }
        let policy = self.policies.get(stand.policy);
        for clock in &mut self.clocks {
            clock.fire(until, policy, stand.status);
        }
    }
}

fn now(policies: &Policies, stand: Stand, at: Timestamp) -> Now<'_> {
    Now {
        at,
        policy: policies.get(stand.policy),
        place: stand.policy.unwrap_or_default(),
        priority: stand.priority,
        status: stand.status,
        is_brief: stand.is_brief,
    }
}

impl Clocks {
    /// The clocks of a ticket as of an instant, from its facts.
    pub fn of(policies: &Policies, source: &str, facts: &Facts, as_of: Timestamp) -> Self {
        Self::told(Run::new(policies, source), facts, as_of)
    }

    /// The same, where clocks that were over or breached when the configuration changed keep what they had.
    pub fn of_kept(policies: &Policies, source: &str, facts: &Facts, kept: &Kept, as_of: Timestamp) -> Self {
        Self::told(Run::with_kept(policies, source, kept), facts, as_of)
    }

    fn told(mut run: Run<'_>, facts: &Facts, as_of: Timestamp) -> Self {
        if facts.created_at > as_of {
            return Self::default();
        }
        let mut fields = begun(&facts.initial);
        let by = facts.creator.as_ref().map(|creator| creator.role);
        run.apply(facts.created_at, Change::Created { fields: &fields, by });
        for entry in facts.entries.iter().take_while(|entry| entry.at <= as_of) {
            let what = match (&entry.what, entry.by.as_ref().map(|by| by.role)) {
                (What::Changed(changes), _) => {
                    for change in changes {
                        make(change, &mut fields);
                    }
                    Change::Updated { fields: &fields }
                }
                (What::PublicComment, Some(Role::Agent)) => Change::AgentReply,
                (What::PublicComment, Some(Role::Customer)) => Change::CustomerComment,
                (What::PublicComment | What::Escalated { .. }, _) => continue,
                (What::Merged { .. }, _) => Change::Merged,
                (What::Deleted, _) => Change::Deleted,
            };
            run.apply(entry.at, what);
        }
        run.finish(as_of)
    }

    /// The clocks of a ticket as of an instant, from its stored facts, as [`Run::brief`] keeps them.
    pub fn brief(policies: &Policies, source: &str, facts: &[u8], as_of: Timestamp) -> Result<Self, Unreadable> {
        if policies.ask_for_custom_fields() {
            let facts = Facts::from_bytes(facts)?;
            return Ok(Self::told(Run::brief(policies, source), &facts, as_of));
        }
        super::view::told(Run::brief(policies, source), policies.have_conditions(), View::of(facts)?, as_of)
    }

    /// Every clock, also those without a target.
    pub fn all(&self) -> &[Clock] {
        &self.0
    }

    /// The clocks that have had a target while they were open.
    pub fn listed(&self) -> impl Iterator<Item = &Clock> {
        self.0.iter().filter(|clock| clock.is_listed())
    }

    /// What became of them so far, in the order of time.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = self.0.iter().flat_map(Clock::outcomes).cloned().collect();
        outcomes.sort_by_key(|outcome| outcome.at);
        outcomes
    }

    /// The next instant at which a warning or a due time comes, if nothing happens before.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(Clock::next_wake).min()
    }
}

/// The ticket as created, as far as facts tell it.
fn begun(initial: &Initial) -> Fields {
    let custom = initial.custom.iter().map(|(name, value)| (name.clone(), value_of(value)));
    Fields {
        channel: initial.channel.clone(),
        priority: initial.priority,
        status: initial.status,
        kind: initial.kind.clone(),
        category: initial.category.clone(),
        language: initial.language.clone(),
        group: initial.group.clone(),
        assignee: initial.assignee.clone(),
        tags: initial.tags.clone(),
        requester: Requester { organization: initial.organization.clone(), ..Requester::default() },
        custom: custom.collect(),
        ..Fields::default()
    }
}

fn make(change: &Changed, fields: &mut Fields) {
    match change {
        Changed::Priority(to) => fields.priority = *to,
        Changed::Status(to) => fields.status = *to,
        Changed::Group(to) => fields.group.clone_from(to),
        Changed::Assignee(to) => fields.assignee.clone_from(to),
        Changed::Category(to) => fields.category.clone_from(to),
        Changed::Kind(to) => fields.kind.clone_from(to),
        Changed::Language(to) => fields.language.clone_from(to),
        Changed::Tags(to) => fields.tags.clone_from(to),
        Changed::Custom(name, Some(to)) => {
            fields.custom.insert(name.clone(), value_of(to));
        }
        Changed::Custom(name, None) => {
            fields.custom.remove(name);
        }
    }
}

fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
