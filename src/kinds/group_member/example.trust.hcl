stack "shop" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "deployer" {
  display_name = "shop-deployer"

  # The group is an administrator of the database.
  group_member "sql_admins" {
    group_object_id = "66666666-6666-4666-8666-666666666666"
  }
}
