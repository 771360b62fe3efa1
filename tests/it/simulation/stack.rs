//! What a declaration of a history says as a stack's text, and what that means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use trustform::config::{self, Input};
use trustform::kinds;
use trustform::model::desired::Desired;
use trustform::model::source::Sources;

use super::further;
use super::history::Want;

pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub const STACK: &str = "sim";

/// Permissions that stacks name.
pub const ROLES: [&str; 2] = ["Application.Read.All", "User.Read.All"];

const KEYS: [&str; 2] = [include_str!("key-1.pub.pem"), include_str!("key-2.pub.pem")];

/// What the stack's text means, through the real configuration and the real kinds.
pub fn declared(want: &Want) -> Arc<Desired> {
    static KNOWN: OnceLock<Mutex<BTreeMap<Want, Arc<Desired>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    if let Some(desired) = known.lock().expect("no panic").get(want) {
        return desired.clone();
    }
    let desired = Arc::new(load(&text(want)));
    let mut known = known.lock().expect("no panic");
    if known.len() > 20_000 {
        known.clear();
    }
    known.insert(*want, desired.clone());
    desired
}

/// What a stack's text means.
pub fn load(text: &str) -> Desired {
    let mut sources = Sources::default();
    let file = sources.add("trust.hcl", text);
    let loaded = config::load(
        Input {
            sources: &mut sources,
            files: &[file],
            environment: &[],
            automatic: &[],
            central: &[],
            given: &[],
            access: config::Access {
                read: &|_| Err(config::FileError::NotFound),
                list: &|_| Err(config::FileError::NotFound),
            },
        },
        &kinds::shapes(),
    );
    assert!(loaded.is_ok(), "{text}\n{:?}", loaded.diagnostics);
    let (desired, said) = kinds::lower::lower(loaded.desired);
    assert!(!said.iter().any(|one| one.is_error()), "{text}\n{said:?}");
    desired
}

/// The stack as a person would write it.
pub fn text(want: &Want) -> String {
    let mut text = format!("stack \"{STACK}\" {{\n  tenant_id = \"{TENANT}\"\n}}\n");
    if want.keys != 0 {
        text.push_str("oidc_issuer \"cluster\" {\n  storage_account = \"simissuer\"\n  container = \"oidc\"\n");
        for (index, key) in KEYS.iter().enumerate() {
            if want.keys & 1 << index != 0 {
                text.push_str(&format!(
                    "  signing_key \"k{index}\" {{\n    public_key = <<EOT\n{key}EOT\n  }}\n"
                ));
            }
        }
        text.push_str("}\n");
    }
    let unmanaged = if want.delete_unmanaged {
        "delete"
    } else {
        "report"
    };
    let further = further::declared(want.further, &|word| match word {
        further::ISSUER => want.keys != 0,
        label => want.applications & (1 << u8::from(label == "b")) != 0,
    });
    text.push_str(&further::blocks(&further, "", unmanaged));
    for (index, label) in ["a", "b"].iter().enumerate() {
        if want.applications & 1 << index == 0 {
            continue;
        }
        text.push_str(&format!(
            "application \"{label}\" {{\n  display_name = \"sim {label} {}\"\n  unmanaged_credentials = \"{unmanaged}\"\n",
            want.name,
        ));
        text.push_str(&further::blocks(&further, label, unmanaged));
        if index == 0 {
            let roles: Vec<&str> = ROLES
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| want.roles & 1 << bit != 0)
                .map(|(_, role)| role)
                .collect();
            text.push_str(&format!(
                "  permissions \"microsoft_graph\" {{\n    application = {roles:?}\n    admin_consent = true\n  }}\n"
            ));
        }
        let set = want.credentials[index];
        let repository = index + 2;
        let subject = format!("repo:contoso@1/{label}@{repository}");
        // Labels are places in the file: the same label means another trust when one before it goes.
        for (place, bit) in (0..5).filter(|bit| set & 1 << bit != 0).enumerate() {
            let github = "https://token.actions.githubusercontent.com";
            let (issuer, trust) = match bit {
                0 => (
                    format!("{github:?}"),
                    format!("subject = \"{subject}:ref:refs/heads/main\""),
                ),
                1 => (
                    format!("{github:?}"),
                    format!("subject = \"{subject}:environment:prod\""),
                ),
                2 => (
                    format!("{github:?}"),
                    format!(
                        "claims_matching_expression = \"claims['sub'] matches '{subject}:*' and claims['repository_owner_id'] eq '1'\""
                    ),
                ),
                3 => (
                    format!("{github:?}"),
                    format!(
                        "claims_matching_expression = \"claims['sub'] matches '{subject}:environment:*' and claims['repository_owner_id'] eq '1'\""
                    ),
                ),
                _ => (
                    "oidc_issuer.cluster.url".to_owned(),
                    format!("subject = \"system:serviceaccount:{label}:sa\""),
                ),
            };
            text.push_str(&format!(
                "  federated_credential \"c{place}\" {{\n    issuer = {issuer}\n    {trust}\n  }}\n"
            ));
        }
        text.push_str("}\n");
    }
    text
}
