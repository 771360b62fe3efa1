//! The named invariants, checked after every commit to the directory and at the end of every apply.
//!
//! | | holds |
//! |---|---|
//! | I1 | after all faults two applies are enough, and faults that pass never fail an apply |
//! | I2 | an apply of what is there already writes nothing |
//! | I3 | nothing of others changes, and no field that nobody declares |
//! | I4 | nobody is admitted whom neither the old state, nor the declared one, nor somebody else admits; and no permission that comes meets a trust that goes |
//! | I5 | who is admitted before and after is admitted at every instant |
//! | I6 | the writes are the plan's, in its order; one at a time for each application |
//! | I7 | never two applications for one |
//! | I9 | requests and time have an end, and `Retry-After` is kept |
//! | I10 | no token in anything that is said |
//! | I11 | keys: none comes and goes at once, none is private, no trust outlives its issuer's documents |
//! | I12 | nothing is deleted and no success is said before five rounds of reads have shown what was written; with no replica behind, success is always true |
//! | I13 | after an answer that no retry helps against, nothing more is written |

use std::collections::{BTreeMap, BTreeSet};

use trustform::emulator::store::text;
use trustform::exchange::language::Language;
use trustform::exchange::trust::Trust;
use trustform::model::desired::Desired;

use super::declared::{self, Declared};
use super::secrets;
use super::state::{self, ISSUER, State};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
}

pub fn violation(invariant: &'static str, what: impl Into<String>) -> Violation {
    Violation {
        invariant,
        what: what.into(),
    }
}

/// What others have made, and what of ours they have touched.
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    /// Ids of applications.
    pub applications: BTreeSet<String>,
    /// Ids of credentials, of what others gave, and of copies of policies and locations that others changed.
    pub credentials: BTreeSet<String>,
    /// Of these, memberships that we made and whose mark is lost: a plan from before may still end them.
    pub unmarked: BTreeSet<String>,
}

/// What one apply may do, fixed when it begins.
pub struct Bounds {
    pub base: State,
    pub wanted: BTreeMap<String, Declared>,
    /// Somebody else wrote so shortly before that replicas may still hide it.
    pub raced: bool,
    /// Whether replicas lag at all: a plan knows only of trusts that a read has shown it.
    pub lags: bool,
    /// By unique name: who is admitted now and wanted, too.
    kept: BTreeMap<String, Vec<Language>>,
    /// By unique name: wanted trusts in managed identities that were there at some instant.
    opened: BTreeMap<String, Vec<Trust>>,
    /// By path.
    documents: BTreeMap<String, String>,
}

impl Bounds {
    pub fn new(base: State, desired: &Desired) -> Self {
        let (wanted, documents) = declared::declared(desired);
        let mut kept = BTreeMap::new();
        for (name, declared) in &wanted {
            let Some(live) = base.named(name) else {
                continue;
            };
            let mut both = Vec::new();
            for old in live.trusts.values() {
                for new in &declared.trusts_in(&base) {
                    let (old, new) = (Language::of(old), Language::of(new));
                    if new.includes(&old) == Ok(true) {
                        both.push(old);
                    } else if old.includes(&new) == Ok(true) {
                        both.push(new);
                    }
                }
            }
            kept.insert(name.clone(), both);
        }
        Self {
            base,
            wanted,
            kept,
            opened: BTreeMap::new(),
            documents,
            raced: false,
            lags: false,
        }
    }

    /// An identity may go while a trust in it is written: its principal comes never again.
    pub fn remember(&mut self, now: &State) {
        for (name, declared) in &self.wanted {
            for trust in declared.opened_in(now) {
                let opened = self.opened.entry(name.clone()).or_default();
                if !opened.contains(&trust) {
                    opened.push(trust);
                }
            }
        }
    }

    fn admitted(&self, name: &str, now: &State) -> Vec<Trust> {
        // What is in the recycle bin comes back as it went there.
        let named = self
            .base
            .applications
            .values()
            .filter(|live| live.unique_name() == name);
        let before = named.flat_map(|live| live.trusts.values()).cloned();
        let wanted = self.wanted.get(name);
        let after = wanted.map_or_else(Vec::new, |declared| declared.trusts_in(now));
        let opened = self.opened.get(name).into_iter().flatten().cloned();
        before.chain(after).chain(opened).collect()
    }
}

