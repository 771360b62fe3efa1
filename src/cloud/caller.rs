//! Who we are logged in as: the claims of our own token. The service verifies them, we only read them.

use azure_core::credentials::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use crate::model::diagnostic::Diagnostic;

/// The identity behind a token.
///
/// Source: Microsoft, "Access token claims reference" (`tid`, `appid` or `azp`, `oid`, `roles`, `scp`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    pub tenant_id: String,
    pub client_id: String,
    /// The service principal's or user's object id.
    pub object_id: String,
    /// Application permissions; empty for a user.
    pub roles: Vec<String>,
    /// Delegated permissions; empty for an application.
    pub scopes: Vec<String>,
    /// Directory roles of a user, by the ids of their templates (`wids`).
    pub directory_roles: Vec<String>,
}

impl Caller {
    /// Reads the claims of an access token.
    pub(super) fn of(token: &Secret) -> Result<Self, Diagnostic> {
        let unreadable = || {
            Diagnostic::error(
                "opaque-token",
                "the login gave a token that does not say which tenant it is for",
            )
            .help("log in with a work account or a workload identity of the tenant, not with a personal account")
        };
        let payload = token.secret().split('.').nth(1).ok_or_else(unreadable)?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload.trim_end_matches('='))
            .map_err(|_| unreadable())?;
        let claims: Json = serde_json::from_slice(&payload).map_err(|_| unreadable())?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        if text("tid").is_empty() {
            return Err(unreadable());
        }
        let list = |name: &str| {
            let items = claims[name].as_array().into_iter().flatten();
            let texts = items.filter_map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Vec<_>>()
        };
        Ok(Self {
            tenant_id: text("tid"),
            client_id: match text("appid") {
                v1 if !v1.is_empty() => v1,
                _ => text("azp"),
            },
            object_id: text("oid"),
            roles: list("roles"),
            scopes: text("scp").split_whitespace().map(str::to_owned).collect(),
            directory_roles: list("wids"),
        })
    }

    /// Whether a user's token names a directory role, by the id of its template.
    pub fn directory_role(&self, template: &str) -> bool {
        let mut held = self.directory_roles.iter();
        held.any(|id| id.eq_ignore_ascii_case(template))
    }

    /// Refuses to go on in another tenant than the stack's.
    pub fn check_tenant(&self, wanted: &str) -> Result<(), Diagnostic> {
        if self.tenant_id.eq_ignore_ascii_case(wanted) {
            return Ok(());
        }
        Err(Diagnostic::error(
            "wrong-tenant",
            format!(
                "the login is for tenant `{}`, but this stack is pinned to tenant `{wanted}`",
                self.tenant_id
            ),
        )
        .help(format!(
            "log in to the stack's tenant (`az login --tenant {wanted}`; a managed identity belongs to one tenant for good), or correct `tenant_id` in the `stack` block"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        Secret::new(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn both_versions_of_the_claims_are_read() {
        let v1 = token(r#"{"tid":"T","appid":"A","oid":"O","roles":["Application.Read.All"]}"#);
        let caller = Caller::of(&v1).unwrap();
        assert_eq!((caller.client_id.as_str(), caller.roles.len()), ("A", 1));
        let v2 = token(r#"{"tid":"T","azp":"B","scp":"User.Read openid"}"#);
        let caller = Caller::of(&v2).unwrap();
        assert_eq!((caller.client_id.as_str(), caller.scopes.len()), ("B", 2));
        assert!(caller.check_tenant("t").is_ok());
        assert_eq!(caller.check_tenant("u").unwrap_err().code, "wrong-tenant");
    }

    #[test]
    fn opaque_tokens_are_refused_without_showing_them() {
        for bad in ["EwBoA8l6BAAU", "a.b.c", "e30.e30.x"] {
            let diagnostic = Caller::of(&Secret::new(bad)).unwrap_err();
            assert!(!format!("{diagnostic:?}").contains(bad));
        }
    }
}
