//! How long a large stack takes to be read and evaluated, and how much memory: 10,000 applications with nested
//! credentials, templates and a `for` in each, in HCL (5.7 MB) and in YAML.
//!
//! To reach with HCL, on one core: 1.5 s and 400 MiB. `cargo bench --bench load` measures each language in a process
//! of its own, so that the peak is its own; `-- hcl` stays in this one, for a profiler.

use std::fmt::Write;
use std::ops::Range;
use std::process::Command;
use std::time::Instant;

use trustform::config::{self, Access, FileError, Input};
use trustform::kinds;
use trustform::model::source::Sources;

const APPLICATIONS: usize = 10_000;
const LANGUAGES: [&str; 2] = ["hcl", "yaml"];

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let Some(language) = given.iter().find(|it| LANGUAGES.contains(&it.as_str())) {
        measure(language);
        return;
    }
    let this = std::env::current_exe().expect("this program");
    for language in LANGUAGES {
        let status = Command::new(&this).arg(language).status();
        assert!(status.expect("a run").success(), "{language}");
    }
}

fn measure(language: &str) {
    // Two files: one of this size would be refused.
    let halves = [0..APPLICATIONS / 2, APPLICATIONS / 2..APPLICATIONS];
    let texts = halves.map(|numbers| match language {
        "hcl" => hcl(numbers),
        _ => yaml(numbers),
    });
    let size = texts.iter().map(String::len).sum::<usize>();
    let before = peak();
    let mut sources = Sources::default();
    let started = Instant::now();
    let names = ["", "more."].map(|name| format!("{name}trust.{language}"));
    let files: Vec<_> = names
        .into_iter()
        .zip(texts)
        .map(|(name, text)| sources.add(name, text))
        .collect();
    let input = Input {
        sources: &mut sources,
        files: &files,
        central: &[],
        environment: &[],
        automatic: &[],
        given: &[],
        access: Access {
            read: &|_| Err(FileError::NotFound),
            list: &|_| Err(FileError::NotFound),
        },
    };
    let loaded = config::load(input, &kinds::shapes());
    let evaluated = started.elapsed();
    assert_eq!(loaded.diagnostics, []);
    let (desired, said) = kinds::lower::lower(loaded.desired);
    let lowered = started.elapsed();
    assert_eq!(said, []);
    println!(
        "{language}: {:.1} MB, {} resources; read and evaluated in {:.2} s, lowered after {:.2} s; peak {} MiB ({before} before)",
        size as f64 / 1e6,
        desired.resources.len(),
        evaluated.as_secs_f64(),
        lowered.as_secs_f64(),
        peak(),
    );
}

fn hcl(numbers: Range<usize>) -> String {
    let mut text = String::new();
    if numbers.start == 0 {
        text.push_str(
            r#"stack "load" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}

locals {
  environments = ["staging", "prod"]
  owner        = { owner = "contoso", owner_id = "5544123" }
}
"#,
        );
    }
    for number in numbers {
        write!(
            text,
            r#"
application "service_{number}" {{
  display_name          = "service-{number}"
  description           = "Deploys ${{upper("service-{number}")}} to ${{join(", ", [for name in local.environments : title(name)])}}."
  unmanaged_credentials = "delete"

  federated_credential "environment" {{
    for_each = toset(local.environments)
    github {{
      owner       = local.owner.owner
      repository  = "service-{number}"
      environment = "${{each.key}}-${{length(each.key) > 4 ? "blue" : "green"}}"
    }}
  }}

  federated_credential "cluster" {{
    issuer  = "https://oidc.contoso.com"
    subject = "system:serviceaccount:team-${{{number} % 100}}:service-{number}"
  }}
}}
"#
        )
        .expect("a text");
    }
    text
}

fn yaml(numbers: Range<usize>) -> String {
    let mut text = String::new();
    if numbers.start == 0 {
        text.push_str(
            r#"stack:
  load:
    tenant_id: 11111111-1111-4111-8111-111111111111
locals:
  environments: [staging, prod]
  owner: { owner: contoso, owner_id: "5544123" }
"#,
        );
    }
    text.push_str("application:\n");
    for number in numbers {
        write!(
            text,
            r#"  service_{number}:
    display_name: service-{number}
    description: 'Deploys ${{upper("service-{number}")}} to ${{join(", ", [for name in local.environments : title(name)])}}.'
    unmanaged_credentials: delete
    federated_credential:
      environment:
        for_each: ${{toset(local.environments)}}
        github:
          owner: ${{local.owner.owner}}
          repository: service-{number}
          environment: '${{each.key}}-${{length(each.key) > 4 ? "blue" : "green"}}'
      cluster:
        issuer: https://oidc.contoso.com
        subject: 'system:serviceaccount:team-${{{number} % 100}}:service-{number}'
"#
        )
        .expect("a text");
    }
    text
}

/// The most memory that this process had so far, in MiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0) / 1024
}
