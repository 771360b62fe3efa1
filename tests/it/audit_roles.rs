//! Roles that make administrators: built-in ones and those that somebody made, held directly and through groups.

use serde_json::{Value as Json, json};
use trustform::audit::roles::{self, Role};
use trustform::audit::{Options, run, snapshot};
use trustform::emulator::store::text;
use trustform::kinds::application::emulator::APPLICATIONS;
use trustform::kinds::populate::populate;
use trustform::kinds::service_principal::emulator::PRINCIPALS;
use trustform::model::rule::{Finding, Severity};

use crate::play::{Stage, TENANT};

const NOW: i64 = 1_790_000_000;
const SUBSCRIPTION: &str = "/subscriptions/22222222-2222-4222-8222-222222222222";
const CUSTOM: &str = "99999999-9999-4999-8999-999999999999";

/// What `federated-administrator` finds of one application with a trust, as severity, message and path.
fn found(changes: Json) -> Vec<(Severity, String, String)> {
    let report = run(
        &tenant(changes),
        &Options {
            now: NOW,
            ..Options::default()
        },
    );
    let own = |it: &Finding| it.rule == "federated-administrator";
    let findings = report.findings.into_iter().filter(own);
    findings
        .map(|it| {
            (
                it.severity,
                it.message,
                it.evidence.last().cloned().unwrap(),
            )
        })
        .collect()
}

