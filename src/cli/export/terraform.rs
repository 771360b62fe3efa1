//! Declarations as resources of hashicorp/azuread 3, with import blocks (Terraform 1.5).
//!
//! Source: the provider's documentation of `azuread_application`, `azuread_service_principal`,
//! `azuread_application_pre_authorized`, `azuread_application_federated_identity_credential` and `azuread_application_flexible_federated_identity_credential`.

use std::collections::{BTreeMap, BTreeSet};

use hcl::expr::{Traversal, Variable};
use hcl::{Block, Body, Expression, Structure};

use super::hcl::{body, print, text};
use super::{Declared, Principal, azure, fields};
use crate::kinds::{application, managed_identity};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::schema::Field;
use crate::model::value::{Map, Value};

/// Words that azuread does not have; what they say is said otherwise.
const OURS: &[&str] = &[
    "adopt",
    "unique_name",
    "permissions",
    "service_principal",
    "app_role",
    "optional_claims",
];

/// What the block `api` holds with labels.
const IN_API: [&str; 2] = ["oauth2_permission_scope", "pre_authorized"];

/// Every resource with its import block. `said` gets what the providers have no words for.
pub fn resources(
    all: &[Declared],
    principals: &[Principal],
    live: &Live,
    said: &mut Vec<Diagnostic>,
) -> Result<String, String> {
    let mut out = Vec::new();
    let mut labels: BTreeSet<String> = all.iter().map(|it| it.label.clone()).collect();
    for declared in all {
        let mut left = Vec::new();
        match declared.kind {
            managed_identity::KIND => {
                out.extend(azure::identity(declared, &mut left));
                out.extend(azure::roles(declared));
            }
            application::KIND => {
                out.extend(application(declared));
                out.extend(azure::grants(declared, live));
                out.extend(azure::roles(declared));
            }
            _ => {
                let why = "azuread has no resource for agent identity blueprints".to_owned();
                left.push((declared.object.name.clone(), why));
            }
        }
        said.extend(left.iter().map(|(what, why)| {
            Diagnostic::warning("left-out", format!("`{what}` is left out: {why}"))
                .about(format!("{}.{}", declared.kind, declared.label))
        }));
    }
    for principal in principals {
        let label = super::label(&principal.name, "principal", &mut labels);
        out.extend(azure::alone(principal, &label));
    }
    print(&Body::builder().add_blocks(out).build())
}

/// An application, its service principal and its trusts.
fn application(application: &Declared) -> Vec<Block> {
    let mut out = Vec::new();
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
        .add_structures(own(&table, application))
        .add_blocks(access(object));
    out.push(blocks.build());
    let id = |name: &str| object.outputs.get(name).map_or("", String::as_str);
    out.push(import(
        "azuread_application",
        label,
        &format!("/applications/{}", id("object_id")),
    ));
    out.extend(clients(application));
    if let Some(object) = application.principal {
        let id = format!("/servicePrincipals/{}", object.key.id);
        out.push(principal(application));
        out.push(import("azuread_service_principal", label, &id));
    }
    for (name, _, credential) in &application.credentials {
        let own = format!("{label}_{name}");
        out.extend(trust(label, &own, credential, id("object_id")));
    }
    out
}

/// The application's own block. What has labels in our files has names and ids in azuread's.
fn own(table: &[Field], application: &Declared) -> Vec<Structure> {
    let mut plain = application.body.clone();
    if let Some(Value::Map(api)) = plain.get_mut("api") {
        api.retain(|name, _| !IN_API.contains(&name.as_str()));
        if api.is_empty() {
            plain.remove("api");
        }
    }
    let mut structures = body(table, &plain, false);
    let ids = |word| application::offered(application.object, word);
    let fields = fields(application::KIND);
    structures.extend(unlabelled(
        fields,
        &application.body,
        "app_role",
        "value",
        &ids("app_role"),
    ));
    let settings = |name: &str| application.body.get(name).and_then(Value::as_map);
    let nested = |name: &str| {
        let field = fields.iter().find(|field| field.name == name);
        field.and_then(Field::nested).unwrap_or_default()
    };
    if let Some(api) = settings("api") {
        let scopes = unlabelled(nested("api"), api, IN_API[0], "value", &ids(IN_API[0]));
        let there = structures.iter_mut().find_map(|part| match part {
            Structure::Block(block) if block.identifier.as_str() == "api" => Some(block),
            _ => None,
        });
        match there {
            Some(block) => block.body.0.extend(scopes),
            None if scopes.is_empty() => {}
            None => structures.push(Block::builder("api").add_structures(scopes).build().into()),
        }
    }
    if let Some(claims) = settings("optional_claims") {
        let tokens = claims.keys().flat_map(|token| {
            unlabelled(
                nested("optional_claims"),
                claims,
                token,
                "name",
                &BTreeMap::new(),
            )
        });
        let block = Block::builder("optional_claims").add_structures(tokens.collect::<Vec<_>>());
        structures.push(block.build().into());
    }
    structures
}

/// Labelled blocks as blocks that state their label, and their id where there is one.
fn unlabelled(
    fields: &[Field],
    map: &Map,
    word: &str,
    label: &str,
    ids: &BTreeMap<String, String>,
) -> Vec<Structure> {
    let nested = fields.iter().find(|field| field.name == word);
    let nested = nested.and_then(Field::nested).unwrap_or_default();
    let entries = map.get(word).and_then(Value::as_map).into_iter().flatten();
    let blocks = entries.map(|(name, entry)| {
        let mut block = Block::builder(word);
        if let Some(id) = ids.get(name) {
            block = block.add_attribute(("id", text(id)));
        }
        let inner = entry.as_map().map(|entry| body(nested, entry, false));
        block
            .add_attribute((label, text(name)))
            .add_structures(inner.unwrap_or_default())
            .build()
            .into()
    });
    blocks.collect()
}

/// Clients that need no consent are resources of their own.
fn clients(application: &Declared) -> Vec<Block> {
    const KIND: &str = "azuread_application_pre_authorized";
    let ids = application::offered(application.object, IN_API[0]);
    let api = application.body.get("api");
    let entries = api.and_then(|api| api.get(IN_API[1]));
    let entries = entries.and_then(Value::as_map).into_iter().flatten();
    let blocks = entries.flat_map(|(client, entry)| {
        let scopes = entry.get("scopes").into_iter().flat_map(Value::items);
        let scopes = scopes.filter_map(|scope| Some(text(ids.get(scope.as_str()?)?)));
        let label = format!("{}_{client}", application.label);
        let block = Block::builder("resource")
            .add_label(KIND)
            .add_label(label.as_str())
            .add_attribute((
                "application_id",
                reference("azuread_application", &application.label, "id"),
            ))
            .add_attribute(("authorized_client_id", text(client)))
            .add_attribute(("permission_ids", Expression::Array(scopes.collect())))
            .build();
        let id = &application.object.key.id;
        let id = format!("{id}/preAuthorizedApplication/{client}");
        [block, import(KIND, &label, &id)]
    });
    blocks.collect()
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

pub fn import(kind: &str, label: &str, id: &str) -> Block {
    let to = Traversal::builder(variable(kind)).attr(label);
    Block::builder("import")
        .add_attribute(("to", Expression::from(to.build())))
        .add_attribute(("id", text(id)))
        .build()
}

pub fn reference(kind: &str, label: &str, output: &str) -> Expression {
    Traversal::builder(variable(kind))
        .attr(label)
        .attr(output)
        .build()
        .into()
}

fn variable(name: &str) -> Variable {
    Variable::sanitized(name)
}
