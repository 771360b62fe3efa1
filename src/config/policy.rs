//! `policy`, and the blocks that say where something was: `moved` and `removed`.

use super::check::Check;
use super::context::{Context, Eval, Failure};
use super::document::{Block, Expr, ExprKind, Step};
use super::evaluate::evaluate;
use super::node;
use super::scope::Scope;
use super::unknown::{missing, only};
use crate::model::address::Address;
use crate::model::desired::{Move, Removal};
use crate::model::diagnostic::Diagnostic;
use crate::model::policy::{AllowedIssuers, Policy};
use crate::model::schema::{Complaint, Field, Type};
use crate::model::value::Value as Plain;

/// Kinds whose objects have names in the tenant that are made of their labels.
const NAMED_BY_LABEL: [&str; 4] = [
    "application",
    "agent_identity_blueprint",
    "conditional_access_policy",
    "named_location",
];

pub(super) const FIELDS: &[Field] = &[
    Field::strings("allowed_issuers", "Issuers that credentials may trust: `*` stands for any characters, in the host only within the host.")
        .check(globs),
    Field::string("unmanaged_credentials", "What becomes of credentials that nobody declared, on applications that do not say it.")
        .words(&["report", "delete", "keep"]),
    Field::string("leftover_secrets", "What of passwords and certificates that still work on the stack's applications, agent identity blueprints and their service principals, SAML's own aside: `report` shows them in every plan, `forbid` refuses the plan while there is one beside a federated credential, `remove` removes those. Never on an application that has no federated credential of this stack yet. Default: nobody looks, only an audit.")
        .words(&["report", "forbid", "remove"]),
    Field::new("max_deletes", Type::Number, "How many trusts or applications may go without a replacement; `--allow-deletes` wins.")
        .check(whole),
    Field::string("new_identities", "What of an identity that comes with a privileged permission and a trust: `show` plans it, `guard` refuses it until an `approve` block lets it through. Default: `show`.")
        .words(&["show", "guard"]),
    Field::new("max_waiver_days", Type::Number, "How many days a waiver may last, counted from the audit. Default: 365.")
        .check(whole),
];

pub(super) const MOVED: [&str; 2] = ["from", "to"];
pub(super) const REMOVED: [&str; 2] = ["from", "destroy"];

fn globs(value: &Plain) -> Result<(), Complaint> {
    let mut texts = value.items().filter_map(Plain::as_str);
    match texts.find(|text| text.is_empty() || text.starts_with("http://")) {
        None => Ok(()),
        Some(text) => Err(Complaint::new(format!("`{text}` allows no issuer: they are https URLs"))
            .help("write `https://token.actions.githubusercontent.com` or `https://*.oic.prod-aks.azure.com/*`")),
    }
}

fn whole(value: &Plain) -> Result<(), Complaint> {
    match value {
        Plain::Number(number) if number.0 < 0.0 || number.0.fract() != 0.0 => {
            Err(Complaint::new("this must be a whole number, 0 or more"))
        }
        _ => Ok(()),
    }
}

/// The stack's policy; what is not said is not demanded.
pub(super) fn policy(context: &Context) -> Policy {
    let Some(block) = &context.declared.policy else {
        return Policy::default();
    };
    let members = node::members(context, &Scope::EMPTY, &block.body, FIELDS);
    let mut check = Check::new(context, None);
    let body = check.body("policy", block.span, &members, FIELDS, &[]);
    for (name, value) in &body {
        if !value.is_known() {
            let span = check.spans.get(name).copied();
            check.say(
                Diagnostic::error(
                    "not-known-yet",
                    format!("`{name}` must be known before anything is planned"),
                )
                .at_some(span, "a resource's output"),
            );
        }
    }
    let set = |name: &str| body.get(name).filter(|value| **value != Plain::Null);
    let number = |name: &str| match set(name) {
        Some(Plain::Number(number)) => Some(number.0 as usize),
        _ => None,
    };
    Policy {
        allowed_issuers: set("allowed_issuers")
            .map(|globs| AllowedIssuers {
                globs: globs
                    .items()
                    .filter_map(|glob| glob.as_str().map(str::to_owned))
                    .collect(),
                origin: check
                    .spans
                    .get("allowed_issuers")
                    .copied()
                    .unwrap_or(block.span),
            })
            .into_iter()
            .collect(),
        unmanaged_credentials: set("unmanaged_credentials")
            .and_then(Plain::as_str)
            .map(str::to_owned),
        unmanaged_at_least: None,
        leftover_secrets: set("leftover_secrets")
            .and_then(Plain::as_str)
            .map(str::to_owned),
        guard_new_identities: set("new_identities").and_then(Plain::as_str) == Some("guard"),
        max_deletes: number("max_deletes"),
        max_waiver_days: number("max_waiver_days"),
    }
}

