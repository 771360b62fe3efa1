//! From what is declared and what is there to a plan: changes, the exact requests, who gains and loses access,
//! and which guards refuse. Pure: no client, no clock.

pub mod access;
mod approval;
mod assured;
mod changes;
pub mod compare;
mod consent;
mod diff;
mod enforcement;
mod guard;
pub mod guards;
mod issuer;
mod matching;
mod named;
mod order;
mod own;
mod repair;
mod room;
mod rotation;
pub mod saved;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::kinds::application;
use crate::model::address::Address;
use crate::model::desired::{Desired, OutputValue};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object};
use crate::model::plan::{Action, Change, Plan};
use crate::model::step::Step;
use crate::model::value::{Part, Ref, Value};
use matching::{Leftover, Matched, Pair};

pub use guard::Allow;
pub use named::Order;

/// What kind of plan is wanted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Everything of the stack goes.
    pub destroy: bool,
    /// Deleted applications leave the recycle bin, too.
    pub purge: bool,
    /// Only this resource and what is in it.
    pub only: Option<Address>,
    pub allow: Allow,
    /// When it is: time never makes a change, it only vetoes the retirement of keys and ends approvals.
    pub now: Option<time::OffsetDateTime>,
    /// The client id of the login that the plan is for.
    pub login: Option<String>,
    /// The object id of its service principal.
    pub principal: Option<String>,
    /// Grants that would come are left to an administrator.
    pub without_consent: bool,
    /// Only this, whatever else differs.
    pub order: Option<Order>,
}

/// Makes the plan.
///
/// # Errors
/// What is declared cannot be had in this tenant: a permission that does not exist, a name that somebody else
/// holds. Nothing is planned then.
pub fn plan(desired: &Desired, live: &Live, options: &Options) -> Result<Plan, Vec<Diagnostic>> {
    let Matched {
        mut pairs,
        mut leftovers,
        diagnostics,
    } = matching::matched(desired, live, options.destroy);
    let (mut errors, mut notes): (Vec<_>, Vec<_>) =
        diagnostics.into_iter().partition(Diagnostic::is_error);
    if let Some(order) = &options.order {
        errors.retain(|error| order.stopped_by(error));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if options.destroy {
        notes.extend(own::strangers(desired, &mut pairs, &mut leftovers));
    }
    if let Some(only) = &options.only {
        pairs.retain(|pair| pair.resource.address.within(only));
        leftovers.retain(|leftover| leftover.address.within(only));
        if pairs.is_empty() && leftovers.is_empty() {
            return Err(vec![named::unknown(only, desired)]);
        }
        notes.retain(|note| {
            note.subject
                .as_ref()
                .is_none_or(|subject| subject.starts_with(&only.to_string()))
        });
    }

    let known = known_outputs(&pairs, live);
    let fill = |value: &Value| {
        value.fill(&|reference: &Ref| known.get(reference).cloned().map(Part::Literal))
    };
    for pair in &mut pairs {
        for value in pair.resource.body.values_mut() {
            *value = fill(value);
        }
    }

    if let Some(order) = &options.order {
        let drafts = named::drafts(order, &pairs, &leftovers, desired, live, options)?;
        let mut plan = ordered(desired, live, drafts, known, &pairs, &leftovers);
        if let Order::Repair(repairs) = order {
            plan.premises = repair::premises(repairs, &plan.changes, &pairs, live);
            plan.refusals = guard::lost_trust(&plan.changes, &pairs, live, &options.allow);
            let login = options.login.as_deref();
            let own = own::login(&plan.changes, &pairs, &leftovers, login, &options.allow);
            plan.refusals.extend(own);
        }
        return Ok(plan);
    }

    let mut drafts: Vec<(Change, Vec<Step>)> = Vec::new();
    for pair in &pairs {
        drafts.extend(changes::declared(pair, desired, live, options));
    }
    for leftover in &leftovers {
        drafts.push(changes::undeclared(leftover, desired, live, options));
    }
    let secrets = secrets::judged(&pairs, desired, live, options);
    drafts.extend(secrets.drafts);
    notes.extend(secrets.notes);
    drafts.retain(|(change, steps)| {
        !steps.is_empty() || matches!(change.action, Action::Restore) || !change.fields.is_empty()
    });
    changes::leave_for_later(&mut drafts);
    if options.without_consent {
        notes.extend(consent::left_out(&mut drafts));
    }
    drafts.sort_by(|(a, _), (b, _)| a.address.cmp(&b.address));

    let allow = Allow {
        most: desired.policy.max_deletes,
        ..options.allow.clone()
    };
    let room = room::make(&mut drafts, live);
    assured::assure(&mut drafts, &pairs, desired, live);
    let (changes, steps) = order::ordered(drafts, &known);
    let mut changes = access::remarked(changes, &pairs, live, options.destroy);
    rotation::tell_keys(&mut changes, &pairs, desired, options.now);
    let access::Findings {
        access,
        notes: found,
    } = access::changes(desired, &changes, &pairs, &leftovers, live);
    notes.extend(found);
    let mut refusals = guard::refusals(&changes, &pairs, &leftovers, live, &room, &allow);
    let login = options.login.as_deref();
    refusals.extend(own::login(&changes, &pairs, &leftovers, login, &allow));
    if !refusals
        .iter()
        .any(|one| one.guard == "would-replace-application")
    {
        let stack = desired.stack.title();
        refusals.extend(own::stack_name(stack, &changes, &pairs, &leftovers, &allow));
    }
    refusals.extend(issuer::refusals(&changes, live));
    refusals.extend(secrets.refusals);
    notes.extend(issuer::going_along(&changes, live));
    notes.extend(issuer::unseen(&changes, live));
    refusals.extend(enforcement::refusals(&changes, &pairs, live, login, &allow));
    refusals.extend(own::owners(&access.raised, &pairs, live, options));
    refusals.extend(approval::refusal(
        access.widening.as_ref(),
        &desired.approvals,
        options,
    ));
    let mut plan = Plan {
        counts: counts(desired),
        premises: assured::premises(&changes, &pairs),
        digest: digest(desired, &steps),
        refusals,
        outputs: outputs(desired, &fill),
        pending: desired.pending.clone(),
        stack: desired.stack.clone(),
        destroy: options.destroy,
        changes,
        steps,
        access,
        notes,
        known,
    };
    if !options.destroy {
        plan.refusals.extend(rotation::refusals(
            &pairs,
            desired,
            &options.allow,
            options.now,
        ));
        plan.notes.extend(rotation::calendar(&pairs, desired));
    }
    plan.notes
        .sort_by(|a, b| (&a.subject, &a.message).cmp(&(&b.subject, &b.message)));
    Ok(plan)
}

/// The plan of an order: its changes and what they mean for access, and nothing of the rest of the stack.
fn ordered(
    desired: &Desired,
    live: &Live,
    mut drafts: Vec<(Change, Vec<Step>)>,
    known: BTreeMap<Ref, String>,
    pairs: &[Pair],
    leftovers: &[Leftover],
) -> Plan {
    drafts.sort_by(|(a, _), (b, _)| a.address.cmp(&b.address));
    let (changes, steps) = order::ordered(drafts, &known);
    let access::Findings { access, notes } =
        access::changes(desired, &changes, pairs, leftovers, live);
    Plan {
        digest: digest(desired, &steps),
        stack: desired.stack.clone(),
        changes,
        steps,
        access,
        notes,
        known,
        ..Plan::default()
    }
}

/// The outermost objects that a plan's changes rest on and that only a list has shown so far: they are read by
/// key before anything is decided about them.
pub fn unconfirmed(plan: &Plan, live: &Live) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for change in &plan.changes {
        let Some(mut at) = change
            .object
            .as_ref()
            .or(change.parent.as_ref())
            .and_then(|key| live.get(key))
        else {
            continue;
        };
        let mut unsure = !at.confirmed;
        while let Some(parent) = at.parent.as_ref().and_then(|parent| live.get(parent)) {
            unsure |= !parent.confirmed;
            at = parent;
        }
        if unsure {
            keys.insert(at.key.clone());
        }
    }
    keys
}

