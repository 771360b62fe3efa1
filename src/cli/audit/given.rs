//! The files that an audit goes by: the stack, those of other teams, and policies.

use std::path::Path;

use super::args::Args;
use crate::audit::declared::{self, Declaration, Places};
use crate::audit::waivers::Waiving;
use crate::cli::args::StackArgs;
use crate::cli::stack::{self, Stack};
use crate::cli::{Failure, World};
use crate::model::policy::MAX_WAIVER_DAYS;
use crate::model::rule::Need;
use crate::model::tenant::Tenant;

/// Everything that was given.
pub struct Given {
    /// The stack itself comes first, where there is one.
    stacks: Vec<Stack>,
    policies: Vec<Stack>,
}

impl Given {
    /// Reads what the arguments name. With `--tenant` the directory is not looked at; with `--from` it is, if it holds
    /// a stack.
    pub fn load(world: &mut World, args: &Args) -> Result<Self, Failure> {
        let directory = world.directory.join(&args.stack.directory);
        let here = args.tenant_id.is_none() && (args.from.is_none() || stack::is_there(&directory));
        let mut stacks = Vec::new();
        if here {
            // Central policies hold beyond the stack, so they are read by themselves.
            let alone = StackArgs {
                policy: Vec::new(),
                ..args.stack.clone()
            };
            let loaded = stack::load(world, &alone).map_err(|mut failure| {
                let first = failure.diagnostics.first_mut();
                if let Some(first) = first.filter(|_| !stack::is_there(&directory)) {
                    let help = "`--tenant ID` audits a tenant without a stack";
                    first.help.push(help.to_owned());
                }
                failure
            });
            stacks.push(loaded?);
        }
        for directory in &args.declared {
            stacks.push(other(world, directory)?);
        }
        let policies = args.stack.policy.iter();
        let policies = policies.map(|directory| stack::load_policy(world, directory));
        let policies: Vec<Stack> = policies.collect::<Result<_, _>>()?;
        for stack in stacks.iter().chain(&policies) {
            stack.warn(world);
        }
        Ok(Self { stacks, policies })
    }

    /// The stack whose tenant is read, if the directory holds it.
    pub fn stack(&self) -> Option<&Stack> {
        self.stacks.first()
    }

    pub fn declarations(&self) -> Vec<Declaration<'_>> {
        self.stacks.iter().map(declaration).collect()
    }

    /// What is said of stacks that are of another tenant than this one: what they declare and waive does not count.
    pub fn strangers(&self, tenant_id: &str) -> Vec<String> {
        let strangers = self.stacks.iter().filter(|stack| !is_of(stack, tenant_id));
        strangers
            .map(|stack| {
                let stack = &stack.desired.stack;
                format!(
                    "the stack `{}` is of the tenant `{}`: what it declares and waives does not count here",
                    stack.name, stack.tenant_id
                )
            })
            .collect()
    }

    /// Writes into a tenant what files say of it, and returns the waivers that hold in it.
    pub fn mark(&self, tenant: &mut Tenant) -> Vec<Waiving> {
        // A snapshot is somebody's file: what is declared comes from ours alone.
        for application in &mut tenant.applications {
            application.declared_at = None;
            application.keeps_unmanaged = false;
            let credentials = application.credentials.iter_mut();
            credentials.for_each(|credential| credential.declared_at = None);
        }
        for identity in &mut tenant.identities {
            identity.declared_at = None;
            identity.keeps_unmanaged = false;
            let credentials = identity.credentials.iter_mut();
            credentials.for_each(|credential| credential.declared_at = None);
        }
        let policies = self.stacks.iter().chain(&self.policies);
        let policies = policies.map(|stack| &stack.desired.policy);
        let lists: Vec<_> = policies
            .clone()
            .flat_map(|it| &it.allowed_issuers)
            .map(|allowed| allowed.globs.clone())
            .collect();
        let days = policies.filter_map(|it| it.max_waiver_days).min();
        let days = days.unwrap_or(MAX_WAIVER_DAYS);
        if lists.is_empty() {
            let why = "no policy names `allowed_issuers`: give one with `--policy`";
            tenant
                .unread
                .insert(Need::Policy.word().to_owned(), why.to_owned());
        }
        tenant.allowed_issuers = Some(lists).filter(|lists| !lists.is_empty());
        // A stack of another tenant says nothing about this one.
        let stacks = self.stacks.iter();
        let stacks: Vec<&Stack> = stacks
            .filter(|stack| is_of(stack, &tenant.tenant_id))
            .collect();
        if stacks.is_empty() {
            let why =
                "no stack of this tenant was given: name those of all teams with `--declared`";
            tenant
                .unread
                .insert(Need::Declared.word().to_owned(), why.to_owned());
        }
        let mut waivers = Vec::new();
        for stack in stacks {
            let places = declared::mark(tenant, declaration(stack));
            waivers.extend(declared::waivers(declaration(stack), &places, days));
        }
        for policy in &self.policies {
            waivers.extend(declared::waivers(declaration(policy), &Places::new(), days));
        }
        waivers
    }
}

fn is_of(stack: &Stack, tenant_id: &str) -> bool {
    let id = &stack.desired.stack.tenant_id;
    tenant_id.is_empty() || id.eq_ignore_ascii_case(tenant_id)
}

fn declaration(stack: &Stack) -> Declaration<'_> {
    Declaration {
        desired: &stack.desired,
        sources: &stack.sources,
    }
}

/// A directory beside the stack: with its own files' values, none from the command line.
fn other(world: &World, directory: &Path) -> Result<Stack, Failure> {
    stack::load(
        world,
        &StackArgs {
            directory: directory.to_owned(),
            variables: Vec::new(),
            variable_files: Vec::new(),
            policy: Vec::new(),
        },
    )
}
