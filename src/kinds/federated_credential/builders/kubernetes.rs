//! Service accounts: `system:serviceaccount:<namespace>:<name>`.

use super::{Block, Builder, Match, Trusts, join};
use crate::kinds::federated_credential::check;
use crate::model::schema::Field;
use crate::model::value::Value;

pub const BUILDER: Builder = Builder {
    name: "kubernetes",
    doc: "A Kubernetes service account.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string("issuer", "The cluster's `--service-account-issuer`, exactly: an AKS issuer ends with `/`. A variable without a value leaves the credential pending.")
        .required()
        .pending()
        .check(check::issuer),
    Field::string("namespace", "The service account's namespace.").required(),
    Field::string("service_account", "The service account's name.").required(),
];

fn build(block: &mut Block) -> Option<Trusts> {
    // Kubernetes, "Object names and IDs": DNS subdomain names.
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    for name in ["namespace", "service_account"] {
        if let Some(text) = block.text(name)
            && (text.is_empty() || !text.chars().all(fits))
        {
            block.complain(
                name,
                format!("`{text}` is not a Kubernetes name"),
                "use the plain name, as in `kubectl get serviceaccount`: lower-case letters, digits, `-` and `.`; one credential for each, `for_each` makes several",
            );
        }
    }
    // AKS publishes its issuers with the slash (Azure/AKS, "Use the OIDC issuer").
    if let Some(issuer) = block.text("issuer")
        && issuer.contains(".oic.prod-aks.azure.com/")
        && !issuer.ends_with('/')
    {
        block.complain(
            "issuer",
            "an AKS issuer ends with `/`, and this one does not: no token would match",
            format!(
                "write `{issuer}/`: `az aks show --query oidcIssuerProfile.issuerUrl` prints it"
            ),
        );
    }
    let issuer = block.issuer("");
    let null = Value::Null;
    let part = |name| block.value(name).unwrap_or(&null);
    let subject = join([
        &"system:serviceaccount:".into(),
        part("namespace"),
        &":".into(),
        part("service_account"),
    ]);
    Some(Trusts {
        issuer,
        matches: vec![Match::subject(subject)],
    })
}
