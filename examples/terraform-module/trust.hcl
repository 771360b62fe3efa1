stack "workshop" {
  tenant_id = "11111111-1111-4111-8111-111111111111" # az account show --query tenantId
}

variable "deployment_unique_name" {
  type    = string
  default = "Demo"
}

module "Demo_WorkloadIdentity_ServicePrincipal" {
  source = "./modules/service_principal_workload_identity"

  business_name            = "${var.deployment_unique_name}-WorkloadIdentity"
  enable_workload_identity = true
  subject_identifier       = "system:serviceaccount:default:play-with-workload-identity"
  issuer_url               = "https://api.demo.factorlabs.pl"
  graph_permissions        = ["Application.Read.All"]
}

output "application_client_id" {
  value = module.Demo_WorkloadIdentity_ServicePrincipal.application_client_id
}
