//! The OpenID discovery document of an issuer: where it is, what we publish, what others publish.

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::error::{KeyError, shown};
use super::finding::Finding;

/// Largest document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// The document's name below the issuer.
pub const DISCOVERY_PATH: &str = ".well-known/openid-configuration";

/// The JWKS's name below the issuer, as Kubernetes and azwi have it.
pub const JWKS_PATH: &str = "openid/v1/jwks";

/// The five members that Kubernetes and azwi publish, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// The issuer, byte for byte as in tokens and in federated credentials.
    pub issuer: String,
    /// Where the keys are; anywhere, the issuer need not be its prefix.
    pub jwks_uri: String,
    /// `["id_token"]`. Empty when a document that was read does not say.
    pub response_types_supported: Vec<String>,
    /// `["public"]`. Empty when a document that was read does not say.
    pub subject_types_supported: Vec<String>,
    /// `["RS256"]`. Empty when a document that was read does not say.
    pub id_token_signing_alg_values_supported: Vec<String>,
}

/// Where the discovery document of an issuer is: joined by exactly one slash, with or without one at the issuer's end.
pub fn url(issuer: &str) -> String {
    below(issuer, DISCOVERY_PATH)
}

/// Where we publish the keys of an issuer.
pub fn jwks_uri(issuer: &str) -> String {
    below(issuer, JWKS_PATH)
}

fn below(issuer: &str, path: &str) -> String {
    format!("{}/{path}", issuer.trim_end_matches('/'))
}

