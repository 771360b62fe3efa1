//! Reports of audits in every form. Whoever may name an application may put anything into that name: none of it does
//! anything.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use trustform::model::repair::{Manual, Part, Repair, Repairs};

use crate::play::{Stage, TENANT};
use crate::project;

/// Package and version of npm that carries the official schema, and the SHA-256 of that.
const SCHEMA: (&str, &str, &str) = (
    "@microsoft/jest-sarif@1.0.0-beta.0",
    "package/lib/schemas/sarif-2.1.0-rtm.5.json",
    "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8",
);

/// What somebody might call an application.
pub const NASTY: &[&str] = &[
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{9b}31mred",
    "::add-mask::secret",
    " ::stop-commands::x",
    "x ##vso[task.setvariable variable=a]b",
    "##[add-path]/tmp",
    "a\n::set-output name=x::y",
    "\u{202e}gnp.exe\u{2066}",
    "\u{e0041}\u{200b}hidden\u{ad}",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=alert(1)>",
    "]]></failure><failure>",
    "@octocat [a](https://evil.example) ![i](https://evil.example/i) | `c` # h",
    "www.evil.example javascript:alert(1)",
    "` and `` and ```",
    "&lt;b&gt; {0} \\u{202e}",
];

/// A tenant whose every text is one of those.
pub fn hostile() -> Json {
    let applications: Vec<Json> = NASTY
        .iter()
        .enumerate()
        .map(|(at, nasty)| {
            json!({
                "id": format!("o-{at}-{nasty}"), "app_id": format!("c-{at}-{nasty}"), "display_name": nasty,
                "sign_in_audience": "AzureADMyOrg", "tags": [nasty],
                "passwords": [{ "key_id": nasty, "name": nasty, "start": 1, "end": null }],
                "credentials": [
                    { "id": nasty, "name": nasty, "issuer": "https://token.actions.githubusercontent.com", "subject": nasty, "audiences": [nasty] },
                    { "id": "i", "name": format!("{nasty} too"), "issuer": format!("https://{nasty}"), "subject": "environment:prod", "audiences": [nasty] },
                    { "id": "e", "name": format!("{nasty} again"), "issuer": "https://gitlab.com", "expression": nasty, "audiences": [nasty] },
                ],
                "owners": [{ "id": nasty, "name": nasty, "kind": "user", "guest": true }],
                "redirect_uris": [format!("http://{nasty}")],
            })
        })
        .collect();
    let principals: Vec<Json> = NASTY
        .iter()
        .enumerate()
        .map(|(at, nasty)| {
            json!({
                "id": format!("p-{at}"), "app_id": format!("c-{at}-{nasty}"), "display_name": nasty, "kind": "Application",
                "roles": [{ "api": "00000003-0000-0000-c000-000000000000", "id": nasty, "name": nasty }],
                "owners": [{ "id": nasty, "name": nasty, "kind": "user", "guest": at % 2 == 0, "enabled": true }],
            })
        })
        .collect();
    let identities: Vec<Json> = NASTY
        .iter()
        .enumerate()
        .map(|(at, nasty)| {
            json!({
                "id": format!("/subscriptions/{nasty}/{at}"), "name": nasty, "client_id": format!("m-{at}-{nasty}"),
                "credentials": [{ "id": nasty, "name": nasty, "issuer": format!("https://{nasty}"), "subject": nasty, "audiences": [nasty] }],
            })
        })
        .collect();
    let roles = NASTY.iter().enumerate().map(|(at, nasty)| {
        json!({
            "id": format!("q-{at}"), "app_id": format!("m-{at}-{nasty}"), "display_name": nasty, "kind": "ManagedIdentity",
            "azure": [{ "role": "Owner", "scope": "/" }, { "role": "Owner", "scope": "/", "through": nasty },
                { "role": nasty, "scope": "/", "through": nasty }, { "role": nasty, "scope": format!("/subscriptions/{nasty}") },
                { "role": "Owner", "scope": format!("/subscriptions/{}", nasty.replace('/', "")) }],
        })
    });
    let principals: Vec<Json> = principals.into_iter().chain(roles).collect();
    let all = NASTY.join(" ");
    let custom_roles: serde_json::Map<String, Json> = NASTY
        .iter()
        .map(|nasty| {
            let role = json!({ "name": nasty, "permissions": [{ "actions": ["*"] }] });
            ((*nasty).to_owned(), role)
        })
        .collect();
    let directory_roles: serde_json::Map<String, Json> = NASTY
        .iter()
        .enumerate()
        .map(|(at, nasty)| {
            let roles =
                json!([{ "role": "Global Administrator", "through": nasty }, { "role": nasty }]);
            (format!("p-{at}"), roles)
        })
        .collect();
    json!({
        "format": "trustform-snapshot/2", "tenant_id": TENANT, "read_at": 1_795_168_800,
        "applications": applications, "principals": principals, "identities": identities,
        "custom_roles": custom_roles, "directory_roles": directory_roles,
        "unread": { "issuers": all, "identities": all, "azure": all, "activity": all, "groups": all, "users": all,
            "directory": all, "custom-roles": all, "principal-owners": all },
    })
}

