//! `waiver` blocks: findings of an audit that somebody answers for until a day.

use std::rc::Rc;

use super::approve::{moment, text, until};
use super::check::Check;
use super::context::Context;
use super::document::Block;
use super::lower::Lowered;
use super::node;
use super::scope::Scope;
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::policy::{Accused, Waiver};
use crate::model::schema::{Complaint, Field, Group, Type};
use crate::model::value::{Part, Value as Plain};
use crate::model::words::nearest_address;

pub(super) const FIELDS: &[Field] = &[
    Field::string("rule", "The rule's name, as the audit prints it: `leftover-secret`.").required(),
    Field::new(
        "resource",
        Type::Reference,
        "Whose findings: a resource of the stack, as in `application.deployer`, or its address in quotes, as in `\"application.deployer/federated_credential.main\"`.",
    ),
    Field::string("client_id", "Whose findings: the client id of an application.").check(guid),
    Field::string(
        "object_id",
        "Whose findings: the object id of an application or a service principal.",
    )
    .check(guid),
    Field::string("reason", "Why the finding is acceptable.")
        .required()
        .check(text),
    Field::string("owner", "Who answers for it.")
        .required()
        .check(text),
    Field::string(
        "until",
        "When it ends: a date (to its end, in UTC) or a time as in RFC 3339. At most `policy.max_waiver_days` from now.",
    )
    .required()
    .check(until),
];

const GROUPS: &[Group] = &[Group::One(&["resource", "client_id", "object_id"])];

fn guid(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    match uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 {
        true => Ok(()),
        false => Err(Complaint::new(format!(
            "{} is not a GUID",
            super::value::quote(text)
        ))),
    }
}

/// What the blocks say, in the order of their names.
pub(super) fn waivers(context: &Context) -> Vec<Waiver> {
    let declared = context.declared.waivers.iter();
    declared
        .filter_map(|(name, block)| waiver(context, name, block))
        .collect()
}

fn waiver(context: &Context, name: &Rc<str>, block: &Block) -> Option<Waiver> {
    let members = node::members(context, &Scope::EMPTY, &block.body, FIELDS);
    let mut check = Check::new(context, None);
    let body = check.body("waiver", block.span, &members, FIELDS, GROUPS);
    let text = |name: &str| body.get(name).and_then(Plain::as_str).map(str::to_owned);
    let lower = |name: &str| text(name).map(|text| text.to_ascii_lowercase());
    let of = match body.get("resource").filter(|value| **value != Plain::Null) {
        Some(value) => match address(value) {
            Some(address) => Some(Accused::Resource(address)),
            None => {
                let span = check.spans.get("resource").copied();
                check.say(
                    Diagnostic::error("invalid-value", "this is no resource of the stack")
                        .at_some(span, "not an address")
                        .help("write a reference, as in `application.deployer`, or an address in quotes"),
                );
                None
            }
        },
        None => lower("client_id")
            .map(Accused::ClientId)
            .or_else(|| lower("object_id").map(Accused::ObjectId)),
    };
    for field in FIELDS {
        if body.get(field.name).is_some_and(|value| !value.is_known()) && field.name != "resource" {
            let span = check.spans.get(field.name).copied();
            check.say(
                Diagnostic::error(
                    "not-known-yet",
                    format!("`{}` must be known before anything is judged", field.name),
                )
                .at_some(span, "a resource's output")
                .help("name the resource itself: `resource = application.label`"),
            );
        }
    }
    let waiver = Waiver {
        name: name.to_string(),
        rule: text("rule")?,
        of: of?,
        reason: text("reason")?,
        owner: text("owner")?,
        until: moment(&text("until")?)?,
        origin: block.span,
    };
    (!check.failed).then_some(waiver)
}

/// Says which waivers are about nothing that the stack declares.
pub(super) fn declared(context: &Context, waivers: &[Waiver], lowered: &Lowered) {
    if waivers.is_empty() {
        return;
    }
    let there: Vec<String> = lowered.resources.keys().map(ToString::to_string).collect();
    for waiver in waivers {
        let Accused::Resource(address) = &waiver.of else {
            continue;
        };
        if lowered.resources.contains_key(address) || lowered.pending.contains_key(address) {
            continue;
        }
        let near = nearest_address(&address.to_string(), there.iter().map(String::as_str));
        let error = Diagnostic::error(
            "unknown-reference",
            format!("nothing is declared at `{address}`"),
        )
        .at(waiver.origin, "waives a finding on it");
        context.say(match near {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("what is not declared is named by `client_id` or `object_id`"),
        });
    }
}

/// The resource that a reference or an address names.
fn address(value: &Plain) -> Option<Address> {
    let Plain::Text(parts) = value else {
        return None;
    };
    match parts.as_slice() {
        [Part::Ref(reference)] => Some(reference.address.clone()),
        [Part::Literal(text)] => text.parse().ok(),
        _ => None,
    }
}
