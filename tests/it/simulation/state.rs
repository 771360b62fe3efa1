//! The committed state of the directory, as the invariants see it: read from the store itself, never over the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;
use trustform::emulator::graph::is_deleted;
use trustform::emulator::request::Request as Http;
use trustform::emulator::store::{Store, list, member, text};
use trustform::emulator::table::Entity;
use trustform::emulator::{Answer, handle};
use trustform::exchange::expression::Expression;
use trustform::exchange::trust::{Matcher, Trust};
use trustform::kinds::app_role_assignment::emulator::ASSIGNMENTS;
use trustform::kinds::application::emulator::APPLICATIONS;
use trustform::kinds::federated_credential::emulator::CREDENTIALS;
use trustform::kinds::service_principal::emulator::PRINCIPALS;
use trustform::kinds::{app_role_assignment, application, document, federated_credential};
use trustform::model::desired::Desired;

use super::world::World;

/// One application.
#[derive(Clone, Debug)]
pub struct Application {
    pub id: String,
    pub deleted: bool,
    pub entity: Arc<Entity>,
    /// By the credential's id.
    pub trusts: BTreeMap<String, Trust>,
    pub roles: BTreeSet<String>,
    pub has_principal: bool,
}

#[derive(Clone, Debug, Default)]
pub struct State {
    /// By the object's id.
    pub applications: BTreeMap<String, Application>,
    pub credentials: BTreeMap<String, Arc<Entity>>,
    /// What the issuer's two documents say to anybody, by path.
    pub documents: BTreeMap<&'static str, Option<String>>,
}

pub const DOCUMENTS: [&str; 2] = [
    "/simissuer/oidc/.well-known/openid-configuration",
    "/simissuer/oidc/openid/v1/jwks",
];
pub const ISSUER: &str = "https://simissuer.blob.core.windows.net/oidc";

impl State {
    pub fn of(world: &mut World) -> Self {
        let documents = DOCUMENTS.map(|path| (path, document(world, path)));
        Self::with(&world.store, documents.into())
    }

    /// The state after a request that cannot have changed a document.
    pub fn after(before: &Self, world: &World) -> Self {
        Self::with(&world.store, before.documents.clone())
    }

    pub fn with(store: &Store, documents: BTreeMap<&'static str, Option<String>>) -> Self {
        let mut state = Self {
            documents,
            ..Self::default()
        };
        let view = store.primary();
        for row in view.rows(&CREDENTIALS, None) {
            state
                .credentials
                .insert(text(row, "id").to_owned(), row.clone());
        }
        for row in view.rows(&APPLICATIONS, None) {
            let id = text(row, "id");
            let trusts = view.find(&CREDENTIALS, "~parent", id);
            let trusts = trusts.filter_map(|one| Some((text(one, "id").to_owned(), trust(one)?)));
            let principal = view
                .find(&PRINCIPALS, "appId", text(row, "appId"))
                .find(|principal| !is_deleted(principal));
            let roles = principal.into_iter().flat_map(|principal| {
                view.find(&ASSIGNMENTS, "principalId", text(principal, "id"))
            });
            let application = Application {
                id: id.to_owned(),
                deleted: is_deleted(row),
                trusts: trusts.collect(),
                roles: roles
                    .map(|role| text(role, "appRoleId").to_ascii_lowercase())
                    .collect(),
                has_principal: principal.is_some(),
                entity: row.clone(),
            };
            state.applications.insert(id.to_owned(), application);
        }
        state
    }

    /// The live application of a unique name.
    pub fn named(&self, unique_name: &str) -> Option<&Application> {
        self.applications
            .values()
            .find(|one| !one.deleted && one.unique_name() == unique_name)
    }
}

impl Application {
    pub fn unique_name(&self) -> &str {
        text(&self.entity, "uniqueName")
    }

    pub fn text(&self, name: &str) -> &str {
        text(&self.entity, name)
    }

    pub fn tags(&self) -> BTreeSet<&str> {
        list(&self.entity, "tags")
            .iter()
            .filter_map(Json::as_str)
            .collect()
    }

    /// Whether it carries our mark.
    pub fn is_marked(&self) -> bool {
        self.tags()
            .iter()
            .any(|tag| tag.starts_with("trustform:sim:"))
    }
}

