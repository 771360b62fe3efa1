//! How Graph behaves for agent identity blueprints: as for applications, and otherwise where this says so.
//!
//! Sources: Microsoft Graph, "agentIdentityBlueprint resource type", "Create agentIdentityBlueprint", "Create
//! agentIdentity"; Microsoft, "Agent ID error codes".

use serde_json::Value;

use crate::emulator::graph::{self, Call, Failure, is_deleted};
use crate::emulator::odata::cast;
use crate::emulator::store::{list, text};
use crate::emulator::table::{Entity, Table};
use crate::kinds::application::emulator::APPLICATIONS;
use crate::kinds::service_principal::emulator::PRINCIPALS;

/// Properties of applications that blueprints do not take.
const INCOMPATIBLE: &[&str] = &[
    "addIns",
    "defaultRedirectUri",
    "isDeviceOnlyAuthSupported",
    "isFallbackPublicClient",
    "nativeAuthenticationApisEnabled",
    "notes",
    "oauth2RequirePostResponse",
    "parentalControlSettings",
    "publicClient",
    "samlMetadataUrl",
    "spa",
];

/// Whether a create asks for this type: by its path, or by its body.
pub fn is_wanted(call: &Call<'_>, body: &Entity) -> bool {
    call.cast == Some(cast::BLUEPRINT) || said(body) == Some(cast::BLUEPRINT)
}

fn said(body: &Entity) -> Option<&'static str> {
    let said = body.get("@odata.type").and_then(Value::as_str)?;
    cast::named(said.trim_start_matches('#'))
}

/// What a new one needs.
pub fn check_new(call: &Call<'_>, body: &Entity) -> Result<(), Failure> {
    call.check_type(cast::BLUEPRINT)?;
    check(body)?;
    let missing = |property: &str| {
        Failure::bad_request(format!(
            "A value is required for property '{property}' of resource 'AgentIdentityBlueprint'."
        ))
    };
    if text(body, "displayName").is_empty() {
        return Err(missing("displayName"));
    }
    match list(body, "sponsors@odata.bind").is_empty() {
        true => Err(missing("sponsors")),
        false => Ok(()),
    }
}

/// What none takes.
pub fn check(body: &Entity) -> Result<(), Failure> {
    match INCOMPATIBLE.iter().find(|name| body.contains_key(**name)) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            400,
            "AgentBlueprint_IncompatibleProperty",
            format!("The property '{name}' is not compatible with agent identity blueprints."),
        )),
    }
}

/// The derived type of a new service principal, by path or body, of an application.
pub fn principal_type(
    call: &Call<'_>,
    body: &Entity,
    application: &Entity,
) -> Result<Option<&'static str>, Failure> {
    let wanted = call.cast.or_else(|| said(body));
    let blueprint = cast::of(application) == cast::BLUEPRINT;
    match wanted {
        Some(cast::BLUEPRINT_PRINCIPAL) if !blueprint => Err(Failure::new(
            400,
            "AgentBlueprintPrincipal_RequireAgentBlueprint",
            "An agent identity blueprint principal needs an agent identity blueprint.",
        )),
        Some(name) => call.check_type(name).map(|()| Some(name)),
        // What Graph makes of a plain service principal for a blueprint is not documented.
        None if blueprint => Ok(Some(cast::BLUEPRINT_PRINCIPAL)),
        None => Ok(None),
    }
}

/// The blueprint that a new agent identity names, which must have its principal.
pub fn of_agent(call: &Call<'_>, body: &Entity) -> Result<Entity, Failure> {
    call.check_type(cast::AGENT)?;
    let client_id = text(body, "agentIdentityBlueprintId").to_owned();
    let live =
        |table: &'static Table| graph::lookup(call.reference_view(), table, "appId", &client_id);
    let blueprint = live(&APPLICATIONS).filter(|it| cast::of(it) == cast::BLUEPRINT);
    let principal = live(&PRINCIPALS).filter(|it| !is_deleted(it));
    match (blueprint, principal) {
        (Some(blueprint), Some(_)) => Ok((*blueprint).clone()),
        _ => Err(Failure::new(
            400,
            "AgentIdentity_AgentBlueprintPrincipalDoesNotExist",
            format!("There is no agent identity blueprint principal for '{client_id}'."),
        )),
    }
}
