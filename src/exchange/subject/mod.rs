//! Subjects: what each platform's mean, in parts and in words, and how they are commonly misspelt.

mod describe;
mod elsewhere;
mod parts;
mod traps;

pub use describe::{describe, describe_pull_requests};
pub use elsewhere::is_github;
pub use parts::{Context, GitHubName, Subject, implied, parse};
pub use traps::{Field, Trap, traps, traps_around};
