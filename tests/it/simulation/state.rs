//! The committed state of the directory, as the invariants see it: read from the store itself, never over the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;
use trustform::emulator::graph::is_deleted;
use trustform::emulator::request::Request as Http;
use trustform::emulator::store::{Store, list, member, text};
use trustform::emulator::table::Entity;
use trustform::emulator::table::Table;
use trustform::emulator::{Answer, handle};
use trustform::exchange::expression::Expression;
use trustform::exchange::trust::{Matcher, Trust};
use trustform::kinds::application::emulator::APPLICATIONS;
use trustform::kinds::managed_identity::emulator as identities;
use trustform::kinds::service_principal::emulator::PRINCIPALS;
use trustform::kinds::{
    app_role_assignment, conditional_access_policy, federated_credential, group_member,
    named_location, role_assignment,
};

use super::secrets;
use super::world::World;

/// One application, blueprint or managed identity.
#[derive(Clone, Debug)]
pub struct Application {
    pub id: String,
    pub deleted: bool,
    pub entity: Arc<Entity>,
    /// By the credential's id.
    pub trusts: BTreeMap<String, Trust>,
    /// What its principal holds, by the id of that.
    pub holds: BTreeMap<String, String>,
    pub has_principal: bool,
    /// Passwords of its own and of its principal.
    pub secrets: BTreeSet<String>,
}

/// The kind, its table, the property with the principal's id, and what of a row says what it is.
type Held = (
    &'static str,
    &'static Table,
    &'static str,
    fn(&Entity) -> String,
);

/// What a principal can hold.
pub static HELD: &[Held] = &[
    (
        app_role_assignment::KIND,
        &app_role_assignment::emulator::ASSIGNMENTS,
        "principalId",
        |row| text(row, "appRoleId").to_ascii_lowercase(),
    ),
    (
        role_assignment::KIND,
        &role_assignment::emulator::ASSIGNMENTS,
        "~principal",
        |row| format!("{} {}", text(row, "~role"), text(row, "~scope")),
    ),
    (
        group_member::KIND,
        &group_member::emulator::GROUPS,
        "~members",
        |row| text(row, "id").to_owned(),
    ),
];

/// Whether the id of what is held is one of a membership: a group's id, and the member's.
pub fn is_membership(held: &str) -> bool {
    held.split('/').all(|id| !id.is_empty()) && held.contains('/')
}

/// Where credentials are.
static CREDENTIALS: [&Table; 2] = [
    &federated_credential::emulator::CREDENTIALS,
    &identities::CREDENTIALS,
];

/// Policies and locations of Conditional Access, whose marks are in their names.
static ACCESS: [&Table; 2] = [
    &conditional_access_policy::emulator::POLICIES,
    &named_location::emulator::LOCATIONS,
];

