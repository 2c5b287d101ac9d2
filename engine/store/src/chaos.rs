//! Named points where the chaos suite ends the process, as a crash would. Compiled in by the feature `chaos` alone.

/// Ends the process here when `DESKBELL_CHAOS` is `name:n` and this is the n-th time this point is passed.
#[cfg(feature = "chaos")]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    static WANTED: std::sync::LazyLock<Option<(String, u64)>> = std::sync::LazyLock::new(|| {
        let wanted = std::env::var("DESKBELL_CHAOS").ok()?;
        let (name, n) = wanted.split_once(':')?;
        Some((name.to_owned(), n.parse().ok()?))
    });
    if let Some((wanted, n)) = &*WANTED
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *n
    {
        // Not an exit: nothing is flushed, closed or handed back.
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(feature = "chaos"))]
pub fn point(_name: &str) {}