fn tenant(changes: Json) -> trustform::model::tenant::Tenant {
    let mut tenant = json!({
        "format": "trustform-snapshot/2", "tenant_id": "t", "read_at": NOW,
        "applications": [{ "id": "o-1", "app_id": "c-1", "display_name": "deployer", "owners": [], "credentials": [{
            "id": "f-1", "name": "main", "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:contoso@1/api@2:environment:prod", "audiences": ["api://AzureADTokenExchange"] }] }],
        "principals": [{ "id": "p-1", "app_id": "c-1", "owners": [] }],
    });
    for (pointer, value) in changes.as_object().unwrap() {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        tenant.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    snapshot::parse(tenant.to_string().as_bytes()).unwrap()
}

/// The same of a role that somebody made, held at a scope.
fn custom(permissions: Json, scope: &str) -> Option<(Severity, String)> {
    let roles = json!({ CUSTOM: { "name": "Helper", "permissions": permissions } });
    let held = json!([{ "role": CUSTOM, "scope": scope }]);
    let mut found = found(json!({ "/custom_roles": roles, "/principals/0/azure": held }));
    assert!(found.len() <= 1);
    found.pop().map(|(severity, message, path)| {
        let begin = format!("it holds `Helper at {scope}`, and");
        assert!(message.starts_with(&begin), "{message}");
        (severity, path)
    })
}

#[test]
fn a_role_that_was_made_is_worth_what_it_allows() {
    let only = |action: &str| custom(json!([{ "actions": [action] }]), SUBSCRIPTION);
    let assigns = (
        Severity::Critical,
        "path: it assigns itself any role in the subscription".to_owned(),
    );
    for action in [
        "*",
        "*/write",
        "Microsoft.Authorization/*",
        "microsoft.authorization/*/WRITE",
        "Microsoft.Authorization/roleAssignments/write",
    ] {
        assert_eq!(only(action), Some(assigns.clone()), "{action}");
    }
    for action in [
        "*/read",
        "Microsoft.Authorization/roleAssignments/read",
        "Microsoft.Authorization/roleAssignments/delete",
        "Microsoft.Compute/*",
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    ] {
        assert_eq!(only(action), None, "{action}");
    }
    let rewrites = only("Microsoft.Authorization/roleDefinitions/write").unwrap();
    assert_eq!(rewrites.0, Severity::Critical);
    assert!(rewrites.1.contains("rewrites the role"), "{}", rewrites.1);
    let plants = only("Microsoft.ManagedIdentity/userAssignedIdentities/*").unwrap();
    assert_eq!(plants.0, Severity::High);
    assert!(plants.1.contains("federated credential"), "{}", plants.1);

    // What is taken out again is not there; what another permission of the role gives is.
    let contributor =
        json!({ "actions": ["*"], "not_actions": ["Microsoft.Authorization/*/Write"] });
    let found = custom(json!([contributor]), SUBSCRIPTION).unwrap();
    assert_eq!(found.0, Severity::Medium);
    let and = json!([contributor, { "actions": ["Microsoft.Authorization/roleAssignments/*"] }]);
    assert_eq!(custom(and, SUBSCRIPTION), Some(assigns));

    // What a condition allows is for people to judge.
    let held = json!([{ "role": "Owner", "scope": SUBSCRIPTION, "conditional": true }]);
    let limited = self::found(json!({ "/principals/0/azure": held }));
    assert_eq!(limited[0].0, Severity::High);
    assert!(limited[0].2.contains("condition"), "{}", limited[0].2);

    let group = format!("{SUBSCRIPTION}/resourceGroups/one");
    assert_eq!(custom(json!([{ "actions": ["*"] }]), &group), None);
}

#[test]
fn directory_roles_count_as_permissions_do() {
    let held = |role: &str| found(json!({ "/directory_roles": { "p-1": [{ "role": role }] } }));
    for role in [
        "Global Administrator",
        "Privileged Role Administrator",
        "Application Administrator",
        "Cloud Application Administrator",
        "Hybrid Identity Administrator",
    ] {
        let found = held(role);
        assert_eq!(found.len(), 1, "{role}");
        assert_eq!(found[0].0, Severity::Critical);
        assert!(found[0].1.contains(&format!("`{role}`")), "{}", found[0].1);
    }
    assert_eq!(held("Directory Readers"), []);
    assert_eq!(held(CUSTOM), []);
    let made = |action: &str| {
        let permissions = json!([{ "actions": [action] }]);
        found(json!({
            "/directory_roles": { "p-1": [{ "role": CUSTOM }] },
            "/custom_roles": { CUSTOM: { "name": "Rotator", "permissions": permissions } },
        }))
    };
    let found = made("microsoft.directory/applications/credentials/update");
    assert!(found[0].1.contains("`Rotator`"), "{}", found[0].1);
    assert_eq!(made("microsoft.directory/applications/basic/update"), []);
    // Somebody else's role.
    let theirs = json!({ "/directory_roles": { "p-2": [{ "role": "Global Administrator" }] } });
    assert_eq!(self::found(theirs), []);
}

#[test]
fn only_what_holds_over_the_whole_directory_counts() {
    let of = |kind: &str, scope: &str, name: Json| {
        roles::directory(&json!({
            "principalId": "P-1", "directoryScopeId": scope,
            "roleDefinitionId": "62E90394-69f5-4237-9190-012177145e10",
            "principal": { "@odata.type": kind, "id": "p-1", "displayName": name },
        }))
    };
    let (held, name) = of("#microsoft.graph.servicePrincipal", "/", json!("x")).unwrap();
    assert_eq!(
        (held.principal.as_str(), held.group, name),
        ("p-1", false, None)
    );
    let Role::Directory(role) = held.role else {
        panic!("it is no directory role");
    };
    assert_eq!(role.role, "Global Administrator");
    let (held, name) = of("#microsoft.graph.group", "/", json!("platform")).unwrap();
    assert_eq!((held.group, name.as_deref()), (true, Some("platform")));
    let (_, nameless) = of("#microsoft.graph.group", "/", json!(null)).unwrap();
    assert_eq!(nameless, None);
    assert_eq!(of("#microsoft.graph.user", "/", json!("x")), None);
    let unit = "/administrativeUnits/77777777-7777-4777-8777-777777777777";
    assert_eq!(
        of("#microsoft.graph.servicePrincipal", unit, json!("x")),
        None
    );
}

#[test]
fn what_is_held_through_a_group_names_the_group() {
    let direct = json!({ "role": "Owner", "scope": SUBSCRIPTION });
    let through = json!({ "role": "Owner", "scope": SUBSCRIPTION, "through": "platform" });
    let found = found(json!({ "/principals/0/azure": [direct, through] }));
    let words: Vec<&str> = found
        .iter()
        .map(|it| it.1.split(',').next().unwrap())
        .collect();
    let held = format!("it holds `Owner at {SUBSCRIPTION}`");
    assert_eq!(
        words,
        [held.clone(), format!("{held} through group `platform`")]
    );
}

#[test]
fn an_owner_of_the_service_principal_is_an_owner() {
    let owners = |changes: Json| {
        let report = run(
            &tenant(changes),
            &Options {
                now: NOW,
                ..Options::default()
            },
        );
        let own = |it: &Finding| it.rule == "risky-owner" || it.rule == "owned-administrator";
        let findings = report.findings.into_iter().filter(own);
        findings
            .map(|it| (it.rule, it.message, it.fix))
            .collect::<Vec<_>>()
    };
    let guest =
        json!([{ "id": "u-1", "name": "ext_bob", "kind": "user", "guest": true, "enabled": true }]);
    let found = owners(json!({ "/principals/0/owners": guest }));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, "a guest owns its service principal: `ext_bob`");
    assert!(
        found[0]
            .2
            .contains("/servicePrincipals/p-1/owners/u-1/$ref"),
        "{}",
        found[0].2
    );
    let both = owners(json!({ "/principals/0/owners": guest, "/applications/0/owners": guest }));
    assert_eq!(both.len(), 1);
    assert_eq!(
        both[0].1,
        "a guest owns it and its service principal: `ext_bob`"
    );
    assert!(
        both[0]
            .2
            .contains("--id c-1 --owner-object-id u-1` and `az rest"),
        "{}",
        both[0].2
    );
    let roles = json!({ "p-1": [{ "role": "Global Administrator" }] });
    let member = json!([{ "id": "u-2", "name": "", "kind": "user", "enabled": true }]);
    let found = owners(json!({ "/principals/0/owners": member, "/directory_roles": roles }));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].0, found[0].1.as_str()),
        (
            "owned-administrator",
            "`u-2` owns the service principal of an application that holds `Global Administrator`"
        )
    );
}

