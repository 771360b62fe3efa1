//! Tests of the whole: texts in, `Desired` or diagnostics out.

mod errors;
mod expressions;
mod hostile;
mod layouts;
mod modules;
mod moves;
mod stacks;
mod yaml;

use std::collections::BTreeMap;

use super::{Access, Entry, FileError, Given, Input, Loaded, load};
use crate::model::schema::{Complaint, Field, Group, Output, Shape, Type, When};
use crate::model::source::Sources;
use crate::model::value::Value;
use crate::render::diagnostic::text;
use crate::render::style::Style;

const WEB: &[Field] = &[
    Field::string("homepage_url", "a page"),
    Field::strings("redirect_uris", "where answers go")
        .check(https)
        .reset(),
    Field::block(
        "implicit_grant",
        &[Field::bool("id_token_issuance_enabled", "issues ID tokens")],
        "what is issued at once",
    ),
];

const PERMISSION: &[Field] = &[
    Field::strings("application", "roles"),
    Field::strings("delegated", "scopes"),
    Field::bool("admin_consent", "grants them"),
];

const PRINCIPAL: &[Field] = &[Field::bool("account_enabled", "may log in")];

static APPLICATION: Shape = Shape {
    kind: "application",
    doc: "An app registration.",
    parents: &[],
    implied: false,
    fields: &[
        Field::string("display_name", "the name that people see").required(),
        Field::string("description", "what it is for").wire("/description"),
        Field::string("sign_in_audience", "who may log in")
            .words(&["AzureADMyOrg", "AzureADMultipleOrgs"]),
        Field::strings("identifier_uris", "names for tokens").when(When::AfterCreate),
        Field::new("owners", Type::Set(&Type::Reference), "who may change it"),
        Field::new("tags", Type::Map(&Type::String), "notes"),
        Field::block("web", WEB, "the web platform"),
        Field::new(
            "permissions",
            Type::Labelled(PERMISSION),
            "what it asks for",
        ),
        Field::new(
            "service_principal",
            Type::BlockOrFalse(PRINCIPAL),
            "the local side",
        ),
        Field::new("limit", Type::Number, "a number"),
    ],
    groups: &[],
    outputs: &[
        Output {
            name: "client_id",
            doc: "",
        },
        Output {
            name: "object_id",
            doc: "",
        },
        Output {
            name: "id",
            doc: "",
        },
    ],
};

static PRINCIPAL_SHAPE: Shape = Shape {
    kind: "service_principal",
    doc: "",
    parents: &["application"],
    implied: true,
    fields: PRINCIPAL,
    groups: &[],
    outputs: &[Output {
        name: "object_id",
        doc: "",
    }],
};

static CREDENTIAL: Shape = Shape {
    kind: "federated_credential",
    doc: "",
    parents: &["application"],
    implied: false,
    fields: &[
        Field::string("issuer", "who signs").required().pending(),
        Field::string("subject", "who is let in").pending(),
        Field::string("claims_matching_expression", "which are let in").pending(),
        Field::string("audience", "for whom"),
        Field::string("description", "notes"),
    ],
    groups: &[Group::One(&["subject", "claims_matching_expression"])],
    outputs: &[Output {
        name: "name",
        doc: "",
    }],
};

static ISSUER: Shape = Shape {
    kind: "oidc_issuer",
    doc: "",
    parents: &[],
    implied: false,
    fields: &[
        Field::string("storage_account", "where").required(),
        Field::new(
            "signing_key",
            Type::Labelled(&[Field::string("public_key", "PEM").required()]),
            "keys",
        ),
    ],
    groups: &[],
    outputs: &[Output {
        name: "url",
        doc: "",
    }],
};

pub(super) static SHAPES: [&Shape; 4] = [&APPLICATION, &PRINCIPAL_SHAPE, &CREDENTIAL, &ISSUER];

