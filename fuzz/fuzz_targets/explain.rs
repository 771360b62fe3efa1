//! Error texts of the token endpoint, as people paste them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform_fuzz::{command, twice};

fuzz_target!(|text: &str| {
    twice(text.len(), || command(&["explain", "-"], text.as_bytes()));
});
