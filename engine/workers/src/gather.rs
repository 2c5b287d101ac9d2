//! Batches that grow with the load.
//!
//! What waits is taken together. Of small batches one is under way at a time: what comes meanwhile gathers and costs the
//! database little more than one of them. Large ones go side by side. None waits long: one that is stuck holds up no other.

use std::sync::Arc;

use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};

/// For so long a small batch gathers; an ordinary one before it is done in a tenth of that.
const LONGEST: Duration = Duration::from_millis(50);

/// Where several workers take batches from. Cheap to clone.
pub struct Gatherer<T> {
    waiting: Arc<Mutex<mpsc::Receiver<T>>>,
    small: Arc<Semaphore>,
    /// Batches of fewer are small.
    large: usize,
}

/// A batch, and the turn of a small one, to be kept until it is done.
pub struct Batch<T> {
    pub items: Vec<T>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl<T> Clone for Gatherer<T> {
    fn clone(&self) -> Self {
        Self { waiting: Arc::clone(&self.waiting), small: Arc::clone(&self.small), large: self.large }
    }
}

impl<T> Gatherer<T> {
    /// Takes from `waiting`; batches of fewer than `large` one after the other.
    pub fn new(waiting: mpsc::Receiver<T>, large: usize) -> Self {
        Self { waiting: Arc::new(Mutex::new(waiting)), small: Arc::new(Semaphore::new(1)), large }
    }

    /// The next batch, of `max` at most; none when nothing can come any more.
    pub async fn next(&self, max: usize) -> Option<Batch<T>> {
        let mut waiting = self.waiting.lock().await;
        let mut items = Vec::new();
        if waiting.recv_many(&mut items, max).await == 0 {
            return None;
        }
        let patience = tokio::time::sleep(LONGEST);
        tokio::pin!(patience);
        while items.len() < self.large.min(max) {
            let room = max - items.len();
            tokio::select! {
                biased;
                turn = Arc::clone(&self.small).acquire_owned() => return Some(Batch { items, _turn: turn.ok() }),
                n = waiting.recv_many(&mut items, room) => if n == 0 { break },
                () = &mut patience => break,
            }
        }
        Some(Batch { items, _turn: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_batches_go_one_after_the_other_and_large_ones_beside_them() {
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, 3);
        sender.send(1).await.unwrap();
        let first = gatherer.next(10).await.unwrap();
        assert_eq!(first.items, [1]);

        sender.send(2).await.unwrap();
        let second = tokio::spawn({
            let gatherer = gatherer.clone();
            async move { gatherer.next(10).await.unwrap().items }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it gathers while a small one is under way");
        sender.send(3).await.unwrap();
        sender.send(4).await.unwrap();
        assert_eq!(second.await.unwrap(), [2, 3, 4], "three are many");

        sender.send(5).await.unwrap();
        let third = tokio::spawn({
            let gatherer = gatherer.clone();
            async move { gatherer.next(10).await.unwrap().items }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        drop(first);
        assert_eq!(third.await.unwrap(), [5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_batch_that_is_stuck_holds_up_no_other() {
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, 3);
        sender.send(1).await.unwrap();
        let stuck = gatherer.next(10).await.unwrap();
        sender.send(2).await.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(gatherer.next(10).await.unwrap().items, [2]);
        assert!(began.elapsed() >= LONGEST);
        drop(stuck);
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_taken_and_then_nothing() {
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, 3);
        for n in 0..5 {
            sender.send(n).await.unwrap();
        }
        drop(sender);
        assert_eq!(gatherer.next(4).await.unwrap().items, [0, 1, 2, 3]);
        let last = gatherer.next(4).await.unwrap();
        assert_eq!(last.items, [4]);
        assert!(gatherer.next(4).await.is_none(), "though a small one is under way");
    }
}
