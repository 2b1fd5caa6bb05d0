//! Threads that each take parts of a job, and do nothing in parallel inside of one.

use std::{
    error::Error,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use burn::prelude::Device;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::flex::is_flex;

/// One thread a core, each a pool of its own: what Burn would spread over all cores stays on the one.
#[derive(Debug)]
pub struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// So many threads.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
        let pools = (0..threads.max(1)).map(pool).collect::<Result<_, _>>()?;
        Ok(Self { pools })
    }

    /// As many as the machine has cores, or as `RAYON_NUM_THREADS` says.
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn of_machine() -> Result<Self, ThreadPoolBuildError> {
        begin()?;
        Self::new(rayon::current_num_threads())
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.pools.len()
    }

    /// `work` on each of `items`, in the order of the items whoever did them. What is alone is done by this thread: to hand it to
    /// another and wait takes as long as a small step of training.
    ///
    /// # Panics
    /// If `work` does.
    pub fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
        if items.len() < 2 {
            return items.into_iter().map(work).collect();
        }
        let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
        let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|x| Mutex::new(Some(x))).collect();
        let next = AtomicUsize::new(0);
        let take = || {
            loop {
                let k = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(k) else { break };
                let item = lock(item).take();
                *lock(&results[k]) = item.map(&work);
            }
        };
        let wanted = self.pools.len().min(items.len());
        on_each(&self.pools[..wanted], &take);
        let results = results.into_iter().map(|result| {
            let result = result.into_inner();
            result.unwrap_or_else(std::sync::PoisonError::into_inner)
        });
        // None is missing: a thread that panics takes this one with it.
        results.flatten().collect()
    }

    /// The same on this thread alone where it `is_small`: to wake others would take longer. `work` must not ask Burn for
    /// anything, which spreads over all cores what it does on a thread that is none of these.
    ///
    /// # Panics
    /// If `work` does.
    pub(crate) fn map_unless<T: Send, R: Send>(
        &self,
        is_small: bool,
        items: Vec<T>,
        work: impl Fn(T) -> R + Sync,
    ) -> Vec<R> {
        match is_small {
            true => items.into_iter().map(work).collect(),
            false => self.map(items, work),
        }
    }

    /// `work` on each of `items`, whose tensors are on `device`, in their order: as [`map`](Self::map) does it on
    /// flex, one after another on any other device, which is kept busy by one thread.
    ///
    /// # Panics
    /// If `work` does.
    pub fn map_on<T: Send, R: Send>(
        &self,
        device: &Device,
        items: Vec<T>,
        work: impl Fn(T) -> R + Sync,
    ) -> Vec<R> {
        if is_flex(device) {
            self.map(items, work)
        } else {
            items.into_iter().map(work).collect()
        }
    }
}

/// `work` on each of `pools` at the same time; this thread waits for all of them.
fn on_each(pools: &[ThreadPool], work: &(impl Fn() + Sync)) {
    if let Some((pool, others)) = pools.split_first() {
        pool.in_place_scope(|scope| {
            scope.spawn(|_| work());
            on_each(others, work);
        });
    }
}

/// Begins the threads that rayon shares among all that ask for no others, as many as [`Workers::of_machine`] has. Left to
/// rayon, they begin when they are first needed, which panics where the system has no more threads.
///
/// # Errors
/// A system that gives no more threads.
pub fn begin() -> Result<(), ThreadPoolBuildError> {
    match ThreadPoolBuilder::new().build_global() {
        // There is a cause unless they had begun already.
        Err(error) if error.source().is_some() => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Nobody panics with one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for threads in [1, 2, 3, 20] {
            let workers = Workers::new(threads).unwrap();
            let squares = workers.map((0..100u64).collect(), |x| x * x);
            assert_eq!(squares, (0..100).map(|x| x * x).collect::<Vec<u64>>());
            assert!(workers.map(Vec::<u8>::new(), |x| x).is_empty());
            let count = |()| rayon::current_num_threads();
            assert_eq!(workers.map(vec![(); 3], count), [1; 3]);
            assert_eq!(workers.map_on(&Device::flex(), vec![(); 3], count), [1; 3]);
        }
    }
}
