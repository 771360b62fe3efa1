stack "payments" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

locals {
  # gh api repos/contoso/payments --jq '.owner.id, .id'
  repository = {
    owner         = "contoso"
    owner_id      = "5544123"
    repository    = "payments"
    repository_id = "821093847"
  }
}

application "deployer" {
  display_name          = "payments-deployer"
  unmanaged_credentials = "delete"

  permissions "microsoft_graph" {
    application   = ["Application.Read.All"]
    admin_consent = true
  }

  # Exact: one repository, one branch.
  federated_credential "main" {
    github = merge(local.repository, { branch = "main", subject_format = "immutable" })
  }

  # Exact, one for each environment.
  federated_credential "environment" {
    for_each = toset(["staging", "prod"])
    github   = merge(local.repository, { environment = each.key, subject_format = "immutable" })
  }

  # Flexible: any repository of the organisation, in the environment `release`. The owner's id pins the organisation:
  # a name alone can be registered by somebody else once it is free.
  federated_credential "releases" {
    issuer                     = "https://token.actions.githubusercontent.com"
    claims_matching_expression = "claims['sub'] matches 'repo:contoso*/*:environment:release' and claims['repository_owner_id'] eq '${local.repository.owner_id}'"
  }
}

output "client_id" {
  description = "AZURE_CLIENT_ID of the workflows. It is no secret."
  value       = application.deployer.client_id
}
