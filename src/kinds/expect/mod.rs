//! `expect`: who must be let in by an application's credentials, and who must not. Nothing in the tenant: `trustform
//! test` asks the credentials as they are declared.

mod outcome;

pub use outcome::{Outcome, outcomes};

use super::Kind;
use super::federated_credential::builders::{self, ALL, Block, Builder};
use super::lower::Lowering;
use crate::model::desired::{Expectation, Resource, Token};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{Complaint, Field, Shape, Type};
use crate::model::source::Span;
use crate::model::value::{Map, Part, Value};

pub struct Expect;

static SHAPE: Shape = Shape {
    kind: "expect",
    doc: "What an application's credentials must and must not admit. `trustform test` checks it without a tenant.",
    parents: &[],
    implied: false,
    fields: &[
        Field::new(
            "application",
            Type::Reference,
            "The application whose credentials are asked, as in `application.deployer`.",
        )
        .required(),
        Field::new(
            "accept",
            Type::List(&Type::Block(&TOKEN)),
            "A token that some credential must admit. May be repeated.",
        ),
        Field::new(
            "refuse",
            Type::List(&Type::Block(&TOKEN)),
            "A token that no credential may admit. May be repeated.",
        ),
    ],
    groups: &[],
    outputs: &[],
};

/// A token: its claims, or a platform's block that says them.
static TOKEN: [Field; BEFORE.len() + ALL.len()] = builders::with_fields(BEFORE, &[]);

const BEFORE: &[Field] = &[Field::new(
    "claims",
    Type::Map(&Type::String),
    "The token's claims. Without `iss` each credential's own issuer is taken, without `aud` the cloud's token exchange audience.",
)];

/// Members of a builder's block that are claims of the token, too.
const CLAIMS: &[(&str, &str)] = &[
    ("owner_id", "repository_owner_id"),
    ("repository_id", "repository_id"),
    ("project_id", "project_id"),
];

impl Kind for Expect {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn example(&self) -> Option<&'static str> {
        Some(include_str!("example.trust.hcl"))
    }

    fn is_object(&self) -> bool {
        false
    }

    fn lower(&self, resource: &mut Resource, lowering: &mut Lowering) {
        lowering.drop = true;
        let subject = match resource.at("application") {
            Some(Value::Text(parts)) => match parts.as_slice() {
                [Part::Ref(reference)] => Some(reference.address.clone()),
                [Part::Literal(text)] => text.parse().ok(),
                _ => None,
            },
            _ => None,
        };
        let Some(subject) = subject else {
            lowering.refuse(
                resource,
                "application",
                "expect",
                "this is no application of the stack",
                "write a reference, as in `application.deployer`",
            );
            return;
        };
        let mut tokens = |word: &str| -> Vec<Token> {
            let listed = resource
                .at(word)
                .map(|tokens| tokens.items().cloned().collect());
            let listed: Vec<Value> = listed.unwrap_or_default();
            let all = listed.iter().enumerate();
            all.flat_map(|(at, token)| {
                let path = format!("{word}.{at}");
                read(token, resource, &path, lowering)
            })
            .collect()
        };
        let (accept, refuse) = (tokens("accept"), tokens("refuse"));
        lowering.expectations.push(Expectation {
            name: resource.address.last().name(),
            subject,
            accept,
            refuse,
            origin: resource.origin,
        });
    }
}

/// The tokens that a block describes; several where its platform sends several forms.
fn read(token: &Value, resource: &Resource, path: &str, lowering: &mut Lowering) -> Vec<Token> {
    let origin = resource.span(path);
    let empty = Map::new();
    let claims = token
        .get("claims")
        .and_then(Value::as_map)
        .unwrap_or(&empty);
    let known = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let claims: std::collections::BTreeMap<String, String> =
        claims.iter().filter_map(known).collect();
    let mut builders = ALL
        .iter()
        .filter(|builder| token.get(builder.name).is_some());
    let made = match (builders.next(), builders.next()) {
        (None, _) if claims.is_empty() => {
            say(lowering, resource, origin, Complaint::new("this names no token").help("write `claims = { sub = \"…\" }`, or a platform's block such as `github { … }`"));
            return Vec::new();
        }
        (None, _) => vec![std::collections::BTreeMap::new()],
        (Some(_), Some(second)) => {
            say(
                lowering,
                resource,
                origin,
                Complaint::new(format!("`{}` is a second platform's block", second.name))
                    .help("write one `accept` or `refuse` for each token"),
            );
            return Vec::new();
        }
        (Some(builder), None) => built(builder, token, resource, origin, lowering),
    };
    made.into_iter()
        .map(|mut all| {
            all.extend(claims.clone());
            Token {
                claims: all,
                origin,
            }
        })
        .collect()
}

/// The claims that a platform's block says.
fn built(
    builder: &Builder,
    token: &Value,
    resource: &Resource,
    origin: Span,
    lowering: &mut Lowering,
) -> Vec<std::collections::BTreeMap<String, String>> {
    let Some(value) = token.get(builder.name) else {
        return Vec::new();
    };
    let mut block = Block::new(value, None, lowering.stack);
    let trusts = (builder.build)(&mut block);
    let complaints = std::mem::take(&mut block.complaints);
    if !complaints.is_empty() {
        for (_, complaint) in complaints {
            say(lowering, resource, origin, complaint);
        }
        return Vec::new();
    }
    let Some(trusts) = trusts else {
        return Vec::new();
    };
    let mut made = Vec::new();
    for one in trusts.matches {
        let (Some(issuer), Some(subject), "subject") =
            (trusts.issuer.as_str(), one.text.as_str(), one.member)
        else {
            let complaint =
                Complaint::new("this describes many tokens, and an expectation is about one")
                    .help("name everything exactly, or write the token's `claims`");
            say(lowering, resource, origin, complaint);
            continue;
        };
        let mut claims = std::collections::BTreeMap::from([
            ("iss".to_owned(), issuer.to_owned()),
            ("sub".to_owned(), subject.to_owned()),
        ]);
        for (member, claim) in CLAIMS {
            if let Some(id) = value.get(member).and_then(Value::as_str) {
                claims.insert((*claim).to_owned(), id.to_owned());
            }
        }
        made.push(claims);
    }
    made
}

fn say(lowering: &mut Lowering, resource: &Resource, origin: Span, complaint: Complaint) {
    let mut diagnostic = Diagnostic::error("expect", complaint.message)
        .about(&resource.address)
        .at(origin, "");
    diagnostic.help.extend(complaint.help);
    lowering.diagnostics.push(diagnostic);
}
