//! Buildkite: the default subject ends with the commit and the step, so nothing exact can match it. Tokens asked for
//! with `--subject-claim` have an id that stays (buildkite/agent#3784).

use super::{Block, Builder, Match, Trusts};
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "buildkite",
    doc: "A pipeline of Buildkite, whose tokens are asked for with `--subject-claim`.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string(
        "subject_claim",
        "The claim that `buildkite-agent oidc request-token --subject-claim` makes the subject.",
    )
    .required()
    .words(&["pipeline_id", "cluster_id"]),
    Field::string("pipeline_id", "The pipeline's GUID: its settings show it."),
    Field::string(
        "cluster_id",
        "The cluster's GUID: every pipeline of the cluster is admitted.",
    ),
];

fn build(block: &mut Block) -> Option<Trusts> {
    block.known(&["subject_claim", "pipeline_id", "cluster_id"]);
    let claim = match block.text("subject_claim") {
        Some("cluster_id") => "cluster_id",
        _ => "pipeline_id",
    };
    for name in ["pipeline_id", "cluster_id"] {
        block.guid(name, "it is the id of the GraphQL or REST API, not the slug: slugs change, and others can take them");
        if name != claim && block.value(name).is_some() {
            block.complain(
                name,
                format!("`{name}` has no effect: the subject is `{claim}` alone"),
                format!("remove it, or write `subject_claim = \"{name}\"`"),
            );
        }
    }
    if block.value(claim).is_none() {
        block.complain(
            "",
            format!("`{claim}` is missing: it is the subject"),
            format!("add `{claim} = \"…\"`, and ask for tokens with `--subject-claim {claim}`"),
        );
        return None;
    }
    block.note(
        "",
        format!("only tokens that are asked for with `--subject-claim {claim}` match: the default subject holds the commit"),
        format!("`buildkite-agent oidc request-token --audience {} --subject-claim {claim}`", block.stack.cloud.exchange_audience()),
    );
    Some(Trusts {
        issuer: block.issuer("https://agent.buildkite.com"),
        matches: vec![Match::subject(block.value(claim)?.clone())],
    })
}
