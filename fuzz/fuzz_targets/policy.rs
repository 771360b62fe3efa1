//! A central policy, in HCL or, after a first byte `y`, in YAML.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform_fuzz::{policy, twice};

fuzz_target!(|text: &str| {
    let (name, text) = match text.strip_prefix('y') {
        Some(rest) => ("policy.trust.yaml", rest),
        None => ("policy.trust.hcl", text),
    };
    twice(text.len(), || policy(name, text));
});