/// Every `moved` and `removed` block that can be understood.
pub(super) fn places(context: &Context) -> (Vec<Move>, Vec<Removal>) {
    let (mut moves, mut removals) = (Vec::new(), Vec::new());
    for block in &context.declared.places {
        if &*block.word.text == "moved" {
            moves.extend(context.settle(moved(context, block)));
        } else {
            removals.extend(context.settle(removed(context, block)));
        }
    }
    (moves, removals)
}

fn moved(context: &Context, block: &Block) -> Eval<Move> {
    only(context, "moved", block, &MOVED, &[]);
    let (from, to) = (address(block, "from")?, address(block, "to")?);
    if from.segments.is_empty() != to.segments.is_empty() {
        return Err(Diagnostic::error(
            "moved",
            "a module moves to a module, a resource to a resource",
        )
        .at(block.span, "one is a module, the other is not")
        .into());
    }
    Ok(Move {
        from,
        to,
        origin: block.span,
    })
}

fn removed(context: &Context, block: &Block) -> Eval<Removal> {
    only(context, "removed", block, &REMOVED, &[]);
    let from = address(block, "from")?;
    let destroy = match block.body.attribute("destroy") {
        Some(attribute) => match evaluate(context, &Scope::EMPTY, &attribute.value)? {
            super::value::Value::Bool(flag) => flag,
            other => {
                return Err(
                    Diagnostic::error("wrong-type", "`destroy` is true or false")
                        .at(
                            attribute.value.span,
                            format!("this is {}", other.describe()),
                        )
                        .into(),
                );
            }
        },
        None => {
            let help = "`true` deletes the application, `false` leaves it where it is";
            return Err(missing("removed", block, "destroy", help));
        }
    };
    if from.segments.is_empty() && !destroy {
        return Err(
            Diagnostic::error("removed", "what stays is named one by one")
                .at(block.span, "a whole module")
                .help("write a `removed` block for each application of the module")
                .into(),
        );
    }
    Ok(Removal {
        from,
        destroy,
        origin: block.span,
    })
}

/// The address that an attribute names: of an application or a module, which need not be declared.
fn address(block: &Block, name: &str) -> Eval<Address> {
    let Some(attribute) = block.body.attribute(name) else {
        let help = "it is the address of an application or a module, as in `application.label`";
        return Err(missing(&block.word.text, block, name, help));
    };
    let wrong = |message: String, help: &str| {
        Failure::from(
            Diagnostic::error("invalid-value", message)
                .at(attribute.value.span, "not such an address")
                .help(help),
        )
    };
    let help = "write `application.label`, `module.name` or `module.name.application.label`, with `[\"key\"]` for one instance";
    let text = match attribute.value.literal() {
        Some(text) => text.to_string(),
        None => written(&attribute.value)
            .ok_or_else(|| wrong("this is not an address".to_owned(), help))?,
    };
    let parsed = text.parse::<Address>().or_else(|_| {
        // A module's address is one of something in it, without that.
        let inside = format!("{text}.application.x").parse::<Address>();
        inside.map(|address| Address {
            segments: Vec::new(),
            ..address
        })
    });
    let address = parsed.ok().filter(|address| {
        let mut segments = address.segments.iter();
        segments.all(|segment| !segment.label.is_empty())
    });
    let address = address.ok_or_else(|| wrong(format!("`{text}` is not an address"), help))?;
    match address.segments.as_slice() {
        [] => Ok(address),
        [one] if NAMED_BY_LABEL.contains(&&*one.kind) => Ok(address),
        [.., last] => Err(wrong(
            format!("a `{}` needs no `{}` block", last.kind, block.word.text),
            match last.kind.as_str() {
                "federated_credential" => {
                    "credentials are known by what they trust, not by their labels: rename them freely"
                }
                _ => {
                    "only applications, policies, locations and modules have names that a change of the label would change"
                }
            },
        )),
    }
}

/// A traversal as it is written.
fn written(expr: &Expr) -> Option<String> {
    let ExprKind::Traversal(base, steps) = &expr.kind else {
        return None;
    };
    let ExprKind::Name(root) = &base.kind else {
        return None;
    };
    let mut text = root.to_string();
    for step in steps {
        match step {
            Step::Attribute(word) => text.push_str(&format!(".{}", word.text)),
            Step::Index(Expr {
                kind: ExprKind::Number(number),
                ..
            }) => text.push_str(&format!("[{number}]")),
            Step::Index(index) => {
                let key = index.literal()?.replace('\\', "\\\\").replace('"', "\\\"");
                text.push_str(&format!("[\"{key}\"]"));
            }
            _ => return None,
        }
    }
    Some(text)
}
