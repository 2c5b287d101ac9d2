#![doc = include_str!("../README.md")]

pub mod backoff;
pub mod breaker;
pub mod cleaner;
pub mod decision;
pub mod deliverer;
pub mod dispatcher;
pub mod engine;
pub mod guard;
pub mod levels;
pub mod mail;
pub mod reads;
pub mod registry;
pub mod scheduler;
pub mod sender;
pub mod signature;
pub mod vault;
