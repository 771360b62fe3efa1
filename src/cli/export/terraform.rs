//! Declarations as resources of hashicorp/azuread 3, with import blocks (Terraform 1.5).
//!
//! Source: the provider's documentation of `azuread_application`, `azuread_service_principal`,
//! `azuread_application_federated_identity_credential` and `azuread_application_flexible_federated_identity_credential`.

use hcl::expr::{Traversal, Variable};
use hcl::{Block, Body, Expression};

use super::hcl::{body, print, text};
use super::{Declared, fields};
use crate::kinds::application;
use crate::model::live::Object;
use crate::model::schema::Field;
use crate::model::value::{Map, Value};

/// Words that azuread does not have; what they say is said otherwise.
const OURS: &[&str] = &["adopt", "unique_name", "permissions", "service_principal"];

pub fn resources(applications: &[Declared]) -> Result<String, String> {
    let mut out = Vec::new();
    for application in applications {
        let label = application.label.as_str();
        let object = application.object;
        let ours = |field: &&Field| !OURS.contains(&field.name);
        let table: Vec<Field> = fields(application::KIND)
            .iter()
            .filter(ours)
            .copied()
            .collect();
        let blocks = Block::builder("resource")
            .add_label("azuread_application")
            .add_label(label)
            .add_structures(body(&table, &application.body, false))
            .add_blocks(access(object));
        out.push(blocks.build());
        let id = |name: &str| object.outputs.get(name).map_or("", String::as_str);
        out.push(import(
            "azuread_application",
            label,
            &format!("/applications/{}", id("object_id")),
        ));
        if let Some(object) = application.principal {
            let id = format!("/servicePrincipals/{}", object.key.id);
            out.push(principal(application));
            out.push(import("azuread_service_principal", label, &id));
        }
        for ((name, _), credential) in application.credentials.iter().zip(&application.live) {
            out.extend(trust(
                label,
                &format!("{label}_{name}"),
                credential,
                id("object_id"),
            ));
        }
    }
    print(&Body::builder().add_blocks(out).build())
}

/// What is asked for, by id.
fn access(object: &Object) -> Vec<Block> {
    let mut apis: std::collections::BTreeMap<&str, Vec<Block>> = Default::default();
    let asked = object.body.get("required_resource_access");
    for one in asked
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str)
    {
        if let [api, class, id] = one.split('/').collect::<Vec<_>>()[..] {
            let block = Block::builder("resource_access")
                .add_attribute(("id", text(id)))
                .add_attribute(("type", text(class)));
            apis.entry(api).or_default().push(block.build());
        }
    }
    let blocks = apis.into_iter().map(|(api, asked)| {
        Block::builder("required_resource_access")
            .add_attribute(("resource_app_id", text(api)))
            .add_blocks(asked)
            .build()
    });
    blocks.collect()
}

fn principal(application: &Declared) -> Block {
    let settings = application
        .body
        .get("service_principal")
        .and_then(Value::as_map);
    let table = crate::kinds::service_principal::FIELDS;
    Block::builder("resource")
        .add_label("azuread_service_principal")
        .add_label(application.label.as_str())
        .add_attribute((
            "client_id",
            reference("azuread_application", &application.label, "client_id"),
        ))
        .add_structures(body(table, settings.unwrap_or(&Map::new()), false))
        .build()
}

fn trust(application: &str, label: &str, credential: &Object, parent: &str) -> Vec<Block> {
    let get = |name: &str| {
        let value = credential.body.get(name).and_then(Value::as_str);
        value.filter(|text| !text.is_empty())
    };
    let flexible = get("claims_matching_expression");
    let kind = match flexible {
        Some(_) => "azuread_application_flexible_federated_identity_credential",
        None => "azuread_application_federated_identity_credential",
    };
    let audience = get("audience").unwrap_or_default();
    let mut block = Block::builder("resource")
        .add_label(kind)
        .add_label(label)
        .add_attribute((
            "application_id",
            reference("azuread_application", application, "id"),
        ))
        .add_attribute(("display_name", text(&credential.name)));
    block = match flexible {
        Some(expression) => block
            .add_attribute(("audience", text(audience)))
            .add_attribute(("claims_matching_expression", text(expression))),
        None => block
            .add_attribute(("audiences", Expression::Array(vec![text(audience)])))
            .add_attribute(("subject", text(get("subject").unwrap_or_default()))),
    };
    block = block.add_attribute(("issuer", text(get("issuer").unwrap_or_default())));
    if let Some(description) = get("description") {
        block = block.add_attribute(("description", text(description)));
    }
    let id = credential.outputs.get("id").map_or("", String::as_str);
    vec![
        block.build(),
        import(
            kind,
            label,
            &format!("{parent}/{}/{id}", "federatedIdentityCredential"),
        ),
    ]
}

fn import(kind: &str, label: &str, id: &str) -> Block {
    let to = Traversal::builder(variable(kind)).attr(label);
    Block::builder("import")
        .add_attribute(("to", Expression::from(to.build())))
        .add_attribute(("id", text(id)))
        .build()
}

fn reference(kind: &str, label: &str, output: &str) -> Expression {
    Traversal::builder(variable(kind))
        .attr(label)
        .attr(output)
        .build()
        .into()
}

fn variable(name: &str) -> Variable {
    Variable::sanitized(name)
}
