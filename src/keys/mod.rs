//! Public keys and JWKS documents, from a PEM file to the exact bytes that are published, and what is wrong with
//! those that others publish. Pure; no private key is ever kept, and one that is offered is refused.
//!
//! Reading order: [`public_key`] and its encodings ([`pem`], [`der`]), [`jwk`] and [`jwks`], names of keys ([`kid`]),
//! whatever a user hands us ([`input`]), findings ([`finding`], [`strength`], [`check`]), the [`discovery`] document
//! and the calendar of a [`rotation`].

pub mod error;

pub mod der;
pub mod pem;
pub mod public_key;

pub mod jwk;
pub mod jwks;
pub mod kid;

pub mod input;

pub mod finding;
pub mod strength;

pub mod check;
pub mod discovery;
pub mod rotation;

pub use error::KeyError;
pub use jwk::Jwk;
pub use jwks::Jwks;
pub use public_key::PublicKey;
