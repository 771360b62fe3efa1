stack "payments" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

application "deployer" {
  display_name = "payments-deployer"

  # A builder: it knows the platform's issuer, the form of its subjects and their traps.
  federated_credential "main" {
    github {
      owner          = "contoso"
      owner_id       = "5544123"
      repository     = "payments"
      repository_id  = "821093847"
      branch         = "main"
      subject_format = "immutable"
    }
  }

  # Exact: issuer and subject as they stand in the token.
  federated_credential "nightly" {
    issuer  = "https://oidc.contoso.com"
    subject = "batch:nightly"
  }

  # Flexible: every token whose claims match.
  federated_credential "releases" {
    issuer                     = "https://token.actions.githubusercontent.com"
    claims_matching_expression = "claims['sub'] matches 'repo:contoso*/*:environment:release' and claims['repository_owner_id'] eq '5544123'"
  }
}
