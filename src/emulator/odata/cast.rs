//! Derived types: paths that are cast to one, and rows that are of one.
//!
//! Source: OASIS, "OData Version 4.01, Part 2", 4.11 "Addressing Derived Types"; microsoftgraph/msgraph-metadata, v1.0.

use super::path::{Segment, Target};
use crate::emulator::fault::Faults;
use crate::emulator::graph::Failure;
use crate::emulator::store::text;
use crate::emulator::table::{Entity, Version};
use crate::emulator::token::Caller;

/// The member of a row that names its derived type.
pub const TYPE: &str = "~type";

pub const BLUEPRINT: &str = "agentIdentityBlueprint";
pub const BLUEPRINT_PRINCIPAL: &str = "agentIdentityBlueprintPrincipal";
pub const AGENT: &str = "agentIdentity";

/// Each derived type with its entity set.
const TYPES: &[(&str, &str)] = &[
    (BLUEPRINT, "applications"),
    (BLUEPRINT_PRINCIPAL, "servicePrincipals"),
    (AGENT, "servicePrincipals"),
];

/// Permissions for agent identities, any of which lets write them here; which one a write really needs is not modelled.
/// Source: Microsoft Graph, the permission tables of "agentIdentityBlueprint" and its relatives.
pub const WRITERS: &[&str] = &[
    "AgentIdentityBlueprint.ReadWrite.All",
    "AgentIdentityBlueprint.Create",
    "AgentIdentityBlueprint.AddRemoveCreds.All",
    "AgentIdentityBlueprintPrincipal.ReadWrite.All",
    "AgentIdentityBlueprintPrincipal.Create",
    "AgentIdentity.ReadWrite.All",
    "AgentIdentity.Create.All",
];

/// The delegated permission of `az login`, which makes Entra pass over those.
const OVERRIDING: &str = "Directory.AccessAsUser.All";

/// The derived type that a name such as `microsoft.graph.agentIdentity` means.
pub fn named(name: &str) -> Option<&'static str> {
    let (_, short) = name
        .split_at_checked("microsoft.graph.".len())
        .filter(|(start, _)| start.eq_ignore_ascii_case("microsoft.graph."))?;
    let mut types = TYPES.iter();
    types
        .find(|(known, _)| known.eq_ignore_ascii_case(short))
        .map(|(known, _)| *known)
}

/// The entity set of a derived type.
pub fn set_of(name: &str) -> Option<&'static str> {
    let mut types = TYPES.iter();
    types.find(|(known, _)| *known == name).map(|(_, set)| *set)
}

/// Takes the cast out of a path: the rest of it is as it is for the base type.
pub fn take(target: &mut Target) -> Option<&'static str> {
    let set = match target.first() {
        Some(Segment::Name(set)) => set.clone(),
        _ => return None,
    };
    let of_set = |segment: &Segment| match segment {
        Segment::Name(name) => {
            named(name).filter(|it| set_of(it).is_some_and(|of| of.eq_ignore_ascii_case(&set)))
        }
        Segment::Key { .. } => None,
    };
    let at = (1..target.len().min(3)).find(|at| of_set(&target[*at]).is_some())?;
    let cast = of_set(&target[at]);
    target.remove(at);
    cast
}

/// The derived type of a row; nothing for the base type.
pub fn of(entity: &Entity) -> &str {
    text(entity, TYPE)
}

/// The row's `@odata.type`, where its type is a derived one.
pub fn odata_type(entity: &Entity) -> Option<String> {
    let name = of(entity);
    (!name.is_empty()).then(|| format!("#microsoft.graph.{name}"))
}

/// Whether a caller may go on with what is of a derived type.
///
/// # Errors
/// A permission is missing; another one stands in its way; or the version does not know the type.
pub fn check(
    name: &str,
    method: &str,
    caller: &Caller,
    version: Version,
    faults: &Faults,
) -> Result<(), Failure> {
    // The texts: Microsoft, "Agent ID error codes", and what Graph said before (christianposta.com, Entra Agent ID, part 4).
    if faults.agents_in_beta_only && version == Version::V1 {
        let (code, message) = match name {
            BLUEPRINT => (
                "AgentBlueprint_NotSupportedOnApiVersion",
                "Agent Blueprints are not supported on the API version used in this request.",
            ),
            BLUEPRINT_PRINCIPAL => (
                "AgentBlueprintPrincipal_NotSupportedOnApiVersion",
                "Agent identity blueprint principals aren't supported on the API version used in this request.",
            ),
            _ => (
                "AgentIdentity_NotSupportedOnApiVersion",
                "Agent identities aren't supported on the API version used in this request.",
            ),
        };
        return Err(Failure::new(400, code, message));
    }
    let reads = method == "GET";
    let may = WRITERS.iter().any(|role| caller.has(role));
    match reads || (may && !caller.delegates(OVERRIDING)) {
        true => Ok(()),
        false => Err(Failure::denied()),
    }
}