/// Every form of the report over a snapshot, by the name of the form.
pub fn reports(stage: &mut Stage, snapshot: &Json) -> Vec<(&'static str, String)> {
    let directory = stage.directory.path().to_path_buf();
    std::fs::write(directory.join("tenant.json"), snapshot.to_string()).unwrap();
    let forms = ["text", "json", "markdown", "sarif", "junit", "html"];
    let all: Vec<String> = forms
        .iter()
        .map(|form| format!("--report {form}=report.{form}"))
        .collect();
    let run = stage.run(
        &format!(
            "trustform audit --from tenant.json --fail-on never {}",
            all.join(" ")
        ),
        None,
    );
    assert_eq!(run.exit, 0, "{}", run.err);
    let read = |form: &'static str| {
        let path = directory.join(format!("report.{form}"));
        (form, std::fs::read_to_string(path).unwrap())
    };
    let written: Vec<_> = forms.into_iter().map(read).collect();
    assert_eq!(written[0].1, run.out, "what is written is what is printed");
    written
}

#[test]
fn nothing_that_a_tenant_says_does_anything() {
    let mut stage = Stage::new();
    for (form, text) in reports(&mut stage, &hostile()) {
        harmless(form, &text);
    }
}

/// No terminal sequence, no bidirectional or hidden character, no command to a pipeline.
fn harmless(form: &str, text: &str) {
    for c in text.chars() {
        let code = u32::from(c);
        let hides = matches!(code, 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xE0000..=0xE0FFF);
        assert!(
            !hides && (c == '\n' || !c.is_control()),
            "{form} has U+{code:04X}"
        );
    }
    for line in text.lines() {
        assert!(
            !line.trim_start().starts_with("::")
                && !line.contains("##vso[")
                && !line.contains("##["),
            "{form} commands a pipeline: {line}"
        );
    }
}

#[test]
fn fix_plans_are_told_on_lines_of_their_own() {
    let repairs = Repairs {
        proofs: NASTY.iter().map(|nasty| (*nasty).to_owned()).collect(),
        repairs: NASTY
            .iter()
            .map(|nasty| Repair {
                client_id: (*nasty).to_owned(),
                identity: None,
                part: Part::Trust((*nasty).to_owned()),
                rule: "dangling-issuer".to_owned(),
                beside: Vec::new(),
            })
            .collect(),
        manual: NASTY
            .iter()
            .map(|nasty| Manual {
                application: (*nasty).to_owned(),
                client_id: (*nasty).to_owned(),
                rule: "leftover-secret",
                part: (*nasty).to_owned(),
                why: (*nasty).to_owned(),
                fix: (*nasty).to_owned(),
            })
            .collect(),
        ..Repairs::default()
    };
    let text = trustform::render::audit::repairs::text(&repairs, NASTY[0]);
    assert_eq!(
        text.lines().count(),
        2 + 2 * NASTY.len() + 1 + 2 * NASTY.len()
    );
    harmless("the fix plan", &text);
}

#[test]
fn pages_and_summaries_have_no_markup_of_the_tenants() {
    let mut stage = Stage::new();
    let reports = reports(&mut stage, &hostile());
    let of = |form: &str| &reports.iter().find(|(name, _)| *name == form).unwrap().1;
    let html = of("html");
    assert_eq!(html.matches("<script").count(), 1, "only our own script");
    for bad in [
        "<img",
        "onerror=\"",
        "<svg onload",
        "</script><",
        "http-equiv=\"refresh",
    ] {
        assert!(!html.contains(bad), "{bad}");
    }
    for outside in [
        "src=\"",
        "href=\"http",
        "url(",
        "@import",
        "<link",
        "<iframe",
    ] {
        assert!(
            !html.contains(outside),
            "the page loads something: {outside}"
        );
    }
    let markdown = of("markdown");
    // Code spans show what they hold; what is outside of them must be harmless.
    let outside: String = without_code(markdown);
    for bad in [
        "@octocat",
        "](http",
        "![i]",
        "<img",
        "<script",
        "www.evil",
        "https://evil",
    ] {
        assert!(!outside.contains(bad), "{bad}: {outside}");
    }
    let junit = of("junit");
    for bad in ["<script", "<img", "]]>", "<failure>"] {
        assert!(!junit.contains(bad), "{bad}");
    }
    // Text alone stands between tags, and tags are ours.
    for tag in junit.split('<').skip(1) {
        let name: String = tag
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '>')
            .collect();
        let name = name.trim_matches(['/', '?']);
        let ours = [
            "xml",
            "testsuites",
            "testsuite",
            "testcase",
            "failure",
            "skipped",
            "system-out",
            "properties",
            "property",
        ];
        assert!(ours.contains(&name), "{name}");
    }
}

