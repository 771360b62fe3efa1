//! What a probe's outcome means, and what is left to do.

use super::NAME;
use crate::cli::doctor::Check;
use crate::cli::doctor::rights::OWNED;
use crate::cloud::Caller;
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;

/// How an administrator deletes an application for good.
pub fn deletion(cloud: Cloud, id: &str) -> String {
    let graph = cloud.graph();
    format!(
        "delete it: `az rest --method DELETE --url {graph}/v1.0/applications/{id}`, then `az rest --method DELETE --url {graph}/v1.0/directory/deletedItems/{id}`"
    )
}

/// The application may still be there.
pub fn left_behind(name: &str, id: Option<&str>, cloud: Cloud, why: &Diagnostic) -> Check {
    let check = Check::fail(
        "purge",
        format!(
            "the application `{NAME}` (unique name `{name}`) may still be there: {}",
            why.message
        ),
    );
    let check = match id {
        Some(id) => check.help(deletion(cloud, id)),
        None => check.help(format!(
            "look for it: `az rest --url \"{}/v1.0/applications(uniqueName='{name}')\"`, and delete what is found",
            cloud.graph()
        )),
    };
    why.help
        .iter()
        .fold(check, |check, help| check.help(help.clone()))
}

/// Whether creating it made the login its owner. Contested: Azure/bicep#14868, microsoftgraph/msgraph-bicep-types#154.
pub fn owned(owner: bool, caller: &Caller, id: &str) -> Check {
    if owner {
        return Check::pass("owner", "creating it made the login its owner");
    }
    let only = caller.scopes.is_empty()
        && caller.roles.iter().any(|role| role == OWNED)
        && !caller
            .roles
            .iter()
            .any(|role| role == "Application.ReadWrite.All");
    let sentence = "creating it by its unique name did not make the login its owner";
    match only {
        true => Check::fail("owner", format!("{sentence}, and `{OWNED}` reaches only what the login owns"))
            .help(format!("after a first `apply` stops, an administrator runs `az ad app owner add --id CLIENT_ID --owner-object-id {}` for each application, once", caller.object_id))
            .help(format!("the probe (object id `{id}`) may need an administrator, too")),
        false => Check::pass("owner", format!("{sentence}; its rights do without")),
    }
}
