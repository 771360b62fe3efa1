//! (model)

pub mod verdict;
