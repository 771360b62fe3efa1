stack "inventory" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

# Known only once the provider is set up over there. Until then its credential is pending, and all the rest is made.
variable "svid_issuer" {
  type        = string
  description = "The `iss` of the JWT-SVIDs: SPIRE's jwt_issuer, or the OIDC issuer URL that Aembit shows."
}

application "entra_client" {
  display_name          = "inventory-entra-client"
  unmanaged_credentials = "delete"

  permissions "microsoft_graph" {
    application   = ["User.Read.All"]
    admin_consent = true
  }

  federated_credential "workload" {
    spiffe {
      issuer       = var.svid_issuer
      trust_domain = "prod.contoso.com"
      path         = "workload/entra-client"
    }
  }
}

# What the other side asks for.
output "client_id" {
  value = application.entra_client.client_id
}

output "subject" {
  value = "spiffe://prod.contoso.com/workload/entra-client"
}

output "audience" {
  value = "api://AzureADTokenExchange"
}
