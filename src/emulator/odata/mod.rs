//! The part of OData that Graph's directory objects understand.

pub mod cast;
pub mod filter;
pub mod list;
pub mod options;
pub mod path;
