//! The history of one ticket up to the end of the period, told once from its facts: what any figure asks of it.

use super::few::Few;
use super::period::Period;
use crate::facts::Unreadable;
use crate::facts::view::{Changes, Entry, Texts, View, What};
use crate::ticket::{Priority, Role, Status};

/// A ticket as it stands at the end of the period, and how it came there. Times are in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Story<'a> {
    pub(super) created: i64,
    pub(super) is_by_agent: bool,
    pub(super) session: Option<&'a str>,
    pub(super) channel: &'a str,
    pub(super) priority: Priority,
    pub(super) status: Status,
    pub(super) kind: Option<&'a str>,
    pub(super) category: Option<&'a str>,
    pub(super) language: Option<&'a str>,
    pub(super) group: Option<&'a str>,
    pub(super) assignee: Option<&'a str>,
    pub(super) organization: Option<&'a str>,
    pub(super) tags: Texts<'a>,
    /// The stretches in one status that are over, one after the other since the creation.
    pub(super) stretches: Few<(Status, i64, i64), 8>,
    since: i64,
    /// The stretches in which it was unsolved and that are over.
    pub(super) unsolved: Few<(i64, i64), 4>,
    /// Since when it is unsolved.
    pub(super) unsolved_since: Option<i64>,
    pub(super) solves: Few<i64, 4>,
    pub(super) first_solve: Option<Solve<'a>>,
    pub(super) last_solve: Option<Solve<'a>>,
    /// The first agent reply, and whose it was.
    pub(super) first_reply: Option<(i64, &'a str)>,
    /// Whose the agent replies of the period were.
    pub(super) replies: Few<&'a str, 8>,
    /// The next responses of the period: since when the customer waited, and the reply.
    pub(super) next_responses: Few<(i64, i64), 4>,
    waiting_since: Option<i64>,
    n_replies: u64,
    n_reopens: u32,
    /// Of each transfer, whose the ticket was before.
    pub(super) transfers: Few<Option<&'a str>, 4>,
    pub(super) is_escalated: bool,
    /// When the last of it happened.
    pub(super) last: i64,
}

/// A solve, and what had come before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solve<'a> {
    pub(super) at: i64,
    /// How many of the stretches.
    pub(super) n_stretches: usize,
    pub(super) n_replies: u64,
    pub(super) n_transfers: usize,
    pub(super) n_reopens: u32,
    /// Whose the ticket was right after it.
    pub(super) assignee: Option<&'a str>,
}

impl<'a> Story<'a> {
    /// Tells the history before the end of the period; none where the ticket was created later or is gone by then.
    pub(super) fn tell(mut view: View<'a>, period: &Period) -> Result<Option<Self>, Unreadable> {
        let created = view.created_at.micros();
        if created >= period.to {
            return Ok(None);
        }
        let mut story = Self::begin(&view);
        if story.status.is_solved() {
            story.solve(created, 0, story.assignee);
        } else {
            story.unsolved_since = Some(created);
        }
        while let Some(entry) = view.next_entry()? {
            let at = entry.at.micros();
            if at >= period.to {
                break;
            }
            story.last = at;
            match &entry.what {
                What::Gone => return Ok(None),
                What::Escalated => story.is_escalated = true,
                What::PublicComment => story.comment(at, &entry, period)?,
                What::Changed(changes) => story.change(at, changes),
            }
        }
        Ok(Some(story))
    }

    fn begin(view: &View<'a>) -> Self {
        let created = view.created_at.micros();
        Self {
            created,
            is_by_agent: view.creator.is_some_and(|creator| creator.role == Role::Agent),
            session: view.session,
            channel: view.channel,
            priority: view.priority,
            status: view.status,
            kind: view.kind,
            category: view.category,
            language: view.language,
            group: view.group,
            assignee: view.assignee,
            organization: view.organization,
            tags: view.tags.clone(),
            stretches: Few::default(),
            since: created,
            unsolved: Few::default(),
            unsolved_since: None,
            solves: Few::default(),
            first_solve: None,
            last_solve: None,
            first_reply: None,
            replies: Few::default(),
            next_responses: Few::default(),
            waiting_since: None,
            n_replies: 0,
            n_reopens: 0,
            transfers: Few::default(),
            is_escalated: false,
            last: created,
        }
    }

    fn comment(&mut self, at: i64, entry: &Entry<'a>, period: &Period) -> Result<(), Unreadable> {
        let Some(by) = entry.by else { return Ok(()) };
        match by.role {
            Role::Customer => {
                self.waiting_since.get_or_insert(at);
            }
            Role::Agent => {
                let waited = self.waiting_since.take();
                let is_in = period.contains(at);
                if self.first_reply.is_none() {
                    self.first_reply = Some((at, by.id()?));
                } else if let Some(since) = waited.filter(|_| is_in) {
                    self.next_responses.push((since, at));
                }
                if is_in {
                    self.replies.push(by.id()?);
                }
                self.n_replies += 1;
            }
            Role::Bot | Role::System => {}
        }
        Ok(())
    }

    fn change(&mut self, at: i64, changes: &Changes<'a>) {
        let (group, assignee) = (self.group, self.assignee);
        self.priority = changes.priority.unwrap_or(self.priority);
        self.kind = changes.kind.unwrap_or(self.kind);
        self.category = changes.category.unwrap_or(self.category);
        self.language = changes.language.unwrap_or(self.language);
        self.group = changes.group.unwrap_or(self.group);
        self.assignee = changes.assignee.unwrap_or(self.assignee);
        if let Some(tags) = &changes.tags {
            self.tags = tags.clone();
        }
        // A solve comes before its own event's transfer: only transfers before the last solve count.
        if let Some(status) = changes.status {
            self.move_to(at, status);
        }
        if moved(group, self.group) || moved(assignee, self.assignee) {
            self.transfers.push(assignee);
        }
    }

    fn move_to(&mut self, at: i64, status: Status) {
        self.stretches.push((self.status, self.since, at));
        self.since = at;
        let was = std::mem::replace(&mut self.status, status);
        match (was.is_solved(), status.is_solved()) {
            (false, true) => {
                if let Some(since) = self.unsolved_since.take() {
                    self.unsolved.push((since, at));
                }
                self.solve(at, self.stretches.len(), self.assignee);
            }
            (true, false) => {
                self.unsolved_since = Some(at);
                self.n_reopens += 1;
            }
            _ => {}
        }
    }

    fn solve(&mut self, at: i64, n_stretches: usize, assignee: Option<&'a str>) {
        self.solves.push(at);
        let solve = Solve {
            at,
            n_stretches,
            n_replies: self.n_replies,
            n_transfers: self.transfers.len(),
            n_reopens: self.n_reopens,
            assignee,
        };
        self.first_solve.get_or_insert(solve);
        self.last_solve = Some(solve);
    }
}

/// From one value to another, neither being none.
fn moved(from: Option<&str>, to: Option<&str>) -> bool {
    from.zip(to).is_some_and(|(from, to)| from != to)
}
