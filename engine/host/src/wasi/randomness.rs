//! Random bytes that follow from the call: SHA-256 in counter mode over a seed.
//!
//! Nobody outside can guess them without knowing the event, and a repeated call gets the same ones. They are no keys.

use sha2::{Digest as _, Sha256};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use crate::ceilings::{Exceeded, Limit};

/// The most bytes that one call gives.
const MAX_BYTES: u64 = 64 << 10;

/// The bytes' source.
pub(crate) struct Randomness {
    seed: [u8; 32],
    blocks: u64,
    unused: Vec<u8>,
}

impl Randomness {
    /// The source that follows from these texts.
    pub(super) fn from(texts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        Self { seed: hash.finalize().into(), blocks: 0, unused: Vec::new() }
    }

    fn bytes(&mut self, number: u64) -> wasmtime::Result<Vec<u8>> {
        if number > MAX_BYTES {
            return Err(Exceeded { limit: Limit::HostCallBytes, allowed: MAX_BYTES, used: number }.into());
        }
        let number = number as usize;
        while self.unused.len() < number {
            let block = Sha256::new().chain_update(self.seed).chain_update(self.blocks.to_le_bytes()).finalize();
            self.unused.extend_from_slice(&block);
            self.blocks += 1;
        }
        let rest = self.unused.split_off(number);
        Ok(std::mem::replace(&mut self.unused, rest))
    }

    fn number(&mut self) -> wasmtime::Result<u64> {
        let bytes = self.bytes(8)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl random::Host for Randomness {
    fn get_random_bytes(&mut self, number: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes(number)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.number()
    }
}

impl insecure::Host for Randomness {
    fn get_insecure_random_bytes(&mut self, number: u64) -> wasmtime::Result<Vec<u8>> {
        self.bytes(number)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.number()
    }
}

impl insecure_seed::Host for Randomness {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.number()?, self.number()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_from_the_texts_and_from_where_one_ends() {
        let first = |texts: &[&str]| Randomness::from(texts).bytes(16).unwrap();
        assert_eq!(first(&["plugin", "event"]), first(&["plugin", "event"]));
        assert_ne!(first(&["plugin", "event"]), first(&["plugine", "vent"]));
    }

    #[test]
    fn pieces_join_to_the_same_stream() {
        let whole = Randomness::from(&["seed"]).bytes(100).unwrap();
        let mut source = Randomness::from(&["seed"]);
        let pieces: Vec<u8> = [1, 40, 0, 59].into_iter().flat_map(|number| source.bytes(number).unwrap()).collect();
        assert_eq!(whole, pieces);
    }

    #[test]
    fn too_many_at_once_end_the_call() {
        assert!(Randomness::from(&[]).bytes(MAX_BYTES + 1).is_err());
    }
}
