//! SPIFFE identities: `spiffe://<trust domain>/<path>`. Source: the SPIFFE ID specification, section 2.

use super::{Block, Builder, Match, Trusts, join};
use crate::kinds::federated_credential::check;
use crate::model::schema::Field;
use crate::model::value::Value;

pub const BUILDER: Builder = Builder {
    name: "spiffe",
    doc: "A workload with a SPIFFE identity (JWT-SVID).",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string("issuer", "The `iss` of its JWT-SVIDs (SPIRE's `jwt_issuer`, Aembit's issuer URL). Its keys must be RSA. A variable without a value leaves the credential pending.")
        .check(check::issuer)
        .required()
        .pending(),
    Field::string("trust_domain", "The trust domain, as in `prod.contoso.com`.").required(),
    Field::string("path", "The workload's path, without a leading `/`.").required(),
];

fn build(block: &mut Block) -> Option<Trusts> {
    if let Some(domain) = block.text("trust_domain")
        && !domain
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
    {
        block.complain(
            "trust_domain",
            format!("`{domain}` is not a trust domain"),
            "use lower-case letters, digits, `.`, `-` and `_`: no scheme, port or path",
        );
    }
    if let Some(path) = block.text("path") {
        let fits = |segment: &str| {
            !segment.is_empty()
                && !matches!(segment, "." | "..")
                && segment
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        if !path.split('/').all(fits) {
            block.complain(
                "path",
                format!("`{path}` is not the path of a SPIFFE ID"),
                "use segments of letters, digits, `.`, `-` and `_`, joined by single `/`, with none at the beginning or end",
            );
        }
    }
    // SPIRE's reference of the server's configuration: `jwt_key_type` follows `ca_key_type`, by default `ec-p256`.
    block.note(
        "",
        "SPIRE signs with ES256 unless told otherwise, and Entra takes RS256 only (AADSTS5002738)",
        "set `jwt_key_type = \"rsa-2048\"` in the server's configuration, and the same `jwt_issuer` there and in the OIDC discovery provider",
    );
    let issuer = block.issuer("");
    let null = Value::Null;
    let part = |name| block.value(name).unwrap_or(&null);
    let subject = join([
        &"spiffe://".into(),
        part("trust_domain"),
        &"/".into(),
        part("path"),
    ]);
    Some(Trusts {
        issuer,
        matches: vec![Match::subject(subject)],
    })
}
