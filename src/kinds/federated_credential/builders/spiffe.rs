//! SPIFFE identities: `spiffe://<trust domain>/<path>`. Source: the SPIFFE ID specification, section 2.

use super::{Complaints, Trusts, join, member};
use crate::model::schema::{Complaint, Field};
use crate::model::value::Value;

pub static FIELDS: &[Field] = &[
    Field::string("issuer", "The `iss` of its JWT-SVIDs (SPIRE's `jwt_issuer`, Aembit's issuer URL). Its keys must be RSA. A variable without a value leaves the credential pending.")
        .check(super::super::check::issuer)
        .required()
        .pending(),
    Field::string("trust_domain", "The trust domain, as in `prod.contoso.com`.").required(),
    Field::string("path", "The workload's path, without a leading `/`.").required(),
];

pub fn build(block: &Value, _issuer: Option<&str>) -> Result<Trusts, Complaints> {
    let mut complaints = Complaints::new();
    if let Some(domain) = member(block, "trust_domain").and_then(Value::as_str)
        && !domain
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
    {
        let complaint = Complaint::new(format!("`{domain}` is not a trust domain"))
            .help("use lower-case letters, digits, `.`, `-` and `_`: no scheme, port or path");
        complaints.push(("trust_domain", complaint));
    }
    if let Some(path) = member(block, "path").and_then(Value::as_str) {
        let segments: Vec<&str> = path.split('/').collect();
        let fits = |segment: &&str| {
            !segment.is_empty()
                && !matches!(*segment, "." | "..")
                && segment
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        if !segments.iter().all(fits) {
            let complaint = Complaint::new(format!("`{path}` is not the path of a SPIFFE ID"))
                .help("use segments of letters, digits, `.`, `-` and `_`, joined by single `/`, with none at the beginning or end");
            complaints.push(("path", complaint));
        }
    }
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let null = Value::Null;
    let part = |name| member(block, name).unwrap_or(&null);
    let subject = join([
        &"spiffe://".into(),
        part("trust_domain"),
        &"/".into(),
        part("path"),
    ]);
    Ok(Trusts {
        issuer: part("issuer").clone(),
        matches: vec![("", "subject", subject)],
    })
}
