//! States of Terraform: whatever is converted is formatted HCL that parses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform::config::format::format;
use trustform::model::source::Sources;
use trustform_fuzz::{command, twice};

fuzz_target!(|bytes: &[u8]| {
    let (_, out, err) = twice(bytes.len(), || {
        command(&["convert", "--from", "terraform-state", "-"], bytes)
    });
    let id = Sources::default().add("trust.hcl", out.as_str());
    assert_eq!(format(id, &out), Ok(out.clone()), "{err}");
});
