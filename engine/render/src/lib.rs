#![doc = include_str!("../README.md")]

pub mod locale;
pub mod notice;
pub mod report;
