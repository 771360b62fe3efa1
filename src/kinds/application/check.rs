//! Closer looks at an application's values.
//!
//! Sources: Microsoft, "Redirect URI (reply URL) best practices and limitations" and "Supported account types
//! validation differences"; the schemes are those that hashicorp/azuread accepts.

use std::collections::BTreeMap;

use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Complaint;
use crate::model::value::Value;

type Verdict = Result<(), Complaint>;

/// Two applications under one unique name would be one object.
pub fn review(desired: &Desired) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut seen: BTreeMap<&str, &Resource> = BTreeMap::new();
    let mut applications: Vec<&Resource> = super::declared(desired).collect();
    // The first is the one that stands first in the files.
    applications.sort_by_key(|resource| (resource.origin.source, resource.origin.start));
    for resource in applications {
        let Some(name) = resource.text("unique_name") else {
            continue;
        };
        if let Some(first) = seen.insert(name, resource) {
            diagnostics.push(
                Diagnostic::error(
                    "duplicate-unique-name",
                    format!("two applications have the unique name `{name}`"),
                )
                .about(&resource.address)
                .at(resource.span("unique_name"), "the second")
                .see(
                    first.span("unique_name"),
                    format!("the first: `{}`", first.address),
                )
                .help("Graph finds an application by its unique name: give one of them another"),
            );
        }
    }
    diagnostics
}

fn each(value: &Value, look: fn(&str) -> Verdict) -> Verdict {
    value.items().filter_map(Value::as_str).try_for_each(look)
}

fn one(value: &Value, look: fn(&str) -> Verdict) -> Verdict {
    value.as_str().map_or(Ok(()), look)
}

/// 1–256 characters.
pub fn display_name(value: &Value) -> Verdict {
    one(value, |name| match name.chars().count() {
        0 => Err(Complaint::new("a display name cannot be empty")),
        1..=256 => Ok(()),
        long => Err(Complaint::new(format!(
            "the display name has {long} characters, Graph takes at most 256"
        ))),
    })
}

/// 1–120 of letters, digits, `.`, `_` and `-`: our own rule, Graph documents none.
pub fn unique_name(value: &Value) -> Verdict {
    one(value, |name| {
        let fits = (1..=120).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if fits {
            Ok(())
        } else {
            Err(Complaint::new(format!("`{name}` cannot be a unique name"))
                .help("use 1 to 120 letters, digits, `.`, `_` and `-`"))
        }
    })
}

pub fn guid(value: &Value) -> Verdict {
    one(value, |text| {
        if crate::kinds::api::is_guid(text) {
            Ok(())
        } else {
            Err(Complaint::new(format!("`{text}` is not a GUID")))
        }
    })
}

/// 1–256 characters without white space.
pub fn tags(value: &Value) -> Verdict {
    each(value, |tag| {
        if tag.starts_with(super::mark::PREFIX) {
            Err(
                Complaint::new(format!("`{tag}` looks like one of trustform's own marks"))
                    .help("leave it out: marks are written and kept by trustform itself"),
            )
        } else if tag.is_empty() || tag.chars().count() > 256 || tag.contains(char::is_whitespace) {
            Err(Complaint::new(format!("`{tag}` cannot be a tag"))
                .help("use 1 to 256 characters without white space"))
        } else {
            Ok(())
        }
    })
}

pub fn identifier_uris(value: &Value) -> Verdict {
    each(value, |uri| {
        let scheme = uri.split(':').next().unwrap_or_default();
        if uri.len() > 255 {
            Err(Complaint::new(format!(
                "the identifier URI has {} characters, Graph takes at most 255",
                uri.len()
            )))
        } else if uri.contains('*') {
            Err(Complaint::new("an identifier URI cannot hold a wildcard")
                .help("name each resource that tokens are asked for"))
        } else if !uri.contains(':')
            || !["api", "https", "http", "urn", "ms-appx"].contains(&scheme)
        {
            Err(Complaint::new(format!("`{uri}` is not an identifier URI"))
                .help("begin it with `api://`, `https://` or `urn:`"))
        } else {
            Ok(())
        }
    })
}

pub fn url(value: &Value) -> Verdict {
    one(value, |text| match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err(Complaint::new(format!(
            "`{text}` is not an http or https URL"
        ))),
    })
}

pub fn logout_url(value: &Value) -> Verdict {
    one(value, |text| match url::Url::parse(text) {
        Ok(url) if url.scheme() == "https" && text.len() <= 255 => Ok(()),
        _ => Err(Complaint::new(format!("`{text}` cannot be a logout URL"))
            .help("use an https URL of at most 255 characters")),
    })
}

pub fn web_redirects(value: &Value) -> Verdict {
    each(value, |uri| {
        redirect(
            uri,
            &["http", "https", "ms-appx-web", "brk-multihub", "urn"],
        )
    })
}

pub fn spa_redirects(value: &Value) -> Verdict {
    each(value, |uri| {
        redirect(uri, &["http", "https", "ms-appx-web", "brk-multihub"])
    })
}

/// Custom schemes are what native applications use.
pub fn public_redirects(value: &Value) -> Verdict {
    each(value, |uri| redirect(uri, &[]))
}

fn redirect(uri: &str, schemes: &[&str]) -> Verdict {
    if uri.len() > 256 {
        return Err(Complaint::new(format!(
            "the redirect URI has {} characters, Entra takes at most 256",
            uri.len()
        )));
    }
    let Ok(url) = url::Url::parse(uri) else {
        return Err(Complaint::new(format!("`{uri}` is not a URI"))
            .help("write it with its scheme, as in `https://app.contoso.com/auth/callback`"));
    };
    if !schemes.is_empty() && !schemes.contains(&url.scheme()) {
        return Err(
            Complaint::new(format!("the scheme `{}` is not allowed here", url.scheme()))
                .help("use `https`; custom schemes belong into `public_client`"),
        );
    }
    if uri.contains("[::1]") {
        return Err(
            Complaint::new("Entra does not support `[::1]` in a redirect URI")
                .help("use `http://localhost` or `http://127.0.0.1`"),
        );
    }
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    if url.scheme() == "http" && !local {
        return Err(Complaint::new(format!(
            "`{uri}` is plain http: a code sent there can be read on the way"
        ))
        .help("use https; http is allowed for `localhost` and `127.0.0.1` only"));
    }
    if let Some(bad) = uri.chars().find(|c| "!$'(),;".contains(*c)) {
        return Err(Complaint::new(format!(
            "Entra does not take `{bad}` in a redirect URI"
        )));
    }
    Ok(())
}

pub fn token_version(value: &Value) -> Verdict {
    match value {
        Value::Number(number) if number.0 != 1.0 && number.0 != 2.0 => {
            Err(Complaint::new("the access token version is 1 or 2"))
        }
        _ => Ok(()),
    }
}
