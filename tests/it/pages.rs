//! The page of an audit in a real browser: Chromium, as Debian packages it, without a window.
//!
//! Without Chromium the tests say so and pass; where `CI` is set, that is a failure.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::play::{Stage, TENANT};
use crate::reports::{hostile, reports};

/// Arguments that keep it from the network and from what other runs left.
const QUIET: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--window-size=1400,1800",
];

/// The browser's name; none where there is no browser.
fn chromium() -> Option<&'static str> {
    let there = Command::new("chromium").arg("--version").output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some("chromium");
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "chromium is missing: the page was not looked at"
    );
    eprintln!("chromium is missing: the page is not looked at");
    None
}

/// The page's document once its script has run, at an address within it.
fn document(browser: &str, page: &Path, fragment: &str) -> String {
    let profile = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(browser)
        .args(QUIET)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}{fragment}", page.display()))
        .output()
        .expect("chromium runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Three applications: a privileged one with a wide trust, one with a leftover secret, one without fault.
fn tenant() -> Json {
    let github = "https://token.actions.githubusercontent.com";
    let app = |n: usize, name: &str, more: Json| {
        let mut app = json!({ "id": format!("o-{n}"), "app_id": format!("c-{n}"), "display_name": name,
            "sign_in_audience": "AzureADMyOrg", "owners": [] });
        for (name, value) in more.as_object().unwrap() {
            app[name] = value.clone();
        }
        app
    };
    let fic = |name: &str, subject: &str| json!({ "id": name, "name": name, "issuer": github, "subject": subject, "audiences": ["api://AzureADTokenExchange"] });
    let role = |id: &str, name: &str| json!({ "api": "00000003-0000-0000-c000-000000000000", "id": id, "name": name });
    json!({
        "format": "trustform-snapshot/2", "tenant_id": TENANT, "read_at": 1_795_168_800,
        "applications": [
            app(1, "platform-admin", json!({ "credentials": [fic("any", "environment:prod")] })),
            app(2, "billing", json!({ "credentials": [fic("main", "repo:contoso@1/billing@2:environment:prod")],
                "passwords": [{ "key_id": "k-1", "start": 1_790_000_000, "end": 1_799_000_000 }] })),
            app(3, "reports", json!({ "credentials": [fic("main", "repo:contoso@1/reports@3:environment:prod")] })),
        ],
        "principals": [
            { "id": "p-1", "app_id": "c-1", "display_name": "platform-admin", "kind": "Application",
              "roles": [role("r-9", "RoleManagement.ReadWrite.Directory")] },
            { "id": "p-2", "app_id": "c-2", "display_name": "billing", "kind": "Application", "roles": [role("r-2", "Mail.Send")] },
        ],
        "unread": { "issuers": "issuers were not asked: the network was not used" },
    })
}

/// Applications of the rows that are shown, from above.
fn shown(document: &str) -> Vec<String> {
    let body = document
        .split("<tbody>")
        .nth(1)
        .and_then(|it| it.split("</tbody>").next());
    let rows = body.expect("a table").split("<tr").skip(1);
    let visible = rows.filter(|row| !row.split('>').next().unwrap_or_default().contains("hidden"));
    visible
        .map(|row| {
            let cell = row.split("<td").nth(2).expect("a second cell");
            cell.trim_start_matches('>')
                .split('<')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[test]
fn the_page_filters_sorts_and_draws_in_a_browser() {
    let Some(browser) = chromium() else { return };
    let mut stage = Stage::new();
    reports(&mut stage, &tenant());
    let page = stage.directory.path().join("report.html");
    let all = document(browser, &page, "");
    let rows = shown(&all);
    assert!(rows.len() >= 3, "{rows:?}");
    assert_eq!(rows[0], "platform-admin", "the worst is first");
    assert!(all.contains(&format!("{0} of {0} shown", rows.len())));
    // A picture of four columns, with the way from the issuer to the permission.
    for text in ["Issuer", "Subject", "Application", "Permission"] {
        assert!(all.contains(&format!(">{text}</text>")), "{text}");
    }
    for node in [
        "environment:prod",
        "platform-admin",
        "RoleManagement.ReadWrite.Directory",
        "Mail.Send",
    ] {
        assert!(all.contains(&format!(">{node}</text>")), "{node}");
    }
    assert!(all.contains("class=\"edge critical\""));
    let found = document(browser, &page, "#search=leftover");
    assert_eq!(shown(&found), ["billing"]);
    let mild = document(browser, &page, "#without=critical,high");
    assert!(
        !shown(&mild).contains(&"platform-admin".to_owned()) || shown(&mild).len() < rows.len()
    );
    let sorted = shown(&document(browser, &page, "#sort=application"));
    let mut expected = sorted.clone();
    expected.sort();
    assert_eq!(sorted, expected);
    assert!(document(browser, &page, "#sort=-application").contains("aria-sort=\"descending\""));
    let rule = document(browser, &page, "#rule-leftover-secret");
    assert!(
        rule.contains("id=\"rule-leftover-secret\" open"),
        "a link to a rule opens it"
    );
}

#[test]
fn a_browser_runs_nothing_that_a_tenant_says() {
    let Some(browser) = chromium() else { return };
    let mut stage = Stage::new();
    reports(&mut stage, &hostile());
    let page = stage.directory.path().join("report.html");
    let document = document(browser, &page, "");
    let title = format!("<title>Audit of {TENANT}</title>");
    assert!(document.contains(&title), "the title was changed");
    assert_eq!(document.matches("<script").count(), 1);
    assert!(!document.contains("<img"));
    assert!(document.contains("shown</output>"), "our own script ran");
}
