//! A subject taken apart. The parts may hold wildcards where the text is the pattern of an expression.

use crate::exchange::platform::{Platform, platform};

/// A subject's parts, by the platform of its issuer and its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// `repo:OWNER/REPOSITORY:CONTEXT`, or since 15 July 2026 `repo:OWNER@ID/REPOSITORY@ID:CONTEXT` (entra-docs
    /// `workload-identities-github-immutable-subjects.md`).
    GitHub {
        owner: GitHubName,
        repository: GitHubName,
        context: Context,
    },
    /// `project_path:GROUP/PROJECT:ref_type:TYPE:ref:NAME`, or with `project_id:NUMBER` (GitLab's page on ID tokens).
    GitLab {
        project: String,
        by_id: bool,
        ref_type: Option<String>,
        reference: Option<String>,
    },
    /// `system:serviceaccount:NAMESPACE:NAME`
    Kubernetes {
        namespace: String,
        service_account: String,
    },
    /// `spiffe://TRUST-DOMAIN/PATH`
    Spiffe { trust_domain: String, path: String },
    /// `organization:O:project:P:workspace:W:run_phase:PHASE`
    TerraformCloud {
        organization: String,
        project: String,
        workspace: String,
        run_phase: String,
    },
    /// `sc://ORGANISATION/PROJECT/CONNECTION`
    AzureDevOps {
        organization: String,
        project: String,
        connection: String,
    },
    /// `/eid1/c/pub/t/TENANT/a/APPLICATION/sc/ORGANISATION/CONNECTION`, both by their ids: what the Entra issuer says of a
    /// connection.
    ServiceConnection {
        organization: String,
        connection: String,
    },
    /// The object id of a managed identity; `${ADDRESS.principal_id}` while it is not there.
    ManagedIdentity(String),
    /// A form that we do not know.
    Opaque(String),
}

/// A name on GitHub, with the numeric id that immutable subjects carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubName {
    pub name: String,
    pub id: Option<String>,
}

/// Where a GitHub workflow runs. An environment beats a pull request, which beats a ref (GitHub's OIDC reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    Environment(String),
    PullRequest,
    Branch(String),
    Tag(String),
    /// Whatever the pattern's last `*` leaves open.
    Anywhere,
    Other(String),
}

/// Takes a subject apart; never fails, see [`Subject::Opaque`].
pub fn parse(issuer: &str, text: &str) -> Subject {
    let known = match platform(issuer) {
        Platform::GitHub | Platform::GitHubEnterprise => github(text),
        Platform::GitLab => gitlab(text),
        Platform::TerraformCloud => terraform(text),
        Platform::AzureDevOps => azure_devops(text),
        Platform::Entra if is_guid(text) || not_there_yet(text).is_some() => {
            Some(Subject::ManagedIdentity(text.to_owned()))
        }
        Platform::Entra => service_connection(text).or_else(|| azure_devops(text)),
        _ => kubernetes(text)
            .or_else(|| spiffe(text))
            .or_else(|| gitlab(text)),
    };
    known.unwrap_or_else(|| Subject::Opaque(text.to_owned()))
}

fn github(text: &str) -> Option<Subject> {
    let (owner, rest) = text.strip_prefix("repo:")?.split_once('/')?;
    if owner.contains(':') {
        return None;
    }
    let (repository, context) = match rest.split_once(':') {
        Some((repository, context)) => (repository, context_of(context)),
        None if rest.ends_with('*') => (rest, Context::Anywhere),
        None => return None,
    };
    Some(Subject::GitHub {
        owner: github_name(owner),
        repository: github_name(repository),
        context,
    })
}

fn context_of(text: &str) -> Context {
    if text == "pull_request" {
        return Context::PullRequest;
    }
    if text == "*" {
        return Context::Anywhere;
    }
    let named = |prefix| text.strip_prefix(prefix).map(str::to_owned);
    None.or_else(|| named("environment:").map(Context::Environment))
        .or_else(|| named("ref:refs/heads/").map(Context::Branch))
        .or_else(|| named("ref:refs/tags/").map(Context::Tag))
        .unwrap_or_else(|| Context::Other(text.to_owned()))
}

fn github_name(text: &str) -> GitHubName {
    match text.rsplit_once('@') {
        Some((name, id)) if is_number(id) => GitHubName {
            name: name.to_owned(),
            id: Some(id.to_owned()),
        },
        _ => GitHubName {
            name: text.to_owned(),
            id: None,
        },
    }
}

