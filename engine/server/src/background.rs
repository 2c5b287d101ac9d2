//! Threads for what nobody waits for at the other end of a connection.
//!
//! A helpdesk waits for its answer, and gives a webhook up that takes seconds; a decision may come some milliseconds
//! later. Where both want a processor, these threads let the intake's go first.

use std::io;

use tokio::runtime::{Builder, Handle};

/// So much more willing to wait than the other threads: beside one of them they still get a quarter of a processor, so
/// that decisions keep up while webhooks pour in.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Starts the threads. They end with the process, for the store's connections that are made there are used to the end.
pub(crate) fn start() -> io::Result<Handle> {
    let mut threads = Builder::new_multi_thread();
    let runtime = threads.enable_all().thread_name("background").on_thread_start(yield_to_others).build()?;
    Ok(Box::leak(Box::new(runtime)).handle().clone())
}

/// Elsewhere than on Linux it would be the whole process that yields.
fn yield_to_others() {
    // Where it is not allowed, they are threads like the others.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}
