//! Contract 1.0.0.

mod connecting;
mod event;
mod exports;
mod ticket;

pub use event::{agent, summary};
pub use exports::{Automation, Connector};

/// What `bindgen!` makes of the contract.
pub mod generated {
    #![allow(clippy::pedantic, unreachable_pub, reason = "generated code")]

    // Both worlds in one, since they share their interfaces: the host writes each capability once, and a record that
    // one world hardly uses is generated in the same way for both. The rename keeps apart that both use `failure`.
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/since_v1.0.0",
        inline: "
            package deskbell:host;
            world everything {
                include deskbell:plugin/automation@1.0.0;
                include deskbell:plugin/connector@1.0.0 with { failure as connector-failure }
            }
        ",
        world: "deskbell:host/everything",
        // What goes into a plugin is lent, not copied: an event is some thirty texts, and each call passes one.
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: {
            default: trappable,
            "deskbell:plugin/kv.get": async | trappable,
            "deskbell:plugin/kv.increment": async | trappable,
            "deskbell:plugin/kv.list": async | trappable,
            "deskbell:plugin/tickets.history": async | trappable,
            "deskbell:plugin/tickets.of-requester": async | trappable,
            "deskbell:plugin/agents.list": async | trappable,
            "deskbell:plugin/figures.first-response": async | trappable,
        },
        exports: { default: async },
    });
}

use generated::deskbell::plugin::types;

impl From<types::Failure> for crate::Failure {
    fn from(failure: types::Failure) -> Self {
        Self { message: failure.message, retry: failure.retry }
    }
}

impl From<types::Effect> for crate::StatedEffect {
    fn from(effect: types::Effect) -> Self {
        Self { kind: effect.kind, data: effect.data, reason: effect.reason }
    }
}

/// Lends the texts of a list of pairs.
fn lend(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
