stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "deployer" {
  display_name = "shop-deployer"
}

named_location "runners" {
  display_name = "Self-hosted runners"
  ip           = { ip_ranges = ["192.0.2.0/24"] }
}

# Only reports at first: look at the sign-in log, then add `state = "enabled"`.
conditional_access_policy "runners" {
  display_name                = "shop-deployer logs in from our runners only"
  included_service_principals = [application.deployer.service_principal.object_id]
  excluded_locations          = [named_location.runners.id]
}
