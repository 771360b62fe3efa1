//! A user-assigned managed identity as the holder of a trust: its tokens are Entra's own, and the subject is its
//! principal id.
//!
//! Source: Microsoft, "Configure an application to trust a managed identity": user-assigned only, same tenant.

use super::{Block, Builder, Match, Trusts};
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "managed_identity",
    doc: "A user-assigned managed identity of this tenant.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[Field::string(
    "principal_id",
    "The identity's principal (object) id, not its client id: `az identity show --query principalId`.",
)
.required()
.pending()];

fn build(block: &mut Block) -> Option<Trusts> {
    block.own_issuer("a managed identity's tokens are of this tenant's issuer");
    block.guid(
        "principal_id",
        "`az identity show --name NAME --resource-group GROUP --query principalId` prints it",
    );
    let issuer = format!(
        "{}/{}/v2.0",
        block.stack.cloud.login(),
        block.stack.tenant_id
    );
    Some(Trusts {
        issuer: issuer.into(),
        matches: vec![Match::subject(block.value("principal_id")?.clone())],
    })
}
