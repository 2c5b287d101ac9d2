//! How long a call was on the processor.
//!
//! Ticks alone would be too coarse to report and too blind to stop by: on a busy machine they also pass while the call
//! is not running. So the meter adds up the time of each poll of the call. As long as no tick has passed, that is the
//! time between the poll's start and its end, for which no system call is needed. Once a tick has passed the call is a
//! long one, and from then on the thread's own CPU time is asked.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// How often the epoch advances. A call is stopped at most one tick, and what the scheduler adds, after its limit.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A call's clock. Shared by the poll's start and end, outside the store, and the epoch's callback inside.
#[derive(Debug)]
pub(crate) struct Meter {
    born: Instant,
    /// Microseconds charged for what is over.
    charged_us: AtomicU64,
    /// When the stretch under way began, in microseconds since birth.
    began_us: AtomicU64,
    /// The thread's CPU time then, where it was asked.
    began_cpu_us: AtomicU64,
    ticks: AtomicU64,
}

/// Stands for a CPU time that was not asked.
const NOT_ASKED: u64 = u64::MAX;

impl Meter {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            charged_us: AtomicU64::new(0),
            began_us: AtomicU64::new(0),
            began_cpu_us: AtomicU64::new(NOT_ASKED),
            ticks: AtomicU64::new(0),
        })
    }

    /// Microseconds from the call's birth to now.
    pub(crate) fn wall_us(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Microseconds on the processor in the stretches that are over.
    pub(crate) fn cpu_us(&self) -> u64 {
        self.charged_us.load(Ordering::Relaxed)
    }

    /// A tick has passed while the call was running. Gives the microseconds that it has used.
    pub(crate) fn tick(&self) -> u64 {
        self.charge();
        self.ticks.fetch_add(1, Ordering::Relaxed);
        self.begin();
        self.cpu_us()
    }

    fn begin(&self) {
        let is_long = self.ticks.load(Ordering::Relaxed) > 0;
        let cpu_us = if is_long { thread_cpu_us().unwrap_or(NOT_ASKED) } else { NOT_ASKED };
        self.began_cpu_us.store(cpu_us, Ordering::Relaxed);
        self.began_us.store(self.wall_us(), Ordering::Relaxed);
    }

    fn charge(&self) {
        let began_cpu_us = self.began_cpu_us.load(Ordering::Relaxed);
        let used_us = match thread_cpu_us_since(began_cpu_us) {
            Some(used_us) => used_us,
            // A stretch that was not asked about ends with the first tick. Where it seems to have lasted longer,
            // others had the processor.
            None => {
                self.wall_us().saturating_sub(self.began_us.load(Ordering::Relaxed)).min(2 * TICK.as_micros() as u64)
            }
        };
        self.charged_us.fetch_add(used_us, Ordering::Relaxed);
    }
}

fn thread_cpu_us_since(began_cpu_us: u64) -> Option<u64> {
    if began_cpu_us == NOT_ASKED {
        return None;
    }
    thread_cpu_us().map(|now| now.saturating_sub(began_cpu_us))
}

/// The calling thread's CPU time in microseconds.
fn thread_cpu_us() -> Option<u64> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    let total = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    u64::try_from(total).ok()
}

/// A future whose polls are charged to a meter.
pub(crate) struct Metered<'a, F> {
    pub(crate) meter: &'a Meter,
    pub(crate) inner: Pin<&'a mut F>,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.meter.begin();
        let outcome = self.inner.as_mut().poll(context);
        self.meter.charge();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    /// Is busy until the thread has used so much of the processor, however much others use meanwhile.
    fn spin(duration: Duration) {
        let end = thread_cpu_us().unwrap() + duration.as_micros() as u64;
        while thread_cpu_us().unwrap() < end {
            std::hint::spin_loop();
        }
    }

    /// Waits, off the processor, for another thread that is busy for so long.
    fn wait_for_another(duration: Duration) {
        std::thread::spawn(move || spin(duration)).join().unwrap();
    }

    #[test]
    fn the_time_between_polls_is_not_charged() {
        let meter = Meter::new();
        let mut polls = 0;
        let mut inner = pin!(std::future::poll_fn(|_| {
            spin(Duration::from_millis(2));
            polls += 1;
            if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
        }));
        let mut metered = Metered { meter: &meter, inner: inner.as_mut() };
        let mut context = Context::from_waker(Waker::noop());
        while Pin::new(&mut metered).poll(&mut context).is_pending() {
            wait_for_another(Duration::from_millis(100));
        }
        // What a poll without a tick is charged at most, however little of the processor it got.
        let most_us = 3 * 2 * TICK.as_micros() as u64;
        assert!((6_000..=most_us).contains(&meter.cpu_us()), "{}", meter.cpu_us());
        assert!(meter.wall_us() >= 206_000);
    }

    #[test]
    fn after_a_tick_the_threads_own_time_counts() {
        let meter = Meter::new();
        meter.begin();
        meter.tick();
        let before = meter.cpu_us();
        wait_for_another(Duration::from_millis(20));
        spin(Duration::from_millis(1));
        let used = meter.tick() - before;
        assert!((500..15_000).contains(&used), "{used}");
    }
}
