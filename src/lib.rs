//! Declarative provisioning of Microsoft Entra workload identity federation.
//!
//! Data goes down this page once. Read the modules in this order:
//!
//! | module | what happens there | and what never does |
//! |---|---|---|
//! | [`model`] | the nouns, as plain data | imports nothing else of the crate |
//! | [`config`] | text → document → evaluated → checked → [`model::desired::Desired`] | no network, no environment |
//! | [`exchange`] | what the token endpoint decides: claims, expressions, verdicts | no I/O, no clock |
//! | [`keys`] | public keys and JWKS documents | never a private key |
//! | [`cloud`] | the only client sockets: login, Graph, Blob Storage | never decides what to do |
//! | [`emulator`] | a small tenant: store, OData, tokens, blobs, faults | names no resource kind |
//! | [`kinds`] | one folder per resource kind: fields, reads, steps, how the service behaves | no I/O |
//! | [`observe`] | asks the kinds for reads in waves and makes them | only GET |
//! | [`audit`] | a tenant → findings | no client, no clock |
//! | [`plan`] | desired and live → changes, steps, access, guards | no client, no clock |
//! | [`apply`] | sends a plan's steps and verifies them | never looks at a kind |
//! | [`render`] | text, JSON and Markdown | computes no difference |
//! | [`cli`] | one file per command | the only place that prints, reads the environment or exits |
//!
//! Who may import whom is held by `tests/it/layers.rs`.

pub mod model;

pub mod config;

pub mod exchange;
pub mod keys;

pub mod cloud;
pub mod emulator;
pub mod kinds;

pub mod audit;
pub mod observe;
pub mod plan;

pub mod apply;

pub mod render;

pub mod cli;
