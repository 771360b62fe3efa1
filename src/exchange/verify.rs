//! A token verified as a resource server should: signature, issuer, tenant, audience, lifetime, in that order
//! (Microsoft, "Access tokens in the Microsoft identity platform", "Validate tokens").

use super::assertion::Assertion;
use super::decide::CLOCK_SKEW;
use super::inspect::{Token, relative};
use super::signature::{Algorithm, check_key, check_signature};
use crate::keys::Jwks;

/// What a resource server expects.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The issuer; `{tenantid}` in it stands for any of the tenants.
    pub issuer: String,
    pub audiences: Vec<String>,
    /// The tenants that are admitted; without any, the issuer alone decides.
    pub tenants: Vec<String>,
}

/// One step, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    /// What was found; or why it failed.
    pub result: Result<String, String>,
}

/// Whether the keys do not have the token's key: then they are fetched once more.
pub fn is_key_unknown(token: &Token, jwks: &[u8]) -> bool {
    let key = token.header_text("kid");
    match (key, Jwks::parse(jwks)) {
        (Some(key), Ok(jwks)) => jwks.find(key).is_none(),
        _ => false,
    }
}

/// Every step, in order; `now` in seconds since 1970. Where the keys could not be had, `jwks` says why.
pub fn verify(
    token: &Token,
    expected: &Expected,
    jwks: Result<&[u8], &str>,
    now: i64,
) -> Vec<Step> {
    vec![
        Step {
            name: "kind",
            result: kind(token),
        },
        Step {
            name: "algorithm",
            result: algorithm(token)
                .map(|_| token.header_text("alg").unwrap_or_default().to_owned()),
        },
        Step {
            name: "signature",
            result: signature(token, jwks),
        },
        Step {
            name: "issuer",
            result: issuer(token, expected),
        },
        Step {
            name: "tenant",
            result: tenant(token, expected),
        },
        Step {
            name: "audience",
            result: audience(token, expected),
        },
        Step {
            name: "lifetime",
            result: lifetime(token, now),
        },
    ]
}

fn kind(token: &Token) -> Result<String, String> {
    match token.is_graphs() {
        true => Err("it is for Microsoft Graph: its form is Graph's own affair, and its signature does not verify elsewhere; ask for a token for your own API".to_owned()),
        false => Ok(token.kind()),
    }
}

fn algorithm(token: &Token) -> Result<Algorithm, String> {
    let name = token.header_text("alg").unwrap_or_default();
    let refused = match name {
        "" => "the header has no `alg`".to_owned(),
        name if name.eq_ignore_ascii_case("none") => {
            "`none`: the token is not signed at all, whoever wants can write one".to_owned()
        }
        name if name.starts_with("HS") => format!(
            "`{name}` is a shared secret's: with it, whoever can verify a token can also make one, and a public key taken for the secret is known to all"
        ),
        name => format!("`{name}` is not an RSA algorithm"),
    };
    Algorithm::from_name(name).ok_or(refused)
}

fn signature(token: &Token, jwks: Result<&[u8], &str>) -> Result<String, String> {
    let algorithm =
        algorithm(token).map_err(|_| "not looked at: the algorithm is refused".to_owned())?;
    let jwks = jwks?;
    let text = |claim: &str| token.claims.text(claim).unwrap_or_default().into_owned();
    let key_id = token
        .header_text("kid")
        .ok_or("the header has no `kid`")?
        .to_owned();
    let assertion = Assertion {
        algorithm,
        issuer: text("iss"),
        subject: text("sub"),
        expires: 0,
        not_before: 0,
        claims: token.claims.clone(),
        signed: token.signed.clone(),
        signature: token.signature.clone(),
        key_id: key_id.clone(),
    };
    let why = |refusal: crate::model::verdict::Refusal| refusal.detail.unwrap_or(refusal.message);
    let key = check_key(&assertion, jwks).map_err(why)?;
    check_signature(&assertion, &key)
        .map_err(|_| format!("the key `{key_id}` did not make this signature"))?;
    Ok(format!("made by the published key `{key_id}`"))
}

