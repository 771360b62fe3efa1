//! Roles of Microsoft Entra ID over the whole directory that lead to the whole tenant.
//!
//! After emiliensocchi/azure-tiering (Entra roles, tier 0), without those that lead there only through a person's password
//! or through groups that have rights elsewhere; Microsoft, "Application registration permissions for custom roles".

use std::borrow::Cow;

use super::{ADDS_CREDENTIAL, Custom, FEDERATES, MAKES_ITSELF, Power, allows};
use crate::model::directory_role as role;
use crate::model::privilege::{Privilege, What};
use crate::model::rule::Severity;
use crate::model::tenant::DirectoryRole;

const SETS_LOGIN: &str =
    "it sets a new login for a Global Administrator, then logs in as that person";

const TIER_0: &[(role::DirectoryRole, &str)] = &[
    (
        role::GLOBAL_ADMINISTRATOR,
        "it may do everything in the tenant",
    ),
    (role::PRIVILEGED_ROLE_ADMINISTRATOR, MAKES_ITSELF),
    (role::PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, SETS_LOGIN),
    (role::PARTNER_TIER2_SUPPORT, SETS_LOGIN),
    (role::APPLICATION_ADMINISTRATOR, ADDS_CREDENTIAL),
    (role::CLOUD_APPLICATION_ADMINISTRATOR, ADDS_CREDENTIAL),
    (role::HYBRID_IDENTITY_ADMINISTRATOR, ADDS_CREDENTIAL),
    (role::PARTNER_TIER1_SUPPORT, ADDS_CREDENTIAL),
    (role::DOMAIN_NAME_ADMINISTRATOR, FEDERATES),
    (role::EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, FEDERATES),
    (role::SECURITY_ADMINISTRATOR, FEDERATES),
    (
        role::IDENTITY_GOVERNANCE_ADMINISTRATOR,
        "it assigns itself an access package that holds a privileged group",
    ),
    (
        role::INTUNE_ADMINISTRATOR,
        "it runs commands on an administrator's device, then takes over that person's session",
    ),
];

/// Actions that a role which was made may hold, the shortest path first.
const ACTIONS: &[(&str, &str)] = &[
    (
        "microsoft.directory/servicePrincipals/managePermissionGrantsForAll.microsoft-company-admin",
        "it consents to any permission for itself",
    ),
    (
        "microsoft.directory/servicePrincipals/credentials/update",
        ADDS_CREDENTIAL,
    ),
    (
        "microsoft.directory/applications/credentials/update",
        ADDS_CREDENTIAL,
    ),
    (
        "microsoft.directory/applications.myOrganization/credentials/update",
        ADDS_CREDENTIAL,
    ),
    (
        "microsoft.directory/applications/allProperties/update",
        ADDS_CREDENTIAL,
    ),
    (
        "microsoft.directory/applications.myOrganization/allProperties/update",
        ADDS_CREDENTIAL,
    ),
    ("microsoft.directory/servicePrincipals/owners/update", OWNS),
    ("microsoft.directory/applications/owners/update", OWNS),
    (
        "microsoft.directory/applications.myOrganization/owners/update",
        OWNS,
    ),
];
const OWNS: &str =
    "it makes itself the owner of an application with more rights, then adds a credential to it";

/// All of them.
pub fn known() -> impl Iterator<Item = Privilege> {
    let row = |what, name: &str, path| Privilege {
        what,
        name: name.to_owned(),
        path,
        severity: Severity::Critical,
    };
    let roles = TIER_0.iter();
    let roles = roles.map(move |((name, _), path)| row(What::DirectoryRole, name, path));
    let actions = ACTIONS.iter();
    roles.chain(actions.map(move |(action, path)| row(What::DirectoryAction, action, path)))
}

/// A role that leads to the whole tenant; none for other roles.
pub fn of<'a>(held: &'a DirectoryRole, custom: &'a Custom) -> Option<Power<'a>> {
    let made = custom.get(&held.role);
    let path = match made {
        Some(made) => {
            let mut all = ACTIONS.iter();
            all.find(|(action, _)| allows(made, action))?.1
        }
        None => {
            let mut all = TIER_0.iter();
            all.find(|((name, _), _)| *name == held.role)?.1
        }
    };
    let name = made.map_or(&held.role, |made| &made.name);
    Some(Power {
        name: Cow::Borrowed(name),
        through: held.through.as_deref(),
        path,
        severity: Severity::Critical,
    })
}
