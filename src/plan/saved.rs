//! Saved plans: what was declared and what was there, bound together by a digest.
//!
//! A file holds no request that is sent: `apply FILE` reads the world again, refuses if an object of it has
//! changed, plans again (planning is pure), and refuses if the digest of the requests is another one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{Allow, Options, Order};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::plan::Plan;

/// Milliseconds for which a saved plan may be applied: seven days.
pub const LIFETIME_MS: i64 = 7 * 24 * 60 * 60 * 1000;

const FORMAT: &str = "trustform-saved-plan/1";

/// A saved plan. Holds no secret: nothing that trustform reads or writes is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    pub format: String,
    /// The version that planned; another one may plan otherwise.
    pub tool: String,
    /// Milliseconds since 1970.
    pub created: i64,
    pub expires: i64,
    /// The stack's directory, as it was given.
    pub directory: String,
    pub desired: Desired,
    pub destroy: bool,
    pub purge: bool,
    pub only: Option<Address>,
    pub allow: Allow,
    pub without_consent: bool,
    /// Only this, whatever else differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Of the requests; see [`Plan::digest`].
    pub digest: String,
    /// The members of every object that was read, by kind and id.
    pub world: BTreeMap<String, BTreeMap<String, Json>>,
    /// For people and pipelines: the plan as `plan --format json` prints it.
    pub plan: Json,
}

/// Makes a saved plan. `now` in milliseconds since 1970.
pub fn save(
    desired: &Desired,
    options: &Options,
    plan: &Plan,
    live: &Live,
    shown: Json,
    directory: &str,
    now: i64,
) -> Saved {
    Saved {
        format: FORMAT.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        created: now,
        expires: now + LIFETIME_MS,
        directory: directory.to_owned(),
        desired: desired.clone(),
        destroy: options.destroy,
        purge: options.purge,
        only: options.only.clone(),
        allow: options.allow.clone(),
        without_consent: options.without_consent,
        order: options.order.clone(),
        digest: plan.digest.clone(),
        world: world(live),
        plan: shown,
    }
}

impl Saved {
    /// Canonical text: members in order, and at the end a digest over everything before it.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut json = serde_json::to_value(self)?;
        sort(&mut json);
        canonical(json)
    }

    /// Reads a saved plan back.
    ///
    /// # Errors
    /// It is not one, any byte of it was changed, it is of another version, or it has expired.
    pub fn from_text(text: &str, now: i64) -> Result<Self, Diagnostic> {
        let refuse = |message: String| {
            Diagnostic::error("saved-plan", message).help("make a new plan with `plan --out FILE`")
        };
        let mut json: Json = serde_json::from_str(text)
            .map_err(|error| refuse(format!("the file is not a saved plan: {error}")))?;
        if let Some(members) = json.as_object_mut() {
            members.shift_remove("sha256");
        }
        if json["format"] != FORMAT {
            return Err(refuse(format!(
                "the file is not a saved plan of the format `{FORMAT}`"
            )));
        }
        sort(&mut json);
        // The whole text, not only what it means: a space more is a change, too.
        if canonical(json.clone()).ok().as_deref() != Some(text) {
            return Err(refuse("the file was changed after it was saved".to_owned()));
        }
        let saved: Saved = serde_json::from_value(json)
            .map_err(|error| refuse(format!("the file is not a saved plan: {error}")))?;
        if saved.tool != env!("CARGO_PKG_VERSION") {
            return Err(refuse(format!(
                "the plan was made by trustform {}, and this is {}",
                saved.tool,
                env!("CARGO_PKG_VERSION")
            )));
        }
        if now > saved.expires {
            return Err(refuse(
                "the plan has expired: it is more than seven days old".to_owned(),
            ));
        }
        Ok(saved)
    }

    /// The options that it was planned with.
    pub fn options(&self) -> Options {
        Options {
            now: None,
            login: None,
            principal: None,
            destroy: self.destroy,
            purge: self.purge,
            only: self.only.clone(),
            allow: self.allow.clone(),
            without_consent: self.without_consent,
            order: self.order.clone(),
        }
    }

    /// What of the world is not as it was: one line for each field, at most ten.
    pub fn drift(&self, live: &Live) -> Vec<String> {
        let now = world(live);
        let mut drift = Vec::new();
        for (object, before) in &self.world {
            let called = called(object, before);
            match now.get(object) {
                None => drift.push(format!("{called} is gone")),
                Some(after) => {
                    let fields = before
                        .keys()
                        .chain(after.keys().filter(|field| !before.contains_key(*field)));
                    let changed = fields
                        .filter(|field| *field != NAME && before.get(*field) != after.get(*field));
                    drift.extend(changed.map(|field| format!("`{field}` of {called} has changed")));
                }
            }
        }
        let new = now
            .iter()
            .filter(|(object, _)| !self.world.contains_key(*object));
        drift.extend(new.map(|(object, members)| format!("{} is new", called(object, members))));
        drift.truncate(10);
        drift
    }
}

/// Every object, with its members; what an API publishes is not ours to watch.
fn world(live: &Live) -> BTreeMap<String, BTreeMap<String, Json>> {
    live.objects()
        .map(|object| {
            let members = object
                .body
                .iter()
                .filter(|(name, _)| !name.starts_with("published_"));
            let mut members: BTreeMap<String, Json> = members
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect();
            members.insert("deleted".to_owned(), Json::Bool(object.deleted));
            members.insert(NAME.to_owned(), Json::String(object.name.clone()));
            (format!("{} {}", object.key.kind, object.key.id), members)
        })
        .collect()
}

/// Beside an object's members, what people call it.
const NAME: &str = "(name)";

fn called(object: &str, members: &BTreeMap<String, Json>) -> String {
    let name = members.get(NAME).and_then(Json::as_str);
    format!("{object} ({})", name.unwrap_or_default())
}

/// Members in order, at every level.
fn sort(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.sort_keys();
            map.values_mut().for_each(sort);
        }
        Json::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

/// The text of a plan whose members are in order.
fn canonical(mut json: Json) -> Result<String, serde_json::Error> {
    let digest = Sha256::digest(json.to_string());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    json["sha256"] = Json::String(digest);
    Ok(format!("{}\n", serde_json::to_string_pretty(&json)?))
}