fn issuer(token: &Token, expected: &Expected) -> Result<String, String> {
    let Some(found) = token.claims.text("iss") else {
        return Err("the token has no `iss`".to_owned());
    };
    let tenant = token.claims.text("tid").unwrap_or_default();
    let wanted = expected.issuer.replace("{tenantid}", &tenant);
    match wanted == found {
        true => Ok(found.into_owned()),
        false if tenant.is_empty() => {
            Err(format!("it is `{found}`, expected `{}`", expected.issuer))
        }
        false => Err(format!("it is `{found}`, expected `{wanted}`")),
    }
}

fn tenant(token: &Token, expected: &Expected) -> Result<String, String> {
    let tenant = token.claims.text("tid").unwrap_or_default().into_owned();
    let listed = || {
        expected
            .tenants
            .iter()
            .any(|one| one.eq_ignore_ascii_case(&tenant))
    };
    if expected.tenants.is_empty() && expected.issuer.contains("{tenantid}") {
        return Err(
            "the issuer is a template for any tenant: say which are admitted with `--tenant`"
                .to_owned(),
        );
    }
    if expected.tenants.is_empty() {
        return Ok("the issuer's".to_owned());
    }
    match listed() {
        true => Ok(tenant),
        false if tenant.is_empty() => Err("the token has no `tid`".to_owned()),
        false => Err(format!("`{tenant}` is none of those that are admitted")),
    }
}

fn audience(token: &Token, expected: &Expected) -> Result<String, String> {
    let found = token.claims.audiences();
    match found
        .iter()
        .find(|audience| expected.audiences.contains(audience))
    {
        Some(audience) => Ok(audience.clone()),
        None if found.is_empty() => Err("the token has no `aud`".to_owned()),
        None => Err(format!(
            "it is for `{}`, expected `{}`",
            found.join("`, `"),
            expected.audiences.join("` or `")
        )),
    }
}

fn lifetime(token: &Token, now: i64) -> Result<String, String> {
    let expires = token
        .claims
        .seconds("exp")
        .ok_or("the token has no `exp`")?;
    let begins = token.claims.seconds("nbf").unwrap_or(0);
    if expires.saturating_add(CLOCK_SKEW) <= now {
        return Err(format!("it ended {}", relative(expires, now)));
    }
    if begins > now.saturating_add(CLOCK_SKEW) {
        return Err(format!("it begins {}", relative(begins, now)));
    }
    Ok(format!(
        "it ends {} (clocks may differ by {} minutes)",
        relative(expires, now),
        CLOCK_SKEW / 60
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::inspect::read;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn steps(header: &str, payload: &str, expected: &Expected) -> Vec<&'static str> {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = read(&format!("{}.{}.AAAA", encode(header), encode(payload))).unwrap();
        let steps = verify(&token, expected, Err("no keys"), 1000);
        let failed = steps.into_iter().filter(|step| step.result.is_err());
        failed.map(|step| step.name).collect()
    }

    #[test]
    fn each_step_fails_for_its_own_reason() {
        let expected = Expected {
            issuer: "https://login.microsoftonline.com/{tenantid}/v2.0".to_owned(),
            audiences: vec!["api://x".to_owned()],
            tenants: vec!["t".to_owned()],
        };
        let header = r#"{"alg":"RS256","kid":"k"}"#;
        let good = r#"{"iss":"https://login.microsoftonline.com/t/v2.0","tid":"t","aud":"api://x","exp":2000}"#;
        assert_eq!(steps(header, good, &expected), ["signature"]);
        let graph = r#"{"iss":"https://sts.windows.net/t/","aud":"https://graph.microsoft.com"}"#;
        assert_eq!(
            steps(r#"{"alg":"none"}"#, graph, &expected),
            [
                "kind",
                "algorithm",
                "signature",
                "issuer",
                "tenant",
                "audience",
                "lifetime"
            ]
        );
        let other = r#"{"iss":"https://login.microsoftonline.com/u/v2.0","tid":"u","aud":"api://x","exp":200}"#;
        assert_eq!(
            steps(r#"{"alg":"HS256","kid":"k"}"#, other, &expected),
            ["algorithm", "signature", "tenant", "lifetime"]
        );
    }
}
