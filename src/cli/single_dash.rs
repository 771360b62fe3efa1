//! Terraform's single-dash long options.

use std::ffi::OsString;

/// Long options that Terraform writes with one dash.
const SINGLE_DASH: &[&str] = &[
    "var",
    "var-file",
    "out",
    "auto-approve",
    "detailed-exitcode",
    "json",
];

/// `-var x=1` and `-auto-approve` as clap wants them; everything after `--` is left alone.
pub fn normalised(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut literal = false;
    args.into_iter()
        .map(|arg| {
            let text = arg.to_str().unwrap_or_default();
            literal |= text == "--";
            let name = text
                .strip_prefix('-')
                .map(|name| name.split('=').next().unwrap_or(name));
            match name {
                Some(name) if !literal && SINGLE_DASH.contains(&name) => {
                    OsString::from(format!("-{text}"))
                }
                _ => arg,
            }
        })
        .collect()
}