fn gitlab(text: &str) -> Option<Subject> {
    let by_id = text.starts_with("project_id:");
    let rest = text
        .strip_prefix("project_path:")
        .or_else(|| text.strip_prefix("project_id:"))?;
    let (project, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let rest = rest
        .strip_prefix("ref_type:")
        .and_then(|rest| rest.split_once(":ref:"));
    let (ref_type, reference) = rest
        .map(|(kind, name)| (kind.to_owned(), name.to_owned()))
        .unzip();
    Some(Subject::GitLab {
        project: project.to_owned(),
        by_id,
        ref_type,
        reference,
    })
}

fn kubernetes(text: &str) -> Option<Subject> {
    let (namespace, account) = text
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')?;
    Some(Subject::Kubernetes {
        namespace: namespace.to_owned(),
        service_account: account.to_owned(),
    })
}

fn spiffe(text: &str) -> Option<Subject> {
    let (trust_domain, path) = text.strip_prefix("spiffe://")?.split_once('/')?;
    Some(Subject::Spiffe {
        trust_domain: trust_domain.to_owned(),
        path: format!("/{path}"),
    })
}

fn terraform(text: &str) -> Option<Subject> {
    let (organization, rest) = text
        .strip_prefix("organization:")?
        .split_once(":project:")?;
    let (project, rest) = rest.split_once(":workspace:")?;
    let (workspace, phase) = rest.split_once(":run_phase:")?;
    let [organization, project, workspace, run_phase] =
        [organization, project, workspace, phase].map(str::to_owned);
    Some(Subject::TerraformCloud {
        organization,
        project,
        workspace,
        run_phase,
    })
}

fn azure_devops(text: &str) -> Option<Subject> {
    let (organization, rest) = text.strip_prefix("sc://")?.split_once('/')?;
    let (project, connection) = rest.split_once('/')?;
    let [organization, project, connection] =
        [organization, project, connection].map(str::to_owned);
    Some(Subject::AzureDevOps {
        organization,
        project,
        connection,
    })
}

fn service_connection(text: &str) -> Option<Subject> {
    let parts: Vec<&str> = text.strip_prefix("/eid1/c/pub/t/")?.split('/').collect();
    let [_, "a", _, "sc", organization, connection] = parts[..] else {
        return None;
    };
    let [organization, connection] = [organization, connection].map(str::to_owned);
    Some(Subject::ServiceConnection {
        organization,
        connection,
    })
}

/// The identity that a subject of it waits for.
pub(super) fn not_there_yet(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix(".principal_id}")
}

/// Claims whose value follows from the beginning of a subject, because the platform writes both from one fact: the ids of an immutable
/// GitHub subject, the ids of GitHub's customised subjects, GitLab's `project_id`. Given the literal beginning of a subject (all of it,
/// or what stands before the first wildcard); an id counts only if its end is there too.
pub fn implied(issuer: &str, beginning: &str) -> Vec<(&'static str, String)> {
    let mut claims = Vec::new();
    match platform(issuer) {
        Platform::GitHub => {
            if let Some((owner, rest)) = beginning
                .strip_prefix("repo:")
                .and_then(|rest| rest.split_once('/'))
            {
                claims.extend(github_name(owner).id.map(|id| ("repository_owner_id", id)));
                let repository = rest
                    .split_once(':')
                    .map(|(repository, _)| github_name(repository));
                claims.extend(
                    repository
                        .and_then(|name| name.id)
                        .map(|id| ("repository_id", id)),
                );
            }
            let mut rest = beginning;
            while let Some((claim, after)) = ["repository_owner_id", "repository_id"]
                .into_iter()
                .find_map(|claim| Some((claim, rest.strip_prefix(claim)?.strip_prefix(':')?)))
            {
                let Some((id, next)) = after.split_once(':').filter(|(id, _)| is_number(id)) else {
                    break;
                };
                claims.push((claim, id.to_owned()));
                rest = next;
            }
        }
        Platform::GitLab => {
            let id = beginning
                .strip_prefix("project_id:")
                .and_then(|rest| rest.split_once(':'));
            claims.extend(
                id.filter(|(id, _)| is_number(id))
                    .map(|(id, _)| ("project_id", id.to_owned())),
            );
        }
        _ => {}
    }
    claims
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::platform::GITHUB;

    #[test]
    fn the_ids_in_a_subject_are_claims_too() {
        let ids = |text| implied(GITHUB, text);
        let owner = ("repository_owner_id", "5".to_owned());
        let repository = ("repository_id", "8".to_owned());
        assert_eq!(
            ids("repo:o@5/r@8:environment:prod"),
            [owner.clone(), repository.clone()]
        );
        assert_eq!(
            ids("repo:o@5/r@8").as_slice(),
            std::slice::from_ref(&owner),
            "the id may go on"
        );
        assert_eq!(ids("repo:o@5"), []);
        assert_eq!(ids("repo:o/r:environment:a@1/b@2:x"), []);
        assert_eq!(
            ids("repository_owner_id:5:repository_id:8:pull_request"),
            [owner, repository]
        );
        assert_eq!(
            implied("https://gitlab.com", "project_id:7:ref_type:branch"),
            [("project_id", "7".to_owned())]
        );
        assert_eq!(
            implied("https://example.com", "repo:o@5/r@8:environment:prod"),
            []
        );
    }

    #[test]
    fn forms() {
        let aks = "https://eastus.oic.prod-aks.azure.com/t/c/";
        assert_eq!(
            parse(aks, "system:serviceaccount:payments:checkout-sa"),
            Subject::Kubernetes {
                namespace: "payments".to_owned(),
                service_account: "checkout-sa".to_owned()
            }
        );
        assert!(
            matches!(parse(aks, "spiffe://td.example/ns/a"), Subject::Spiffe { path, .. } if path == "/ns/a")
        );
        assert!(matches!(
            parse("https://vstoken.dev.azure.com/1", "sc://o/p/c"),
            Subject::AzureDevOps { .. }
        ));
        assert!(matches!(
            parse(GITHUB, "repo:o/*"),
            Subject::GitHub {
                context: Context::Anywhere,
                ..
            }
        ));
        assert!(matches!(
            parse(GITHUB, "repository_owner_id:1:repository_id:2:pull_request"),
            Subject::Opaque(_)
        ));
        assert!(matches!(
            parse("https://sts.example", "x"),
            Subject::Opaque(_)
        ));
        assert!(matches!(
            parse(
                "https://login.microsoftonline.com/t/v2.0",
                "00000000-0000-0000-0000-000000000001"
            ),
            Subject::ManagedIdentity(_)
        ));
    }
}
