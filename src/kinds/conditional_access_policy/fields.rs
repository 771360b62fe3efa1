//! The field table of `conditional_access_policy`: the words of azuread, without those that only concern people.

use super::KIND;
use crate::model::schema::{Compare, Default, Field, Output, Shape};

pub const REPORT_ONLY: &str = "enabledForReportingButNotEnforced";
pub const ENFORCED: &str = "enabled";

/// What the policy does, which no file changes.
pub const EFFECT: &str = "effect";

pub static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "Blocks service principals of this tenant that ask for a token from elsewhere than the locations named: a stolen or too widely matched token of a pipeline is worth nothing there. It only reports until `state = \"enabled\"`. It needs Microsoft Entra Workload ID Premium, and does not cover managed identities. A mark behind its display name, which plans do not show, says whose it is. A login that may read policies (`Policy.Read.All`) finds by it what no block declares any more.",
    parents: &[],
    implied: false,
    fields: &[
        Field::string("display_name", "What people call it.").required(),
        Field::string("state", "`enabledForReportingButNotEnforced` only writes into the sign-in log whom it would block; `enabled` blocks; `disabled` does nothing.")
            .words(&[REPORT_ONLY, ENFORCED, "disabled"])
            .default(Default::Text(REPORT_ONLY))
            .reset(),
        Field::strings("included_service_principals", "Object ids of service principals, as in `application.deployer.service_principal.object_id`; `ServicePrincipalsInMyTenant` means all that the tenant owns.")
            .required()
            .compare(Compare::IgnoreCase),
        Field::strings("excluded_service_principals", "Object ids of service principals that it leaves alone.")
            .reset()
            .compare(Compare::IgnoreCase),
        Field::strings("excluded_locations", "Where it does not block: ids of named locations, as in `named_location.runners.id`, or `AllTrusted`.")
            .required()
            .compare(Compare::IgnoreCase),
        Field::string(EFFECT, "What it does.").computed(),
        Field::string("mark", "What proves it ours.").computed().compare(Compare::Never),
    ],
    groups: &[],
    outputs: &[
        Output {
            name: "id",
            doc: "Its id in Graph.",
        },
        Output {
            name: "object_id",
            doc: "The same as `id`.",
        },
    ],
};
