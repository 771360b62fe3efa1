stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

named_location "runners" {
  display_name = "Self-hosted runners"

  ip {
    ip_ranges = ["192.0.2.0/24", "2001:db8:12::/48"]
  }
}
