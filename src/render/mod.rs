//! How things are shown: to people, to machines, in pull requests. Pure; computes no difference between objects.

pub mod escape;
pub mod style;

pub mod diagnostic;
pub mod text;

mod access;
pub mod audit;
pub mod markdown;

pub mod json;

pub mod plan_schema;
pub mod reference;
pub mod sarif;
pub mod schema;

mod value;
mod wait;
