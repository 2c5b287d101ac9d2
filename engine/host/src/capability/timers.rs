//! Wake-ups of the event's ticket.

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{timers, types};
use deskbell_model::plugin::Write;
use deskbell_model::timestamp::Timestamp;
use serde::de::IgnoredAny;

use crate::reads::Refusal;
use crate::state::State;

const CAPABILITY: &str = "timers";

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const LATEST: Timestamp = Timestamp::from_seconds(253_402_300_799);

impl State {
    fn prepare_timer(&mut self, name: &str, payload: &str) -> Result<(), Refusal> {
        self.use_capability(CAPABILITY)?;
        self.need_ticket()?;
        self.check_key("timer's name", name)?;
        self.check_value("timer's payload", payload)?;
        self.need_room_to_write(name, payload)
    }

    fn set_timer(&mut self, name: String, at: i64, payload: String) -> Result<(), Refusal> {
        self.prepare_timer(&name, &payload)?;
        if let Err(error) = serde_json::from_str::<IgnoredAny>(&payload) {
            return Err(Refusal::invalid(format!("the timer's payload is no JSON: {error}")));
        }
        let at = Timestamp::from_micros(at);
        if !(Timestamp::from_micros(0)..=LATEST).contains(&at) {
            return Err(Refusal::invalid("the timer's time lies outside the years 1970 to 9999"));
        }
        self.memory.push(Write::TimerSet { name, at, payload });
        Ok(())
    }

    fn cancel_timer(&mut self, name: String) -> Result<(), Refusal> {
        self.prepare_timer(&name, "")?;
        self.memory.push(Write::TimerCancel { name });
        Ok(())
    }
}

impl timers::Host for State {
    fn set(&mut self, name: String, at: i64, payload: String) -> wasmtime::Result<Result<(), types::Refusal>> {
        Ok(self.set_timer(name, at, payload).map_err(Into::into))
    }

    fn cancel(&mut self, name: String) -> wasmtime::Result<Result<(), types::Refusal>> {
        Ok(self.cancel_timer(name).map_err(Into::into))
    }
}
