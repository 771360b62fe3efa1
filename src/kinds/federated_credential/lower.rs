//! What a `federated_credential` block means: issuer, subject or expression, audience and name.

use super::builders::{self, Block, Match, Trusts};
use super::rules::open_workflow;
use crate::exchange::expression::Expression;
use crate::exchange::{issuers, subject};
use crate::kinds::lower::Lowering;
use crate::kinds::{is_existing, managed_identity};
use crate::model::address::InstanceKey;
use crate::model::credential_name::NameOf;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Complaint;
use crate::model::source::Span;
use crate::model::value::{Map, Part, Value};

pub fn lower(resource: &mut Resource, lowering: &mut Lowering) {
    let Some(builder) = builders::ALL
        .iter()
        .find(|builder| resource.body.contains_key(builder.name))
    else {
        if resource.at("issuer").is_none_or(Value::is_empty) {
            lowering.refuse(
                resource,
                "",
                "missing-attribute",
                "a federated credential needs an `issuer`",
                "add `issuer = \"https://…\"`, or use a builder such as `github { … }`, which knows it",
            );
            return;
        }
        return finish(resource, false, lowering);
    };
    let name = builder.name;
    let value = resource.body.remove(name).unwrap_or(Value::Null);
    let mut block = Block::new(&value, resource.at("issuer"), lowering.stack);
    let trusts = (builder.build)(&mut block);
    let Block {
        complaints, notes, ..
    } = block;
    let failed = !complaints.is_empty();
    say(Diagnostic::error, name, complaints, resource, lowering);
    match trusts.filter(|_| !failed) {
        Some(trusts) => {
            say(Diagnostic::note, name, notes, resource, lowering);
            expand(resource, trusts, lowering);
        }
        None => lowering.drop = true,
    }
}

