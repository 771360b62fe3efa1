//! What goes, and what stays, for each reason there is.

use super::*;
use crate::audit::waivers::{Waiving, Whose};
use crate::audit::{Options, run};
use crate::model::policy::{Accused, Waiver};
use crate::model::source::Span;
use crate::model::tenant::{Application, Credential, Principal};

const NOW: i64 = 1_795_168_800;
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn secret(id: &str, end: i64) -> Secret {
    Secret {
        key_id: id.to_owned(),
        end: Some(end),
        start: Some(NOW - 86_400),
        ..Secret::default()
    }
}

fn trust(name: &str, subject: &str) -> Credential {
    let expression = subject.starts_with("claims").then(|| subject.to_owned());
    Credential {
        id: format!("id-{name}"),
        name: name.to_owned(),
        issuer: GITHUB.to_owned(),
        subject: expression.is_none().then(|| subject.to_owned()),
        expression,
        audiences: vec!["api://AzureADTokenExchange".to_owned()],
        ..Credential::default()
    }
}

fn application(passwords: &[Secret], credentials: &[Credential]) -> Application {
    Application {
        id: "object".to_owned(),
        app_id: "client".to_owned(),
        display_name: "Billing".to_owned(),
        passwords: passwords.to_vec(),
        credentials: credentials.to_vec(),
        ..Application::default()
    }
}

/// What goes, and why the rest does not.
fn judged(application: Application, proven: bool, change: fn(&mut Terms)) -> (Vec<Part>, String) {
    let tenant = Tenant {
        applications: vec![application],
        ..Tenant::default()
    };
    let mut options = Options {
        now: NOW,
        ..Options::default()
    };
    options.waivers.push(Waiving {
        waiver: Waiver {
            name: "known".to_owned(),
            rule: "expired-secret".to_owned(),
            of: Accused::ObjectId("object".to_owned()),
            reason: "known".to_owned(),
            owner: "me".to_owned(),
            until: (NOW + 86_400) * 1_000,
            origin: Span::default(),
        },
        whose: vec![Whose::Object(
            "object".to_owned(),
            Some("waived".to_owned()),
        )],
        place: None,
        days: 30,
    });
    let mut terms = Terms {
        now: NOW,
        proven: proven.then(|| "client".to_owned()).into_iter().collect(),
        seen: BTreeMap::new(),
        login: None,
    };
    change(&mut terms);
    let found = repairs(&tenant, &run(&tenant, &options), &terms);
    let manual = found.manual.iter().map(|it| it.why.as_str());
    let why: Vec<&str> = manual.collect();
    let parts = found.repairs.into_iter().map(|it| it.part);
    (parts.collect(), why.join("; "))
}

fn same(_: &mut Terms) {}

fn secrets(ids: &[&str]) -> Vec<Part> {
    let parts = ids.iter().map(|id| Part::Secret((*id).to_owned()));
    parts.collect()
}

fn trusts(names: &[&str]) -> Vec<Part> {
    let parts = names.iter().map(|name| Part::Trust((*name).to_owned()));
    parts.collect()
}

const MAIN: &str = "repo:o@1/r@2:ref:refs/heads/main";
const TYPO: &str = "repo:o@1/r@2:pull-request";

#[test]
fn a_password_that_works_goes_where_federation_is_proven() {
    let it = || application(&[secret("a", NOW + 100)], &[trust("main", MAIN)]);
    assert_eq!(judged(it(), true, same).0, secrets(&["a"]));
    let (going, why) = judged(it(), false, same);
    assert!(going.is_empty());
    assert_eq!(
        why,
        "nothing proves that the application logs in with its federated credential: audit it alone, with `--application client`, or add `--proven client`"
    );
    // A trust that admits nobody proves nothing, whatever somebody says.
    let it = application(&[secret("a", NOW + 100)], &[trust("typo", TYPO)]);
    let (going, why) = judged(it, true, same);
    assert!(going.is_empty(), "{why}");
    assert!(why.contains("only trust") && why.contains("last credential"));
}

