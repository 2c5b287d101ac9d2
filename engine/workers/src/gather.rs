//! Batches that grow with the load.
//!
//! What waits is taken together. Of small batches one is under way at a time, and they keep some distance where that is
//! wanted: what comes meanwhile gathers and costs the database little more than one of them. Large ones go side by side.
//! None waits long: one that is stuck holds up no other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

/// For so long a small batch gathers; an ordinary one before it is done in a tenth of that.
const LONGEST: Duration = Duration::from_millis(50);

/// Where several workers take batches from. Cheap to clone.
pub struct Gatherer<T> {
    queue: Arc<Mutex<Queue<T>>>,
    small: Arc<Semaphore>,
    pace: Pace,
}

struct Queue<T> {
    waiting: mpsc::Receiver<T>,
    /// When the next small batch may begin.
    earliest: Instant,
}

/// How much is taken together.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Batches of fewer are small.
    pub large: usize,
    /// Small batches begin at least so far from each other.
    pub apart: Duration,
}

/// A batch.
pub struct Batch<T> {
    pub items: Vec<T>,
    /// A small one's, to be kept until it is done.
    pub turn: Option<OwnedSemaphorePermit>,
}

impl<T> Clone for Gatherer<T> {
    fn clone(&self) -> Self {
        Self { queue: Arc::clone(&self.queue), small: Arc::clone(&self.small), pace: self.pace }
    }
}

impl<T> Gatherer<T> {
    /// Takes from `waiting`; small batches one after the other.
    pub fn new(waiting: mpsc::Receiver<T>, pace: Pace) -> Self {
        let queue = Queue { waiting, earliest: Instant::now() };
        Self { queue: Arc::new(Mutex::new(queue)), small: Arc::new(Semaphore::new(1)), pace }
    }

    /// The same for something else; of the small batches of both, one at a time is under way.
    pub fn beside<U>(&self, waiting: mpsc::Receiver<U>) -> Gatherer<U> {
        let queue = Queue { waiting, earliest: Instant::now() };
        Gatherer { queue: Arc::new(Mutex::new(queue)), small: Arc::clone(&self.small), pace: self.pace }
    }

    /// The next batch, of `max` at most; none when nothing can come any more.
    pub async fn next(&self, max: usize) -> Option<Batch<T>> {
        let mut queue = self.queue.lock().await;
        let Queue { waiting, earliest } = &mut *queue;
        let mut items = Vec::new();
        if waiting.recv_many(&mut items, max).await == 0 {
            return None;
        }
        let mut turn = None;
        let patience = tokio::time::sleep(LONGEST);
        tokio::pin!(patience);
        while items.len() < self.pace.large.min(max) {
            let room = max - items.len();
            if turn.is_some() && Instant::now() >= *earliest {
                *earliest = Instant::now() + self.pace.apart;
                return Some(Batch { items, turn });
            }
            tokio::select! {
                biased;
                mine = Arc::clone(&self.small).acquire_owned(), if turn.is_none() => turn = mine.ok(),
                n = waiting.recv_many(&mut items, room) => if n == 0 { break },
                () = tokio::time::sleep_until(*earliest), if turn.is_some() => {}
                () = &mut patience => break,
            }
        }
        Some(Batch { items, turn: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_batches_go_one_after_the_other_and_large_ones_beside_them() {
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, Pace { large: 3, apart: Duration::ZERO });
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
    async fn small_batches_keep_their_distance_and_large_ones_need_not() {
        const APART: Duration = Duration::from_millis(10);
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, Pace { large: 3, apart: APART });
        let began = Instant::now();
        sender.send(1).await.unwrap();
        drop(gatherer.next(10).await.unwrap());
        assert_eq!(began.elapsed(), Duration::ZERO, "the first waits for nothing");

        sender.send(2).await.unwrap();
        let second = tokio::spawn({
            let gatherer = gatherer.clone();
            async move { gatherer.next(10).await.unwrap().items }
        });
        tokio::time::advance(APART / 2).await;
        sender.send(3).await.unwrap();
        assert_eq!(second.await.unwrap(), [2, 3]);
        assert!(began.elapsed() >= APART);

        let before = Instant::now();
        for n in 4..7 {
            sender.send(n).await.unwrap();
        }
        assert_eq!(gatherer.next(10).await.unwrap().items, [4, 5, 6]);
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_batch_that_is_stuck_holds_up_no_other() {
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, Pace { large: 3, apart: Duration::ZERO });
        sender.send(1).await.unwrap();
        let stuck = gatherer.next(10).await.unwrap();
        sender.send(2).await.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(gatherer.next(10).await.unwrap().items, [2]);
        assert!(began.elapsed() >= LONGEST);
        drop(stuck);
    }

    #[tokio::test]
    async fn small_batches_of_two_take_turns() {
        let ((sender, receiver), (other, waiting)) = (mpsc::channel(100), mpsc::channel(100));
        let gatherer = Gatherer::new(receiver, Pace { large: 3, apart: Duration::ZERO });
        let beside = gatherer.beside(waiting);
        sender.send(1).await.unwrap();
        let first = gatherer.next(10).await.unwrap();
        other.send('a').await.unwrap();
        let second = tokio::spawn(async move { beside.next(10).await.unwrap().items });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "the other's is under way");
        drop(first);
        assert_eq!(second.await.unwrap(), ['a']);
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_taken_and_then_nothing() {
        let (sender, receiver) = mpsc::channel(100);
        let gatherer = Gatherer::new(receiver, Pace { large: 3, apart: Duration::ZERO });
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
