//! Counting the memory of a call.

use wasmtime::ResourceLimiter;

use crate::ceilings::{Ceilings, Exceeded, Limit, Limits};

/// Counts the memories and tables of a call together.
///
/// wasmtime's own `StoreLimits` bounds each memory by itself, and answers a refusal with -1, which guests turn into a
/// bare `unreachable`. Ending the call with an error that names the limit is kinder to authors.
#[derive(Debug)]
pub(crate) struct Memories {
    allowed_bytes: u64,
    used_bytes: u64,
    peak_bytes: u64,
    allowed_elements: u64,
    used_elements: u64,
    instances: usize,
}

/// The most memories and tables that the modules of a call may have in all.
pub(crate) const MAX_MEMORIES: usize = 8;
pub(crate) const MAX_TABLES: usize = 32;

impl Memories {
    pub(crate) fn new(limits: &Limits, ceilings: &Ceilings) -> Self {
        Self {
            allowed_bytes: limits.memory_bytes,
            used_bytes: 0,
            peak_bytes: 0,
            allowed_elements: ceilings.table_elements as u64,
            used_elements: 0,
            instances: ceilings.instances,
        }
    }

    /// The most memory that there was at a time.
    pub(crate) const fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }
}

impl ResourceLimiter for Memories {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false); // The module's own maximum: it asked for the -1 that it gets.
        }
        let used = self.used_bytes.saturating_sub(current as u64).saturating_add(desired as u64);
        if used > self.allowed_bytes {
            return Err(Exceeded { limit: Limit::Memory, allowed: self.allowed_bytes, used }.into());
        }
        self.used_bytes = used;
        self.peak_bytes = self.peak_bytes.max(used);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let used = self.used_elements.saturating_sub(current as u64).saturating_add(desired as u64);
        if used > self.allowed_elements {
            return Err(Exceeded { limit: Limit::TableElements, allowed: self.allowed_elements, used }.into());
        }
        self.used_elements = used;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn memories(megabytes: u64) -> Memories {
        let limits = Limits { memory_bytes: megabytes << 20, cpu: Duration::ZERO, wall: Duration::ZERO };
        Memories::new(&limits, &Ceilings::default())
    }

    #[test]
    fn memories_are_summed() {
        let mut memories = memories(3);
        assert!(memories.memory_growing(0, 1 << 20, None).unwrap());
        assert!(memories.memory_growing(0, 1 << 20, None).unwrap());
        assert!(memories.memory_growing(1 << 20, 2 << 20, None).unwrap());
        let error = memories.memory_growing(1 << 20, 2 << 20, None).unwrap_err();
        assert_eq!(error.to_string(), "memory limit 3 MiB exceeded");
        assert_eq!(memories.peak_bytes(), 3 << 20);
    }

    #[test]
    fn growth_past_a_modules_own_maximum_is_no_failure_of_the_call() {
        assert!(!memories(1).memory_growing(0, 2 << 20, Some(1 << 20)).unwrap());
        assert!(!memories(1).table_growing(0, 2, Some(1)).unwrap());
    }
}
