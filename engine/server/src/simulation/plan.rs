//! What is going to happen, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use deskbell_model::timestamp::Timestamp;

/// Something that is going to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A customer writes or calls.
    Arrival,
    /// An agent takes the ticket up.
    Pick(String),
    /// An agent answers, asks back, hands it over.
    Answer(String),
    /// The customer answers a question.
    Reply(String),
    Solve(String),
    /// The customer is not content with the solution.
    Reopen(String),
    /// The customer says thank you, which opens the ticket again.
    Thank(String),
    Rate(String),
    Close(String),
    /// An agent sees that the customer wrote twice.
    Merge {
        id: String,
        into: String,
    },
    /// A call or chat ends.
    End(Box<Contact>),
    /// Somebody helps themselves in the help pages.
    Visit,
    /// A day begins: shifts, and what happens once a week.
    Day,
    Status {
        agent: &'static str,
        status: &'static str,
    },
    /// An agent takes a break, some time after the last one did.
    Pause,
}

/// A call or chat while it lasts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Contact {
    pub(super) ticket: Option<String>,
    pub(super) is_call: bool,
    pub(super) queued_at: Timestamp,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) agent: Option<&'static str>,
}

/// Steps in the order of their times; those of one time in the order in which they were planned.
#[derive(Debug, Default)]
pub(super) struct Plan {
    steps: BinaryHeap<Reverse<(Timestamp, u64, Step)>>,
    n_planned: u64,
}

impl Plan {
    pub(super) fn add(&mut self, at: Timestamp, step: Step) {
        self.steps.push(Reverse((at, self.n_planned, step)));
        self.n_planned += 1;
    }

    /// When the next step is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.steps.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the next step that is due at `until`.
    pub(super) fn due(&mut self, until: Timestamp) -> Option<(Timestamp, Step)> {
        self.next_at().filter(|at| *at <= until)?;
        self.steps.pop().map(|Reverse((at, _, step))| (at, step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_the_order_of_their_times() {
        let at = Timestamp::from_seconds;
        let mut plan = Plan::default();
        plan.add(at(5), Step::Visit);
        plan.add(at(2), Step::Rate("b".to_owned()));
        plan.add(at(2), Step::Close("a".to_owned()));
        assert_eq!(plan.next_at(), Some(at(2)));
        assert_eq!(plan.due(at(1)), None);
        assert_eq!(plan.due(at(4)), Some((at(2), Step::Rate("b".to_owned()))));
        assert_eq!(plan.due(at(4)), Some((at(2), Step::Close("a".to_owned()))));
        assert_eq!(plan.due(at(4)), None);
        assert_eq!(plan.due(at(5)), Some((at(5), Step::Visit)));
        assert_eq!(plan.next_at(), None);
    }
}