#[derive(Clone, Debug, Default)]
pub struct State {
    /// By the object's id.
    pub applications: BTreeMap<String, Application>,
    pub credentials: BTreeMap<String, Arc<Entity>>,
    /// What the issuer's two documents say to anybody, by path.
    pub documents: BTreeMap<&'static str, Option<String>>,
    /// Policies and locations that bear a mark of the stack, by id.
    pub marked: BTreeMap<String, Arc<Entity>>,
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
        for row in CREDENTIALS.iter().flat_map(|table| view.rows(table, None)) {
            let id = text(row, "id").to_owned();
            state.credentials.insert(id, row.clone());
        }
        for row in ACCESS.iter().flat_map(|table| view.rows(table, None)) {
            if text(row, "displayName").contains(" [trustform:sim.") {
                let id = text(row, "id").to_owned();
                state.marked.insert(id, row.clone());
            }
        }
        let trusts = |id: &str| {
            let found = CREDENTIALS
                .iter()
                .flat_map(|table| view.find(table, "~parent", id));
            let found = found.filter_map(|one| Some((text(one, "id").to_owned(), trust(one)?)));
            found.collect::<BTreeMap<_, _>>()
        };
        let holds = |principal: &str| {
            let all = HELD.iter().flat_map(|(kind, table, property, what)| {
                let rows = view.find(table, property, principal);
                rows.map(|row| {
                    // A group has many members.
                    let id = match *kind {
                        group_member::KIND => format!("{}/{principal}", text(row, "id")),
                        _ => text(row, "id").to_owned(),
                    };
                    (id, what(row))
                })
            });
            all.collect::<BTreeMap<_, _>>()
        };
        for row in view.rows(&APPLICATIONS, None) {
            let id = text(row, "id");
            let principal = view
                .find(&PRINCIPALS, "appId", text(row, "appId"))
                .find(|principal| !is_deleted(principal));
            let application = Application {
                id: id.to_owned(),
                deleted: is_deleted(row),
                trusts: trusts(id),
                holds: principal.map_or_else(BTreeMap::new, |it| holds(text(it, "id"))),
                has_principal: principal.is_some(),
                secrets: [Some(row), principal]
                    .into_iter()
                    .flatten()
                    .flat_map(|row| secrets::of(row))
                    .collect(),
                entity: row.clone(),
            };
            state.applications.insert(id.to_owned(), application);
        }
        for row in view.rows(&identities::IDENTITIES, None) {
            let id = text(row, "id");
            let principal = member(row, "properties")["principalId"].as_str();
            let identity = Application {
                id: id.to_owned(),
                deleted: false,
                trusts: trusts(id),
                holds: principal.map_or_else(BTreeMap::new, holds),
                has_principal: true,
                secrets: BTreeSet::new(),
                entity: row.clone(),
            };
            state.applications.insert(id.to_owned(), identity);
        }
        state
    }

    /// What principals hold: whose each is, by its id.
    pub fn held(&self) -> BTreeMap<&str, &str> {
        let all = self.applications.values();
        all.flat_map(|one| one.holds.keys().map(|id| (id.as_str(), one.unique_name())))
            .collect()
    }

    /// The live application of a unique name.
    pub fn named(&self, unique_name: &str) -> Option<&Application> {
        self.applications
            .values()
            .find(|one| !one.deleted && one.unique_name() == unique_name)
    }
}

impl Application {
    /// What it is known by: the unique name, or the id of a managed identity.
    pub fn unique_name(&self) -> &str {
        match self.entity.contains_key("~client") {
            true => &self.id,
            false => text(&self.entity, "uniqueName"),
        }
    }

    /// What it holds that nobody else gave it.
    pub fn roles(&self, foreign: &BTreeSet<String>) -> BTreeSet<&str> {
        let ours = self.holds.iter().filter(|(id, _)| !foreign.contains(*id));
        ours.map(|(_, what)| what.as_str()).collect()
    }

    pub fn text(&self, name: &str) -> &str {
        text(&self.entity, name)
    }

    /// Azure's tags have values; only their names are here.
    pub fn tags(&self) -> BTreeSet<&str> {
        let named = member(&self.entity, "tags").as_object();
        let named = named.into_iter().flat_map(|tags| tags.keys());
        list(&self.entity, "tags")
            .iter()
            .filter_map(Json::as_str)
            .chain(named.map(String::as_str))
            .collect()
    }

    /// The groups of which its tags say that a stack put it there.
    pub fn marked(&self) -> BTreeSet<String> {
        let azure = member(&self.entity, "tags")
            .as_object()
            .into_iter()
            .flatten();
        let azure = azure.filter(|(name, _)| name.starts_with(group_member::mark::AZURE));
        let azure = azure.filter_map(|(_, group)| group.as_str());
        let tags = list(&self.entity, "tags").iter().filter_map(Json::as_str);
        let graph = tags.filter_map(|tag| tag.split_once(":member:")?.1.split(':').next());
        azure.chain(graph).map(str::to_owned).collect()
    }

    /// Whether it carries our mark.
    pub fn is_marked(&self) -> bool {
        let azure = &member(&self.entity, "tags")["trustform"];
        let azure = azure.as_str().is_some_and(|mark| mark.starts_with("sim:"));
        azure
            || self
                .tags()
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
