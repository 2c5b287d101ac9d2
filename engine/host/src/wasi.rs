//! WASI 0.2 with nothing behind it.
//!
//! Languages' libraries import it whether they use it or not. Linked are cli, io, clocks, random and filesystem; there
//! are no arguments, no environment and no folders, input is closed and output goes to the plugin's log. Clocks stand
//! still and random bytes follow from the call, so that a repeated call gives the same answer. Sockets are not linked:
//! using them ends the call.
//!
//! Most calls never touch any of it, so it is only made when it is first touched.

mod clock;
mod output;
mod randomness;

use deskbell_model::timestamp::Timestamp;
use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::log::{Log, Stream};
use crate::state::State;
use clock::{Frozen, Standing};
use output::Printed;
use randomness::Randomness;

/// What a call has of WASI.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    randomness: Randomness,
}

impl Wasi {
    /// `seed` is the texts that the randomness follows from.
    pub(crate) fn new(now: Timestamp, seed: &[&str], log: &Log, handles: usize) -> Self {
        let mut context = WasiCtx::builder();
        context
            .wall_clock(Frozen::at(now))
            .monotonic_clock(Standing)
            .stdout(Printed::new(log.clone(), Stream::Stdout))
            .stderr(Printed::new(log.clone(), Stream::Stderr))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles);
        Self { context: context.build(), table, randomness: Randomness::from(seed) }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links what of WASI a plugin may use.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<State, Table>(linker, |state| &mut state.wasi().table)?;
    io::poll::add_to_linker::<State, Table>(linker, |state| &mut state.wasi().table)?;
    io::streams::add_to_linker::<State, Table>(linker, |state| &mut state.wasi().table)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    // Without a folder to begin with there is no way to a file.
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    random::random::add_to_linker::<State, HasSelf<Randomness>>(linker, |state| &mut state.wasi().randomness)?;
    random::insecure::add_to_linker::<State, HasSelf<Randomness>>(linker, |state| &mut state.wasi().randomness)?;
    random::insecure_seed::add_to_linker::<State, HasSelf<Randomness>>(linker, |state| &mut state.wasi().randomness)?;
    Ok(())
}
