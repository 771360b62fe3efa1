//! Google service accounts: the subject is the account's number, never its e-mail address.
//!
//! Source: Google, "Service account identifiers"; the issuer is everybody's, so the number alone decides.

use super::{Block, Builder, Match, Trusts};
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "google",
    doc: "A Google Cloud service account.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[Field::string(
    "service_account_unique_id",
    "The account's unique id: a number of 21 digits.",
)
.required()
.pending()];

const HELP: &str =
    "`gcloud iam service-accounts describe EMAIL --format='value(uniqueId)'` prints it";

fn build(block: &mut Block) -> Option<Trusts> {
    let name = "service_account_unique_id";
    block.known(&[name]);
    if let Some(text) = block.text(name) {
        if text.contains('@') {
            block.complain(
                name,
                format!(
                    "`{text}` is the e-mail address: the tokens' subject is the account's number"
                ),
                HELP,
            );
        } else if !text.chars().all(|c| c.is_ascii_digit()) {
            block.complain(name, format!("`{text}` is not a unique id"), HELP);
        } else if text.starts_with('0') || text.len() < 10 {
            block.complain(name, format!("`{text}` is too short for a unique id"), HELP);
        }
    }
    Some(Trusts {
        issuer: block.issuer("https://accounts.google.com"),
        matches: vec![Match::subject(block.value(name)?.clone())],
    })
}