fn trust(row: &Entity) -> Option<Trust> {
    let expression = member(row, "claimsMatchingExpression")["value"].as_str();
    Some(Trust {
        issuer: text(row, "issuer").to_owned(),
        audience: member(row, "audiences")[0].as_str()?.to_owned(),
        matcher: match expression {
            Some(expression) => Matcher::Expression(Expression::parse(expression).ok()?),
            None => Matcher::Subject(text(row, "subject").to_owned()),
        },
    })
}

/// What anybody reads there.
pub fn document(world: &mut World, path: &str) -> Option<String> {
    let (account, rest) = path[1..].split_once('/').expect("an account");
    let url = format!("https://{account}.blob.core.windows.net/{rest}");
    let http = Http::new("GET", &url)
        .expect("a URL")
        .with_header("x-ms-version", "2025-11-05");
    let faults = world.store.faults.clone();
    world.store.faults.schedule.clear();
    let answer = handle(&mut world.store, &world.routes, &http, world.now, 0);
    world.store.faults = faults;
    match answer {
        Answer::Reply(reply) if reply.status == 200 => {
            Some(String::from_utf8_lossy(&reply.body).into_owned())
        }
        _ => None,
    }
}

/// What is declared of one application.
#[derive(Clone, Debug)]
pub struct Declared {
    pub display_name: String,
    pub trusts: Vec<Trust>,
    pub roles: usize,
    pub deletes_unmanaged: bool,
}

/// What a stack declares, by unique name; and its documents, by path.
pub fn declared(desired: &Desired) -> (BTreeMap<String, Declared>, BTreeMap<String, String>) {
    let mut applications = BTreeMap::new();
    for resource in desired.of_kind(application::KIND) {
        let inside = |kind| {
            desired
                .of_kind(kind)
                .filter(|one| one.address.within(&resource.address))
        };
        let declared = Declared {
            display_name: resource.text("display_name").unwrap_or_default().to_owned(),
            trusts: inside(federated_credential::KIND)
                .filter_map(|one| federated_credential::trust(&one.body))
                .collect(),
            roles: inside(app_role_assignment::KIND).count(),
            deletes_unmanaged: resource.text("unmanaged_credentials") == Some("delete"),
        };
        applications.insert(
            resource.text("unique_name").unwrap_or_default().to_owned(),
            declared,
        );
    }
    let text = |name: &str, one: &trustform::model::desired::Resource| {
        one.text(name).unwrap_or_default().to_owned()
    };
    let documents = desired
        .of_kind(document::KIND)
        .map(|one| (text("path", one), text("text", one)))
        .collect();
    (applications, documents)
}

/// What of a state is not as it is declared. `foreign` credentials are nobody's fault where the file lets them be.
pub fn unlike(state: &State, desired: &Desired, foreign: &BTreeSet<String>) -> Option<String> {
    let (applications, documents) = declared(desired);
    for (name, wanted) in &applications {
        let Some(live) = state.named(name) else {
            return Some(format!("`{name}` is not there"));
        };
        if live.text("displayName") != wanted.display_name {
            return Some(format!("`{name}` is called `{}`", live.text("displayName")));
        }
        if !live.has_principal {
            return Some(format!("`{name}` has no service principal"));
        }
        if live.roles.len() != wanted.roles {
            return Some(format!(
                "`{name}` holds {} permissions instead of {}",
                live.roles.len(),
                wanted.roles
            ));
        }
        for trust in &wanted.trusts {
            if !live.trusts.values().any(|other| other == trust) {
                return Some(format!("`{name}` lacks {trust:?}"));
            }
        }
        for (id, trust) in &live.trusts {
            let kept = !wanted.deletes_unmanaged && foreign.contains(id);
            if !kept && !wanted.trusts.contains(trust) {
                return Some(format!("`{name}` still has {trust:?}"));
            }
        }
    }
    for live in state.applications.values() {
        if !live.deleted && live.is_marked() && !applications.contains_key(live.unique_name()) {
            return Some(format!("`{}` is still there", live.unique_name()));
        }
    }
    for path in DOCUMENTS {
        // Documents of an issuer that is declared no more are nobody's: they are found by their path alone.
        if let Some(text) = documents.get(path)
            && state.documents.get(path).and_then(Option::as_ref) != Some(text)
        {
            return Some(format!("{path} is not what is declared"));
        }
    }
    None
}
