stack "workshop" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

variable "environment" {
  type    = string
  default = "Workshop"
}

variable "business_name" {
  type    = string
  default = "WorkloadIdentity"
}

variable "graph_permissions" {
  type        = list(string)
  description = "Application permissions of Microsoft Graph, by name or id."
  default     = ["Application.Read.All"]
}

variable "issuer_url" {
  type    = string
  default = "https://api.demo.factorlabs.pl"
}

variable "subject" {
  type    = string
  default = "system:serviceaccount:default:play-with-workload-identity"
}

variable "enable_workload_identity" {
  type    = bool
  default = true
}

application "this" {
  display_name          = "TF.${var.environment}.${var.business_name}.ServicePrincipal"
  sign_in_audience      = "AzureADMyOrg"
  unmanaged_credentials = "delete"

  api {
    mapped_claims_enabled          = true
    requested_access_token_version = 2
  }

  feature_tags {
    enterprise = true
    gallery    = true
  }

  permissions "microsoft_graph" {
    application   = var.graph_permissions
    admin_consent = true # without it a permission is only asked for, and tokens do not carry it
  }

  service_principal {
    app_role_assignment_required = false
  }

  federated_credential "provider" {
    count = var.enable_workload_identity ? 1 : 0

    description = "Workload Identity federation for ${var.business_name}"
    issuer      = var.issuer_url
    subject     = var.subject
  }
}

output "application_id" {
  value = application.this.object_id
}

output "client_id" {
  value = application.this.client_id
}

output "service_principal_id" {
  value = application.this.service_principal.object_id
}
