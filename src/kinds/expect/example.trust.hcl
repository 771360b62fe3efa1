stack "payments" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "deployer" {
  display_name = "payments-deployer"

  federated_credential "prod" {
    github {
      owner          = "contoso"
      owner_id       = "5544123"
      repository     = "*"
      environment    = "prod"
      subject_format = "any"
    }
  }
}

# `trustform test` asks without a tenant.
expect "only_production" {
  application = application.deployer

  accept {
    claims = {
      sub                 = "repo:contoso/payments:environment:prod"
      repository_owner_id = "5544123"
    }
  }
  refuse {
    claims = {
      sub                 = "repo:contoso/payments:pull_request"
      repository_owner_id = "5544123"
    }
  }
  refuse {
    claims = {
      sub                 = "repo:contoso-evil/payments:environment:prod"
      repository_owner_id = "6666666"
    }
  }
}
