#![doc = include_str!("../README.md")]

pub mod v1_0_0;
pub mod v1_1_0;

/// What a plugin answered: what was asked for, or why it did not work.
pub type Answer<T> = Result<T, Failure>;

/// Why a call did not work, in the plugin's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    /// Whether the plugin expects a later call to go better.
    pub retry: bool,
}

/// An effect as a plugin states it; nothing about it has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedEffect {
    pub kind: String,
    /// Should be a JSON object.
    pub data: String,
    pub reason: Option<String>,
}
