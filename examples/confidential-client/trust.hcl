stack "portal" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

# A web application that signs people in with the authorization code flow. Instead of a client secret it shows the
# token of its own Kubernetes service account at the token endpoint.
application "web" {
  display_name          = "portal-web"
  description           = "Signs employees in to the portal."
  sign_in_audience      = "AzureADMyOrg"
  unmanaged_credentials = "delete"

  web {
    homepage_url  = "https://app.contoso.com/"
    logout_url    = "https://app.contoso.com/auth/logout"
    redirect_uris = ["https://app.contoso.com/auth/callback", "http://localhost:3000/auth/callback"]

    implicit_grant {
      access_token_issuance_enabled = false
      id_token_issuance_enabled     = false
    }
  }

  api {
    requested_access_token_version = 2
  }

  # Delegated: it acts for the user who is signed in, and never with more than that user may do. `admin_consent`
  # grants it for everybody, so that nobody is asked.
  permissions "microsoft_graph" {
    delegated     = ["openid", "profile", "offline_access", "User.Read"]
    admin_consent = true
  }

  service_principal {
    app_role_assignment_required = true # only people who are assigned to it
  }

  federated_credential "pod" {
    kubernetes {
      issuer          = "https://westeurope.oic.prod-aks.azure.com/11111111-1111-4111-8111-111111111111/7d3c1f0e-0b7a-4c57-9a36-0a4c5e8e2f11/"
      namespace       = "portal"
      service_account = "web"
    }
  }
}

output "client_id" {
  value = application.web.client_id
}