fn https(value: &Value) -> Result<(), Complaint> {
    match value
        .items()
        .find(|item| !item.as_str().unwrap_or_default().starts_with("https://"))
    {
        None => Ok(()),
        Some(bad) => Err(
            Complaint::new(format!("a redirect URI is https: {}", bad.to_json()))
                .help("write `https://`"),
        ),
    }
}

const STACK: &str = "stack \"s\" { tenant_id = \"00000000-0000-0000-0000-000000000001\" }\n";

/// A stack under test.
#[derive(Default)]
struct Stack {
    files: Vec<(&'static str, String)>,
    variables: Vec<(&'static str, &'static str)>,
    environment: Vec<(&'static str, &'static str)>,
    automatic: Option<&'static str>,
    /// Files below the stack's directory, which it reads itself.
    others: Vec<(&'static str, &'static str)>,
}

impl Stack {
    fn hcl(text: impl Into<String>) -> Self {
        Self {
            files: vec![("trust.hcl", text.into())],
            ..Self::default()
        }
    }

    fn yaml(text: impl Into<String>) -> Self {
        Self {
            files: vec![("trust.yaml", text.into())],
            ..Self::default()
        }
    }

    fn load(&self) -> (Loaded, Sources) {
        let mut sources = Sources::default();
        let files: Vec<_> = self
            .files
            .iter()
            .map(|(name, text)| sources.add(*name, text.clone()))
            .collect();
        let automatic: Vec<_> = self
            .automatic
            .iter()
            .map(|text| sources.add("a.auto.vars.hcl", *text))
            .collect();
        let environment: Vec<_> = self
            .environment
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let given: Vec<_> = self
            .variables
            .iter()
            .map(|(name, value)| Given::Text {
                name: name.to_string(),
                value: value.to_string(),
            })
            .collect();
        let read = |path: &str| match path {
            "key.pem" => Ok("PEM\n".to_owned()),
            "../out" => Err(FileError::Outside("/repo".to_owned())),
            path => {
                let mut others = self.others.iter();
                let found = others.find(|(name, _)| *name == path);
                found
                    .map(|(_, text)| (*text).to_owned())
                    .ok_or(FileError::NotFound)
            }
        };
        let list = |path: &str| {
            let mut entries: Vec<Entry> = Vec::new();
            for (name, _) in &self.others {
                let below = match path {
                    "." => Some(*name),
                    path => name
                        .strip_prefix(path)
                        .and_then(|rest| rest.strip_prefix('/')),
                };
                let Some(below) = below else { continue };
                let (first, rest) = below.split_once('/').unwrap_or((below, ""));
                let entry = Entry {
                    name: first.to_owned(),
                    directory: !rest.is_empty(),
                };
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
            match entries.is_empty() {
                true => Err(FileError::NotFound),
                false => Ok(entries),
            }
        };
        let loaded = load(
            Input {
                sources: &mut sources,
                files: &files,
                environment: &environment,
                automatic: &automatic,
                central: &[],
                given: &given,
                access: Access {
                    read: &read,
                    list: &list,
                },
            },
            &SHAPES,
        );
        (loaded, sources)
    }

    /// What is said, as a reader sees it.
    fn said(&self) -> String {
        let (loaded, sources) = self.load();
        text(&loaded.diagnostics, &sources, Style::PLAIN)
    }

    fn desired(&self) -> crate::model::desired::Desired {
        let (loaded, sources) = self.load();
        assert!(
            loaded.is_ok(),
            "{}",
            text(&loaded.diagnostics, &sources, Style::PLAIN)
        );
        loaded.desired
    }
}

/// The value of an expression as JSON, or the first error's message.
fn answer(expression: &str) -> String {
    let (loaded, _) = Stack::hcl(format!("output \"x\" {{\n value = {expression}\n}}\n")).load();
    let outputs: &BTreeMap<_, _> = &loaded.desired.outputs;
    match (loaded.diagnostics.first(), outputs.get("x")) {
        (Some(diagnostic), _) => format!("error: {}", diagnostic.message),
        (None, Some(output)) => output.value.to_json().to_string(),
        (None, None) => "nothing".to_owned(),
    }
}
