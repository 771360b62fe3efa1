//! The field table of `conditional_access_policy`: the words of azuread, without those that only concern people.

use super::{EVERY, KIND};
use crate::kinds::api::is_guid;
use crate::model::schema::{Compare, Complaint, Default, Field, Output, Shape};
use crate::model::value::Value;

pub const REPORT_ONLY: &str = "enabledForReportingButNotEnforced";
pub const ENFORCED: &str = "enabled";

/// What means every location that is trusted.
pub const TRUSTED: &str = "AllTrusted";

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
            .check(principal)
            .compare(Compare::IgnoreCase),
        Field::strings("excluded_service_principals", "Object ids of service principals that it leaves alone.")
            .check(principal)
            .reset()
            .compare(Compare::IgnoreCase),
        Field::strings("excluded_locations", "Where it does not block: ids of named locations, as in `named_location.runners.id`, or `AllTrusted`.")
            .required()
            .check(location)
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

/// Each text of a value, alone or in a list, that is neither an id nor a word.
fn unfit<'a>(value: &'a Value, word: &str) -> Option<&'a str> {
    let mut all = value.items().chain([value]).filter_map(Value::as_str);
    all.find(|text| *text != word && !is_guid(text))
}

fn principal(value: &Value) -> Result<(), Complaint> {
    let Some(text) = unfit(value, EVERY) else {
        return Ok(());
    };
    Err(
        Complaint::new(format!("`{text}` is not the object id of a service principal")).help(
            format!("write a reference, as in `application.deployer.service_principal.object_id`, or `{EVERY}`; `az ad sp show --id CLIENT_ID --query id` prints one"),
        ),
    )
}

fn location(value: &Value) -> Result<(), Complaint> {
    match unfit(value, TRUSTED) {
        // A policy that leaves out everything does nothing.
        Some("All") => Err(
            Complaint::new("a policy that leaves out all locations blocks nobody")
                .help("`state = \"disabled\"` switches it off"),
        ),
        Some(text) => Err(
            Complaint::new(format!("`{text}` is not the id of a named location")).help(format!(
                "write a reference, as in `named_location.runners.id`, or `{TRUSTED}`"
            )),
        ),
        None => Ok(()),
    }
}
