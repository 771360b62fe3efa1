//! The stack that is worked on, and a tenant in which it is there already.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use trustform::cli::{Exit, World, run};
use trustform::cloud::Clock;
use trustform::cloud::transport::SILENCE;
use trustform::emulator::inprocess::{Emulator, new_tenant};
use trustform::emulator::store::Store;
use trustform::kinds;

pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";

/// Applications with a service principal and two credentials each, written out one by one.
pub fn write(directory: &Path, applications: usize) {
    let mut text = format!("stack \"scale\" {{\n  tenant_id = \"{TENANT}\"\n}}\n");
    for number in 0..applications {
        let _ = write!(
            text,
            r#"
application "service-{number:04}" {{
  display_name = "service-{number:04}"

  federated_credential "main" {{
    issuer  = "https://token.actions.githubusercontent.com"
    subject = "repo:contoso/service-{number:04}:ref:refs/heads/main"
  }}
  federated_credential "prod" {{
    issuer                     = "https://token.actions.githubusercontent.com"
    claims_matching_expression = "claims['sub'] matches 'repo:contoso/service-{number:04}:environment:prod*' and claims['repository_owner_id'] eq '5544123'"
  }}
}}
"#
        );
    }
    std::fs::create_dir_all(directory).expect("the stack's directory");
    std::fs::write(directory.join("trust.hcl"), text).expect("the stack's file");
}

/// Applies the stack in this process, where waiting costs nothing; the tenant as a file that the emulator takes.
pub fn plant(directory: &Path) -> Vec<u8> {
    let clock = Clock::starting_at(Clock::Real.now_ms());
    let now = clock.now_ms().unsigned_abs();
    let routes = kinds::emulated();
    let seed = new_tenant(TENANT, now).expect("a seed for a tenant");
    let store = Store::new(seed, &routes).expect("a tenant");
    let time = clock.clone();
    let emulator = Emulator::new(
        store,
        routes,
        Arc::new(move || time.now_ms().unsigned_abs()),
        None,
    );
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    let exit = run(World {
        args: ["trustform", "apply", "--local", "--auto-approve"]
            .map(Into::into)
            .into(),
        env: Default::default(),
        directory: directory.to_owned(),
        input: &mut std::io::empty(),
        out: &mut out,
        err: &mut errors,
        terminal: false,
        tenant: Some(emulator.clone()),
        clock,
        silence: SILENCE,
    });
    assert_eq!(exit, Exit::Done, "{}", String::from_utf8_lossy(&errors));
    emulator.with_store(|store, _| store.to_json())
}