#[test]
fn what_is_over_goes_but_the_last() {
    let old = [secret("a", NOW - 200), secret("b", NOW - 100)];
    let (going, why) = judged(application(&old, &[]), false, same);
    assert_eq!(going, secrets(&["a"]));
    assert!(why.contains("last credential"));
    let all = application(&old, &[trust("main", MAIN)]);
    assert_eq!(judged(all, false, same).0, secrets(&["a", "b"]));
}

#[test]
fn what_is_waived_and_the_login_stay() {
    let old = [secret("waived", NOW - 200), secret("b", NOW - 100)];
    let it = || application(&old, &[trust("main", MAIN)]);
    let (going, why) = judged(it(), false, same);
    assert_eq!((going, why.as_str()), (secrets(&["b"]), ""));
    let (going, why) = judged(it(), false, |terms| {
        terms.login = Some("CLIENT".to_owned());
    });
    assert!(going.is_empty() && why.contains("logs in as"), "{why}");
}

/// What is judged where the logs show these uses of the trust `main` and of the secret `a`, in seconds before now.
fn logged(application: Application, main: Option<i64>, secret: Option<i64>) -> (Vec<Part>, String) {
    let tenant = Tenant {
        applications: vec![application],
        ..Tenant::default()
    };
    let options = Options {
        now: NOW,
        ..Options::default()
    };
    let report = run(&tenant, &options);
    let mut terms = Terms {
        now: NOW,
        ..Terms::default()
    };
    assert_eq!(repairs(&tenant, &report, &terms).unproven, ["client"]);
    let time = |id: &str, ago: Option<i64>| ago.map(|ago| (id.to_owned(), NOW - ago));
    let seen = Seen {
        trusts: time("id-main", main).into_iter().collect(),
        secrets: time("a", secret).into_iter().collect(),
        unread: None,
    };
    terms.seen.insert("client".to_owned(), seen);
    let found = repairs(&tenant, &report, &terms);
    assert_eq!(found.proofs.len(), usize::from(!found.repairs.is_empty()));
    let why: Vec<&str> = found.manual.iter().map(|it| it.why.as_str()).collect();
    let parts = found.repairs.iter().map(|it| it.part.clone());
    (parts.collect(), why.join("; "))
}

#[test]
fn sign_ins_prove_a_trust_and_show_what_still_needs_a_password() {
    let it = || application(&[secret("a", NOW + 100)], &[trust("main", MAIN)]);
    assert_eq!(logged(it(), Some(60), None).0, secrets(&["a"]));
    assert_eq!(logged(it(), Some(60), Some(RECENT + 1)).0, secrets(&["a"]));
    let (going, why) = logged(it(), Some(60), Some(60));
    assert!(going.is_empty() && why.contains("it was used on"), "{why}");
    let (going, why) = logged(it(), None, None);
    assert!(going.is_empty() && why.contains("show no login"), "{why}");
}

#[test]
fn an_unused_password_goes_where_another_one_is_in_use() {
    let used = |mut it: Secret, ago: i64| {
        it.last_used = Some(NOW - ago);
        it
    };
    let old = || used(secret("a", NOW + 100), 100 * 86_400);
    let both = [old(), used(secret("b", NOW + 200), 60)];
    assert_eq!(
        judged(application(&both, &[]), false, same).0,
        secrets(&["a"])
    );
    let (going, why) = judged(application(&[old()], &[]), true, same);
    assert!(going.is_empty() && why.contains("last credential"), "{why}");
    let idle = [old(), used(secret("b", NOW + 200), 95 * 86_400)];
    let (going, why) = judged(application(&idle, &[]), false, same);
    assert!(
        going.is_empty() && why.contains("no federated credential"),
        "{why}"
    );
}

