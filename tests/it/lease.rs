//! The blob lease that is a stack's lock: one holder, renewed in time, and nothing is written once it is lost.

use std::sync::Arc;

use trustform::apply::engine::Engine;
use trustform::apply::{driver, lease, lock};
use trustform::cloud::login::EmulatorLogin;
use trustform::cloud::{Client, LoginOptions, Reader, Transport, credential};
use trustform::emulator::blob::PublicAccess;
use trustform::emulator::inprocess::InProcess;
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::model::address::Address;
use trustform::model::desired::{LockPlace, Stack};
use trustform::model::national_cloud::Cloud;
use trustform::model::plan::Plan;
use trustform::model::step::{Method, Phase, Request, Service, Step, StepId};
use trustform::model::value::Value;

use crate::play::{Stage, TENANT};

const ONE: &str = "00000000-0000-4000-8000-000000000001";
const OTHER: &str = "00000000-0000-4000-8000-000000000002";

/// A login to the stage's tenant, and where the lock is.
fn client(stage: &Stage) -> (Arc<Client>, LockPlace, Stack) {
    let place = LockPlace {
        storage_account: "contosolocks".to_owned(),
        container: "locks".to_owned(),
    };
    let now = stage.clock.now_ms().unsigned_abs();
    stage.emulator.with_store(|store, _| {
        store.provision_account("contosolocks", false);
        store.provision_container("contosolocks", "locks", PublicAccess::None, now);
    });
    let login = LoginOptions {
        tenant_id: TENANT.to_owned(),
        emulator: Some(EmulatorLogin {
            client_id: ADMINISTRATOR_CLIENT_ID.to_owned(),
            assertion: ADMINISTRATOR_ASSERTION.to_owned(),
        }),
        ..LoginOptions::default()
    };
    let transport = Transport::given(Arc::new(InProcess(stage.emulator.clone())));
    let login = credential(login, Cloud::Public, &transport).expect("a login");
    let client = Client::new(Cloud::Public, login, transport, stage.clock.clone());
    let stack = Stack {
        name: "payments".to_owned(),
        ..Stack::default()
    };
    (Arc::new(client), place, stack)
}

#[tokio::test]
async fn one_run_at_a_time_holds_it() {
    let stage = Stage::new();
    let (client, place, stack) = client(&stage);
    let take = |id, name, timeout| lease::acquire(&place, &stack, id, name, timeout, &client);
    let one = take(ONE, "the first", 0).await.expect("the lock");
    let refused = take(OTHER, "the second", 0).await.expect_err("it is held");
    assert_eq!(refused.code, "locked");
    assert_eq!(
        (refused.message.as_str(), refused.help.as_slice()),
        (
            "this stack is being applied by the first",
            &["wait for it to end, or wait here with `--lock-timeout SECONDS`; the lock of a dead run frees itself within a minute".to_owned()][..]
        )
    );
    // Renewed in time, it is held for as long as the run works.
    for _ in 0..10 {
        stage.wait(19_000);
        one.ensure(&client).await.expect("it is held");
        assert!(take(OTHER, "the second", 0).await.is_err());
    }
    one.release(&client).await;
    let other = take(OTHER, "the second", 0).await.expect("it is free");
    other.release(&client).await;
    assert!(!stage.emulator.dump().contains(".lock"), "nothing is left");
}

#[tokio::test]
async fn what_a_dead_run_held_frees_itself() {
    let stage = Stage::new();
    let (client, place, stack) = client(&stage);
    let take = |id, name, timeout| lease::acquire(&place, &stack, id, name, timeout, &client);
    let _dead = take(ONE, "the dead", 0).await.expect("the lock");
    let since = stage.clock.now_ms();
    take(OTHER, "the next", 120_000).await.expect("the lock");
    let waited = stage.clock.now_ms() - since;
    assert!((55_000..65_000).contains(&waited), "{waited} ms");
}

#[tokio::test]
async fn who_was_away_for_long_goes_on_only_if_nobody_came() {
    let stage = Stage::new();
    let (client, place, stack) = client(&stage);
    let take = |id, name| lease::acquire(&place, &stack, id, name, 0, &client);
    let one = take(ONE, "the first").await.expect("the lock");
    stage.wait(3_600_000);
    one.ensure(&client).await.expect("nobody had it meanwhile");
    stage.wait(61_000);
    let other = take(OTHER, "the second").await.expect("the lock");
    assert_eq!(
        one.ensure(&client).await.expect_err("lost").code,
        "lock-lost"
    );
    let lost = one.ensure(&client).await.expect_err("lost");
    assert_eq!(
        (lost.message.as_str(), lost.help.as_slice()),
        (
            "the stack's lock is not held any more, and nothing is written without it: Blob Storage answered 409 LeaseIdMismatchWithLeaseOperation",
            &["another run may have taken it: run `apply` again".to_owned()][..]
        )
    );
    other.release(&client).await;
    // Also once the other has let go of it: the world is not the one that was planned in.
    assert_eq!(
        one.ensure(&client).await.expect_err("lost").code,
        "lock-lost"
    );
}

#[tokio::test]
async fn without_the_lock_nothing_is_written() {
    let stage = Stage::new();
    let (client, place, stack) = client(&stage);
    let take = |id, name| lease::acquire(&place, &stack, id, name, 0, &client);
    let zombie = take(ONE, "the zombie").await.expect("the lock");
    stage.wait(61_000);
    take(OTHER, "the second").await.expect("the lock");

    let create = |number: usize| {
        let address = format!("application.x{number}").parse::<Address>();
        let request = Request::new(Service::Graph, Method::Post, "/applications")
            .body(Value::map([("displayName", "x".into())]));
        Step {
            id: StepId(number),
            lane: number.to_string(),
            ..Step::new(address.expect("an address"), Phase::Provide, request)
        }
    };
    let plan = Plan {
        steps: (0..20).map(create).collect(),
        ..Plan::default()
    };
    let before = stage.emulator.dump();
    let reader = Reader::new(client.clone(), 0);
    let never = std::future::pending();
    let outcome = driver::apply(
        Engine::new(&plan, 0),
        &client,
        &reader,
        Some(&zombie),
        &mut |_| {},
        never,
    )
    .await;
    assert_eq!((outcome.done(), outcome.uncertain()), (0, false));
    let said: Vec<&str> = outcome.diagnostics.iter().map(|said| said.code).collect();
    assert_eq!(said, ["lock-lost"], "said once for all that were in flight");
    assert_eq!(stage.emulator.dump(), before);
}

/// Without a place for a lease the lock is a file: the system lets go of it with the process.
#[tokio::test]
async fn a_file_is_held_by_one() {
    let stage = Stage::new();
    let file = stage.directory.path().join("lock");
    let take = |name: &'static str| lock::acquire(&file, name, 0, &stage.clock);
    let one = take("the first").await.expect("the lock");
    let refused = take("the second").await.expect_err("it is held");
    assert_eq!(
        (refused.message.as_str(), refused.help.as_slice()),
        (
            "this stack is being applied by the first",
            &["wait for it to end, or wait here with `--lock-timeout SECONDS`; the lock of a dead process frees itself".to_owned()][..]
        )
    );
    drop(one);
    take("the second").await.expect("it is free");
}
