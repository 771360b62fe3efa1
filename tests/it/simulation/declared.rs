//! What a stack declares, and whether a state is like it.

use std::collections::{BTreeMap, BTreeSet};

use trustform::emulator::store::{member, text};
use trustform::exchange::trust::{Matcher, Trust};
use trustform::kinds::{
    self, application, conditional_access_policy, document, federated_credential, named_location,
};
use trustform::model::desired::{Desired, Resource};

use super::invariants::Foreign;
use super::secrets;
use super::state::{DOCUMENTS, HELD, State};

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
            removes_secrets: application::is_one(resource.kind())
                && desired.policy.leftover_secrets.as_deref() == Some("remove"),
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
