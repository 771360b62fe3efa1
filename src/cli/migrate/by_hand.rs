//! A change in words, for files that are not written here.

use super::edit::{Edit, Place};
use crate::cli::export;
use crate::cli::hcl_text::quoted;
use crate::kinds::federated_credential;
use crate::model::source::Span;

/// What to change by hand. `place` says where something stands: `trust.yaml:12`.
pub fn words(edits: &[Edit], yaml: bool, place: impl Fn(Span) -> String) -> String {
    let mut text = String::new();
    for edit in edits {
        let at = place(edit.span());
        let (said, lines) = match edit {
            Edit::Set {
                address,
                builder,
                members,
                ..
            } => {
                let lines = members.iter().map(|(name, value)| match yaml {
                    true => format!("{name}: {}\n", quoted(value)),
                    false => format!("{name} = {}\n", quoted(value)),
                });
                (
                    format!("In `{builder}` of `{address}` ({at}) write"),
                    lines.collect(),
                )
            }
            Edit::Add {
                place, label, body, ..
            } => {
                let written = match yaml {
                    true => export::credential_yaml(label, body),
                    false => export::credential_hcl(label, body),
                };
                let said = match (place, yaml) {
                    (_, true) => format!(
                        "Beside the other members of `{}` ({at}) write",
                        federated_credential::KIND
                    ),
                    (Place::After(_), false) => format!("After the block at {at} write"),
                    (Place::In(_), false) => format!("In the block at {at} write"),
                };
                (said, written.unwrap_or_default())
            }
            Edit::Remove { address, .. } => (
                format!("Delete the block of `{address}` ({at})"),
                String::new(),
            ),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&said);
        text.push_str(if lines.is_empty() { ".\n" } else { ":\n\n" });
        for line in lines.lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}
