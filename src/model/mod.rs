//! The nouns, as plain data: parsing, `Display` and canonical forms live here, decisions do not.
//! Imports nothing else of the crate.

pub mod source;

pub mod diagnostic;

pub mod address;
pub mod credential_name;
pub mod value;
pub mod words;

pub mod language;
pub mod schema;

pub mod desired;
pub mod live;
pub mod national_cloud;
pub mod policy;

pub mod step;

pub mod directory_role;
pub mod graph_permission;
pub mod quota;

pub mod plan;

pub mod verdict;

pub mod outcome;

pub mod privilege;
pub mod repair;
pub mod report;
pub mod rule;
pub mod tenant;
