//! AWS outbound identity federation: each account has an issuer of its own, the subject is the ARN of the role.
//!
//! Source: AWS, "Outbound identity federation" (`sts:GetWebIdentityToken`).

use super::{Block, Builder, Match, Trusts};
use crate::kinds::federated_credential::check;
use crate::model::schema::Field;

pub const BUILDER: Builder = Builder {
    name: "aws",
    doc: "A role of an AWS account with outbound identity federation.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string("issuer", "The account's issuer, `https://<id>.tokens.sts.global.api.aws`: `aws iam get-outbound-web-identity-federation-info` prints it.")
        .required()
        .pending()
        .check(check::issuer),
    Field::string("role_arn", "The role, as in `arn:aws:iam::123456789012:role/deployer`.").required().pending(),
];

fn build(block: &mut Block) -> Option<Trusts> {
    block.known(&["role_arn"]);
    let issuer = block.issuer("");
    if let Some(text) = block.text("issuer") {
        if text.contains("://oidc.eks.") {
            block.complain(
                "issuer",
                "this is the issuer of an EKS cluster",
                "use `kubernetes { issuer namespace service_account }`",
            );
        } else if !text.ends_with(".tokens.sts.global.api.aws") {
            block.complain("issuer", format!("`{text}` is not an issuer of an AWS account: it ends with `.tokens.sts.global.api.aws`, without a slash"), "`aws iam get-outbound-web-identity-federation-info` prints it");
        }
    }
    if let Some(text) = block.text("role_arn") {
        let role = |text: &str| {
            let mut parts = text.splitn(6, ':');
            matches!(
                (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next()),
                (Some("arn"), Some(partition), Some("iam"), Some(""), Some(account), Some(name))
                    if partition.starts_with("aws") && account.len() == 12 && account.chars().all(|c| c.is_ascii_digit())
                        && name.strip_prefix("role/").is_some_and(|name| !name.is_empty())
            )
        };
        if text.contains(":assumed-role/") {
            block.complain(
                "role_arn",
                "this is a session of the role: the tokens' subject is the role",
                "write `arn:aws:iam::ACCOUNT:role/NAME`",
            );
        } else if text.contains('*') {
            block.complain(
                "role_arn",
                "Entra takes no expression for AWS, so a wildcard cannot match",
                "write one credential for each role: `for_each` makes several",
            );
        } else if !role(text) {
            block.complain(
                "role_arn",
                format!("`{text}` is not the ARN of a role"),
                "write `arn:aws:iam::ACCOUNT:role/NAME`, with the role's path if it has one",
            );
        }
    }
    block.note(
        "",
        "AWS signs with ES384 unless asked otherwise, and Entra takes RS256 only (AADSTS5002738)",
        format!("ask for the token with `aws sts get-web-identity-token --signing-algorithm RS256 --audience {}`", block.stack.cloud.exchange_audience()),
    );
    Some(Trusts {
        issuer,
        matches: vec![Match::subject(block.value("role_arn")?.clone())],
    })
}
