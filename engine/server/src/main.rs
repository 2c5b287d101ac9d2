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
            eprintln!("deskbell: {}", told(&error));
            ExitCode::from(commands::exit_code(&error))
        }
    }
}

/// The whole chain: what went wrong, with which thing, because of what. Some errors say themselves what their cause says.
fn told(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |told, cause| {
        let cause = cause.to_string();
        if told.ends_with(&cause) { told } else { format!("{told}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error communicating: {0}")]
    struct Communication(#[source] std::io::Error);

    #[test]
    fn an_error_is_told_with_its_causes_each_once() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        let error = anyhow::Error::new(Communication(refused)).context("the database could not be reached");
        assert_eq!(told(&error), "the database could not be reached: error communicating: connection refused");
    }
}
