//! From what was read to blocks, and what no block can say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, label};
use crate::kinds::{
    application, federated_credential, managed_identity, role_assignment, service_principal,
};
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::value::{Map, Value};

/// Everything that was found as its block, in the order of names, and what cannot be said.
pub fn declare<'a>(desired: &Desired, live: &'a Live) -> (Vec<Declared<'a>>, Vec<Diagnostic>) {
    let (mut all, mut said) = (Vec::new(), Vec::new());
    let mut labels: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let identities = desired.of_kind(managed_identity::KIND);
    let identities = identities.filter_map(|it| managed_identity::found(it, live));
    let mut objects: Vec<&Object> = application::declared(desired)
        .filter_map(|it| application::found(it, live))
        .chain(identities)
        .collect();
    objects.sort_by(|a, b| (a.key.kind, &a.name, &a.key).cmp(&(b.key.kind, &b.name, &b.key)));
    for object in objects {
        let kind = object.key.kind;
        let noun = application::Form::of(kind).map_or("identity", |_| "application");
        let label = label(&object.name, noun, labels.entry(kind).or_default());
        let subject = format!("{kind}.{label}");
        let left_out = |what: &str, why: &str| {
            let said = format!("`{what}` of `{subject}` is left out: {why}");
            Diagnostic::warning("left-out", said).about(&subject)
        };
        let mut left = Vec::new();
        let body = match kind {
            managed_identity::KIND => existing(object),
            _ => application::declare(object, live, &mut left),
        };
        said.extend(left.iter().map(|(path, why)| left_out(path, why)));
        let mut credentials = Vec::new();
        let mut names = BTreeSet::new();
        for credential in by_name(live.children(&object.key, federated_credential::KIND)) {
            match federated_credential::declare(credential, &desired.stack) {
                Ok(body) => {
                    let label = super::label(plain(&credential.name), "credential", &mut names);
                    credentials.push((label, body, credential));
                }
                Err(why) => said.push(left_out(&credential.name, &why)),
            }
        }
        let mut roles = Vec::new();
        let mut names = BTreeSet::new();
        for assignment in by_name(live.children(&object.key, role_assignment::KIND)) {
            match role_assignment::declare(assignment) {
                Ok(body) => {
                    let role = role_assignment::role_name(assignment);
                    roles.push((super::label(role, "role", &mut names), body, assignment));
                }
                Err(why) => said.push(left_out(role_assignment::role_name(assignment), &why)),
            }
        }
        all.push(Declared {
            kind,
            label,
            principal: service_principal::of_application(object, live),
            object,
            body,
            credentials,
            roles,
        });
    }
    (all, said)
}

/// A name without the hash that a stack gave it: another stack gives another one.
fn plain(name: &str) -> &str {
    let is_hash = |end: &str| {
        end.len() == 16
            && end
                .chars()
                .all(|c| c.is_ascii_lowercase() || ('2'..='7').contains(&c))
    };
    match name.rsplit_once('-') {
        Some((label, end)) if is_hash(end) && !label.is_empty() => label,
        _ => name,
    }
}

fn by_name<'a>(all: impl Iterator<Item = &'a Object>) -> Vec<&'a Object> {
    let mut all: Vec<&Object> = all.collect();
    all.sort_by(|a, b| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
    all
}

/// Nobody can tell whether an identity is somebody else's: only its credentials and roles are declared.
fn existing(object: &Object) -> Map {
    let id = object.outputs.get("id").map_or("", String::as_str);
    Map::from([("existing".to_owned(), Value::text(id))])
}
