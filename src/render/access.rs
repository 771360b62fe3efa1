//! The access section in words: sentences that text and Markdown share.

use crate::model::plan::{Grantee, Permission, Right};

/// The verb of a sentence about who gains or loses access.
fn verb(grantee: &Grantee, gained: bool) -> &'static str {
    match (grantee.right, gained) {
        (Right::Act, true) => "may act as",
        (Right::Act, false) => "may no longer act as",
        (Right::Permissions, _) => "may act as",
    }
}

/// The whole first sentence; names and values pass through `word`.
pub fn sentence(grantee: &Grantee, gained: bool, word: &dyn Fn(&str) -> String) -> String {
    let comma = if grantee.who.contains(", ") { "," } else { "" };
    let mut line = format!(
        "{}{comma} {} {}",
        word(&grantee.who),
        verb(grantee, gained),
        word(&grantee.identity)
    );
    if let Some(condition) = &grantee.condition {
        let joint = if gained {
            ", also unless "
        } else {
            ", unless "
        };
        line.push_str(joint);
        line.push_str(&word(condition));
    }
    if grantee.partly {
        line.push_str(if gained {
            " (some of them could before)"
        } else {
            " (some of them still may)"
        });
    }
    if grantee.undecided {
        line.push_str(" (the patterns are too entangled to compare exactly: counted as a change)");
    }
    line
}

/// What the identity holds, or what of that is new or gone; none where it holds nothing.
pub fn holding(grantee: &Grantee, gained: bool, word: &dyn Fn(&str) -> String) -> Option<String> {
    if grantee.holding.is_empty() {
        return None;
    }
    let verb = match (grantee.right, gained) {
        (Right::Act, _) => "which holds",
        (Right::Permissions, true) => "which now also holds",
        (Right::Permissions, false) => "which no longer holds",
    };
    let held: Vec<String> = grantee
        .holding
        .iter()
        .map(|permission| permission_words(permission, word))
        .collect();
    Some(format!("{verb} {}", held.join(", ")))
}

fn permission_words(permission: &Permission, word: &dyn Fn(&str) -> String) -> String {
    match permission.tier {
        Some(tier) => format!("{} (tier {tier})", word(&permission.to_string())),
        None => word(&permission.to_string()),
    }
}