#[test]
fn an_older_snapshot_does_not_pass_for_clean() {
    let old = tenant(json!({ "/format": "trustform-snapshot/1", "/principals/0/owners": null }));
    let report = run(
        &old,
        &Options {
            now: NOW,
            ..Options::default()
        },
    );
    let of = |rule: &str| -> Vec<&str> {
        let partly = report.rules_partly_run.iter();
        let mine = partly.filter(|(doc, ..)| doc.name == rule);
        mine.map(|(_, need, _)| need.objects()).collect()
    };
    assert_eq!(of("risky-owner"), ["owners of service principals"]);
    assert_eq!(
        of("federated-administrator"),
        ["directory roles", "custom roles", "roles through groups"]
    );
    let (.., why) = &report.rules_partly_run[0];
    assert!(why.contains("make it again with `--save`"), "{why}");
    let new = tenant(json!({}));
    let report = run(
        &new,
        &Options {
            now: NOW,
            ..Options::default()
        },
    );
    assert_eq!(report.rules_partly_run, []);
    let other = br#"{"format": "trustform-snapshot/3", "tenant_id": "", "read_at": 0, "applications": [], "principals": []}"#;
    assert!(snapshot::parse(other).is_err_and(|why| why.contains("trustform-snapshot/3")));
}

#[test]
fn owners_that_a_list_cuts_off_are_read() {
    const OWNERS: usize = 130;
    let mut stage = Stage::new();
    let now = stage.clock.now_ms().unsigned_abs();
    stage.emulator.with_store(|store, _| {
        populate(store, 200, now);
        let of = |kind: &str| -> Vec<_> {
            let rows = store.primary().rows(&PRINCIPALS, None);
            let rows = rows.filter(|row| text(row, "displayName").contains(kind));
            rows.map(|row| json!(text(row, "id")))
                .take(OWNERS)
                .collect()
        };
        let owners = json!(of("-service-"));
        let application = store.primary().rows(&APPLICATIONS, None).next().cloned();
        let mut application = (*application.unwrap()).clone();
        application.insert("~owners".to_owned(), owners.clone());
        let vendor = of("vendor-").remove(0);
        let vendor = store.primary().get(&PRINCIPALS, vendor.as_str().unwrap());
        let mut vendor = (**vendor.unwrap()).clone();
        vendor.insert("~owners".to_owned(), owners);
        store.put(&APPLICATIONS, application, now);
        store.put(&PRINCIPALS, vendor, now);
    });
    let command =
        format!("trustform audit --local --tenant {TENANT} --fail-on never --format json");
    let ran = stage.run(&command, None);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let risky: Vec<&str> = findings
        .filter(|it| it["rule"] == "risky-owner")
        .map(|it| it["message"].as_str().unwrap())
        .collect();
    let of = |begin: &str| risky.iter().filter(|it| it.starts_with(begin)).count();
    assert_eq!(of("another workload owns it: "), OWNERS);
    assert_eq!(of("another workload owns its service principal: "), OWNERS);
}
