//! Passwords and certificates that still work on applications of the stack and on their service principals: what the
//! policy says of them.
//!
//! One is left over once a federated credential that the files declare is there: before that it is how the workload
//! logs in, and the apply that brings the first credential is let through and removes nothing.

use super::matching::{Leftover, Pair};
use super::{Options, changes, named};
use crate::kinds::{application, federated_credential, secret, service_principal};
use crate::model::address::Segment;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object};
use crate::model::plan::{Change, Reason, Refusal};
use crate::model::policy::{Accused, MAX_WAIVER_DAYS, Waiver};
use crate::model::step::Step;
use crate::model::value::Value;

/// What a policy makes of the secrets that were found.
#[derive(Default)]
pub struct Secrets {
    pub drafts: Vec<(Change, Vec<Step>)>,
    pub notes: Vec<Diagnostic>,
    pub refusals: Vec<Refusal>,
}

/// Judges the secrets of every application that the stack manages.
pub fn judged(pairs: &[Pair], desired: &Desired, live: &Live, options: &Options) -> Secrets {
    let mut found = Secrets::default();
    let Some(word) = desired.policy.leftover_secrets.as_deref() else {
        return found;
    };
    if options.destroy {
        return found;
    }
    let mut going: Vec<Leftover> = Vec::new();
    for pair in pairs {
        let watched = application::is_one(pair.resource.kind())
            && secret::is_watched(&pair.resource, &desired.policy);
        let Some(object) = pair.object.as_ref().filter(|it| watched && !it.deleted) else {
            continue;
        };
        let arrives = pair.kind.arrives(&pair.resource, object, &desired.stack);
        let federated = Federated::of(pair, pairs);
        let holders = [Some(pair), principal(pair, pairs)].into_iter().flatten();
        let held = holders.flat_map(|holder| {
            let object = holder.object.iter().filter(|it| !it.deleted);
            let secrets = object.flat_map(|it| live.children(&it.key, secret::KIND));
            secrets.map(move |one| (holder, one))
        });
        for (holder, one) in held.filter(|(_, one)| !secret::is_over(one, options.now)) {
            let place = match on_principal(one) {
                true => " on its service principal",
                false => "",
            };
            let what = secret::describe(one) + place;
            let answered = waived(one, pair, holder, desired, options);
            let warn = |code, message: String| {
                Diagnostic::warning(code, message).about(&pair.resource.address)
            };
            match (word, answered, federated) {
                (_, Answer::Until(_), _) | ("remove", Answer::Ended(_), _) => {
                    found.notes.push(kept(&what, answered, pair));
                }
                ("forbid", _, Federated::There | Federated::Never) => {
                    found.refusals.push(refusal(&what, answered, pair, one));
                }
                ("remove", _, Federated::There) if may_sign(one) => found.notes.push(
                    warn("principal-certificate", format!("its {what} stays: it may sign for SAML"))
                        .help(by_hand(object, one)),
                ),
                ("remove", _, Federated::There) if arrives => found.notes.push(
                    warn("goes-after-adoption", format!("its {what} goes with the next apply"))
                        .help(format!("keep it for a while with a `waiver` of the rule `{}`", rule(one))),
                ),
                ("remove", _, Federated::There) => {
                    let address = holder
                        .resource
                        .address
                        .child(Segment::new(secret::KIND, key_id(one)));
                    going.extend(named::leftover(address, one, None));
                }
                ("report", _, Federated::There) => found.notes.push(
                    warn("leftover-secret", format!("its {what} works beside its federated credentials"))
                        .help(match may_sign(one) {
                            true => by_hand(object, one),
                            false => "remove it with `policy { leftover_secrets = \"remove\" }` once the workloads log in without it".to_owned(),
                        }),
                ),
                (_, _, Federated::Comes) => found.notes.push(
                    warn("last-way-in", format!("its {what} stays for now: no federated credential of this stack is there yet"))
                        .help("let the workloads log in without it after this apply"),
                ),
                _ => found.notes.push(
                    warn("last-way-in", format!("its {what} stays: no federated credential is declared"))
                        .help("declare one, so that the workloads can log in without a secret"),
                ),
            }
        }
    }
    let staying = without(live, going.iter().map(|leftover| &leftover.object));
    for leftover in &going {
        let (mut change, steps) = changes::undeclared(leftover, desired, &staying, options);
        change.reason = Reason::LeftoverSecret;
        change.remark = Some(format!(
            "{}: `leftover_secrets` is `remove`",
            secret::describe(&leftover.object)
        ));
        found.drafts.push((change, steps));
    }
    found
}

/// The service principal of an application, where the files want one.
fn principal<'a>(application: &Pair, pairs: &'a [Pair]) -> Option<&'a Pair> {
    let address = &application.resource.address;
    pairs.iter().find(|pair| {
        pair.resource.kind() == service_principal::KIND
            && pair.resource.address.parent().as_ref() == Some(address)
    })
}

/// A certificate of a service principal may be there for people's sign-in, whatever it says of itself.
fn may_sign(one: &Object) -> bool {
    on_principal(one) && kind(one) != "password"
}

fn by_hand(application: &Object, one: &Object) -> String {
    let client_id = application
        .outputs
        .get("client_id")
        .map_or("", String::as_str);
    format!(
        "if nobody signs in with it, remove it: `az ad sp credential delete --id {client_id} --key-id {} --cert`",
        key_id(one)
    )
}

