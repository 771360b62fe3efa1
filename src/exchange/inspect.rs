//! Any token taken apart for people: what kind it is, whose, for how long. Nothing is verified.

use serde_json::{Map, Value};

use super::assertion::{MAX_BYTES, decoded, header_of};
use super::claims::Claims;
use super::platform::{Platform, platform};

/// A signed token's parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub header: Map<String, Value>,
    pub claims: Claims,
    /// What is signed: header and payload as they came.
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

/// Without the token itself: a valid one is as good as a password while it lives.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("header", &self.header)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// Takes a token apart.
///
/// # Errors
/// What it is instead of a signed JWT of at most [`MAX_BYTES`] bytes.
pub fn read(jwt: &str) -> Result<Token, String> {
    if jwt.len() > MAX_BYTES {
        return Err(format!(
            "the token has {} bytes: at most {MAX_BYTES} are read",
            jwt.len()
        ));
    }
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(match parts.len() {
            1 if jwt.is_empty() => "there is no token: the text is empty".to_owned(),
            1 => "this is no JWT: there is no dot in it; it may be an opaque token or a secret"
                .to_owned(),
            5 => "this token is encrypted: only the one whom it is for can read it; ask for a signed one".to_owned(),
            count => format!("this has {count} parts between dots: a signed token has three"),
        });
    };
    Ok(Token {
        header: header_of(&decoded("header", header)?)?,
        claims: Claims::from_json(&decoded("payload", payload)?)?,
        signature: decoded("signature", signature)?,
        signed: jwt[..jwt.len() - signature.len() - 1].to_owned(),
    })
}

impl Token {
    fn text(&self, claim: &str) -> String {
        self.claims.text(claim).unwrap_or_default().into_owned()
    }

    /// A member of the header that is a text.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// What kind of token it is and which platform sends such ones, as a noun.
    pub fn kind(&self) -> String {
        let subject = self.text("sub");
        let has = |claim: &str| self.claims.get(claim).is_some();
        let plain = |text: &str| text.to_owned();
        match platform(&self.text("iss")) {
            Platform::GitHub => plain("an OIDC token of GitHub Actions"),
            Platform::GitHubEnterprise => {
                plain("an OIDC token of GitHub Actions, with an enterprise's own issuer")
            }
            Platform::GitLab => plain("an ID token of a GitLab job"),
            Platform::TerraformCloud => plain("a workload identity token of HCP Terraform"),
            Platform::AzureDevOps => {
                plain("a service connection's token of Azure DevOps, with its old issuer")
            }
            Platform::Google => plain("a Google ID token"),
            Platform::Buildkite => plain("an OIDC token of Buildkite"),
            Platform::CircleCi => plain("an OIDC token of CircleCI"),
            Platform::Aws => plain("a token of AWS for outbound federation"),
            Platform::Entra if subject.starts_with("/eid1/") => {
                plain("a service connection's token of Azure DevOps, issued by Microsoft Entra")
            }
            Platform::Entra if self.is_graphs() => plain(
                "an access token of Microsoft Entra for Microsoft Graph: opaque to all but Graph",
            ),
            Platform::Entra if has("scp") => {
                plain("an access token of Microsoft Entra, for a signed-in user")
            }
            Platform::Entra if has("appid") || has("azp") => plain(
                "an access token of Microsoft Entra, for an application or a managed identity",
            ),
            Platform::Entra => plain("an ID token of Microsoft Entra"),
            Platform::Other
                if has("kubernetes.io") || subject.starts_with("system:serviceaccount:") =>
            {
                plain("a service account token of Kubernetes")
            }
            Platform::Other if subject.starts_with("spiffe://") => plain("a JWT-SVID of SPIFFE"),
            Platform::Other => plain("a token of an issuer that is not known by name"),
        }
    }

    /// Whether it is meant for Microsoft Graph, whose tokens nobody else can verify.
    pub fn is_graphs(&self) -> bool {
        const GRAPH: [&str; 5] = [
            "https://graph.microsoft.com",
            "https://graph.microsoft.us",
            "https://dod-graph.microsoft.us",
            "https://microsoftgraph.chinacloudapi.cn",
            "00000003-0000-0000-c000-000000000000",
        ];
        let audiences = self.claims.audiences().iter();
        audiences
            .map(|audience| audience.trim_end_matches('/'))
            .any(|audience| GRAPH.contains(&audience))
    }
}

/// A time before or after the present in words: `4 minutes ago`, `in 2 days`. Both in seconds since 1970.
pub fn relative(time: i64, now: i64) -> String {
    let distance = time.saturating_sub(now);
    let seconds = distance.unsigned_abs();
    if seconds == 0 {
        return "now".to_owned();
    }
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    match distance < 0 {
        true => format!("{count} {unit}{plural} ago"),
        false => format!("in {count} {unit}{plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn jwt(payload: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.AAAA", encode(r#"{"alg":"RS256"}"#), encode(payload))
    }

    #[test]
    fn kinds_are_told_apart() {
        for (payload, kind) in [
            (
                r#"{"iss":"https://token.actions.githubusercontent.com","sub":"repo:a/b:pull_request"}"#,
                "GitHub Actions",
            ),
            (
                r#"{"iss":"https://x","sub":"system:serviceaccount:a:b"}"#,
                "Kubernetes",
            ),
            (r#"{"iss":"https://x","sub":"spiffe://td/x"}"#, "SPIFFE"),
            (
                r#"{"iss":"https://sts.windows.net/t/","aud":"https://graph.microsoft.com/","appid":"x"}"#,
                "for Microsoft Graph",
            ),
            (
                r#"{"iss":"https://sts.windows.net/t/","aud":"api://x","appid":"x"}"#,
                "for an application",
            ),
            (
                r#"{"iss":"https://login.microsoftonline.com/t/v2.0","scp":"x"}"#,
                "signed-in user",
            ),
            (r#"{}"#, "not known by name"),
        ] {
            let token = read(&jwt(payload)).unwrap();
            assert!(token.kind().contains(kind), "{}", token.kind());
        }
        for (text, why) in [
            ("abc", "no dot"),
            ("a.b.c.d.e", "encrypted"),
            ("a.b", "2 parts"),
        ] {
            assert!(read(text).unwrap_err().contains(why));
        }
        assert!(
            read(&"a".repeat(MAX_BYTES + 1))
                .unwrap_err()
                .contains("bytes")
        );
    }

    #[test]
    fn times_in_words() {
        assert_eq!(relative(100, 160), "60 seconds ago");
        assert_eq!(relative(1000, 400), "in 10 minutes");
        assert_eq!(relative(0, 400_000), "4 days ago");
        assert_eq!(relative(3601 + 7200, 3601), "in 2 hours");
    }
}