/// Says what a builder has to say, where it was written.
fn say(
    diagnostic: fn(&'static str, String) -> Diagnostic,
    name: &str,
    complaints: Vec<(&'static str, Complaint)>,
    resource: &Resource,
    lowering: &mut Lowering,
) {
    for (path, complaint) in complaints {
        let path = match path {
            "" => name.to_owned(),
            path => format!("{name}.{path}"),
        };
        let mut said = diagnostic("builder", complaint.message)
            .about(&resource.address)
            .at(resource.span(&path), "");
        said.help.extend(complaint.help);
        lowering.diagnostics.push(said);
    }
}

/// A builder may mean several credentials: each then gets an instance key of its own.
fn expand(resource: &mut Resource, trusts: Trusts, lowering: &mut Lowering) {
    let several = trusts.matches.len() > 1;
    lowering.drop = several;
    for Match { key, member, text } in trusts.matches {
        let mut one = resource.clone();
        one.body.insert("issuer".into(), trusts.issuer.clone());
        one.body.insert(member.into(), text);
        if several {
            let last = one.address.segments.last_mut();
            if let Some(segment) = last {
                segment.key = Some(InstanceKey::Name(match &segment.key {
                    None => key.to_owned(),
                    Some(InstanceKey::Index(index)) => format!("{index}/{key}"),
                    Some(InstanceKey::Name(name)) => format!("{name}/{key}"),
                }));
            }
            finish(&mut one, true, lowering);
            lowering.resources.push(one);
        } else {
            finish(&mut one, true, lowering);
            *resource = one;
        }
    }
}

/// Audience and name, and a last look at what was written or built.
fn finish(resource: &mut Resource, built: bool, lowering: &mut Lowering) {
    if resource.at("audience").is_none_or(Value::is_empty) {
        let audience = lowering.stack.cloud.exchange_audience();
        resource.body.insert("audience".into(), audience.into());
    }
    expression(resource, lowering);
    traps(resource, built, lowering);
    let identity = lowering
        .parent
        .is_some_and(|parent| parent.kind() == managed_identity::KIND);
    if identity {
        on_identity(resource, lowering);
    } else if !lowering.parent.is_some_and(is_existing) {
        resource.body.insert("marked".into(), Value::Bool(true));
    }
    let parts = |body: &Map, name: &str| match body.get(name) {
        Some(Value::Text(parts)) => Some(parts.clone()),
        _ => None,
    };
    let flexible = parts(&resource.body, "claims_matching_expression");
    let content = flexible
        .clone()
        .or_else(|| parts(&resource.body, "subject"));
    if let (Some(issuer), Some(subject)) = (parts(&resource.body, "issuer"), content) {
        let name = NameOf {
            stack: lowering.stack.name.clone(),
            label: resource.address.last().name(),
            issuer,
            subject,
            expression: flexible.is_some(),
        };
        let value = name.name().map_or_else(
            || Value::Text(vec![Part::NameOf(Box::new(name))]),
            Value::text,
        );
        resource.body.insert("name".into(), value);
    }
}

/// Azure keeps no description, and may not take an expression.
fn on_identity(resource: &Resource, lowering: &mut Lowering) {
    if resource
        .at("description")
        .is_some_and(|text| !text.is_empty())
    {
        lowering.refuse(
            resource,
            "description",
            "no-description",
            "a managed identity's credential has no description",
            "remove it: a comment in the file stays with the block",
        );
    }
    if resource.text("claims_matching_expression").is_some() {
        lowering.diagnostics.push(
            Diagnostic::warning(
                "preview-expression",
                "expressions on managed identities are a preview: Entra may refuse this one, or every token for it",
            )
            .about(&resource.address)
            .at(resource.span("claims_matching_expression"), "")
            .help("exact subjects are sure; or let an application hold the trust"),
        );
    }
}

/// An expression must parse, and say what Entra demands of its issuer.
fn expression(resource: &Resource, lowering: &mut Lowering) {
    let Some(text) = resource.text("claims_matching_expression") else {
        return;
    };
    let whole = resource.span("claims_matching_expression");
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(errors) => {
            for error in errors {
                let span = within(whole, text, &error.span);
                let diagnostic = Diagnostic::error("expression-syntax", error.message)
                    .about(&resource.address)
                    .at(span, "");
                lowering.diagnostics.push(match error.help {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                });
            }
            return;
        }
    };
    for clause in expression.clauses() {
        let Some(workflow) = open_workflow(clause) else {
            continue;
        };
        lowering.diagnostics.push(
            Diagnostic::warning(
                "workflow-ref-wildcard",
                format!("the workflow `{workflow}` is admitted at any fitting ref: whoever may push one to its repository decides what runs"),
            )
            .about(&resource.address)
            .at(within(whole, text, &clause.comparand_span), "")
            .help("name one protected branch, as in `@refs/heads/main`, or a commit"),
        );
    }
    if let Some(issuer) = resource.text("issuer") {
        for problem in issuers::check(issuer, &expression) {
            let span = within(whole, text, &problem.span);
            let diagnostic = match problem.weight {
                issuers::Weight::Refused => {
                    Diagnostic::error("expression-refused", problem.message)
                }
                issuers::Weight::Doubtful => {
                    Diagnostic::warning("expression-doubtful", problem.message)
                }
            };
            lowering.diagnostics.push(
                diagnostic
                    .about(&resource.address)
                    .at(span, "")
                    .help(problem.help),
            );
        }
    }
}

/// The place of a part of an expression, where it was written as one plain literal.
fn within(whole: Span, text: &str, part: &std::ops::Range<usize>) -> Span {
    // A quoted literal without escapes is two bytes longer than its text.
    if whole.end - whole.start == text.len() + 2 {
        Span::new(
            whole.source,
            whole.start + 1 + part.start,
            whole.start + 1 + part.end,
        )
    } else {
        whole
    }
}

/// Issuers and subjects that Entra accepts and no token ever matches.
fn traps(resource: &Resource, built: bool, lowering: &mut Lowering) {
    let Some(trust) = super::trust(&resource.body) else {
        return;
    };
    // A builder knows its subjects, customised ones too.
    let traps = match built {
        true => subject::traps_around(&trust),
        false => subject::traps(&trust),
    };
    let spans = &resource.spans;
    let builder = builders::ALL
        .iter()
        .find(|one| spans.contains_key(one.name));
    let place = |field: &str| match builder {
        Some(builder) => resource.span(&format!("{}.{field}", builder.name)),
        None => resource.span(field),
    };
    if issuers::is_private(&trust.issuer) {
        lowering.diagnostics.push(
            Diagnostic::warning(
                "private-issuer",
                "the internet does not know this name: Entra cannot fetch the issuer's keys (AADSTS90061)",
            )
            .about(&resource.address)
            .at(place("issuer"), "")
            .help("publish its documents at a public https name, for example with an `oidc_issuer`, and let the platform issue tokens with that name"),
        );
    }
    for trap in traps {
        let field = match trap.field {
            subject::Field::Issuer => "issuer",
            subject::Field::Audience => "audience",
            subject::Field::Subject => "subject",
            subject::Field::Expression => "claims_matching_expression",
        };
        lowering.diagnostics.push(
            Diagnostic::warning("never-matches", trap.message)
                .about(&resource.address)
                .at(place(field), "")
                .help(trap.help),
        );
    }
}
