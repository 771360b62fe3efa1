stack "inventory" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

# Known only once the provider is set up over there. Until then its credentials are pending, and all the rest is made.
variable "svid_issuer" {
  type        = string
  description = "The `iss` of the JWT-SVIDs: SPIRE's jwt_issuer, or the OIDC issuer URL that Aembit shows."
}

# Reads users in Microsoft Graph. One permission, by name, and the consent that makes it count.
application "entra_client" {
  display_name          = "inventory-entra-client"
  unmanaged_credentials = "delete"

  permissions "microsoft_graph" {
    application   = ["User.Read.All"]
    admin_consent = true
  }

  federated_credential "workload" {
    spiffe {
      issuer       = var.svid_issuer
      trust_domain = "prod.contoso.com"
      path         = "workload/entra-client"
    }
  }
}

# Another workload, another application: what one may do, the other may not.
application "directory_sync" {
  display_name          = "inventory-directory-sync"
  unmanaged_credentials = "delete"

  permissions "microsoft_graph" {
    application   = ["Group.Read.All"]
    admin_consent = true
  }

  federated_credential "workload" {
    spiffe {
      issuer       = var.svid_issuer
      trust_domain = "prod.contoso.com"
      path         = "workload/directory-sync"
    }
  }
}

# An API of our own, with a permission for reading and one for writing: for workloads as roles, for users as scopes.
application "data_api" {
  display_name          = "inventory-data-api"
  unmanaged_credentials = "delete"
  identifier_uris       = ["api://${self.client_id}"]

  app_role "Data.Read.All" {
    display_name         = "Read data"
    description          = "Reads all data as the workload itself."
    allowed_member_types = ["Application"]
  }

  app_role "Data.Write.All" {
    display_name         = "Write data"
    description          = "Changes all data as the workload itself."
    allowed_member_types = ["Application"]
  }

  api {
    requested_access_token_version = 2

    oauth2_permission_scope "Data.Read" {
      admin_consent_display_name = "Read data"
      admin_consent_description  = "Reads data for the signed-in user."
      type                       = "Admin"
    }

    oauth2_permission_scope "Data.Write" {
      admin_consent_display_name = "Write data"
      admin_consent_description  = "Changes data for the signed-in user."
      type                       = "Admin"
    }
  }
}

# Reads our own API, and writes nothing: the role by its name, and the API by its label.
application "report" {
  display_name          = "inventory-report"
  unmanaged_credentials = "delete"

  permissions "application.data_api" {
    application   = ["Data.Read.All"]
    admin_consent = true
  }

  federated_credential "workload" {
    spiffe {
      issuer       = var.svid_issuer
      trust_domain = "prod.contoso.com"
      path         = "workload/report"
    }
  }
}

# What the other side asks for.
output "client_id" {
  value = application.entra_client.client_id
}

output "subject" {
  value = "spiffe://prod.contoso.com/workload/entra-client"
}

output "audience" {
  value = "api://AzureADTokenExchange"
}

output "scope" {
  value = "https://graph.microsoft.com/.default"
}

output "data_api" {
  value = application.data_api.client_id
}

output "data_api_scope" {
  value = "api://${application.data_api.client_id}/.default"
}
