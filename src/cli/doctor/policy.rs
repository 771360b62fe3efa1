//! What the tenant's app management policy forbids. Pure.
//!
//! Source: Microsoft Graph, "tenantAppManagementPolicy" and "passwordCredentialConfiguration", "keyCredentialConfiguration",
//! "identifierUriConfiguration".

use serde_json::Value as Json;

/// What it forbids of applications, each in words; nothing where it is off.
pub fn forbidden(policy: &Json) -> Vec<String> {
    if policy["isEnabled"] != true {
        return Vec::new();
    }
    let restrictions = &policy["applicationRestrictions"];
    let listed = ["passwordCredentials", "keyCredentials"]
        .into_iter()
        .flat_map(|member| restrictions[member].as_array().into_iter().flatten());
    let mut forbidden: Vec<String> = listed
        .filter(|restriction| on(restriction))
        .map(words)
        .collect();
    let uris = &restrictions["identifierUris"]["nonDefaultUriAddition"];
    if uris.is_object() && on(uris) {
        forbidden.push(format!(
            "identifier URIs that do not hold the client id, the tenant id or a domain of the tenant{}",
            since(uris)
        ));
    }
    forbidden
}

/// A restriction without a state is on: it had none at first.
fn on(restriction: &Json) -> bool {
    restriction["state"] != "disabled"
}

fn words(restriction: &Json) -> String {
    let kind = restriction["restrictionType"].as_str().unwrap_or("unnamed");
    let longest = restriction["maxLifetime"].as_str().unwrap_or("a limit");
    let what = match kind {
        "passwordAddition" => "new passwords".to_owned(),
        "customPasswordAddition" => "passwords that somebody thought up".to_owned(),
        "passwordLifetime" => format!("passwords that live longer than {longest}"),
        "symmetricKeyAddition" => "new symmetric keys".to_owned(),
        "symmetricKeyLifetime" => format!("symmetric keys that live longer than {longest}"),
        "asymmetricKeyLifetime" => format!("certificates that live longer than {longest}"),
        "trustedCertificateAuthority" => "certificates of other authorities".to_owned(),
        other => format!("what it calls `{other}`"),
    };
    format!("{what}{}", since(restriction))
}

fn since(restriction: &Json) -> String {
    match restriction["restrictForAppsCreatedAfterDateTime"].as_str() {
        Some(time) if !time.starts_with("0001") => {
            let day = time.split('T').next().unwrap_or_default();
            format!(" (applications since {day})")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_is_told_in_words() {
        let mut policy = json!({"isEnabled": true, "applicationRestrictions": {
            "passwordCredentials": [
                {"restrictionType": "passwordAddition", "state": "enabled", "restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"},
                {"restrictionType": "symmetricKeyAddition", "state": "disabled"},
            ],
            "keyCredentials": [{"restrictionType": "asymmetricKeyLifetime", "maxLifetime": "P90D"}],
            "identifierUris": {"nonDefaultUriAddition": {"state": "enabled"}},
        }});
        assert_eq!(
            forbidden(&policy),
            [
                "new passwords (applications since 2026-01-01)",
                "certificates that live longer than P90D",
                "identifier URIs that do not hold the client id, the tenant id or a domain of the tenant",
            ]
        );
        policy["isEnabled"] = false.into();
        assert!(forbidden(&policy).is_empty());
    }
}
