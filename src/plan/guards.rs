//! What the guards refuse, for the reference and for `explain`.

use std::fmt::Write;

/// A guard: what stands in `refused (NAME)`.
pub struct Guard {
    pub name: &'static str,
    pub refuses: &'static str,
    pub lifted_by: &'static str,
}

/// Every guard, what is lost first.
pub const GUARDS: &[Guard] = &[
    Guard {
        name: "lost-trust",
        refuses: "losing more than max(1, 30 %) of an identity's trusts (the percentage from 10 on), or all of one that stays, when nothing in the plan admits their tokens",
        lifted_by: "`--allow-deletes N`",
    },
    Guard {
        name: "lost-applications",
        refuses: "losing more than max(1, 30 %) of the stack's applications, or of its managed identities",
        lifted_by: "`--allow-deletes N`",
    },
    Guard {
        name: "protected",
        refuses: "deleting what is protected",
        lifted_by: "lifting `protect` first",
    },
    Guard {
        name: "gap",
        refuses: "a trust that is still wanted has to go before its replacement can come",
        lifted_by: "`--allow-gap`",
    },
    Guard {
        name: "issuer-in-use",
        refuses: "taking an issuer's documents away, or the account that they stand in, while a credential of the tenant names it: of an application, or of a managed identity in a subscription that the login sees",
        lifted_by: "deleting or changing the credential first",
    },
    Guard {
        name: "publish-and-retire",
        refuses: "publishing and retiring keys in one write, and retiring one while tokens that it signed may be valid",
        lifted_by: "`--allow-key-retirement`",
    },
    Guard {
        name: "widening",
        refuses: "a new subject for an identity that was there and holds a privileged permission; such a permission for one with trusts; both at once for a new one, where the policy says `new_identities = \"guard\"`",
        lifted_by: "an `approve` block, or `--allow-widening DIGEST`",
    },
    Guard {
        name: "leftover-secret",
        refuses: "a password or certificate beside a federated credential, also one on the service principal, where the policy says `leftover_secrets = \"forbid\"`",
        lifted_by: "removing it, or a `waiver` of the rule `leftover-secret`, `leftover-certificate` or `principal-credential`",
    },
    Guard {
        name: "self",
        refuses: "deleting the application that the run logs in as, or a trust or permission of it; a conditional access policy that blocks it",
        lifted_by: "`--allow-self`",
    },
    Guard {
        name: "enforcement",
        refuses: "a conditional access policy that blocks from its first moment, blocks more than it did, or blocks no more",
        lifted_by: "an apply with `state` at report-only first; `--allow-enforcement`",
    },
    Guard {
        name: "foreign-owners",
        refuses: "a privileged permission for an application that is there and that somebody owns whom its block does not name: an owner can add a secret and act as it",
        lifted_by: "`owners` in its block, or `--allow-foreign-owners`",
    },
    Guard {
        name: "stack-name-taken",
        refuses: "deleting all applications of the stack's name and creating others",
        lifted_by: "another name, or `--allow-deletes N`",
    },
    Guard {
        name: "would-replace-application",
        refuses: "deleting an application and creating what looks like the same one",
        lifted_by: "the old label or `unique_name`",
    },
];

/// The page of them all.
pub fn page() -> String {
    let mut page = "# Guards\n\nA plan that a guard refuses is shown and not applied (exit code 4) until its word is said.\n\n| guard | refuses | lifted by |\n|---|---|---|\n".to_owned();
    for guard in GUARDS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            guard.name, guard.refuses, guard.lifted_by
        );
    }
    page
}

/// What one of them is about.
pub fn one(name: &str) -> Option<String> {
    let guard = GUARDS.iter().find(|guard| guard.name == name)?;
    Some(format!(
        "# The guard `{name}`\n\nIt refuses {}.\n\nLifted by {}. A plan that it refuses is shown and not applied (exit code 4).\n",
        guard.refuses, guard.lifted_by
    ))
}
