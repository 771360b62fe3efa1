variable "graph_permissions" {
  description = "Application permissions of Microsoft Graph, by name or id"
  type        = list(string)
  default     = []
}

variable "business_name" {
  description = "Business name"
  type        = string
}

variable "deployment_env_name" {
  description = "Unique name for the deployment"
  type        = string
  default     = "Workshop"
}

variable "enable_workload_identity" {
  description = "Enable workload identity federation"
  type        = bool
}

variable "subject_identifier" {
  description = "Subject identifier for the federated credential"
  type        = string
}

variable "issuer_url" {
  description = "Issuer URL for the federated credential"
  type        = string

  validation {
    condition     = startswith(var.issuer_url, "https://")
    error_message = "Entra fetches an issuer's keys over https only."
  }
}

application "this" {
  display_name          = "TF.${var.deployment_env_name}.${var.business_name}.ServicePrincipal"
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

  dynamic "permissions" {
    for_each = length(var.graph_permissions) > 0 ? ["microsoft_graph"] : []
    labels   = [permissions.value]

    content {
      application   = var.graph_permissions
      admin_consent = true # the Terraform module only asked: its tokens carried no role
    }
  }

  service_principal {
    app_role_assignment_required = false
  }

  federated_credential "this" {
    count = var.enable_workload_identity ? 1 : 0

    description = "Workload Identity federation for ${var.business_name}"
    audience    = "api://AzureADTokenExchange"
    issuer      = var.issuer_url
    subject     = var.subject_identifier
  }
}

output "application_id" {
  value = application.this.id
}

output "application_client_id" {
  value = application.this.client_id
}

output "service_principal_id" {
  value = application.this.service_principal.object_id
}
