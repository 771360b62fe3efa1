//! `policy`, `moved`, `removed` and `stack.previous`, as they are understood.

use super::{STACK, Stack};

#[test]
fn what_they_say() {
    let desired = Stack::hcl(
        r#"
        stack "new" {
          tenant_id = "00000000-0000-0000-0000-000000000001"
          previous  = ["old", "older"]
        }
        policy {
          allowed_issuers       = ["https://token.actions.githubusercontent.com", "https://*.example/*"]
          unmanaged_credentials = "delete"
          max_deletes           = 3
        }
        application "b" { display_name = "b" }
        moved {
          from = application.a
          to   = application.b
        }
        moved {
          from = "module.m[\"k\"]"
          to   = module.n["k"]
        }
        removed {
          from    = module.x.application.c
          destroy = false
        }
        "#,
    )
    .desired();
    assert_eq!(desired.stack.name, "old");
    assert_eq!(desired.stack.title(), "new");
    assert_eq!(desired.policy.max_deletes, Some(3));
    assert_eq!(desired.policy.allowed_issuers[0].globs.len(), 2);
    assert_eq!(desired.moves.len(), 2);
    let before = |text: &str, at: usize| {
        let moved = &desired.moves[at];
        let address: crate::model::address::Address = text.parse().unwrap();
        address
            .before(&moved.from, &moved.to)
            .map(|address| address.to_string())
    };
    assert_eq!(before("application.b", 0).unwrap(), "application.a");
    assert_eq!(
        before("application.b[\"x\"]", 0).unwrap(),
        "application.a[\"x\"]"
    );
    assert_eq!(before("application.bb", 0), None);
    assert_eq!(before("module.b.application.b", 0), None);
    assert_eq!(
        before("module.n[\"k\"].module.o.application.x", 1).unwrap(),
        "module.m[\"k\"].module.o.application.x"
    );
    assert_eq!(before("module.n[\"j\"].application.x", 1), None);
    assert!(!desired.removals[0].destroy);
}

#[test]
fn what_is_wrong_with_them() {
    let said = Stack::hcl(format!(
        "{STACK}{}",
        r#"
        policy { unmanaged_credentials = "remove" }
        policy {}
        policy "x" {}
        moved { from = application.a }
        moved {
          from = application.a.federated_credential.x
          to   = oidc_issuer.y
        }
        moved {
          from = module.a
          to   = application.b
        }
        removed { from = application.a }
        removed {
          from    = module.a
          destroy = false
        }
        "#
    ))
    .said();
    for part in [
        "`unmanaged_credentials` cannot be `\"remove\"`",
        "there are two `policy` blocks",
        "`policy` has no name",
        "`moved` needs `to`",
        "is not an address",
        "a module moves to a module",
        "`removed` needs `destroy`",
        "what stays is named one by one",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}
