stack "kind" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

# A cluster that the internet cannot reach, such as kind: its issuer is two documents in a container of Blob Storage
# that anybody may read.
oidc_issuer "cluster" {
  storage_account = "oidc4f1c"
  container       = "oidc"

  # The cluster's service account signing key. Its private half stays in the cluster.
  signing_key "2026-11" {
    public_key = file("keys/2026-11.pub.pem")
  }
}

application "checkout" {
  display_name          = "checkout"
  unmanaged_credentials = "delete"

  permissions "microsoft_graph" {
    application = ["User.Read.All"] # asked for; an administrator still has to consent
  }

  federated_credential "pod" {
    kubernetes {
      issuer          = oidc_issuer.cluster.url
      namespace       = "payments"
      service_account = "checkout-sa"
    }
  }
}

output "service_account_issuer" {
  description = "kube-apiserver: --service-account-issuer"
  value       = oidc_issuer.cluster.url
}

output "client_id" {
  description = "The service account's annotation azure.workload.identity/client-id"
  value       = application.checkout.client_id
}
