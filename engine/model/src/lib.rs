#![doc = include_str!("../README.md")]

pub mod activity;
pub mod calendar;
pub mod document;
pub mod effect;
pub mod event;
pub mod facts;
pub mod history;
pub mod kpi;
pub mod manifest;
pub mod plugin;
pub mod report;
pub mod schedule;
pub mod sla;
pub mod ticket;
pub mod timestamp;

#[cfg(test)]
mod golden;
