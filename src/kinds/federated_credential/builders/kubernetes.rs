//! Service accounts: `system:serviceaccount:<namespace>:<name>`.

use super::{Complaints, Trusts, join, member};
use crate::model::schema::{Complaint, Field};
use crate::model::value::Value;

pub static FIELDS: &[Field] = &[
    Field::string(
        "issuer",
        "The cluster's `--service-account-issuer`, exactly: an AKS issuer ends with `/`.",
    )
    .required()
    .check(super::super::check::issuer),
    Field::string("namespace", "The service account's namespace.").required(),
    Field::string("service_account", "The service account's name.").required(),
];

pub fn build(block: &Value, _issuer: Option<&str>) -> Result<Trusts, Complaints> {
    let mut complaints = Complaints::new();
    for name in ["namespace", "service_account"] {
        if let Some(text) = member(block, name).and_then(Value::as_str)
            && (text.contains([':', '/', '*']) || text.contains(char::is_whitespace))
        {
            let complaint = Complaint::new(format!("`{text}` is not a Kubernetes name"))
                .help("use the plain name, as in `kubectl get serviceaccount`");
            complaints.push((name, complaint));
        }
    }
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let null = Value::Null;
    let part = |name| member(block, name).unwrap_or(&null);
    let subject = join([
        &"system:serviceaccount:".into(),
        part("namespace"),
        &":".into(),
        part("service_account"),
    ]);
    Ok(Trusts {
        issuer: part("issuer").clone(),
        matches: vec![("", "subject", subject)],
    })
}
