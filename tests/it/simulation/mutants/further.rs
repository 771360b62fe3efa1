//! Mutants of what stands beside applications: memberships, managed identities, roles in Azure, and trusts that stay.

use trustform::kinds::{self, group_member, role_assignment};
use trustform::model::plan::{Action, Plan};
use trustform::model::step::{Method, Phase, Request, Service, Step, StepId};
use trustform::model::value::Part;

use super::Mutant;

/// What the planner plans.
pub fn plan(mutant: Mutant, plan: &mut Plan) {
    let of_identity = |step: &Step| kinds::is_identity(step.address.kind());
    match mutant {
        Mutant::TrustListOfGroups => {
            let asks = |step: &&mut Step| of_identity(step) && path(step).contains("/members/");
            plan.steps.iter_mut().filter(asks).for_each(leave_out);
        }
        Mutant::MarkGoesFirst => {
            for step in &mut plan.steps {
                if step.phase == Phase::Clear && of_identity(step) {
                    step.phase = Phase::Revoke;
                } else if step.phase == Phase::Revoke
                    && (of_identity(step) || step.address.kind() == group_member::KIND)
                {
                    step.phase = Phase::Withdraw;
                }
            }
        }
        Mutant::RelyOnReads => {
            let deletes = plan
                .changes
                .iter()
                .filter(|one| one.action == Action::Delete);
            let steps: Vec<StepId> = deletes.flat_map(|one| one.steps.clone()).collect();
            let stays = |step: &&mut Step| {
                step.phase == Phase::Provide
                    && step.request.service == Service::GraphBeta
                    && steps.contains(&step.id)
            };
            plan.steps.iter_mut().filter(stays).for_each(leave_out);
        }
        Mutant::RoleByAnyName => {
            let name = uuid(&plan.digest);
            let roles = plan.steps.iter_mut().filter(|step| {
                step.address.kind() == role_assignment::KIND && step.request.method == Method::Put
            });
            for (at, step) in roles.enumerate() {
                let path = path(step);
                let Some((scope, rest)) = path.rsplit_once('/') else {
                    continue;
                };
                let version = rest.split_once('?').map_or("", |(_, version)| version);
                let name = format!("{:08x}{}", at, &name[8..]);
                let path = vec![Part::Literal(format!("{scope}/{name}?{version}"))];
                step.request.path = path.clone();
                if let Some(check) = &mut step.check {
                    check.read.path = path;
                }
            }
        }
        _ => {}
    }
}

fn path(step: &Step) -> String {
    trustform::model::value::Text(&step.request.path).to_string()
}

/// Steps are known by their place: a read stands in for one that is left out.
pub fn leave_out(step: &mut Step) {
    step.request = Request::get(Service::Graph, "/applications?$select=id");
    step.check = None;
}

/// Hexadecimal digits as the name of an assignment.
fn uuid(digits: &str) -> String {
    format!(
        "{}-{}-4{}-8{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..32]
    )
}
