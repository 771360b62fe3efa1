//! CircleCI: `org/ORGANISATION/project/PROJECT/user/USER`. The user who triggers the pipeline is in the subject, so a
//! credential is for one person.
//!
//! Source: CircleCI, "Using OpenID Connect tokens in jobs".

use super::{Block, Builder, Match, Trusts};
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "circleci",
    doc: "A project of CircleCI, triggered by one user.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string(
        "organization_id",
        "The organisation's GUID: Organization Settings, Overview.",
    )
    .required()
    .pending(),
    Field::string(
        "project_id",
        "The project's GUID: Project Settings, Overview.",
    )
    .required()
    .pending(),
    Field::string(
        "user_id",
        "The GUID of the user who triggers the pipelines.",
    )
    .required()
    .pending(),
];

fn build(block: &mut Block) -> Option<Trusts> {
    let names = ["organization_id", "project_id", "user_id"];
    block.known(&names);
    for name in names {
        if block.text(name).is_some_and(|text| text.contains('*')) {
            block.complain(name, "Entra takes no expression for CircleCI, so a wildcard cannot match", "write one credential for each user: `for_each` makes several, at most 20 in an application");
        } else {
            block.guid(name, "give the id, not the name");
        }
    }
    let text = |name| block.text(name).unwrap_or_default();
    let issuer = format!("https://oidc.circleci.com/org/{}", text("organization_id"));
    let subject = format!(
        "org/{}/project/{}/user/{}",
        text("organization_id"),
        text("project_id"),
        text("user_id")
    );
    let issuer = block.issuer(&issuer);
    block.note(
        "",
        "CircleCI's ready-made token has the organisation's id as its audience, and does not match",
        format!(
            "ask for another in the job: `circleci run oidc get --claims '{{\"aud\": \"{}\"}}'`",
            block.stack.cloud.exchange_audience()
        ),
    );
    Some(Trusts {
        issuer,
        matches: vec![Match::subject(subject)],
    })
}
