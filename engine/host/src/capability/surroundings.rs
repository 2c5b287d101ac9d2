//! Log, settings and clock, which every plugin has, and the interfaces that only hold types.

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{clock, connecting, http, log, settings, types};

use crate::state::State;

impl log::Host for State {
    fn write(&mut self, level: String, message: String) -> wasmtime::Result<()> {
        self.host_calls = self.host_calls.saturating_add(1);
        self.log.write(&level, message);
        Ok(())
    }
}

impl settings::Host for State {
    fn get(&mut self) -> wasmtime::Result<String> {
        self.host_calls = self.host_calls.saturating_add(1);
        Ok(self.settings.as_ref().to_owned())
    }
}

impl clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<i64> {
        self.host_calls = self.host_calls.saturating_add(1);
        Ok(self.asker.now.micros())
    }
}

impl types::Host for State {}
impl http::Host for State {}
impl connecting::Host for State {}
