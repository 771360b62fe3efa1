stack "agents" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

agent_identity_blueprint "helpdesk" {
  display_name          = "helpdesk agents"
  sponsors              = ["5a1c7d52-6c70-4d41-9d5b-0d9f1f4a7c11"] # az ad user show --id NAME --query id
  unmanaged_credentials = "delete"

  federated_credential "sidecar" {
    kubernetes {
      issuer          = "https://oidc4f1c.blob.core.windows.net/oidc"
      namespace       = "agents"
      service_account = "sidecar-sa"
    }
  }
}

output "blueprint" {
  value = agent_identity_blueprint.helpdesk.client_id
}
