//! Guards over conditional access: a policy blocks whoever it means at the next token, and this run with it.

use std::collections::{BTreeMap, BTreeSet};

use super::Allow;
use super::matching::Pair;
use crate::kinds::{conditional_access_policy as policy, named_location};
use crate::model::address::Address;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change, Reason, Refusal};
use crate::model::value::{Map, Value};

/// Who would be blocked without anybody having looked, and what would be open that was not.
pub fn refusals(
    changes: &[Change],
    pairs: &[Pair],
    live: &Live,
    login: Option<&str>,
    allow: &Allow,
) -> Vec<Refusal> {
    let declared: BTreeMap<&Address, &Pair> = pairs
        .iter()
        .map(|pair| (&pair.resource.address, pair))
        .collect();
    let going: BTreeSet<&Key> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter_map(|change| change.object.as_ref())
        .collect();
    let mut refusals = Vec::new();
    // `destroy` is the word itself.
    for change in changes
        .iter()
        .filter(|change| change.reason != Reason::Destroy)
    {
        let object = change.object.as_ref().and_then(|key| live.get(key));
        let pair = declared.get(&change.address);
        let after = pair
            .filter(|_| change.action != Action::Delete)
            .map(|pair| &pair.resource.body);
        let why = match change.address.kind() {
            policy::KIND => {
                refusals.extend(own(change, after, live, login, allow));
                enforced(object, after, change.reason == Reason::Released)
            }
            named_location::KIND => narrowed(object, after, &going, live),
            _ => None,
        };
        refusals.extend(why.filter(|_| !allow.enforcement).map(|(why, first)| Refusal {
            guard: "enforcement",
            message: format!("`{}` {why}", change.address),
            lift: match first {
                true => format!("an apply without `state = \"{}\"` first, and a look at the sign-in log; or `--allow-enforcement`", policy::ENFORCED),
                false => "`--allow-enforcement`".to_owned(),
            },
        }));
    }
    refusals
}

/// What a change of a policy blocks or opens, and whether reporting first would show whom.
fn enforced(
    object: Option<&Object>,
    after: Option<&Map>,
    released: bool,
) -> Option<(String, bool)> {
    let there = object.map(|object| &object.body);
    let before = there.is_some_and(policy::is_enforced);
    let blocks = after.is_some_and(policy::is_enforced);
    match (there, after) {
        _ if released => None,
        (None, _) if blocks => Some((
            "would block from its first moment, and nobody has seen whom".to_owned(),
            true,
        )),
        (Some(_), _) if before && !blocks => Some((
            "would block no more: tokens could be asked for from anywhere".to_owned(),
            false,
        )),
        (Some(old), Some(new)) if before && blocks => {
            let more = !less(new, old, "included_service_principals").is_empty()
                || !less(old, new, "excluded_service_principals").is_empty()
                || !less(old, new, "excluded_locations").is_empty();
            let why = "would block more than it does, and nobody has seen whom";
            more.then(|| (why.to_owned(), true))
        }
        _ => None,
    }
}

/// Ranges that go from a location that a policy in force leaves out, by its id or with all trusted ones.
fn narrowed(
    object: Option<&Object>,
    after: Option<&Map>,
    going: &BTreeSet<&Key>,
    live: &Live,
) -> Option<(String, bool)> {
    let object = object?;
    let ranges = |body: &Map| {
        let all = body.get("ip").and_then(|ip| ip.get("ip_ranges"));
        all.into_iter()
            .flat_map(Value::items)
            .cloned()
            .collect::<BTreeSet<Value>>()
    };
    let before = ranges(&object.body);
    let policies = live.of_kind(policy::KIND);
    let mut in_force =
        policies.filter(|other| policy::is_enforced(&other.body) && !going.contains(&other.key));
    in_force.find_map(|user| {
        let leaves_out = |location: &str| {
            let locations = user.body.get("excluded_locations");
            let ids = locations.into_iter().flat_map(Value::items);
            let mut ids = ids.filter_map(Value::as_str);
            ids.any(|id| id.eq_ignore_ascii_case(location))
        };
        let by_id = leaves_out(&object.key.id);
        let by_trust = leaves_out(policy::TRUSTED) && named_location::is_trusted(&object.body);
        let still = after.filter(|after| by_id || named_location::is_trusted(after));
        let kept = still.map(ranges).unwrap_or_default();
        let lost = before.difference(&kept).count();
        let loss = match lost {
            _ if after.is_some() && still.is_none() => "be trusted no more".to_owned(),
            1 => "lose 1 range".to_owned(),
            _ => format!("lose {lost} ranges"),
        };
        let why = format!(
            "would {loss}, and the policy `{}` blocks everywhere else",
            user.name
        );
        (lost > 0 && (by_id || by_trust)).then_some((why, false))
    })
}

/// What the first has in a set and the second has not.
fn less(one: &Map, two: &Map, name: &str) -> BTreeSet<Value> {
    let items = |body: &Map| {
        let all = body.get(name).into_iter().flat_map(Value::items);
        all.cloned().collect::<BTreeSet<Value>>()
    };
    items(one).difference(&items(two)).cloned().collect()
}

/// A run that blocks itself cannot put it right.
fn own(
    change: &Change,
    after: Option<&Map>,
    live: &Live,
    login: Option<&str>,
    allow: &Allow,
) -> Option<Refusal> {
    let after = after.filter(|body| policy::is_enforced(body) && !allow.login)?;
    policy::targets(after, login?, live).then(|| Refusal {
        guard: "self",
        message: format!(
            "`{}` would block the identity that this very run logs in with, wherever it does not run in one of `excluded_locations`",
            change.address
        ),
        lift: "`--allow-self`, or a run with another login".to_owned(),
    })
}
