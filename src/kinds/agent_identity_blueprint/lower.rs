//! What an `agent_identity_blueprint` block means, beyond what every application's does.

use super::FORM;
use crate::kinds::application::{self, is_existing};
use crate::kinds::lower::Lowering;
use crate::model::desired::Resource;
use crate::model::value::Value;

pub fn lower(resource: &mut Resource, lowering: &mut Lowering) {
    if !is_existing(resource) {
        sponsored(resource, lowering);
    }
    application::lower_as(&FORM, resource, lowering);
}

/// Source: Microsoft Graph, "Create agentIdentityBlueprint": display name and sponsors are required.
fn sponsored(resource: &Resource, lowering: &mut Lowering) {
    let sponsors = resource.at("sponsors");
    if sponsors.is_none_or(Value::is_empty) {
        lowering.refuse(
            resource,
            if sponsors.is_some() { "sponsors" } else { "" },
            "no-sponsor",
            "an agent identity blueprint needs a sponsor: somebody who answers for what its agents do",
            "add `sponsors = [\"<object id of a user or group>\"]`: `az ad user show --id NAME --query id` prints one",
        );
    }
}