#[test]
fn a_service_principals_password_goes_and_a_certificate_stays() {
    let judge = |proven: bool, ours: bool| {
        let mut certificate = secret("c", NOW - 100);
        certificate.usage = Some("Verify".to_owned());
        let principal = Principal {
            app_id: "client".to_owned(),
            id: "principal".to_owned(),
            kind: "Application".into(),
            passwords: vec![secret("old", NOW - 100), secret("new", NOW + 100)],
            certificates: vec![certificate],
            ..Principal::default()
        };
        let tenant = Tenant {
            applications: Vec::from_iter(ours.then(|| application(&[], &[trust("main", MAIN)]))),
            principals: vec![principal],
            ..Tenant::default()
        };
        let options = Options {
            now: NOW,
            ..Options::default()
        };
        let terms = Terms {
            now: NOW,
            proven: proven.then(|| "client".to_owned()).into_iter().collect(),
            ..Terms::default()
        };
        let found = repairs(&tenant, &run(&tenant, &options), &terms).repairs;
        let ids = found.into_iter().map(|it| match it.part {
            Part::PrincipalSecret(id) => id,
            other => panic!("{other:?}"),
        });
        ids.collect::<Vec<String>>()
    };
    for ours in [true, false] {
        assert_eq!(judge(false, ours), ["old"]);
        assert_eq!(judge(true, ours), ["new", "old"]);
    }
}

#[test]
fn trusts_that_admit_nobody_go_one_at_a_time() {
    let both = [
        trust("main", MAIN),
        trust("typo", TYPO),
        trust("again", "repo:o@1/s@3:pull-request"),
    ];
    let (going, why) = judged(application(&[], &both), false, same);
    assert_eq!(going.len(), 1);
    assert!(why.contains("one trust of an application"), "{why}");
}

#[test]
fn a_covered_trust_goes_unless_what_covers_it_is_bad() {
    let wide = "claims['sub'] matches 'repo:o@1/r@2:ref:refs/heads/*' and claims['repository_owner_id'] eq '1'";
    let it = |wide: &str| application(&[], &[trust("wide", wide), trust("main", MAIN)]);
    let (going, why) = judged(it(wide), false, same);
    assert_eq!(going, trusts(&["main"]), "{why}");
    let open = "claims['sub'] matches 'repo:*'";
    let (going, why) = judged(it(open), false, same);
    assert!(going.is_empty() && why.contains("too wide"), "{why}");
}

#[test]
fn what_covers_a_trust_may_go_first() {
    let wide = "claims['sub'] matches 'project_path:o/*'";
    let main = "project_path:o/r:ref_type:branch:ref:main";
    let mut trusts = [trust("all", wide), trust("main", main)];
    for it in &mut trusts {
        it.issuer = "https://gitlab.internal".to_owned();
    }
    let (going, why) = judged(application(&[], &trusts), false, same);
    assert_eq!(going, super::tests::trusts(&["all"]));
    assert_eq!(
        why,
        "one trust of an application goes at a time: audit again after this plan; what covers it goes in this plan"
    );
}

#[test]
fn a_plan_has_so_many_repairs() {
    let old: Vec<Secret> = (0..=MOST)
        .map(|at| secret(&at.to_string(), NOW - 200))
        .collect();
    let all = application(&old, &[trust("main", MAIN)]);
    let (going, why) = judged(all, false, same);
    assert_eq!(
        (going.len(), why.as_str()),
        (
            MOST,
            "a plan has at most 1000 repairs: audit again after this one"
        )
    );
}

#[test]
fn what_files_declare_is_changed_in_the_files() {
    let mut it = application(&[], &[trust("main", MAIN), trust("typo", TYPO)]);
    it.credentials[1].declared_at = Some("trust.hcl:3".to_owned());
    let (going, why) = judged(it.clone(), false, same);
    assert!(going.is_empty() && why.contains("a file declares it"));
    it.credentials[1].declared_at = None;
    it.tags = vec!["trustform:payments:12345678".to_owned()];
    let (going, why) = judged(it, false, same);
    assert!(going.is_empty() && why.contains("--declared"));
}
