//! An issuer as Microsoft Entra sees it: its two documents, fetched by anyone, and what an exchange would say of them.

use super::super::web::Web;
use super::findings;
use crate::keys::discovery::{self, Discovery};
use crate::keys::error::{KeyError, shown};
use crate::keys::{Jwks, check};
use crate::model::diagnostic::Diagnostic;

/// What is served at an issuer's URL.
#[derive(Debug, Default)]
pub struct Served {
    /// Where the keys are; none where the discovery document cannot be used.
    pub jwks_uri: Option<String>,
    pub jwks: Jwks,
    pub said: Vec<Diagnostic>,
}

/// Fetches both documents. `kids` are the keys that tokens are signed with; each of them has to be served.
pub async fn check(web: &Web, issuer: &str, kids: &[String]) -> Served {
    let mut served = Served::default();
    let said = &mut served.said;
    let url = discovery::url(issuer);
    let Some(body) = document(web, &url, said).await else {
        return served;
    };
    let Some(found) = parsed(Discovery::parse(&body), &url, said) else {
        return served;
    };
    let wrong = found.check(issuer);
    let no_place = wrong.iter().any(|it| it.code == "jwks-uri-not-https");
    said.extend(wrong.into_iter().map(|finding| {
        Diagnostic {
            level: finding.level,
            ..Diagnostic::error(finding.code, finding.message)
                .about(&url)
                .help(finding.help)
        }
    }));
    let body = match no_place {
        true => None,
        false => document(web, &found.jwks_uri, said).await,
    };
    let jwks = body.and_then(|body| parsed(Jwks::parse(&body), &found.jwks_uri, said));
    if let Some(jwks) = jwks {
        said.extend(check::check(&jwks).into_iter().map(findings::of(&jwks)));
        for kid in kids.iter().filter(|kid| jwks.find(kid).is_none()) {
            said.push(
                Diagnostic::error("kid-not-served", format!("no key `{}` is served: a token that it signed is refused with AADSTS7000272", shown(kid)))
                    .about(&found.jwks_uri)
                    .help("publish the key before anything signs with it; if it was published a moment ago, a cache in between may still hold the old set"),
            );
        }
        served.jwks = jwks;
    }
    served.jwks_uri = Some(found.jwks_uri);
    served
}

/// One document that has to be there for everyone; what keeps Entra from reading it goes into `said`.
pub async fn document(web: &Web, url: &str, said: &mut Vec<Diagnostic>) -> Option<Vec<u8>> {
    let page = match web.get(url).await {
        Ok(page) => page,
        Err(error) => {
            let message = format!("{}: an exchange fails with AADSTS90061", error.message);
            said.push(Diagnostic::error("unreachable", message).help(error.help));
            return None;
        }
    };
    if page.status != 200 {
        let text = String::from_utf8_lossy(&page.body);
        let (why, help) = match page.status {
            409 if text.contains("PublicAccessNotPermitted") => (
                " because the storage account permits no anonymous access",
                "let the account permit it (`az storage account update --name ACCOUNT --allow-blob-public-access true`), or publish on its static website",
            ),
            401 | 403 | 404 | 409 => (
                "",
                "upload it, and let its container be read anonymously (`az storage container create --public-access blob`)",
            ),
            _ => (
                "",
                "try again later; if it stays so, look into the host's own logs",
            ),
        };
        let message = format!(
            "`{url}` answers {}{why}: an exchange fails with AADSTS90061",
            page.status
        );
        said.push(Diagnostic::error("not-served", message).help(help));
        return None;
    }
    let media_type = page.content_type.as_deref().unwrap_or("none");
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    if !matches!(
        plain,
        "application/json" | "application/jwk-set+json" | "text/json"
    ) {
        said.push(
            Diagnostic::warning("content-type", format!("`{url}` has the content type `{}`, and strict verifiers want `application/json`", shown(media_type)))
                .help("upload it with `--content-type application/json`"),
        );
    }
    Some(page.body)
}

/// A document that was read, or what is wrong with its form.
pub fn parsed<T>(
    document: Result<T, KeyError>,
    url: &str,
    said: &mut Vec<Diagnostic>,
) -> Option<T> {
    let wrong = |error: KeyError| {
        let message = format!("{}: an exchange fails with AADSTS90061", error.message);
        Diagnostic::error("unreadable-document", message)
            .about(url)
            .help(error.help)
    };
    document.map_err(|error| said.push(wrong(error))).ok()
}
