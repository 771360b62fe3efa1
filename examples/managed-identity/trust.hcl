# A managed identity that GitHub Actions may act as, with a role in Azure; and an application that trusts the identity.

variable "subscription_id" {
  type    = string
  default = "22222222-2222-4222-8222-222222222222"
}

locals {
  group = "/subscriptions/${var.subscription_id}/resourceGroups/shop"
}

stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

managed_identity "deployer" {
  name                  = "shop-deployer"
  subscription_id       = var.subscription_id
  resource_group        = "shop"
  location              = "westeurope"
  tags                  = { team = "shop" }
  unmanaged_credentials = "delete"

  federated_credential "main" {
    github {
      owner      = "contoso"
      repository = "shop"
      branch     = "main"
    }
  }

  role_assignment "secrets" {
    scope                = local.group
    role_definition_name = "Key Vault Secrets User"
  }
}

# Whatever runs as the identity may act as this application, in this tenant or as a guest in another.
application "exporter" {
  display_name          = "shop-exporter"
  unmanaged_credentials = "delete"

  federated_credential "identity" {
    managed_identity {
      principal_id = managed_identity.deployer.principal_id
    }
  }
}

output "client_id" {
  value = managed_identity.deployer.client_id
}
