//! (cloud)

pub mod web;