fn on_principal(one: &Object) -> bool {
    let parent = one.parent.as_ref();
    parent.is_some_and(|parent| parent.kind == service_principal::KIND)
}

/// The audit's rule that a secret breaks.
fn rule(one: &Object) -> &'static str {
    match kind(one) {
        _ if on_principal(one) => "principal-credential",
        "password" => "leftover-secret",
        _ => "leftover-certificate",
    }
}

/// What is there once these secrets are gone. Certificates are written as the list of those that stay: none that goes
/// may be in it.
pub fn without<'a>(live: &Live, going: impl Iterator<Item = &'a Object>) -> Live {
    let mut staying = live.clone();
    for object in going.filter(|object| object.key.kind == secret::KIND) {
        staying.remove(&object.key);
    }
    staying
}

/// Whether an application can be logged in to without a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Federated {
    /// With a credential that the files declare and the tenant has.
    There,
    /// Only after this apply.
    Comes,
    /// The files declare none.
    Never,
}

impl Federated {
    fn of(application: &Pair, pairs: &[Pair]) -> Self {
        let declared = pairs.iter().filter(|pair| {
            pair.resource.kind() == federated_credential::KIND
                && pair.resource.address.parent().as_ref() == Some(&application.resource.address)
        });
        let mut answer = Self::Never;
        for pair in declared {
            if pair.object.is_some() {
                return Self::There;
            }
            answer = Self::Comes;
        }
        answer
    }
}

/// Whether somebody answers for a secret.
#[derive(Clone, Copy)]
enum Answer<'a> {
    Nobody,
    Until(&'a Waiver),
    /// A waiver that has ended, or lasts too long. Time takes nothing away: it only lets a guard refuse.
    Ended(&'a Waiver),
}

/// What is said of a secret of an application that `holder` has: itself, or its service principal.
fn waived<'a>(
    one: &Object,
    pair: &Pair,
    holder: &Pair,
    desired: &'a Desired,
    options: &Options,
) -> Answer<'a> {
    let rule = rule(one);
    let client_id = pair
        .object
        .as_ref()
        .and_then(|it| it.outputs.get("client_id"));
    let holders = [pair, holder].map(|it| it.object.as_ref());
    let ids = || holders.iter().flatten().map(|it| it.key.id.as_str());
    let about = |waiver: &&Waiver| {
        waiver.rule == rule
            && match &waiver.of {
                Accused::Resource(address) => [pair, holder]
                    .iter()
                    .any(|it| it.resource.address == *address),
                Accused::ClientId(id) => client_id.is_some_and(|it| it.eq_ignore_ascii_case(id)),
                Accused::ObjectId(id) => ids().any(|it| it.eq_ignore_ascii_case(id)),
            }
    };
    let days = desired.policy.max_waiver_days.unwrap_or(MAX_WAIVER_DAYS);
    let day = 24 * 60 * 60 * 1000;
    // Whoever does not know the time does not know of an end.
    let now = options
        .now
        .map(|now| now.unix_timestamp_nanos() / 1_000_000);
    let holds = |waiver: &&Waiver| {
        now.is_some_and(|now| {
            let until = i128::from(waiver.until);
            now < until && until <= now + i128::try_from(days).unwrap_or(i128::MAX / day) * day
        })
    };
    let all: Vec<&Waiver> = desired.waivers.iter().filter(about).collect();
    match (all.iter().copied().find(holds), all.first()) {
        (Some(waiver), _) => Answer::Until(waiver),
        (None, Some(waiver)) => Answer::Ended(waiver),
        (None, None) => Answer::Nobody,
    }
}

fn kept(what: &str, answer: Answer, pair: &Pair) -> Diagnostic {
    let (message, help) = match answer {
        Answer::Until(waiver) => (
            format!(
                "keeps its {what}: {} answers for it ({})",
                waiver.owner, waiver.reason
            ),
            None,
        ),
        Answer::Ended(waiver) => (
            format!(
                "keeps its {what}, although the waiver `{}` has ended or lasts too long",
                waiver.name
            ),
            Some("remove the waiver to let it go, or agree on another day"),
        ),
        Answer::Nobody => (format!("keeps its {what}"), None),
    };
    let note = match help {
        None => Diagnostic::note("secret-kept", message),
        Some(help) => Diagnostic::warning("secret-kept", message).help(help),
    };
    note.about(&pair.resource.address)
}

fn refusal(what: &str, answer: Answer, pair: &Pair, one: &Object) -> Refusal {
    let ended = match answer {
        Answer::Ended(waiver) => format!(
            " (the waiver `{}` has ended or lasts too long)",
            waiver.name
        ),
        _ => String::new(),
    };
    let by = match may_sign(one) {
        true => " by hand",
        false => ", also by `leftover_secrets = \"remove\"`",
    };
    Refusal {
        guard: "leftover-secret",
        message: format!(
            "`{}` has a {what}, and `leftover_secrets` is `forbid`{ended}",
            pair.resource.address
        ),
        lift: format!(
            "removing it{}, or a `waiver` of the rule `{}`",
            by,
            rule(one)
        ),
    }
}

fn key_id(one: &Object) -> &str {
    text(one, "key_id")
}

fn kind(one: &Object) -> &str {
    text(one, "type")
}

fn text<'a>(one: &'a Object, name: &str) -> &'a str {
    let value = one.body.get(name).and_then(Value::as_str);
    value.unwrap_or_default()
}
