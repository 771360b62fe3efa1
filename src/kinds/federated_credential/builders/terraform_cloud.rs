//! HCP Terraform: `organization:O:project:P:workspace:W:run_phase:plan` and `…:apply`.
//!
//! Source: HashiCorp, "Workload identity tokens"; Microsoft takes expressions for `app.terraform.io` and
//! `app.eu.terraform.io` only.

use super::{Block, Builder, Match, Trusts, clause, wild};
use crate::exchange::issuers::takes_expressions;
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "terraform_cloud",
    doc: "A workspace of HCP Terraform.",
    fields: FIELDS,
    build,
};

const HOST: &str = "app.terraform.io";

static FIELDS: &[Field] = &[
    Field::string("organization", "The organisation.").required(),
    Field::string("project", "The project; a wildcard makes an expression.").required(),
    Field::string("workspace", "The workspace; a wildcard makes an expression.").required(),
    Field::string("run_phase", "A plan's token and an apply's have different subjects: `both` makes two credentials, `any` one expression.")
        .required()
        .words(&["plan", "apply", "both", "any"]),
    Field::string("host", "`app.eu.terraform.io`, or a Terraform Enterprise that Entra can reach. Default: `app.terraform.io`."),
];

const NAMES: [&str; 3] = ["organization", "project", "workspace"];

fn build(block: &mut Block) -> Option<Trusts> {
    block.known(&["organization", "project", "workspace", "run_phase", "host"]);
    block.quotes(&NAMES);
    block.host("host", "app.eu.terraform.io");
    for name in NAMES {
        if let Some(text) = block.text(name)
            && text.contains(':')
        {
            block.complain(
                name,
                format!("`{text}` is not a name of HCP Terraform"),
                "give the name alone, without the words of the subject around it",
            );
        }
    }
    if block.text("organization").is_some_and(wild) {
        block.complain(
            "organization",
            "everybody may make an organisation, and all of them share one issuer: a pattern would admit strangers",
            "name the organisation; `project` and `workspace` may have wildcards",
        );
    }
    let host = block.text("host").unwrap_or(HOST);
    let issuer = block.issuer(&format!("https://{host}"));
    let text = |name| block.text(name).unwrap_or_default();
    let subject = |phase: &str| {
        format!(
            "organization:{}:project:{}:workspace:{}:run_phase:{phase}",
            text("organization"),
            text("project"),
            text("workspace")
        )
    };
    let phase = text("run_phase");
    let one = |phase: &str| {
        let subject = subject(phase);
        match wild(&subject) {
            true => Match::expression(clause("sub", &subject)),
            false => Match::subject(subject),
        }
    };
    let matches = match phase {
        "both" => vec![one("plan").keyed("plan"), one("apply").keyed("apply")],
        "any" => vec![one("*")],
        phase => vec![one(phase)],
    };
    let flexible = matches.iter().any(|one| one.member != "subject");
    if flexible
        && issuer
            .as_str()
            .is_some_and(|issuer| !takes_expressions(issuer))
    {
        let path = if phase == "any" {
            "run_phase"
        } else {
            "workspace"
        };
        block.complain(
            path,
            "a wildcard makes an expression, and Entra takes none for this host",
            "expressions exist for `app.terraform.io` and `app.eu.terraform.io` only: name project and workspace, and write `run_phase = \"both\"`",
        );
    }
    if block
        .text("host")
        .is_some_and(|host| !host.ends_with("terraform.io"))
    {
        block.note(
            "host",
            "Entra fetches the keys of a Terraform Enterprise itself: it must answer on the internet with a certificate of a public authority",
            "a custom authority (`TFE_TLS_CA`) cannot work: publish its documents as an `oidc_issuer` instead",
        );
    }
    Some(Trusts { issuer, matches })
}
