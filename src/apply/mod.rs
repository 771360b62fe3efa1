//! Sends a plan's steps and verifies them. Nothing is decided here: not which requests, not in which order.

mod bucket;
pub mod driver;
pub mod engine;
pub mod lease;
pub mod lock;
mod verify;
