//! Saved plans, as they are and with their checksum made right, so that what lies behind it is reached: the file is
//! written back and read again, and planned against an empty tenant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform::model::live::Live;
use trustform::plan::saved::Saved;
use trustform::render::{markdown, style::Style, text};
use trustform_fuzz::{NOW, twice};

fuzz_target!(|bytes: &str| {
    let read = twice(bytes.len(), || {
        Saved::from_text(bytes, NOW * 1000).map_err(|said| said.message)
    });
    let saved = match read.or_else(|_| serde_json::from_str::<Saved>(bytes)) {
        Ok(saved) => saved,
        Err(_) => return,
    };
    let written = saved.to_text().expect("a plan is JSON");
    match Saved::from_text(&written, NOW * 1000) {
        Ok(again) => assert_eq!(again.to_text().expect("a plan is JSON"), written),
        Err(said) => assert!(!said.message.contains("was changed"), "{}", said.message),
    }
    let live = Live::default();
    let _ = saved.drift(&live);
    let planned = twice(bytes.len(), || {
        let plan = trustform::plan::plan(&saved.desired, &live, &saved.options());
        plan.map(|plan| plan.digest).map_err(|said| said.len())
    });
    if planned.is_ok()
        && let Ok(plan) = trustform::plan::plan(&saved.desired, &live, &saved.options())
    {
        let _ = (
            text::plan(&plan, Style { color: false }),
            markdown::plan(&plan),
        );
    }
});
