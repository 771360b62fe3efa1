//! The bug bank: designs that other tools have shipped, and slips that would be easy. Each changes what passes
//! between the planner, the engine and the wire; none of the production code knows of them.

mod further;

use serde_json::{Value as Json, json};
use trustform::cloud::reply::Lost;
use trustform::emulator::store::text;
use trustform::kinds::application::emulator::APPLICATIONS;
use trustform::kinds::{application, document, federated_credential};
use trustform::model::desired::Desired;
use trustform::model::diagnostic::Diagnostic;
use trustform::model::live::Live;
use trustform::model::outcome::{Fate, Outcome};
use trustform::model::plan::Plan;
use trustform::model::step::{Method, Pattern, Phase, Reply, Request};
use trustform::model::value::{Map, Part, Value};

use super::world::World;

macro_rules! bank {
    ($($name:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant { $($name),* }
        impl Mutant {
            pub const ALL: &[Mutant] = &[$(Mutant::$name),*];
        }
    };
}

bank! {
    DeleteFirst, TrustOneRead, NoVerification, NoVerificationOfCreates, NoVerificationOfDeletes,
    AdoptOnlyOn409, ForgetThatItWasDone, PostWithoutKey, ErrorMeansEmpty, EmptyMeansAbsent, IgnoreSoftDeleted,
    KeyOnDisplayName, ReplicationIsFatal, GrantBeforeTrusts, RevokeLast,
    DocumentsLastToCome, DenialIsSuccess, LostMeansDone, IgnoreRetryAfter, ParallelInOneApplication,
    DeleteWhatOthersMade, TakeOverForeignName, WriteUndeclaredFields, NameByLabel, TemporaryName,
    SuccessWhateverHappens, RememberedWorld, NeverDelete, ReplaceKeysAtOnce, PublishPrivateKey,
    TokenInMessage, PatchSubjectInPlace, ReplaceTags, ThrottlingIsFatal, TrustListOfGroups, MarkGoesFirst, RelyOnReads,
    RoleByAnyName, RemoveEverySecret,
}

impl Mutant {
    /// Those that one history in many thousands finds out: recorded histories do, and the bank leaves them out.
    pub const RARE: &[(Mutant, &str)] = &[
        (Mutant::RelyOnReads, "I5-1"),
        (Mutant::TrustListOfGroups, "I1-52148"),
    ];

    pub fn desired(self, mut desired: Desired) -> Desired {
        if self == Mutant::DeleteWhatOthersMade {
            for resource in desired.resources.values_mut() {
                if resource.kind() == application::KIND {
                    resource
                        .body
                        .insert("unmanaged_credentials".into(), "delete".into());
                }
            }
        }
        if self == Mutant::RemoveEverySecret {
            desired.policy.leftover_secrets = Some("remove".to_owned());
        }
        desired
    }

    /// Whether no request is sent twice for reading.
    pub fn remembers(self) -> bool {
        self == Mutant::TrustOneRead
    }

    /// What the planner believes is there.
    pub fn live(self, live: &mut Live, memory: Option<&Live>) {
        let change = |live: &mut Live, edit: &dyn Fn(&mut trustform::model::live::Object)| {
            let objects: Vec<_> = live.of_kind(application::KIND).cloned().collect();
            for mut object in objects {
                edit(&mut object);
                live.insert(object);
            }
        };
        match self {
            Mutant::RememberedWorld => {
                if let Some(memory) = memory {
                    *live = memory.clone();
                }
            }
            Mutant::IgnoreSoftDeleted => {
                let gone: Vec<_> = live
                    .of_kind(application::KIND)
                    .filter(|object| object.deleted)
                    .map(|object| object.key.clone())
                    .collect();
                gone.iter().for_each(|key| live.remove(key));
            }
            Mutant::TakeOverForeignName => change(live, &|object| {
                let name = object.outputs["unique_name"].clone();
                let mark = application::mark::mark("sim", &name);
                if name.starts_with("sim.") {
                    object.body.insert("tags".into(), Value::set([mark.into()]));
                }
            }),
            _ => {}
        }
    }

    /// What the planner plans.
    pub fn plan(self, plan: &mut Plan) {
        let phase = |plan: &mut Plan, from: Phase, to: Phase| {
            for step in plan.steps.iter_mut().filter(|step| step.phase == from) {
                step.phase = to;
            }
        };
        match self {
            Mutant::DeleteFirst => phase(plan, Phase::Withdraw, Phase::Revoke),
            Mutant::GrantBeforeTrusts => {
                // Only where nothing has to come before it.
                for step in plan
                    .steps
                    .iter_mut()
                    .filter(|step| step.phase == Phase::Grant)
                {
                    if step.needs.is_empty() {
                        step.phase = Phase::Publish;
                    }
                }
            }
            Mutant::RevokeLast => phase(plan, Phase::Revoke, Phase::Retire),
            Mutant::DocumentsLastToCome => phase(plan, Phase::Publish, Phase::Grant),
            Mutant::AdoptOnlyOn409 => {
                for pattern in plan.steps.iter_mut().flat_map(|step| &mut step.done_if) {
                    pattern.status = 409;
                }
            }
            Mutant::ForgetThatItWasDone => {
                plan.steps.iter_mut().for_each(|step| step.done_if.clear());
            }
            Mutant::PostWithoutKey => {
                for step in plan.steps.iter_mut() {
                    let upsert = step.address.kind() == application::KIND && !step.fills.is_empty();
                    if upsert && step.request.method == Method::Patch {
                        step.request.method = Method::Post;
                        step.request.path = vec![Part::Literal("/applications".into())];
                        step.request.headers.clear();
                    }
                }
            }
            Mutant::ParallelInOneApplication => {
                for (index, step) in plan.steps.iter_mut().enumerate() {
                    step.lane = index.to_string();
                }
            }
            Mutant::WriteUndeclaredFields => body(plan, application::KIND, |body| {
                body.insert("notes".into(), Value::Null);
            }),
            Mutant::ReplaceTags => body(plan, application::KIND, |body| {
                let mark = application::mark::mark("sim", "sim.a");
                body.insert("tags".into(), Value::set([mark.into()]));
            }),
            Mutant::TemporaryName => body(plan, application::KIND, |body| {
                body.insert("displayName".into(), "TEMPORARY".into());
            }),
            Mutant::NameByLabel => {
                for step in &mut plan.steps {
                    let create = step.address.kind() == federated_credential::KIND
                        && step.request.method == Method::Patch
                        && !step.request.headers.is_empty();
                    if create {
                        let label = step.address.last().label.clone();
                        let path = trustform::model::value::Text(&step.request.path).to_string();
                        let end = path.find("(name='").unwrap_or(0);
                        step.request.path =
                            vec![Part::Literal(format!("{}(name='{label}')", &path[..end]))];
                    }
                }
            }
            Mutant::NeverDelete => {
                let deletes = |step: &trustform::model::step::Step| step.phase == Phase::Withdraw;
                if plan
                    .steps
                    .iter()
                    .rev()
                    .take_while(|step| deletes(step))
                    .count()
                    == plan.steps.iter().filter(|step| deletes(step)).count()
                {
                    plan.steps.retain(|step| !deletes(step));
                }
            }
            Mutant::PatchSubjectInPlace => patch_in_place(plan),
            Mutant::ReplaceKeysAtOnce => documents(plan, |keys| {
                keys.truncate(1);
                keys.iter_mut()
                    .for_each(|key| key["kid"] = json!(format!("{}x", key["kid"])));
            }),
            Mutant::PublishPrivateKey => {
                documents(plan, |keys| {
                    keys.iter_mut().for_each(|key| key["d"] = json!("AQAB"))
                });
            }
            _ => further::plan(self, plan),
        }
        // A step that a mutant has left out rests on nothing any more.
        let steps = plan.steps.len();
        plan.premises.retain(|(step, _)| step.0 < steps);
    }

    /// What of the plan reaches the engine.
    pub fn engine(self, plan: &mut Plan) {
        for step in &mut plan.steps {
            let delete = matches!(step.phase, Phase::Revoke | Phase::Withdraw | Phase::Retire);
            let strip = match self {
                Mutant::NoVerification => true,
                Mutant::NoVerificationOfCreates => !delete,
                Mutant::NoVerificationOfDeletes => delete,
                _ => false,
            };
            if strip {
                step.check = None;
            }
            if self == Mutant::ThrottlingIsFatal {
                step.retry_if = vec![Pattern::new(429, "")];
            }
        }
    }

    /// What the answer to a read seems to be.
    pub fn read(
        self,
        request: &Request,
        result: Result<Reply, Lost>,
        world: &World,
    ) -> Result<Reply, Lost> {
        let path = request.known_path().unwrap_or_default();
        let empty = || {
            Ok(Reply {
                status: 200,
                body: json!({"value": []}),
                ..Reply::default()
            })
        };
        match self {
            Mutant::ErrorMeansEmpty if path.contains("federatedIdentityCredentials") => {
                match result {
                    Ok(reply) if reply.ok() => Ok(reply),
                    _ => empty(),
                }
            }
            Mutant::EmptyMeansAbsent => match result {
                Ok(reply) if reply.ok() || reply.status == 404 => Ok(reply),
                _ => Ok(Reply {
                    status: 404,
                    body: json!({"error": {"code": "Request_ResourceNotFound", "message": ""}}),
                    ..Reply::default()
                }),
            },
            Mutant::KeyOnDisplayName if path.starts_with("/applications(uniqueName='sim.a") => {
                match &result {
                    Ok(reply) if reply.status == 404 => same_name(world).map_or(result, Ok),
                    _ => result,
                }
            }
            _ => result,
        }
    }

    /// What the answer to a write seems to be.
    pub fn written(self, request: &Request, result: Result<Reply, Lost>) -> Result<Reply, Lost> {
        let done = || {
            Ok(Reply {
                status: 204,
                ..Reply::default()
            })
        };
        match (self, result) {
            (Mutant::DenialIsSuccess, Ok(reply)) if reply.status == 403 => done(),
            (Mutant::LostMeansDone, Err(Lost::Cut(_))) if request.method != Method::Get => done(),
            (Mutant::LostMeansDone, Ok(reply)) if reply.status >= 500 => done(),
            (Mutant::IgnoreRetryAfter, Ok(reply)) => Ok(Reply {
                retry_after: None,
                ..reply
            }),
            (Mutant::ThrottlingIsFatal, Ok(reply)) if reply.status == 429 => Ok(fatal()),
            (Mutant::ReplicationIsFatal, Ok(reply))
                if reply.status == 404 && request.method != Method::Delete =>
            {
                Ok(fatal())
            }
            (_, result) => result,
        }
    }

    pub fn outcome(self, outcome: &mut Outcome, world: &World) {
        match self {
            Mutant::SuccessWhateverHappens => {
                outcome
                    .fates
                    .values_mut()
                    .for_each(|fate| *fate = Fate::Done);
                outcome.diagnostics.clear();
            }
            Mutant::TokenInMessage if !outcome.complete() => {
                let token = world.secrets().next().unwrap_or_default();
                outcome
                    .diagnostics
                    .push(Diagnostic::error("refused", format!("sent {token}")));
            }
            _ => {}
        }
    }
}

fn fatal() -> Reply {
    Reply {
        status: 400,
        body: json!({"error": {"code": "Request_BadRequest", "message": "no"}}),
        ..Reply::default()
    }
}

/// Edits the bodies that are written to a kind's own objects.
fn body(plan: &mut Plan, kind: &str, edit: impl Fn(&mut Map)) {
    for step in plan
        .steps
        .iter_mut()
        .filter(|step| step.address.kind() == kind)
    {
        if let Some(Value::Map(map)) = &mut step.request.body {
            edit(map);
        }
    }
}

fn documents(plan: &mut Plan, edit: impl Fn(&mut Vec<Json>)) {
    for step in plan
        .steps
        .iter_mut()
        .filter(|step| step.address.kind() == document::KIND)
    {
        let Some(text) = step.request.body.as_ref().and_then(Value::as_str) else {
            continue;
        };
        let Ok(mut json) = serde_json::from_str::<Json>(text) else {
            continue;
        };
        if let Some(keys) = json["keys"].as_array_mut() {
            edit(keys);
            step.request.body = Some(json.to_string().into());
            step.check = None;
        }
    }
}

/// An application of the name that ours will get, as if it were ours.
fn same_name(world: &World) -> Option<Reply> {
    let view = world.store.primary();
    let found = view.rows(&APPLICATIONS, None).find(|row| {
        text(row, "displayName").starts_with("sim a") && text(row, "uniqueName") != "sim.a"
    })?;
    let mut body = Json::Object((**found).clone().into_iter().collect());
    body["uniqueName"] = json!("sim.a");
    body["tags"] = json!([application::mark::mark("sim", "sim.a")]);
    Some(Reply {
        status: 200,
        body,
        ..Reply::default()
    })
}

/// One trust is edited into another, and the old one's delete left out.
fn patch_in_place(plan: &mut Plan) {
    let credential =
        |step: &trustform::model::step::Step| step.address.kind() == federated_credential::KIND;
    let Some(delete) = plan
        .steps
        .iter()
        .position(|step| credential(step) && step.phase == Phase::Withdraw)
    else {
        return;
    };
    let path = plan.steps[delete].request.path.clone();
    let lane = plan.steps[delete].lane.clone();
    let last = plan.steps.len() - 1;
    let Some(create) = plan
        .steps
        .iter_mut()
        .find(|step| credential(step) && step.lane == lane && !step.request.headers.is_empty())
    else {
        return;
    };
    create.request.path = path;
    create.request.headers.clear();
    // Steps are known by their place, so only the last one can be left out.
    if delete == last {
        plan.steps.pop();
    } else {
        further::leave_out(&mut plan.steps[delete]);
    }
}
