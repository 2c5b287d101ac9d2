//! The binary `deskbell`: commands, configuration, intake and admin routes, telemetry, wiring.
//!
//! `main` reads the command line; each command is a file in `commands/`. What a running engine is made of is put together
//! in `wiring`, and nowhere else.

mod api;
mod background;
mod bench;
mod cli;
mod commands;
mod config;
mod http;
mod intake;
mod postgres;
mod service_levels;
mod shipped;
mod signature;
mod simulation;
mod telemetry;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

/// Each event is some thousand small pieces of memory, and the system's allocator took a seventh of the engine's time more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    telemetry::start(&cli);
    // Fails where there is a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("deskbell: the runtime does not start: {error}");
            return ExitCode::from(1);
        }
    };
    let ended = runtime.block_on(commands::run(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("deskbell: {}", commands::told(&error));
            ExitCode::from(commands::exit_code(&error))
        }
    }
}
