//! The form that a client posts to the token endpoint, and the answers that concern the form, the client and the resource.

use super::aadsts::render;
use crate::model::verdict::Refusal;

/// The one kind of client assertion (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client credentials request with an assertion.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    pub client_id: String,
    pub assertion: String,
    scope: Option<String>,
}

/// What the tenant knows of the client that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client<'a> {
    /// An enabled service principal.
    Ready,
    /// No application with this client id, or none with a service principal in this tenant.
    Missing,
    /// A disabled service principal, with its display name.
    Disabled(&'a str),
}

impl TokenRequest {
    /// Reads the decoded form; of a repeated parameter the first counts.
    ///
    /// # Errors
    /// 900144 (a parameter is missing), 70003 (another grant), 7000218 (no assertion).
    pub fn from_form<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<Self, Refusal> {
        let parameter = |name: &str| {
            let mut pairs = pairs.clone().into_iter();
            pairs
                .find(|(key, value)| *key == name && !value.is_empty())
                .map(|(_, value)| value.to_owned())
        };
        let required =
            |name: &str| parameter(name).ok_or_else(|| render(900_144, &[("parameter", name)]));
        let grant = required("grant_type")?;
        if grant != "client_credentials" {
            return Err(render(70003, &[("grant", grant.as_str())]));
        }
        let client_id = required("client_id")?;
        let assertion = parameter("client_assertion").ok_or_else(|| render(7_000_218, &[]))?;
        let kind = required("client_assertion_type")?;
        if kind != ASSERTION_TYPE {
            let refusal = render(900_144, &[("parameter", "client_assertion_type")]);
            return Err(refusal.because(format!(
                "it is `{kind}`: `{ASSERTION_TYPE}` is the only kind"
            )));
        }
        Ok(Self {
            client_id,
            assertion,
            scope: parameter("scope"),
        })
    }

    /// The identifier of the resource that is asked for: the scope without `/.default`.
    ///
    /// # Errors
    /// 90014 (no scope), 70011 (several), 1002012 (not ending with `/.default`).
    pub fn resource(&self) -> Result<&str, Refusal> {
        let scope = self
            .scope
            .as_deref()
            .ok_or_else(|| render(90014, &[("field", "scope")]))?;
        let mut scopes = scope.split_whitespace();
        match (scopes.next(), scopes.next()) {
            (Some(single), None) => match single.strip_suffix("/.default") {
                Some(resource) if !resource.is_empty() => Ok(resource),
                _ => Err(render(1_002_012, &[("scope", single)])),
            },
            _ => Err(render(70011, &[("scope", scope)])),
        }
    }
}

/// Whether the client may ask at all. `tenant` is the tenant's display name.
///
/// # Errors
/// 700016 or 7000112.
pub fn check_client(client_id: &str, tenant: &str, client: Client<'_>) -> Result<(), Refusal> {
    match client {
        Client::Ready => Ok(()),
        Client::Missing => Err(render(
            700_016,
            &[("application", client_id), ("tenant", tenant)],
        )),
        Client::Disabled(name) => Err(render(
            7_000_112,
            &[("application", client_id), ("name", name)],
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: [(&str, &str); 5] = [
        ("grant_type", "client_credentials"),
        ("client_id", "c"),
        ("client_assertion", "a.b.c"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("scope", "https://graph.microsoft.com/.default"),
    ];

    #[test]
    fn a_form_is_read_and_each_missing_part_has_its_code() {
        let request = TokenRequest::from_form(FORM).map_err(|refusal| refusal.code);
        assert_eq!(
            request.unwrap().resource().unwrap(),
            "https://graph.microsoft.com"
        );
        let without = |name: &str| {
            FORM.into_iter()
                .filter(|(key, _)| *key != name)
                .collect::<Vec<_>>()
        };
        for (name, code) in [
            ("grant_type", 900_144),
            ("client_id", 900_144),
            ("client_assertion", 7_000_218),
            ("client_assertion_type", 900_144),
        ] {
            assert_eq!(
                TokenRequest::from_form(without(name))
                    .err()
                    .map(|refusal| refusal.code),
                Some(code),
                "{name}"
            );
        }
        let scope = |scope| {
            let form = without("scope")
                .into_iter()
                .chain([("scope", scope)])
                .collect::<Vec<_>>();
            TokenRequest::from_form(form).map(|request| {
                request
                    .resource()
                    .map(str::to_owned)
                    .map_err(|refusal| refusal.code)
            })
        };
        for (text, answer) in [
            ("", Err(90014)),
            ("User.Read", Err(1_002_012)),
            ("a/.default b/.default", Err(70011)),
            (
                "https://graph.microsoft.com//.default",
                Ok("https://graph.microsoft.com/".to_owned()),
            ),
        ] {
            assert_eq!(
                scope(text).map_err(|refusal| refusal.code),
                Ok(answer),
                "{text}"
            );
        }
        assert_eq!(
            check_client("c", "Contoso", Client::Missing)
                .unwrap_err()
                .http_status,
            400
        );
        assert_eq!(check_client("c", "Contoso", Client::Ready), Ok(()));
    }
}
