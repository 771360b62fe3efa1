stack "portal" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "web" {
  display_name          = "portal-web"
  unmanaged_credentials = "delete"

  web {
    redirect_uris = ["https://app.contoso.com/auth/callback"]
  }

  permissions "microsoft_graph" {
    delegated     = ["openid", "User.Read"]
    admin_consent = true
  }

  federated_credential "main" {
    github { # or the one-line form: github = { … }
      owner      = "contoso"
      repository = "portal"
      branch     = "main"
    }
  }
}

output "client_id" {
  value = application.web.client_id
}
