//! What Entra's token endpoint decides, and the exact comparison of trusts; pure.
//!
//! Reading order: [`claims`] (what a token says), [`expression`] (what a flexible credential asks), [`platform`] (who issued it),
//! [`issuers`] (whose claims may be asked for),
//! [`trust`] (one credential); [`pattern`], `budget` and `search`, [`language`] and [`witness`] (credentials as languages of claim sets);
//! [`request`], [`assertion`], [`signature`] and [`decide`] (one exchange, in the endpoint's order); [`aadsts`] (its error texts);
//! [`inspect`] and [`verify`] (any token, for people and as a resource server);
//! [`subject`] (what a subject means, in words, and how it is commonly misspelt).

pub mod claims;
pub mod expression;
pub mod platform;

pub mod issuers;
pub mod trust;

pub mod pattern;

mod budget;
mod search;

pub mod language;
pub mod witness;

pub mod assertion;
pub mod decide;
pub mod request;
pub mod signature;

pub mod inspect;
pub mod verify;

pub mod aadsts;
pub mod subject;
