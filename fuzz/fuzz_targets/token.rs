//! Tokens: a JWT as it is, or its header, payload and signature on three lines, which are encoded first.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use trustform_fuzz::{command, twice};

fuzz_target!(|text: &str| {
    let parts: Vec<&str> = text.splitn(3, '\n').collect();
    let jwt = match parts[..] {
        [header, payload, signature] => [header, payload, signature]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join("."),
        _ => text.to_owned(),
    };
    for format in ["text", "json"] {
        let arguments = ["token", "inspect", "--format", format, "-"];
        let (exit, out, err) = twice(jwt.len(), || command(&arguments, jwt.as_bytes()));
        assert!(exit <= 1, "{err}");
        // With its signature the output would be the token.
        if let Some(signature) = jwt.trim().rsplit('.').next().filter(|part| part.len() > 40)
            && exit == 0
        {
            assert!(!out.contains(signature), "the signature is shown");
        }
    }
});