/// Checks a commit by one of `all` (the applies that run); `before` is the state that it changed.
pub fn after_commit(
    before: &State,
    now: &State,
    all: &[&Bounds],
    foreign: &Foreign,
) -> Vec<Violation> {
    let mut found = Vec::new();
    bound(now, all, foreign, &mut found);
    if let [only] = all {
        continuity(now, only, &mut found);
        if !only.lags {
            permissions(now, only, foreign, &mut found);
        }
    }
    ownership(before, now, all, foreign, &mut found);
    secrets::kept(before, now, all, &mut found);
    duplicates(now, foreign, &mut found);
    keys(before, now, all, &mut found);
    found
}

fn bound(now: &State, all: &[&Bounds], foreign: &Foreign, found: &mut Vec<Violation>) {
    let declared = |name: &str| all.iter().any(|one| one.wanted.contains_key(name));
    for live in now.applications.values().filter(|live| !live.deleted) {
        if !live.is_marked() && !declared(live.unique_name()) {
            continue;
        }
        let name = live.unique_name();
        let admitted: Vec<Trust> = all.iter().flat_map(|one| one.admitted(name, now)).collect();
        for (id, trust) in &live.trusts {
            if foreign.credentials.contains(id) || admitted.contains(trust) {
                continue;
            }
            let others: Vec<Language> = admitted.iter().map(Language::of).collect();
            if Language::of(trust).minus(&others).is_empty() != Ok(true) {
                found.push(violation("I4", format!("`{name}` admits {trust:?}")));
            }
        }
    }
}

fn languages(state: &State, name: &str) -> Vec<Language> {
    let live = state.named(name).into_iter();
    live.flat_map(|live| live.trusts.values())
        .map(Language::of)
        .collect()
}

fn continuity(now: &State, only: &Bounds, found: &mut Vec<Violation>) {
    for (name, kept) in &only.kept {
        let live = languages(now, name);
        for one in kept {
            if !live.contains(one) && one.minus(&live).is_empty() != Ok(true) {
                found.push(violation(
                    "I5",
                    format!("`{name}` does not admit {one:?} any more"),
                ));
            }
        }
    }
}

/// Permissions are the last to come and the first to go.
fn permissions(now: &State, only: &Bounds, foreign: &Foreign, found: &mut Vec<Violation>) {
    for (name, wanted) in &only.wanted {
        let (Some(old), Some(live)) = (only.base.named(name), now.named(name)) else {
            continue;
        };
        let stays = wanted.trusts_in(now);
        let goes = |trust: &&Trust| {
            old.trusts.values().any(|other| other == *trust) && !stays.contains(trust)
        };
        let comes = |trust: &&Trust| !old.trusts.values().any(|other| other == *trust);
        let roles = live.roles(&foreign.credentials);
        let gained = !roles.is_subset(&old.roles(&foreign.credentials));
        // With as many as are wanted and none new, those that go are gone.
        let lingering = !gained && roles.len() > wanted.roles;
        if gained && wanted.deletes_unmanaged && live.trusts.values().any(|trust| goes(&trust)) {
            found.push(violation(
                "I4",
                format!("`{name}` got a permission before a trust went"),
            ));
        }
        if lingering && live.trusts.values().any(|trust| comes(&trust)) {
            found.push(violation(
                "I4",
                format!("`{name}` got a trust before a permission went"),
            ));
        }
    }
}

