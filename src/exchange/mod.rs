//! What Entra's token endpoint decides, and the exact comparison of trusts; pure.
//!
//! Reading order: [`claims`] (what a token says), [`expression`] (what a flexible credential asks), [`issuers`] (who may be asked what),
//! [`trust`] (one credential); [`pattern`], `search`, [`language`] and [`witness`] (credentials as languages of claim sets);
//! [`request`], [`assertion`], [`signature`] and [`decide`] (one exchange, in the endpoint's order); [`aadsts`] (its error texts);
//! [`subject`] (what a subject means, in words, and how it is commonly misspelt).

pub mod claims;
pub mod expression;
pub mod issuers;
pub mod trust;

pub mod pattern;

mod search;

pub mod language;
pub mod witness;

pub mod assertion;
pub mod decide;
pub mod request;
pub mod signature;

pub mod aadsts;
pub mod subject;
