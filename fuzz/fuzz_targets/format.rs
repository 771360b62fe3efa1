//! `fmt`: what it makes parses, is left alone by a second run, and declares the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform::config::format::format;
use trustform::model::source::Sources;
use trustform_fuzz::{stack, twice};

fuzz_target!(|text: &str| {
    let id = Sources::default().add("trust.hcl", text);
    let Ok(made) = twice(text.len(), || format(id, text)) else {
        return;
    };
    assert_eq!(format(id, &made).as_ref(), Ok(&made), "not idempotent");
    let (before, said) = stack("trust.hcl", text);
    let (after, later) = stack("trust.hcl", &made);
    assert_eq!(before, after, "{said}\nafterwards: {later}");
});
