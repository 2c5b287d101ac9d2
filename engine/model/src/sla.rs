//! Service level clocks: from a ticket's history and the policies to what is due when, and what became of it.
//!
//! A [`Run`] is told what happened to one ticket, in the order in which it took effect, and keeps its clocks. Counted
//! time is working time; each stretch of it is measured with the calendar and the pauses of the policy in force during
//! it and then stays as it is, while the due time is computed anew whenever a clock starts or resumes and whenever
//! policy or priority change. Timers fire in between: everything dated at one instant takes effect before any timer of
//! that instant.
//!
//! The clocks follow the same rules whether or not a target is in force; a target only judges them. So a ticket that
//! gets its policy late has clocks that run since its creation.
//!
//! [`Clocks::of`] does it for a ticket's facts; whoever has another history drives a [`Run`].

use serde::{Deserialize, Serialize};

pub mod clock;
mod condition;
pub mod config;
pub mod editions;
pub mod explain;
pub mod kept;
pub mod outcome;
pub mod policy;
pub mod row;
pub mod run;
pub mod told;
mod view;

pub use clock::{Clock, State};
pub use editions::Editions;
pub use kept::Kept;
pub use outcome::{Kind, Notice, Outcome, notices};
pub use policy::Policies;
pub use row::Row;
pub use run::{Change, Clocks, Run};

/// What a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// From the creation, unless an agent created the ticket, to the first agent reply.
    FirstResponse,
    /// From a customer comment to the next agent reply.
    NextResponse,
    /// From the creation to a solve; a reopen makes it run on.
    Resolution,
}

impl Metric {
    /// Every metric, in the order of their names.
    pub const ALL: [Self; 3] = [Self::FirstResponse, Self::NextResponse, Self::Resolution];

    /// The name in configuration and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstResponse => "first_response",
            Self::NextResponse => "next_response",
            Self::Resolution => "resolution",
        }
    }

    /// The metric of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }
}

#[cfg(test)]
mod tests;
