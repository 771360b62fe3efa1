//! Snapshots of an audit: what one says is judged by every rule, and repairs are thought of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform::audit::{Options, run, snapshot};
use trustform_fuzz::{NOW, twice};

fuzz_target!(|bytes: &[u8]| {
    let Ok(tenant) = snapshot::parse(bytes) else {
        return;
    };
    let options = Options {
        now: NOW,
        ..Options::default()
    };
    let findings = twice(bytes.len(), || run(&tenant, &options).findings.len());
    // Whatever is found has a name of its own that a waiver or a baseline can say.
    let report = run(&tenant, &options);
    assert_eq!(report.findings.len(), findings);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| !finding.fingerprint.is_empty())
    );
    let written = serde_json::to_vec(&tenant).expect("a snapshot is JSON");
    let again = snapshot::parse(&written).expect("what was written is read");
    assert_eq!(run(&again, &options).findings, report.findings);
});
