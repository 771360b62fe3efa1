stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "deployer" {
  display_name = "shop-deployer"

  role_assignment "group" {
    scope                = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/shop"
    role_definition_name = "Contributor"
  }
}
