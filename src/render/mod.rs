//! (render)
pub mod diagnostic;
