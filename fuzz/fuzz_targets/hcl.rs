//! A stack in HCL: parsed, evaluated, checked and lowered, and every message about it rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform_fuzz::{stack, twice};

fuzz_target!(|text: &str| {
    twice(text.len(), || stack("trust.hcl", text));
});