impl Discovery {
    /// The document that we publish for an issuer, with the keys at [`jwks_uri`].
    pub fn of(issuer: &str) -> Self {
        let one = |word: &str| vec![word.to_owned()];
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: jwks_uri(issuer),
            response_types_supported: one("id_token"),
            subject_types_supported: one("public"),
            id_token_signing_alg_values_supported: one("RS256"),
        }
    }

    /// Canonical text: two-space indent, no newline at the end.
    pub fn text(&self) -> String {
        // Strings and lists of strings only, so this cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a document of at most 256 KiB that has at least `issuer` and `jwks_uri`. Other members are ignored.
    pub fn parse(text: &[u8]) -> Result<Self, KeyError> {
        const FORM: &str = "it is a JSON object with at least `issuer` and `jwks_uri` (OpenID Connect Discovery 1.0, section 3)";
        let refused =
            |reason: String| KeyError::new(format!("this discovery document {reason}"), FORM);
        if text.len() > MAX_DOCUMENT {
            return Err(refused("is larger than 256 KiB".to_owned()));
        }
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            refused(format!(
                "is not valid JSON: line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        let string = |name: &str| match value.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(refused(format!(
                "has something else than a string as its `{name}`"
            ))),
            None => Err(refused(format!("has no `{name}`"))),
        };
        let list = |name: &str| match value.get(name) {
            None => Ok(Vec::new()),
            Some(value) => value
                .as_array()
                .and_then(|items| {
                    items
                        .iter()
                        .map(|item| item.as_str().map(str::to_owned))
                        .collect()
                })
                .ok_or_else(|| {
                    refused(format!(
                        "has something else than a list of strings as its `{name}`"
                    ))
                }),
        };
        Ok(Self {
            issuer: string("issuer")?,
            jwks_uri: string("jwks_uri")?,
            response_types_supported: list("response_types_supported")?,
            subject_types_supported: list("subject_types_supported")?,
            id_token_signing_alg_values_supported: list("id_token_signing_alg_values_supported")?,
        })
    }

    /// What is wrong with this document, served for `issuer`, the text that tokens and credentials carry.
    pub fn check(&self, issuer: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.issuer != issuer {
            let slash = self.issuer.trim_end_matches('/') == issuer.trim_end_matches('/');
            found.push(Finding::error(
                "issuer-mismatch",
                format!(
                    "the document says that its issuer is `{}`, and `{}` is expected{}",
                    shown(&self.issuer),
                    shown(issuer),
                    if slash { ": they differ in the slash at the end" } else { "" }
                ),
                "let the document, the tokens and the federated credentials carry the same text, byte for byte (AADSTS700211)",
            ));
        }
        match (Url::parse(&self.jwks_uri), Url::parse(issuer)) {
            (Ok(keys), _) if keys.scheme() != "https" => found.push(Finding::error(
                "jwks-uri-not-https",
                format!("`jwks_uri` is `{}`, which is not an https URL", shown(&self.jwks_uri)),
                "serve the keys over https with a certificate of a public authority",
            )),
            (Ok(keys), Ok(issuer)) if keys.host() != issuer.host() => found.push(Finding::warning(
                "jwks-uri-other-host",
                format!("`jwks_uri` is `{}`, on another host than the issuer: whoever holds that host can sign tokens", shown(&self.jwks_uri)),
                "host the keys below the issuer, or make sure that the same people hold both hosts",
            )),
            (Ok(_), _) => {}
            (Err(_), _) => found.push(Finding::error(
                "jwks-uri-not-https",
                format!("`jwks_uri` is `{}`, which is not a URL", shown(&self.jwks_uri)),
                "write the full https URL of the JWKS",
            )),
        }
        let algorithms = &self.id_token_signing_alg_values_supported;
        if !algorithms.is_empty() && !algorithms.iter().any(|alg| alg == "RS256") {
            let named: Vec<_> = algorithms
                .iter()
                .take(8)
                .map(|alg| format!("`{}`", shown(alg)))
                .collect();
            found.push(Finding::warning(
                "rs256-not-offered",
                format!("the issuer says that it signs with {}, and Microsoft Entra promises RS256 only", named.join(", ")),
                "let the issuer sign with RS256 and list it in `id_token_signing_alg_values_supported`",
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KUBE: &str = include_str!("testdata/kube-openid-configuration.json");
    const ISSUER: &str = "https://oidc4f1c.blob.core.windows.net/oidc";

    #[test]
    fn the_five_members_as_kubernetes_serves_them() {
        let kube = Discovery::parse(KUBE.as_bytes()).unwrap();
        assert_eq!(kube, Discovery::of("https://127.0.0.1:18781/container"));
        assert_eq!(serde_json::to_string(&kube).unwrap(), KUBE);
        assert_eq!(Discovery::parse(kube.text().as_bytes()), Ok(kube));
    }

    #[test]
    fn one_slash() {
        for issuer in [ISSUER.to_owned(), format!("{ISSUER}/")] {
            assert_eq!(
                url(&issuer),
                format!("{ISSUER}/.well-known/openid-configuration")
            );
            assert_eq!(jwks_uri(&issuer), format!("{ISSUER}/openid/v1/jwks"));
            assert_eq!(Discovery::of(&issuer).issuer, issuer);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let least =
            br#"{"issuer":"https://a.example","jwks_uri":"https://a.example/keys","claims":[1]}"#;
        assert_eq!(
            Discovery::parse(least).unwrap().check("https://a.example"),
            []
        );
        for (text, words) in [
            ("<html>", "not valid JSON: line 1"),
            ("[]", "no `issuer`"),
            (r#"{"issuer":"a"}"#, "no `jwks_uri`"),
            (
                r#"{"issuer":1,"jwks_uri":"b"}"#,
                "something else than a string as its `issuer`",
            ),
            (
                r#"{"issuer":"a","jwks_uri":"b","response_types_supported":"c"}"#,
                "list of strings",
            ),
        ] {
            let error = Discovery::parse(text.as_bytes()).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        assert!(Discovery::parse(&vec![b' '; MAX_DOCUMENT + 1]).is_err());
    }

    #[test]
    fn findings() {
        let codes = |document: &Discovery, issuer: &str| -> Vec<_> {
            document
                .check(issuer)
                .into_iter()
                .map(|finding| finding.code)
                .collect()
        };
        let good = Discovery::of(ISSUER);
        assert_eq!(codes(&good, ISSUER), [""; 0]);
        assert_eq!(codes(&good, &format!("{ISSUER}/")), ["issuer-mismatch"]);
        assert!(
            good.check(&format!("{ISSUER}/"))[0]
                .message
                .contains("slash")
        );
        let jwks_uri = |uri: &str| Discovery {
            jwks_uri: uri.to_owned(),
            ..good.clone()
        };
        assert_eq!(
            codes(&jwks_uri("http://oidc4f1c.blob.core.windows.net/k"), ISSUER),
            ["jwks-uri-not-https"]
        );
        assert_eq!(
            codes(&jwks_uri("/openid/v1/jwks"), ISSUER),
            ["jwks-uri-not-https"]
        );
        assert_eq!(
            codes(&jwks_uri("https://cdn.example.net/k"), ISSUER),
            ["jwks-uri-other-host"]
        );
        let es = Discovery {
            id_token_signing_alg_values_supported: vec!["ES256".to_owned()],
            ..good
        };
        assert_eq!(codes(&es, ISSUER), ["rs256-not-offered"]);
    }

    proptest! {
        #[test]
        fn arbitrary_documents_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200), issuer in ".{0,40}", uri in ".{0,40}") {
            let _ = Discovery::parse(&bytes);
            let text = serde_json::json!({"issuer": issuer, "jwks_uri": uri}).to_string();
            let document = Discovery::parse(text.as_bytes()).unwrap();
            prop_assert!(document.check(&issuer).iter().all(|finding| finding.code != "issuer-mismatch"));
        }
    }
}
