//! What was handled: calls, chats and logged work.

use super::number::Sum;
use crate::event::{InteractionKind, WorkKind};

/// Handling of the period: seconds and how often.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Handled {
    pub(super) phone: (Sum, u64),
    pub(super) chat: (Sum, u64),
    pub(super) email: (Sum, u64),
    /// Of any kind.
    pub(super) all: Sum,
    n_all: u64,
}

impl Handled {
    pub(super) fn interaction(&mut self, kind: InteractionKind, seconds: Sum) {
        let of = match kind {
            InteractionKind::Phone => &mut self.phone,
            InteractionKind::Chat => &mut self.chat,
        };
        of.0.merge(seconds);
        of.1 += 1;
        self.any(seconds);
    }

    pub(super) fn work(&mut self, kind: WorkKind, seconds: Sum) {
        if kind == WorkKind::Email {
            self.email.0.merge(seconds);
            self.email.1 += 1;
        }
        self.any(seconds);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.n_all == 0
    }

    fn any(&mut self, seconds: Sum) {
        self.all.merge(seconds);
        self.n_all += 1;
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (of, other) in
            [(&mut self.phone, other.phone), (&mut self.chat, other.chat), (&mut self.email, other.email)]
        {
            of.0.merge(other.0);
            of.1 += other.1;
        }
        self.all.merge(other.all);
        self.n_all += other.n_all;
    }
}