fn ownership(
    before: &State,
    now: &State,
    all: &[&Bounds],
    foreign: &Foreign,
    found: &mut Vec<Violation>,
) {
    for id in &foreign.applications {
        let entity = |state: &State| state.applications.get(id).map(|one| one.entity.clone());
        // An upsert has no condition: a name that was taken a moment ago cannot be told from a free one.
        if entity(before) != entity(now) && !all.iter().any(|one| one.raced) {
            found.push(violation(
                "I3",
                format!("the application {id} of somebody else changed"),
            ));
        }
    }
    for id in &foreign.credentials {
        let Some(there) = before.credentials.get(id) else {
            continue;
        };
        let parent = text(there, "~parent");
        let owner = now
            .applications
            .get(parent)
            .map(|one| one.unique_name().to_owned());
        let allowed = |one: &&Bounds| {
            let declared = owner.as_ref().and_then(|owner| one.wanted.get(owner));
            declared.is_none_or(|declared| declared.deletes_unmanaged)
        };
        if now.credentials.get(id) != Some(there) && !all.iter().any(allowed) {
            found.push(violation(
                "I3",
                format!("the credential {id} of somebody else changed"),
            ));
        }
    }
    let held = now.held();
    for (id, holder) in before.held() {
        // What an identity of ours holds goes with it.
        let goes = !all.iter().any(|one| one.wanted.contains_key(holder));
        let theirs = foreign.credentials.contains(id) && !foreign.unmarked.contains(id);
        if theirs && !held.contains_key(id) && !goes {
            found.push(violation(
                "I3",
                format!("`{holder}` lost {id}, which somebody else gave it"),
            ));
        }
    }
    for (id, old) in &before.applications {
        let Some(new) = now.applications.get(id) else {
            continue;
        };
        if old.text("notes") != new.text("notes") {
            found.push(violation(
                "I3",
                format!("`{}` lost notes that nobody declares", old.unique_name()),
            ));
        }
        let theirs = |one: &state::Application| -> BTreeSet<String> {
            let tags = one.tags();
            tags.into_iter()
                .filter(|tag| !tag.starts_with("trustform"))
                .map(str::to_owned)
                .collect()
        };
        // Two applies at once, without a lock: while one restores it, the other finds the name free and upserts it.
        let contested = all.len() > 1
            && all.iter().any(|one| {
                let began = one.base.applications.get(id);
                began.is_some_and(|began| began.deleted)
            });
        if theirs(old) != theirs(new) && !contested && !all.iter().any(|one| one.raced) {
            found.push(violation(
                "I3",
                format!("`{}` lost a tag of somebody else", old.unique_name()),
            ));
        }
        let name = new.text("displayName");
        let declared = |one: &&Bounds| {
            one.wanted
                .get(new.unique_name())
                .is_some_and(|wanted| wanted.display_name == name)
        };
        if old.text("displayName") != name && !all.iter().any(declared) {
            found.push(violation(
                "I3",
                format!(
                    "`{}` is called `{name}`, as nobody declares",
                    new.unique_name()
                ),
            ));
        }
    }
}

fn duplicates(now: &State, foreign: &Foreign, found: &mut Vec<Violation>) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for live in now
        .applications
        .values()
        .filter(|one| !foreign.applications.contains(&one.id))
    {
        if live.unique_name().is_empty() || !names.insert(live.unique_name()) {
            found.push(violation(
                "I7",
                format!("a second application `{}`", live.text("displayName")),
            ));
        }
    }
}

fn keys(before: &State, now: &State, all: &[&Bounds], found: &mut Vec<Violation>) {
    let jwks = |state: &State| {
        let text = state.documents.get(state::DOCUMENTS[1])?.clone()?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    let kids = |json: &serde_json::Value| -> BTreeSet<String> {
        let keys = json["keys"].as_array().into_iter().flatten();
        keys.filter_map(|key| Some(key["kid"].as_str()?.to_owned()))
            .collect()
    };
    if let Some(after) = jwks(now) {
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        let keys = after["keys"].as_array().into_iter().flatten();
        if keys
            .clone()
            .any(|key| private.iter().any(|name| key.get(name).is_some()))
        {
            found.push(violation("I11", "a private key was published"));
        }
        if let Some(old) = jwks(before) {
            let (old, new) = (kids(&old), kids(&after));
            // What the file itself demands is the matter of a guard, not of the engine.
            let path = state::DOCUMENTS[1];
            let served = now.documents[path].as_ref();
            let demanded = all.iter().any(|one| one.documents.get(path) == served);
            if new.difference(&old).next().is_some()
                && old.difference(&new).next().is_some()
                && !demanded
            {
                found.push(violation("I11", "a key came and another went in one write"));
            }
        }
    }
    let served = now.documents.values().all(Option::is_some);
    let was_served = before.documents.values().all(Option::is_some);
    let trusted = |state: &State| {
        let live = state
            .applications
            .values()
            .filter(|one| one.is_marked() && !one.deleted);
        live.flat_map(|one| one.trusts.values())
            .any(|trust| trust.issuer == ISSUER)
    };
    if !served && trusted(now) && (was_served || !trusted(before)) {
        found.push(violation(
            "I11",
            "a credential trusts an issuer that serves nothing",
        ));
    }
}