/// Markdown without its code spans, by CommonMark's rule: a run of backticks ends at the next run of that length.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            let run = rest[at..].chars().take_while(|c| *c == '`').count();
            out.push_str(&rest[..at]);
            let after = &rest[at + run..];
            let mut end = None;
            let mut place = 0;
            while let Some(next) = after[place..].find('`') {
                let length = after[place + next..]
                    .chars()
                    .take_while(|c| *c == '`')
                    .count();
                if length == run {
                    end = Some(place + next + length);
                    break;
                }
                place += next + length;
            }
            match end {
                Some(end) => rest = &after[end..],
                None => {
                    out.push_str(&rest[at..at + run]);
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[test]
fn sarif_is_what_code_scanning_reads() {
    let mut stage = Stage::new();
    let reports = reports(&mut stage, &hostile());
    let sarif: Json = serde_json::from_str(&reports[3].1).unwrap();
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(rules.len() >= 50 && results.len() > 20);
    for result in results {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert_eq!(
            result["partialFingerprints"]["trustform/v1"]
                .as_str()
                .unwrap()
                .len(),
            32
        );
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(
            url::Url::parse(uri.as_str().unwrap()).is_err(),
            "an absolute URI: {uri}"
        );
    }
    for rule in rules {
        assert!(
            rule["help"]["markdown"]
                .as_str()
                .is_some_and(|it| it.contains("Fix:"))
        );
    }
    let Some(schema) = official_schema() else {
        return;
    };
    let validator = jsonschema::validator_for(&schema).expect("the official schema");
    let errors: Vec<String> = validator
        .iter_errors(&sarif)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
}

/// The schema as Microsoft's own package has it, fetched once; without npm the test says so, and fails where `CI` is set.
fn official_schema() -> Option<Json> {
    let (package, file, sha) = SCHEMA;
    let kept: PathBuf = project().join("target/sarif-2.1.0-rtm.5.json");
    if !kept.exists() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let packed = Command::new("npm")
            .args(["pack", "--silent", package])
            .current_dir(place.path())
            .output();
        let Some(packed) = packed.ok().filter(|output| output.status.success()) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "npm does not give `{package}`: SARIF was not validated"
            );
            eprintln!(
                "npm does not give `{package}`: SARIF is not validated against the official schema"
            );
            return None;
        };
        let archive = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
        let schema = Command::new("tar")
            .args(["xzOf", &archive, file])
            .current_dir(place.path())
            .output()
            .expect("tar runs");
        std::fs::write(&kept, schema.stdout).expect("target/ can be written");
    }
    let text = std::fs::read(&kept).expect("the schema");
    let found: String = Sha256::digest(&text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        found,
        sha,
        "another schema than the one of `{package}`: remove {}",
        kept.display()
    );
    // A bracket that nothing opens: not every reader of regular expressions takes it.
    let text = String::from_utf8(text).expect("UTF-8").replace(
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$",
        "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$",
    );
    Some(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_report_is_written_whole_or_not_at_all() {
    let mut stage = Stage::new();
    std::fs::write(
        stage.directory.path().join("tenant.json"),
        hostile().to_string(),
    )
    .unwrap();
    let bad = stage.run(
        "trustform audit --from tenant.json --report sarif=there/is/no/such.sarif",
        None,
    );
    assert_eq!((bad.exit, bad.out.as_str()), (1, ""));
    assert!(bad.err.contains("cannot be written"), "{}", bad.err);
    for usage in ["sarif", "pdf=x", "sarif="] {
        let bad = stage.run(
            &format!("trustform audit --from tenant.json --report {usage}"),
            None,
        );
        assert!(
            bad.exit == 1 && bad.err.contains("sarif=audit.sarif"),
            "{}",
            bad.err
        );
    }
}
