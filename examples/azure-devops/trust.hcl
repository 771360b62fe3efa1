# Pipelines of Azure DevOps act as a managed identity, which may read the secrets of one Key Vault and nothing else.

stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

variable "subscription_id" {
  type    = string
  default = "22222222-2222-4222-8222-222222222222"
}

variable "subject" {
  type        = string
  default     = "/eid1/c/pub/t/EREREREREUGBERERERERERE/a/VVVVVVVVVVWVVVVVVVVVVQ/sc/44444444-4444-4444-8444-444444444444/55555555-5555-4555-8555-555555555555"
  description = "The subject identifier that the service connection's page shows."
}

# Connections made before November 2025 send `sc://ORGANISATION/PROJECT/CONNECTION`, until 1 July 2027. Set this while
# one is being converted: both are trusted then.
variable "old_organization_id" {
  type    = string
  default = null
}

managed_identity "pipeline" {
  name                  = "shop-pipeline"
  subscription_id       = var.subscription_id
  resource_group        = "shop"
  location              = "westeurope"
  unmanaged_credentials = "delete"

  federated_credential "connection" {
    azure_devops {
      subject = var.subject
    }
  }

  federated_credential "old_connection" {
    count = var.old_organization_id == null ? 0 : 1
    azure_devops {
      organization       = "contoso"
      organization_id    = var.old_organization_id
      project            = "Shop"
      service_connection = "shop-production"
    }
  }

  # The target: one vault, not its resource group.
  role_assignment "secrets" {
    scope                = "/subscriptions/${var.subscription_id}/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/shop-production"
    role_definition_name = "Key Vault Secrets User"
  }
}

# What the service connection asks for.
output "client_id" {
  value = managed_identity.pipeline.client_id
}
