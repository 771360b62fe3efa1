//! How Graph behaves for conditional access policies of workload identities, and whom the token service blocks by them.
//!
//! Source: Microsoft Graph, "Create conditionalAccessPolicy"; Microsoft, "Conditional Access for workload identities".

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{EVERY, PATH};
use crate::emulator::dates;
use crate::emulator::graph::{Call, Failure, lookup};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Principal, Route};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{View, list as list_of, text};
use crate::emulator::table::{Dumped, Entity, Table};
use crate::kinds::named_location;
use crate::kinds::named_location::emulator::{LOCATIONS, missing};
use crate::kinds::service_principal::emulator::{PRINCIPALS, name_of};
use crate::model::graph_permission::{
    READ_ACCESS_POLICIES as READ, WRITE_ACCESS_POLICIES as WRITE,
};

/// The entity set `policies` of conditional access.
pub static POLICIES: Table = Table {
    name: "conditionalAccessPolicies",
    resource: "ConditionalAccessPolicy",
    odata_type: "#microsoft.graph.conditionalAccessPolicy",
    filterable: &["id", "displayName", "state"],
    dumped,
    ..Table::PLAIN
};

const OPAQUE: &[Property] = &[];

const CONDITIONS: &[Property] = &[
    Property::texts("clientAppTypes"),
    Property::texts("signInRiskLevels"),
    Property::texts("userRiskLevels"),
    Property::texts("servicePrincipalRiskLevels"),
    Property::maybe_object("platforms", OPAQUE),
    Property::maybe_object("devices", OPAQUE),
    Property::maybe_object(
        "applications",
        &[
            Property::texts("includeApplications"),
            Property::texts("excludeApplications"),
            Property::texts("includeUserActions"),
        ],
    ),
    Property::maybe_object(
        "users",
        &[
            Property::texts("includeUsers"),
            Property::texts("excludeUsers"),
            Property::texts("includeGroups"),
            Property::texts("excludeGroups"),
            Property::texts("includeRoles"),
            Property::texts("excludeRoles"),
        ],
    ),
    Property::maybe_object(
        "clientApplications",
        &[
            Property::texts("includeServicePrincipals"),
            Property::texts("excludeServicePrincipals"),
        ],
    ),
    Property::maybe_object(
        "locations",
        &[
            Property::texts("includeLocations"),
            Property::texts("excludeLocations"),
        ],
    ),
];

const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("templateId").read_only(),
    Property::text("displayName").longest(256),
    Property::text("createdDateTime").read_only(),
    Property::text("modifiedDateTime").read_only(),
    Property::text("state"),
    Property::maybe_object("sessionControls", OPAQUE),
    Property::maybe_object("conditions", CONDITIONS),
    Property::maybe_object(
        "grantControls",
        &[
            Property::text("operator"),
            Property::texts("builtInControls"),
            Property::texts("customAuthenticationFactors"),
            Property::texts("termsOfUse"),
        ],
    ),
];

const STATES: [&str; 3] = ["enabled", "disabled", "enabledForReportingButNotEnforced"];

const ONE: &str = "/identity/conditionalAccess/policies/{policy}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&POLICIES],
    routes: &[
        Route::new("GET", PATH, READ, |call| {
            list::table(call, &POLICIES, |_| true)
        }),
        Route::new("POST", PATH, WRITE, create),
        Route::new("GET", ONE, READ, read),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
    ],
    blocks: Some(blocks),
    ..Part::NOTHING
};

/// Whether an enabled policy blocks an application's service principal at an address. Those of other tenants' applications
/// and managed identities are never asked.
fn blocks(view: View<'_>, principal: &Principal, from: IpAddr) -> bool {
    let owned = lookup(view, &PRINCIPALS, "id", &principal.id).is_some_and(|found| {
        text(&found, "servicePrincipalType") != "ManagedIdentity"
            && text(&found, "appOwnerOrganizationId") == view.store.tenant.id
    });
    let means = |policy: &Entity, side: &str| {
        let named = ids(policy, &format!("conditions/clientApplications/{side}"));
        named.iter().any(|id| *id == EVERY || *id == principal.id)
    };
    let within = |policy: &Entity, side: &str| {
        let named = ids(policy, &format!("conditions/locations/{side}"));
        named.iter().any(|id| has(view, id, from))
    };
    let mut policies = view.rows(&POLICIES, None);
    owned
        && policies.any(|policy| {
            text(policy, "state") == "enabled"
                && means(policy, "includeServicePrincipals")
                && !means(policy, "excludeServicePrincipals")
                && within(policy, "includeLocations")
                && !within(policy, "excludeLocations")
        })
}

/// Whether a location of a policy, by its id or one of the two words, has an address.
fn has(view: View<'_>, id: &str, address: IpAddr) -> bool {
    let within = |location: &Entity| {
        let ranges = list_of(location, "ipRanges").iter();
        let mut ranges = ranges.filter_map(|range| range["cidrAddress"].as_str());
        ranges.any(|range| named_location::contains(range, address))
    };
    match id {
        "All" => true,
        "AllTrusted" => view
            .rows(&LOCATIONS, None)
            .any(|location| location.get("isTrusted") == Some(&true.into()) && within(location)),
        id => view
            .get(&LOCATIONS, id)
            .is_some_and(|location| within(location)),
    }
}

