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
    self, app_role_assignment, conditional_access_policy, document, federated_credential,
    group_member, named_location, role_assignment,
};
use trustform::model::desired::{Desired, Resource};

use super::invariants::Foreign;
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
static HELD: &[Held] = &[
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

/// What is declared of one application.
#[derive(Clone, Debug)]
pub struct Declared {
    pub display_name: String,
    pub trusts: Vec<Trust>,
    /// Trusts in a managed identity of the stack, whose principal id Azure chooses: that identity's id, issuer, audience.
    pub open: Vec<(String, String, String)>,
    pub roles: usize,
    pub deletes_unmanaged: bool,
    /// `leftover_secrets = "remove"`.
    pub removes_secrets: bool,
}

/// What a stack declares, by unique name; and its documents, by path.
pub fn declared(desired: &Desired) -> (BTreeMap<String, Declared>, BTreeMap<String, String>) {
    let mut applications = BTreeMap::new();
    for resource in desired.resources.values() {
        if !kinds::is_identity(resource.kind()) {
            continue;
        }
        let inside = |kind| {
            desired
                .of_kind(kind)
                .filter(|one| one.address.within(&resource.address))
        };
        let held = HELD.iter().flat_map(|(kind, ..)| inside(*kind));
        let declared = Declared {
            display_name: resource.text("display_name").unwrap_or_default().to_owned(),
            trusts: inside(federated_credential::KIND)
                .filter_map(|one| federated_credential::trust(&one.body))
                .collect(),
            open: inside(federated_credential::KIND)
                .filter_map(|one| open(one, desired))
                .collect(),
            roles: held.count(),
            deletes_unmanaged: resource.text("unmanaged_credentials") == Some("delete"),
            removes_secrets: desired.policy.leftover_secrets.as_deref() == Some("remove"),
        };
        applications.insert(known_by(resource), declared);
    }
    let text = |name: &str, one: &Resource| one.text(name).unwrap_or_default().to_owned();
    let documents = desired
        .of_kind(document::KIND)
        .map(|one| (text("path", one), text("text", one)))
        .collect();
    (applications, documents)
}

/// The unique name, or the id of a managed identity.
fn known_by(resource: &Resource) -> String {
    let unique_name = resource.text("unique_name").map(str::to_owned);
    unique_name
        .or_else(|| Some(resource.text("id")?.to_ascii_lowercase()))
        .unwrap_or_default()
}

fn open(credential: &Resource, desired: &Desired) -> Option<(String, String, String)> {
    let holes = credential.at("subject")?.refs();
    let identity = desired.resources.get(&holes.first()?.address)?;
    let text = |name| credential.text(name).map(str::to_owned);
    Some((known_by(identity), text("issuer")?, text("audience")?))
}

impl Declared {
    /// Its trusts, with the managed identities that are there in a state.
    pub fn trusts_in(&self, state: &State) -> Vec<Trust> {
        let opened = self.opened_in(state);
        self.trusts.iter().cloned().chain(opened).collect()
    }

    /// Those in managed identities alone.
    pub fn opened_in(&self, state: &State) -> impl Iterator<Item = Trust> {
        self.open.iter().filter_map(|(id, issuer, audience)| {
            let entity = &state.applications.get(id)?.entity;
            let principal = member(entity, "properties")["principalId"].as_str()?;
            Some(Trust {
                issuer: issuer.clone(),
                audience: audience.clone(),
                matcher: Matcher::Subject(principal.to_owned()),
            })
        })
    }
}

/// What of a state is not as it is declared. What others made is nobody's fault where the file lets it be, and what they gave
/// is not counted; a membership whose mark is lost may be either.
pub fn unlike(state: &State, desired: &Desired, others: &Foreign) -> Option<String> {
    let foreign = &others.credentials;
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
        let holds = live.roles(foreign).len();
        let unmarked = live.holds.keys();
        let unmarked = unmarked.filter(|id| others.unmarked.contains(*id)).count();
        if !(holds..=holds + unmarked).contains(&wanted.roles) {
            return Some(format!(
                "`{name}` holds {holds} permissions instead of {}",
                wanted.roles
            ));
        }
        let trusts = wanted.trusts_in(state);
        for trust in &trusts {
            if !live.trusts.values().any(|other| other == trust) {
                return Some(format!("`{name}` lacks {trust:?}"));
            }
        }
        if secrets::left(live, wanted, state) {
            return Some(format!("`{name}` still has a password"));
        }
        for (id, trust) in &live.trusts {
            let kept = !wanted.deletes_unmanaged && foreign.contains(id);
            if !kept && !trusts.contains(trust) {
                return Some(format!("`{name}` still has {trust:?}"));
            }
        }
    }
    for live in state.applications.values() {
        if !live.deleted && live.is_marked() && !applications.contains_key(live.unique_name()) {
            return Some(format!("`{}` is still there", live.unique_name()));
        }
    }
    let named = |one: &Resource| {
        let text = |name: &str| one.text(name).unwrap_or_default().to_owned();
        format!("{} {}", text("display_name"), text("mark"))
    };
    let access = desired.resources.values().filter(|one| {
        [conditional_access_policy::KIND, named_location::KIND].contains(&one.kind())
    });
    let access: BTreeSet<String> = access.map(named).collect();
    let mut there: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (id, row) in &state.marked {
        let ours = !foreign.contains(id);
        there
            .entry(text(row, "displayName"))
            .or_default()
            .push(ours);
    }
    let is_once = |name: &String| {
        let copies = there.get(name.as_str());
        copies.is_some_and(|copies| copies.iter().filter(|ours| **ours).count() < 2)
    };
    let is_known =
        |(name, copies): (&&str, &Vec<bool>)| access.contains(*name) || !copies.contains(&true);
    if !access.iter().all(is_once) || !there.iter().all(is_known) {
        return Some(format!(
            "of policies and locations there are {there:?} instead of one of each of {access:?}"
        ));
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
