stack "kind-agents" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

locals {
  namespace       = "entra-demo"
  service_account = "sidecar-sa"
  token           = "/var/run/secrets/tokens/azure-identity-token" # where the pod mounts its projected token
}

# Two documents on Blob Storage make the cluster an issuer that Entra can ask, although nothing can reach the cluster.
oidc_issuer "kind" {
  storage_account = "oidc4f1c"
  container       = "oidc"

  signing_key "2026-11" {
    public_key = file("keys/2026-11.pub.pem")
  }
}

# What the agents are made from. To trust a blueprint that is there already, write
# `existing = { client_id = "..." }` in the place of name and sponsors.
agent_identity_blueprint "demo" {
  display_name          = "entra-demo agents"
  sponsors              = ["5a1c7d52-6c70-4d41-9d5b-0d9f1f4a7c11"] # az ad user show --id NAME --query id
  unmanaged_credentials = "delete"

  federated_credential "sidecar" {
    kubernetes {
      issuer          = oidc_issuer.kind.url
      namespace       = local.namespace
      service_account = local.service_account
    }
  }
}

expect "only-the-sidecar" {
  application = agent_identity_blueprint.demo

  accept {
    claims = { sub = "system:serviceaccount:${local.namespace}:${local.service_account}" }
  }
  refuse {
    claims = { sub = "system:serviceaccount:${local.namespace}:default" }
  }
}

output "service_account_issuer" {
  description = "kube-apiserver: --service-account-issuer"
  value       = oidc_issuer.kind.url
}

# The settings of the sidecar (microsoft-identity-web), for its ConfigMap.
output "AzureAd__TenantId" {
  value = "11111111-1111-4111-8111-111111111111"
}

output "AzureAd__ClientId" {
  value = agent_identity_blueprint.demo.client_id
}

output "AzureAd__ClientCredentials__0__SourceType" {
  value = "SignedAssertionFilePath"
}

output "AzureAd__ClientCredentials__0__SignedAssertionFileDiskPath" {
  value = local.token
}
