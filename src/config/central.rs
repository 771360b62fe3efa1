//! Central policies: what another team says of every stack. Of their files only `policy` and `waiver` count, so the
//! directory may be a stack's, too: that of the base branch, for example, for a pull request that would loosen its own.

use super::context::Context;
use super::library::Library;
use super::references::Kinds;
use super::{Access, FileError, declare, parse, policy, variables, waiver};
use crate::model::diagnostic::Diagnostic;
use crate::model::policy::{LEFTOVER_SECRETS, Policy, UNMANAGED, Waiver};
use crate::model::source::{SourceId, Sources};

/// What one directory says.
#[derive(Default)]
pub(super) struct Central {
    pub policy: Policy,
    pub waivers: Vec<Waiver>,
}

/// Reads the `policy` and `waiver` blocks of one directory's files. Variables have their defaults there: whoever runs
/// the command does not choose what the policy says.
pub(super) fn load(
    files: &[SourceId],
    sources: &mut Sources,
    kinds: Kinds,
    said: &mut Vec<Diagnostic>,
) -> Central {
    let before = said.len();
    let bodies = parse(files, sources, said);
    let mut declared = declare::declare(bodies, ".", kinds, said);
    // Their files are no part of this repository.
    declared.modules.clear();
    if said.len() > before {
        return Central::default();
    }
    let library = Library::from([(declared.directory.clone(), declared)]);
    let Some(declared) = library.get(".") else {
        return Central::default();
    };
    if declared.policy.is_none() && declared.waivers.is_empty() {
        let name = files.first().map(|id| sources.get(*id).name.clone());
        said.push(
            Diagnostic::error(
                "no-policy",
                format!(
                    "there is no `policy` and no `waiver` block beside `{}`",
                    name.unwrap_or_default()
                ),
            )
            .help("give the directory whose files have one"),
        );
        return Central::default();
    }
    let read = |_: &str| Err(unread());
    let list = |_: &str| Err(unread());
    let access = Access {
        read: &read,
        list: &list,
    };
    let context = Context::root(kinds, &library, declared, access, sources);
    let none = variables::Values {
        environment: &[],
        automatic: &[],
        given: &[],
    };
    let values = variables::values(&context, declared, &none);
    context.variables.replace(values);
    let policy = policy::policy(&context);
    let central = Central {
        policy: Policy {
            unmanaged_at_least: policy.unmanaged_credentials.clone(),
            ..policy
        },
        waivers: waiver::waivers(&context),
    };
    said.extend(context.finish());
    central
}

fn unread() -> FileError {
    FileError::Unreadable("a central policy reads no other file".to_owned())
}

/// Both at once: of each word the stricter one.
pub(super) fn stricter(own: Policy, central: Policy) -> Policy {
    let word = |of: &[&str], a: Option<String>, b: Option<String>| {
        let rank = |word: &String| of.iter().position(|known| known == word);
        a.into_iter().chain(b).max_by_key(rank)
    };
    let least = |a: Option<usize>, b: Option<usize>| a.into_iter().chain(b).min();
    Policy {
        allowed_issuers: [own.allowed_issuers, central.allowed_issuers].concat(),
        unmanaged_credentials: word(
            &UNMANAGED,
            own.unmanaged_credentials,
            central.unmanaged_credentials,
        ),
        unmanaged_at_least: word(
            &UNMANAGED,
            own.unmanaged_at_least,
            central.unmanaged_at_least,
        ),
        leftover_secrets: word(
            &LEFTOVER_SECRETS,
            own.leftover_secrets,
            central.leftover_secrets,
        ),
        max_deletes: least(own.max_deletes, central.max_deletes),
        max_waiver_days: least(own.max_waiver_days, central.max_waiver_days),
        guard_new_identities: own.guard_new_identities || central.guard_new_identities,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_word_wins() {
        let policy = |word: &str, deletes| Policy {
            unmanaged_credentials: Some(word.to_owned()),
            max_deletes: deletes,
            ..Policy::default()
        };
        let both = stricter(policy("keep", Some(3)), policy("report", Some(5)));
        assert_eq!(both, policy("report", Some(3)));
        assert_eq!(
            stricter(policy("delete", None), policy("report", Some(5))),
            policy("delete", Some(5))
        );
        assert_eq!(
            stricter(policy("keep", None), Policy::default()),
            policy("keep", None)
        );
    }
}
