stack "kind" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

oidc_issuer "cluster" {
  storage_account = "oidc4f1c"
  container       = "oidc"

  signing_key "2026-11" {
    public_key = file("keys/2026-11.pub.pem")
  }
}

application "checkout" {
  display_name = "checkout"

  federated_credential "pod" {
    kubernetes {
      issuer          = oidc_issuer.cluster.url
      namespace       = "payments"
      service_account = "checkout-sa"
    }
  }
}