/// The applications that are there already and get privileged permissions: their owners are read before.
pub fn raised(plan: &Plan) -> BTreeSet<Key> {
    let id = |address: &Address| {
        let output = Ref {
            address: address.clone(),
            output: "object_id".to_owned(),
        };
        let form = application::Form::of(address.kind())?;
        Some(Key::new(form.kind, plan.known.get(&output)?))
    };
    plan.access.raised.keys().filter_map(id).collect()
}

/// Outputs of objects that are there.
fn known_outputs(pairs: &[Pair], live: &Live) -> BTreeMap<Ref, String> {
    let mut known = BTreeMap::new();
    for pair in pairs {
        let live_object = |object: &Object| {
            live.get(&object.key)
                .filter(|object| !object.deleted)
                .cloned()
        };
        for (output, value) in pair
            .object
            .as_ref()
            .and_then(live_object)
            .into_iter()
            .flat_map(|object| object.outputs)
        {
            let reference = Ref {
                address: pair.resource.address.clone(),
                output,
            };
            known.insert(reference, value);
        }
    }
    known
}

fn counts(desired: &Desired) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for resource in desired.resources.values() {
        *counts.entry(resource.kind().to_owned()).or_default() += 1;
    }
    counts
}

fn outputs(desired: &Desired, fill: &dyn Fn(&Value) -> Value) -> BTreeMap<String, OutputValue> {
    desired
        .outputs
        .iter()
        .map(|(name, output)| {
            let value = fill(&output.value);
            let output = OutputValue {
                value,
                description: output.description.clone(),
            };
            (name.clone(), output)
        })
        .collect()
}

/// SHA-256 over the stack, the tenant and every request, in hexadecimal.
fn digest(desired: &Desired, steps: &[Step]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    add("trustform plan 1");
    add(&desired.stack.name);
    add(&desired.stack.tenant_id);
    for step in steps {
        add(&step.address.to_string());
        add(&step.request.to_string());
        for (name, value) in &step.request.headers {
            add(name);
            add(value);
        }
        add(&step
            .request
            .body
            .as_ref()
            .map(|body| body.to_json().to_string())
            .unwrap_or_default());
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
