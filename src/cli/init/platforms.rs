//! The platforms whose tokens a new stack can trust: the builder's attributes, and what to ask for each.

/// One platform.
pub struct Platform {
    /// The builder's word.
    pub name: &'static str,
    /// For the list of platforms.
    pub title: &'static str,
    /// Above the credential: where its values are found.
    pub hint: &'static str,
    pub attributes: &'static [Attribute],
}

pub struct Attribute {
    pub name: &'static str,
    /// Stands in the file until somebody replaces it.
    pub example: &'static str,
}

const fn ask(name: &'static str, example: &'static str) -> Attribute {
    Attribute { name, example }
}

/// Other names of the platforms.
pub const OTHERS: &[(&str, &str)] = &[
    ("ado", "azure_devops"),
    ("aembit", "spiffe"),
    ("aks", "kubernetes"),
    ("arc", "kubernetes"),
    ("azure_pipelines", "azure_devops"),
    ("eks", "kubernetes"),
    ("gcp", "google"),
    ("gha", "github"),
    ("github_actions", "github"),
    ("gitlab_ci", "gitlab"),
    ("gke", "kubernetes"),
    ("hcp_terraform", "terraform_cloud"),
    ("k8s", "kubernetes"),
    ("kind", "kubernetes"),
    ("openshift", "kubernetes"),
    ("spire", "spiffe"),
    ("terraform", "terraform_cloud"),
    ("tfc", "terraform_cloud"),
    ("uami", "managed_identity"),
    ("user_assigned_identity", "managed_identity"),
];

pub const ALL: &[Platform] = &[
    Platform {
        name: "github",
        title: "GitHub Actions",
        hint: "gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id' prints the ids",
        attributes: &[
            ask("owner", "contoso"),
            ask("owner_id", "5544123"),
            ask("repository", "payments"),
            ask("repository_id", "821093847"),
            ask("branch", "main"),
            // Whether a repository sends names or ids depends on when it was made: both forms are one trust.
            ask("subject_format", "both"),
        ],
    },
    Platform {
        name: "gitlab",
        title: "GitLab CI",
        hint: "the project's path as in its URL, and a protected branch",
        attributes: &[
            ask("project_path", "contoso/payments"),
            ask("ref_type", "branch"),
            ask("ref", "main"),
        ],
    },
    Platform {
        name: "azure_devops",
        title: "Azure DevOps service connection",
        hint: "the service connection's settings show its issuer and subject",
        attributes: &[
            ask("organization_id", "00000000-0000-4000-8000-000000000001"),
            ask("organization", "contoso"),
            ask("project", "payments"),
            ask("service_connection", "deployer"),
        ],
    },
    Platform {
        name: "kubernetes",
        title: "Kubernetes service account (AKS, EKS, GKE, kind)",
        hint: "kubectl get --raw /.well-known/openid-configuration prints the issuer, exactly as it must stand here",
        attributes: &[
            ask("issuer", "https://oidc.contoso.com/"),
            ask("namespace", "payments"),
            ask("service_account", "deployer"),
        ],
    },
    Platform {
        name: "terraform_cloud",
        title: "HCP Terraform",
        hint: "a plan's token and an apply's have different subjects: `both` makes two credentials",
        attributes: &[
            ask("organization", "contoso"),
            ask("project", "Default Project"),
            ask("workspace", "payments"),
            ask("run_phase", "both"),
        ],
    },
    Platform {
        name: "spiffe",
        title: "SPIFFE (SPIRE, Aembit)",
        hint: "SPIRE's `jwt_issuer`; its keys must be RSA and public",
        attributes: &[
            ask("issuer", "https://spire.contoso.com"),
            ask("trust_domain", "prod.contoso.com"),
            ask("path", "workload/deployer"),
        ],
    },
    Platform {
        name: "managed_identity",
        title: "a managed identity in the same tenant",
        hint: "az identity show --query principalId prints it",
        attributes: &[ask("principal_id", "00000000-0000-4000-8000-000000000001")],
    },
    Platform {
        name: "google",
        title: "Google Cloud service account",
        hint: "gcloud iam service-accounts describe EMAIL --format 'value(uniqueId)' prints it",
        attributes: &[ask("service_account_unique_id", "112233445566778899001")],
    },
    Platform {
        name: "aws",
        title: "AWS role",
        hint: "aws iam get-outbound-web-identity-federation-info prints the issuer",
        attributes: &[
            ask(
                "issuer",
                "https://11112222-3333-4444-5555-666677778888.tokens.sts.global.api.aws",
            ),
            ask("role_arn", "arn:aws:iam::123456789012:role/deployer"),
        ],
    },
    Platform {
        name: "buildkite",
        title: "Buildkite",
        hint: "the pipeline's settings show its GUID; the job asks with --subject-claim pipeline_id",
        attributes: &[
            ask("subject_claim", "pipeline_id"),
            ask("pipeline_id", "00000000-0000-4000-8000-000000000001"),
        ],
    },
    Platform {
        name: "circleci",
        title: "CircleCI",
        hint: "Organization Settings and Project Settings show the GUIDs",
        attributes: &[
            ask("organization_id", "00000000-0000-4000-8000-000000000001"),
            ask("project_id", "00000000-0000-4000-8000-000000000002"),
            ask("user_id", "00000000-0000-4000-8000-000000000003"),
        ],
    },
];
