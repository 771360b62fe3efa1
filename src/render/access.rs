//! The access section in words: sentences that text and Markdown share.

use crate::model::plan::{Grantee, Permission, Right};

/// The whole first sentence; names and values pass through `word`.
pub fn sentence(grantee: &Grantee, gained: bool, word: &dyn Fn(&str) -> String) -> String {
    let (who, identity) = (word(&grantee.who), word(&grantee.identity));
    if grantee.right == Right::Permissions {
        let verb = if gained {
            "now holds"
        } else {
            "no longer holds"
        };
        return format!(
            "{who}, acting as {identity}, {verb} {}",
            list(grantee, word)
        );
    }
    // A subject with an insertion closes it before the verb.
    let comma = if grantee.who.contains(", ") { "," } else { "" };
    let verb = match gained {
        true => "may act as",
        false => "may no longer act as",
    };
    let mut line = format!("{who}{comma} {verb} {identity}");
    if let Some(condition) = &grantee.condition {
        let joint = match gained {
            true => ", before only if ",
            false => ", unless ",
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

/// What the identity holds that somebody gains or loses; none where the sentence says it, or nothing is held.
pub fn holding(grantee: &Grantee, word: &dyn Fn(&str) -> String) -> Option<String> {
    let said = grantee.right == Right::Permissions || grantee.holding.is_empty();
    (!said).then(|| format!("which holds {}", list(grantee, word)))
}

fn list(grantee: &Grantee, word: &dyn Fn(&str) -> String) -> String {
    let held = grantee.holding.iter();
    let held: Vec<String> = held.map(|one| permission_words(one, word)).collect();
    held.join(", ")
}

fn permission_words(permission: &Permission, word: &dyn Fn(&str) -> String) -> String {
    match permission.tier {
        Some(tier) => format!("{} (tier {tier})", word(&permission.to_string())),
        None => word(&permission.to_string()),
    }
}
