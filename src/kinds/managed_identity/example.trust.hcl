stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

managed_identity "deployer" {
  name            = "shop-deployer"
  subscription_id = "22222222-2222-4222-8222-222222222222"
  resource_group  = "shop"
  location        = "westeurope"

  federated_credential "main" {
    github {
      owner      = "contoso"
      repository = "shop"
      branch     = "main"
    }
  }

  role_assignment "vault" {
    scope                = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/shop"
    role_definition_name = "Key Vault Secrets User"
  }
}

output "client_id" {
  value = managed_identity.deployer.client_id
}
