//! What HCL can say, YAML can.

use super::{STACK, Stack};

/// YAML says the same with maps, also in a block within a block, and has lists for sets.
#[test]
fn yaml_repeats_as_hcl_does() {
    let hcl = Stack::hcl(format!(
        "{STACK}{}",
        r#"
        application "a" {
          for_each     = toset(["x", "y"])
          display_name = each.key
          dynamic "permissions" {
            for_each = { microsoft_graph = ["User.Read.All"] }
            labels   = [permissions.key]
            content {
              application = permissions.value
            }
          }
          web {
            redirect_uris = ["https://a.example"]
            dynamic "implicit_grant" {
              for_each = [true]
              content {
                id_token_issuance_enabled = implicit_grant.value
              }
            }
          }
          federated_credential "c" {
            for_each = toset(["1", "2"])
            issuer   = "https://issuer.example"
            subject  = each.value
          }
        }
        "#
    ));
    let yaml = Stack::yaml(
        r#"
stack: { s: { tenant_id: "00000000-0000-0000-0000-000000000001" } }
application:
  a:
    for_each: [x, y]
    display_name: ${each.key}
    dynamic:
      permissions:
        for_each: { microsoft_graph: [User.Read.All] }
        labels: ["${permissions.key}"]
        content: { application: "${permissions.value}" }
    web:
      redirect_uris: ["https://a.example"]
      dynamic:
        implicit_grant:
          for_each: [true]
          content: { id_token_issuance_enabled: "${implicit_grant.value}" }
    federated_credential:
      c:
        for_each: ["1", "2"]
        issuer: https://issuer.example
        subject: ${each.value}
"#,
    );
    assert_eq!(yaml.desired().resources, hcl.desired().resources);
    assert_eq!(yaml.desired().resources.len(), 6);
}
