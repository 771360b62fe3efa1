//! Managed identities, roles, grants and service principals alone as resources of hashicorp/azurerm 4 and azuread 3.
//!
//! Source: the providers' documentation of `azurerm_user_assigned_identity`, `azurerm_federated_identity_credential`,
//! `azurerm_role_assignment`, `azuread_service_principal`, `azuread_app_role_assignment` and
//! `azuread_service_principal_delegated_permission_grant`.

use hcl::{Block, Expression};

use super::hcl::{expression, text};
use super::terraform::{import, reference};
use super::{Declared, Principal};
use crate::kinds::{app_role_assignment, delegated_permission_grant, managed_identity};
use crate::model::live::{Live, Object};
use crate::model::value::Value;

const IDENTITY: &str = "azurerm_user_assigned_identity";
const PRINCIPAL: &str = "azuread_service_principal";

/// An identity and its credentials. `left` gets the names of what azurerm has no words for.
pub fn identity(declared: &Declared, left: &mut Vec<(String, String)>) -> Vec<Block> {
    let label = declared.label.as_str();
    let object = declared.object;
    let id = object.outputs.get("id").map_or("", String::as_str);
    let [_, group, name] = managed_identity::parts(id).unwrap_or_default();
    let mut block = resource(IDENTITY, label)
        .add_attribute(("name", text(name)))
        .add_attribute(("resource_group_name", text(group)));
    for attribute in ["location", "tags"] {
        let value = object.body.get(attribute).filter(|value| !value.is_empty());
        if let Some(value) = value {
            block = block.add_attribute((attribute, expression(value)));
        }
    }
    let mut blocks = vec![block.build(), import(IDENTITY, label, id)];
    for (name, _, credential) in &declared.credentials {
        let get = |name: &str| {
            let value = credential.body.get(name).and_then(Value::as_str);
            value.filter(|text| !text.is_empty())
        };
        let Some(subject) = get("subject") else {
            let why = "azurerm has no resource for an expression".to_owned();
            left.push((credential.name.clone(), why));
            continue;
        };
        const KIND: &str = "azurerm_federated_identity_credential";
        let own = format!("{label}_{name}");
        let audience = text(get("audience").unwrap_or_default());
        let block = resource(KIND, &own)
            .add_attribute(("name", text(&credential.name)))
            .add_attribute(("resource_group_name", text(group)))
            .add_attribute(("parent_id", reference(IDENTITY, label, "id")))
            .add_attribute(("audience", Expression::Array(vec![audience])))
            .add_attribute(("issuer", text(get("issuer").unwrap_or_default())))
            .add_attribute(("subject", text(subject)));
        let id = format!("{id}/federatedIdentityCredentials/{}", credential.name);
        blocks.extend([block.build(), import(KIND, &own, &id)]);
    }
    blocks
}

/// The Azure roles that an application or identity holds.
pub fn roles(declared: &Declared) -> Vec<Block> {
    const KIND: &str = "azurerm_role_assignment";
    let holder = match declared.kind {
        managed_identity::KIND => reference(IDENTITY, &declared.label, "principal_id"),
        _ => reference(PRINCIPAL, &declared.label, "object_id"),
    };
    let blocks = declared.roles.iter().flat_map(|(name, body, assignment)| {
        let label = format!("{}_{name}", declared.label);
        let mut block = resource(KIND, &label);
        for attribute in ["scope", "role_definition_name", "role_definition_id"] {
            if let Some(value) = body.get(attribute) {
                let value = match attribute {
                    "role_definition_id" => full_role(body.get("scope"), value),
                    _ => expression(value),
                };
                block = block.add_attribute((attribute, value));
            }
        }
        let block = block.add_attribute(("principal_id", holder.clone()));
        let id = assignment.outputs.get("id").map_or("", String::as_str);
        [block.build(), import(KIND, &label, id)]
    });
    blocks.collect()
}

/// azurerm wants the whole id of a role.
fn full_role(scope: Option<&Value>, role: &Value) -> Expression {
    let (scope, role) = (scope.and_then(Value::as_str), role.as_str());
    let scope = scope.unwrap_or_default();
    text(&format!(
        "{scope}/providers/Microsoft.Authorization/roleDefinitions/{}",
        role.unwrap_or_default()
    ))
}

/// What an application's service principal was granted.
pub fn grants(declared: &Declared, live: &Live) -> Vec<Block> {
    let Some(principal) = declared.principal else {
        return Vec::new();
    };
    let get = |object: &Object, name: &str| {
        let value = object.body.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let mut blocks = Vec::new();
    for (number, grant) in live
        .children(&principal.key, app_role_assignment::KIND)
        .enumerate()
    {
        const KIND: &str = "azuread_app_role_assignment";
        let label = format!("{}_{}", declared.label, number + 1);
        let api = get(grant, "resource_id");
        let block = resource(KIND, &label)
            .add_attribute(("app_role_id", text(&get(grant, "role_id"))))
            .add_attribute((
                "principal_object_id",
                reference(PRINCIPAL, &declared.label, "object_id"),
            ))
            .add_attribute(("resource_object_id", text(&api)));
        let id = format!(
            "/servicePrincipals/{api}/appRoleAssignedTo/{}",
            grant.key.id
        );
        blocks.extend([block.build(), import(KIND, &label, &id)]);
    }
    for (number, grant) in live
        .children(&principal.key, delegated_permission_grant::KIND)
        .enumerate()
    {
        const KIND: &str = "azuread_service_principal_delegated_permission_grant";
        let label = format!("{}_{}", declared.label, number + 1);
        let scopes = grant.body.get("scopes").cloned().unwrap_or(Value::set([]));
        let block = resource(KIND, &label)
            .add_attribute((
                "service_principal_object_id",
                reference(PRINCIPAL, &declared.label, "object_id"),
            ))
            .add_attribute((
                "resource_service_principal_object_id",
                text(&get(grant, "resource_id")),
            ))
            .add_attribute(("claim_values", expression(&scopes)));
        let id = format!("/oauth2PermissionGrants/{}", grant.key.id);
        blocks.extend([block.build(), import(KIND, &label, &id)]);
    }
    blocks
}

/// The service principal of an application that is in another tenant.
pub fn alone(principal: &Principal, label: &str) -> [Block; 2] {
    let block = resource(PRINCIPAL, label).add_attribute(("client_id", text(&principal.client_id)));
    let id = format!("/servicePrincipals/{}", principal.id);
    [block.build(), import(PRINCIPAL, label, &id)]
}

fn resource(kind: &str, label: &str) -> hcl::structure::BlockBuilder {
    Block::builder("resource").add_label(kind).add_label(label)
}
