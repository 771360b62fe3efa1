//! Which platform an issuer belongs to, and what is true of all its tokens.

/// GitHub's one issuer on github.com.
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Who issues a token, as far as its issuer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// github.com, with the shared issuer.
    GitHub,
    /// An enterprise's own issuer, a data-residency host, or a GitHub Enterprise Server.
    GitHubEnterprise,
    GitLab,
    TerraformCloud,
    AzureDevOps,
    /// Entra itself: a managed identity, or Azure DevOps with its new issuer.
    Entra,
    Google,
    Buildkite,
    CircleCi,
    Aws,
    /// Anything else: a cluster, SPIRE, an own provider.
    Other,
}

/// The platform that an issuer belongs to.
pub fn platform(issuer: &str) -> Platform {
    let host = issuer.strip_prefix("https://").unwrap_or_default();
    let (host, path) = host.split_once('/').unwrap_or((host, ""));
    match host {
        "token.actions.githubusercontent.com" if issuer == GITHUB => Platform::GitHub,
        "token.actions.githubusercontent.com" => Platform::GitHubEnterprise,
        "app.terraform.io" | "app.eu.terraform.io" => Platform::TerraformCloud,
        "vstoken.dev.azure.com" => Platform::AzureDevOps,
        "login.microsoftonline.com"
        | "login.microsoftonline.us"
        | "login.partner.microsoftonline.cn"
        | "sts.windows.net" => Platform::Entra,
        "accounts.google.com" => Platform::Google,
        "agent.buildkite.com" => Platform::Buildkite,
        "oidc.circleci.com" => Platform::CircleCi,
        _ if host.starts_with("token.actions.") && host.ends_with(".ghe.com")
            || path == "_services/token" =>
        {
            Platform::GitHubEnterprise
        }
        _ if host.ends_with(".tokens.sts.global.api.aws") => Platform::Aws,
        _ if host == "gitlab.com" || host.starts_with("gitlab.") => Platform::GitLab,
        _ => Platform::Other,
    }
}

/// Whether every token of this issuer has this claim, as a text. `sub` the token endpoint demands (AADSTS90014); GitHub's reference of its
/// OIDC token lists the two ids in every token.
pub fn always_present(issuer: &str, claim: &str) -> bool {
    matches!(claim, "sub")
        || platform(issuer) == Platform::GitHub
            && matches!(claim, "repository_id" | "repository_owner_id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms() {
        for (issuer, expected) in [
            (
                "https://token.actions.githubusercontent.com/contoso",
                Platform::GitHubEnterprise,
            ),
            (
                "https://ghes.contoso.com/_services/token",
                Platform::GitHubEnterprise,
            ),
            ("https://vstoken.dev.azure.com/0000", Platform::AzureDevOps),
            ("https://login.microsoftonline.com/t/v2.0", Platform::Entra),
            ("https://x.tokens.sts.global.api.aws", Platform::Aws),
            (
                "https://eastus.oic.prod-aks.azure.com/t/c/",
                Platform::Other,
            ),
            ("https://gitlab.contoso.de", Platform::GitLab),
        ] {
            assert_eq!(platform(issuer), expected, "{issuer}");
        }
    }
}
