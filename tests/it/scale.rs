//! A seeded tenant: its planted faults are found, each as often as it was planted, also while Graph throttles.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use trustform::kinds::populate::populate;

use crate::play::{Stage, TENANT};

/// More than one page of applications.
const APPLICATIONS: usize = 1_200;

fn audit(stage: &mut Stage) -> Json {
    let command =
        format!("trustform audit --local --tenant {TENANT} --fail-on never --format json");
    let run = stage.run(&command, None);
    assert_eq!(run.exit, 0, "{}", run.err);
    serde_json::from_str(&run.out).expect("a report")
}

fn seeded(stage: &Stage) -> BTreeMap<&'static str, usize> {
    let now = stage.clock.now_ms().unsigned_abs();
    stage
        .emulator
        .with_store(|store, _| populate(store, APPLICATIONS, now))
}

#[test]
fn every_planted_fault_of_a_large_tenant_is_found_and_throttling_loses_nothing() {
    let mut calm = Stage::new();
    let planted = seeded(&calm);
    let report = audit(&mut calm);
    assert_eq!(report["applications"], APPLICATIONS);
    assert_eq!(report["managed_identities"], 1);
    assert_eq!(report["rules_partly_run"], serde_json::json!([]));
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in report["findings"].as_array().expect("findings") {
        *found
            .entry(finding["rule"].as_str().expect("a rule"))
            .or_default() += 1;
    }
    assert_eq!(planted.len(), 9);
    for (rule, times) in &planted {
        assert_eq!(found.get(rule), Some(times), "{rule}");
    }

    let mut busy = Stage::new();
    assert_eq!(seeded(&busy), planted);
    busy.emulator.with_store(|store, _| {
        store.faults.throttled_permille = 400;
        store.faults.retry_after_s = 7;
    });
    let begin = busy.clock.now_ms();
    let throttled = audit(&mut busy);
    assert!(busy.clock.now_ms() - begin >= 7_000, "it did not slow down");
    assert!(
        throttled["findings"] == report["findings"],
        "a finding was lost"
    );
    assert_eq!(throttled["credentials"], report["credentials"]);
}