fn find(call: &Call<'_>, view: View<'_>) -> Result<Entity, Failure> {
    let id = call.key(0).1;
    let found = view.get(&POLICIES, id);
    let missing = || {
        let message =
            format!("ConditionalAccessPolicy with id {id} does not exist in the directory.");
        Failure::new(404, "ResourceNotFound", message)
    };
    found.map(|found| (**found).clone()).ok_or_else(missing)
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let policy = find(call, view)?;
    list::entity(call, view, &POLICIES, &policy, "conditionalAccessPolicies")
}

fn ids<'p>(policy: &'p Entity, pointer: &str) -> Vec<&'p str> {
    let (first, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
    let found = policy
        .get(first)
        .and_then(|value| value.pointer(&format!("/{rest}")));
    let found = found.and_then(Value::as_array).into_iter().flatten();
    found.filter_map(Value::as_str).collect()
}

fn checked(call: &Call<'_>, policy: &Entity) -> Result<(), Failure> {
    let refuse = |message: &str| Err(Failure::new(400, "BadRequest", message));
    if !call.caller.has("Policy.Read.All") || !call.caller.has("Application.Read.All") {
        return Err(Failure::denied());
    }
    if text(policy, "displayName").is_empty() || !STATES.contains(&text(policy, "state")) {
        return refuse(
            "1007: Incoming ConditionalAccessPolicy object is null or does not match the schema of ConditionalAccessPolicy type.",
        );
    }
    let included = ids(
        policy,
        "conditions/clientApplications/includeServicePrincipals",
    );
    if included.is_empty() {
        return Ok(());
    }
    if call.store.faults.workload_premium_missing {
        return Err(Failure::new(
            403,
            "AccessDenied",
            "1150: Cannot create or update policies with workload identity premium features. Upgrade to a workload identity premium P1 or P2 license and try again",
        ));
    }
    if ids(policy, "grantControls/builtInControls") != ["block"] {
        return refuse("Only the control 'block' applies to workload identities.");
    }
    let view = call.reference_view();
    for id in included.into_iter().filter(|id| *id != EVERY) {
        let known = lookup(view, &PRINCIPALS, "id", id);
        if known.is_none_or(|found| text(&found, "servicePrincipalType") == "ManagedIdentity") {
            return Err(Failure::new(
                400,
                "BadRequest",
                format!("ServicePrincipal with id {id} does not exist in the directory."),
            ));
        }
    }
    let locations = ids(policy, "conditions/locations/excludeLocations");
    for id in locations {
        if !["All", "AllTrusted"].contains(&id) && view.get(&LOCATIONS, id).is_none() {
            return Err(Failure {
                status: 400,
                ..missing(id)
            });
        }
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let mut policy = shape::defaults(PROPERTIES);
    shape::write(&POLICIES, PROPERTIES, &mut policy, &body)?;
    checked(call, &policy)?;
    let id = call.store.guid();
    policy.insert("id".into(), id.clone().into());
    policy.insert("createdDateTime".into(), dates::iso(call.now).into());
    call.store.put(&POLICIES, policy.clone(), call.now);
    let path = format!("identity/conditionalAccess/policies/{id}");
    Ok(list::created(
        call,
        &POLICIES,
        &policy,
        "conditionalAccessPolicies",
        &path,
    ))
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let mut policy = find(call, call.store.primary())?;
    shape::write(&POLICIES, PROPERTIES, &mut policy, &body)?;
    checked(call, &policy)?;
    policy.insert("modifiedDateTime".into(), dates::iso(call.now).into());
    call.store.put(&POLICIES, policy, call.now);
    Ok(Reply::empty(204))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let policy = find(call, call.store.primary())?;
    call.store.remove(&POLICIES, text(&policy, "id"), call.now);
    Ok(Reply::empty(204))
}

fn dumped(view: View<'_>, policy: &Entity) -> Option<Dumped> {
    let principals = ids(
        policy,
        "conditions/clientApplications/includeServicePrincipals",
    );
    let principals: Vec<String> = principals.into_iter().map(|id| name_of(view, id)).collect();
    let locations = ids(policy, "conditions/locations/excludeLocations").into_iter();
    let locations: Vec<String> = locations
        .map(|id| match view.get(&LOCATIONS, id) {
            Some(found) => text(found, "displayName").to_owned(),
            None => id.to_owned(),
        })
        .collect();
    let mut properties = Entity::new();
    properties.insert("state".into(), text(policy, "state").into());
    properties.insert("includeServicePrincipals".into(), json!(principals));
    properties.insert("excludeLocations".into(), json!(locations));
    Some(Dumped {
        title: format!("conditional_access_policy {}", text(policy, "displayName")),
        parent: None,
        properties,
    })
}
