//! The field table of `federated_credential`.

use super::builders::{self, ALL};
use super::{KIND, check};
use crate::kinds::{agent_identity_blueprint, application, managed_identity};
use crate::model::schema::{Compare, Default, Field, Group, Output, Shape};

pub static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "A trust: who may act as the application. An exact `subject`, a `claims_matching_expression`, or a builder that knows a platform's tokens. At most 20 in an application.",
    parents: &[
        application::KIND,
        managed_identity::KIND,
        agent_identity_blueprint::KIND,
    ],
    implied: false,
    fields: &FIELDS,
    groups: &[Group::One(&ALTERNATIVES)],
    outputs: &[
        Output {
            name: "name",
            doc: "The name that its content gives it.",
        },
        Output {
            name: "issuer",
            doc: "The issuer that is trusted.",
        },
        Output {
            name: "subject",
            doc: "The exact subject.",
        },
        Output {
            name: "expression",
            doc: "The claims-matching expression.",
        },
    ],
};

static FIELDS: [Field; BEFORE.len() + ALL.len() + AFTER.len()] =
    builders::with_fields(BEFORE, AFTER);

static ALTERNATIVES: [&str; WRITTEN.len() + ALL.len()] = builders::with_names(WRITTEN);

/// What stands in the place of a builder.
const WRITTEN: &[&str] = &["subject", "claims_matching_expression"];

const BEFORE: &[Field] = &[
    Field::string("issuer", "The token's `iss`, byte for byte. A variable without a value leaves the credential pending.")
        .wire("/issuer")
        .check(check::issuer)
        .pending(),
    Field::string("subject", "The token's `sub`, byte for byte; `*` has no meaning here.")
        .wire("/subject")
        .check(check::subject)
        .pending(),
    Field::string("claims_matching_expression", "A condition over the token's claims: `eq`, `matches` (`*` any characters, `?` one) and `and`. GitHub, GitLab and HCP Terraform only.")
        .wire("/claimsMatchingExpression/value")
        .pending(),
];

const AFTER: &[Field] = &[
    Field::string(
        "audience",
        "The token's `aud`. Default: the cloud's token exchange audience.",
    )
    .check(check::audience),
    Field::string(
        "description",
        "At most 600 characters. trustform may add its mark, which is not shown.",
    )
    .wire("/description"),
    Field::string("name", "A hash of the content: `<label>-<16 characters>`.")
        .computed()
        .compare(Compare::Never),
    Field::bool("marked", "Whether name or description prove it ours.")
        .computed()
        .default(Default::Bool(true)),
];
