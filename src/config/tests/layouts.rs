//! The layout that `terraform fmt` 1.11 gives, from `layouts.jsonl`: a text and its answer on each line. They were drawn at
//! random; what it lays out less legibly, as `${- a}`, is not among them.

use crate::config::format::format;
use crate::model::source::Sources;

#[test]
fn layouts_are_terraforms() {
    let id = Sources::default().add("trust.hcl", "");
    for line in include_str!("layouts.jsonl").lines() {
        let [text, answer]: [String; 2] =
            serde_json::from_str(line).expect("a text and its answer");
        assert_eq!(format(id, &text).as_ref(), Ok(&answer), "{text}");
    }
}
