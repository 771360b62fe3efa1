//! Azure DevOps service connections. Connections made since November 2025 send tokens of Entra, whose opaque subject only
//! the connection itself shows; older ones send `sc://ORGANISATION/PROJECT/CONNECTION` until 1 July 2027.
//!
//! Source: Microsoft, "Convert service connections to the Entra issuer".

use super::{Block, Builder, Match, Trusts, wild};
use crate::model::national_cloud::Cloud;
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "azure_devops",
    doc: "A service connection of Azure DevOps. With `subject` the Entra issuer, with names the old one, which ends on 1 July 2027.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string(
        "subject",
        "The subject identifier that the service connection shows, for one with the Entra issuer: `/eid1/…`. A variable without a value leaves the credential pending.",
    )
    .pending(),
    Field::string("organization", "The organisation's name."),
    Field::string(
        "organization_id",
        "The organisation's GUID: `az devops invoke --area core --resource connectionData --query instanceId`.",
    ),
    Field::string("project", "The project's name, exactly."),
    Field::string(
        "service_connection",
        "The service connection's name, exactly.",
    ),
];

const OLD: [&str; 4] = [
    "organization",
    "organization_id",
    "project",
    "service_connection",
];

fn build(block: &mut Block) -> Option<Trusts> {
    if block.value("subject").is_some() {
        return entra(block);
    }
    block.known(&OLD);
    let missing: Vec<&str> = OLD
        .into_iter()
        .filter(|name| block.value(name).is_none())
        .collect();
    if !missing.is_empty() {
        block.complain(
            "",
            format!("a service connection with the old issuer is named by four words: `{}` missing", missing.join("`, `")),
            "or paste the `subject` that the connection shows: those made since November 2025 have the Entra issuer",
        );
        return None;
    }
    block.guid("organization_id", "the organisation's name does not do: `az devops invoke --area core --resource connectionData --query instanceId` prints its id");
    for name in ["organization", "project", "service_connection"] {
        let Some(text) = block.text(name) else {
            continue;
        };
        if text.contains("://") || text.contains('/') {
            block.complain(
                name,
                format!("`{text}` is not a name"),
                "give the name alone, without a URL or a slash",
            );
        } else if wild(text) {
            block.complain(
                name,
                "Entra takes no expression for Azure DevOps, so a wildcard cannot match",
                "write one credential for each service connection: `for_each` makes several",
            );
        }
    }
    let text = |name| block.text(name).unwrap_or_default();
    let subject = format!(
        "sc://{}/{}/{}",
        text("organization"),
        text("project"),
        text("service_connection")
    );
    let issuer = format!("https://vstoken.dev.azure.com/{}", text("organization_id"));
    let issuer = block.issuer(&issuer);
    block.note(
        "",
        "this issuer of Azure DevOps is retired on 1 July 2027, and a rename of the organisation, project or connection breaks the trust",
        "convert the service connection, then add a second credential with the `subject` that it shows, and remove this one once it is in use",
    );
    Some(Trusts {
        issuer,
        matches: vec![Match::subject(subject)],
    })
}

/// The new issuer: nothing is put together, the connection shows what it sends.
fn entra(block: &mut Block) -> Option<Trusts> {
    if block.stack.cloud != Cloud::Public {
        block.complain(
            "subject",
            format!("service connections in the cloud `{}` have no Entra issuer", block.stack.cloud.name()),
            "name the connection by `organization`, `organization_id`, `project` and `service_connection`",
        );
    }
    if let Some(text) = block.text("subject") {
        if text.starts_with("sc://") {
            block.complain("subject", "this is a subject of the old issuer", "give its parts as `organization`, `organization_id`, `project` and `service_connection`");
        } else if !text.starts_with("/eid1/") || text.contains(char::is_whitespace) {
            block.complain(
                "subject",
                format!("`{text}` is not a subject of the Entra issuer: it begins with `/eid1/`"),
                "copy the subject identifier from the service connection's page",
            );
        }
    }
    let default = format!(
        "{}/{}/v2.0",
        block.stack.cloud.login(),
        block.stack.tenant_id
    );
    Some(Trusts {
        issuer: block.issuer(&default),
        matches: vec![Match::subject(block.value("subject")?.clone())],
    })
}
