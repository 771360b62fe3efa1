//! One folder per resource kind.
//!
//! To add a kind: make a folder with `mod.rs` (its field table and its [`Kind`]), `wire.rs` (reads, decoding and
//! steps), `emulator.rs` (how the service behaves), `example.trust.hcl` (for the reference) and `scenarios/`; add its `mod` line here and its line in
//! [`ALL`]; run the tests with `UPDATE=1` to regenerate `schemas/` and `docs/reference/`. Nothing else names a kind.

use std::collections::BTreeMap;

use crate::model::address::{Address, Segment};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Live, Object, Read};
use crate::model::plan::{Action, FieldChange};
use crate::model::schema::Shape;
use crate::model::step::{Phase, Reply, Step};
use crate::model::value::{Ref, Value};

pub mod by_name;
pub mod codec;
pub mod lower;
pub mod moves;
pub mod populate;
pub mod rule;

pub mod api;

pub mod agent_identity_blueprint;
pub mod app_role_assignment;
pub mod application;
pub mod conditional_access_policy;
pub mod container;
pub mod delegated_permission_grant;
pub mod document;
pub mod expect;
pub mod federated_credential;
pub mod group_member;
pub mod managed_identity;
pub mod named_location;
pub mod oidc_issuer;
pub mod role_assignment;
pub mod secret;
pub mod service_principal;
pub mod storage_account;

/// Every kind, parents before what belongs to them.
pub static ALL: &[&dyn Kind] = &[
    &application::Application,
    &agent_identity_blueprint::AgentIdentityBlueprint,
    &managed_identity::ManagedIdentity,
    &service_principal::ServicePrincipal,
    &federated_credential::FederatedCredential,
    &app_role_assignment::AppRoleAssignment,
    &delegated_permission_grant::DelegatedPermissionGrant,
    &role_assignment::RoleAssignment,
    &group_member::GroupMember,
    &named_location::NamedLocation,
    &conditional_access_policy::ConditionalAccessPolicy,
    &secret::Secret,
    &oidc_issuer::OidcIssuer,
    &storage_account::StorageAccount,
    &container::Container,
    &document::Document,
    &expect::Expect,
];

/// What all kinds contribute to an emulated tenant.
pub fn emulated() -> crate::emulator::route::Routes {
    crate::emulator::route::Routes::new(vec![
        application::emulator::PART,
        service_principal::emulator::PART,
        service_principal::emulator::directory_roles::PART,
        federated_credential::emulator::PART,
        app_role_assignment::emulator::PART,
        delegated_permission_grant::emulator::PART,
        managed_identity::emulator::PART,
        role_assignment::emulator::PART,
        role_assignment::emulator::definitions::PART,
        storage_account::emulator::PART,
        container::emulator::PART,
        group_member::emulator::PART,
        named_location::emulator::PART,
        conditional_access_policy::emulator::PART,
    ])
}

/// A kind of resource: what a file may say of it, how it is read, and which requests change it. All pure.
pub trait Kind: Sync {
    fn shape(&self) -> &'static Shape;

    /// Audit rules about it.
    fn rules(&self) -> &'static [&'static rule::Rule] {
        &[]
    }

    /// A stack file that shows it, for the reference; none for what has no block of its own.
    fn example(&self) -> Option<&'static str> {
        None
    }

    /// Whether the tenant holds an object of it; a block may also only mean others.
    fn is_object(&self) -> bool {
        true
    }

    /// Whether it holds trusts: whoever they admit may act as it.
    fn is_identity(&self) -> bool {
        false
    }

    /// Checks over several fields, and the resources that the block means beside itself.
    fn lower(&self, _resource: &mut Resource, _lowering: &mut lower::Lowering) {}

    /// Checks over all resources of the kind.
    fn review(&self, _desired: &Desired) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Outputs that are known before anything is read.
    fn known(&self, _resource: &Resource, _stack: &Stack) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Every read that would help, given what is known so far. Asked again after each wave; reads that were
    /// made already are not made twice.
    fn reads(&self, _desired: &Desired, _live: &Live) -> Vec<Read> {
        Vec::new()
    }

    /// Reads by key that confirm what only a list said of an object and what belongs to it.
    fn confirm(&self, _object: &Object) -> Vec<Read> {
        Vec::new()
    }

    /// Reads that show who in the whole tenant would miss an object that is to go. Asked again after each wave.
    fn dependants(&self, _object: &Object, _live: &Live) -> Vec<Read> {
        Vec::new()
    }

    /// Whether a plan can be made without the answer to a read: it says then what was not looked at.
    fn spares(&self, _read: &Read) -> bool {
        false
    }

    /// What a plan would want to know and was not shown, in words.
    fn unseen(&self, _desired: &Desired, _live: &Live) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Takes an answer in.
    fn decode(&self, _read: &Read, _reply: &Reply, _live: &mut Live) {}

    /// The object that a resource describes.
    fn find<'a>(
        &self,
        _resource: &Resource,
        _parent: Option<&Object>,
        _live: &'a Live,
    ) -> Option<&'a Object> {
        None
    }

    /// The object as it compares: without what we add ourselves.
    fn seen(&self, object: &Object, _stack: &Stack) -> Object {
        object.clone()
    }

    /// Completes a resource with what only the tenant knows: ids of permissions, tags to keep.
    fn resolve(&self, _resource: &mut Resource, _scene: &Scene) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Whose is an object that nothing declares? `owner` is the resource that declares its parent.
    fn claim(&self, _object: &Object, _owner: Option<&Resource>, _scene: &Scene) -> Claim {
        Claim::Foreign
    }

    /// The step of an address under which an object that nothing declares is shown.
    fn segment(&self, object: &Object, _scene: &Scene) -> Segment {
        Segment::new(self.shape().kind, object.name.clone())
    }

    /// Whether the object itself says that it must not be deleted.
    fn protected(&self, _object: &Object) -> bool {
        false
    }

    /// Whether the service deletes it together with what it belongs to.
    fn goes_with_parent(&self) -> bool {
        false
    }

    /// Whether what a resource does not declare is left as it is, in it and in what belongs to it: it was somebody
    /// else's before.
    fn keeps(&self, _resource: &Resource) -> bool {
        false
    }

    /// Whether the plan at hand takes the object over: nothing that belongs to it is deleted then.
    fn arrives(&self, _resource: &Resource, _object: &Object, _stack: &Stack) -> bool {
        false
    }

    /// What changes in an object that the stack lets go: our marks.
    fn released(&self, _object: &Object, _stack: &Stack) -> Option<FieldChange> {
        None
    }

    /// A field's value as a reader wants to see it.
    fn show(&self, _path: &str, value: &Value, _live: &Live) -> Value {
        value.clone()
    }

    /// The requests that make a change, in order.
    fn steps(&self, _task: &Task) -> Vec<Step> {
        Vec::new()
    }
}

/// What a kind may look at while planning.
pub struct Scene<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    /// The object that the resource describes, and its parent's.
    pub object: Option<&'a Object>,
    pub parent: Option<&'a Object>,
    /// Everything is to go.
    pub destroy: bool,
}

/// Whose an undeclared object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Provably ours: it goes.
    Ours,
    /// Somebody else's, under something of ours, and the file says that it goes too.
    Unwanted,
    /// Ours, and the file says that it stays without our marks.
    Released,
    /// Somebody else's: it stays, and the plan says so.
    Reported(Box<Diagnostic>),
    /// Not our concern.
    Foreign,
}

/// A change that wants its requests.
pub struct Task<'a> {
    pub action: Action,
    pub address: &'a Address,
    pub stack: &'a Stack,
    /// What is wanted; none for a delete.
    pub resource: Option<&'a Resource>,
    /// What is there; none for a create.
    pub object: Option<&'a Object>,
    /// The resource that it nests in, and that resource's object where there is one.
    pub owner: Option<&'a Resource>,
    pub parent: Option<&'a Object>,
    pub fields: &'a [FieldChange],
    pub live: &'a Live,
    /// Deleted objects leave the recycle bin, too.
    pub purge: bool,
}

/// The kind with this name.
pub fn of(name: &str) -> Option<&'static dyn Kind> {
    ALL.iter().copied().find(|kind| kind.shape().kind == name)
}

/// Whether resources of a kind hold trusts.
pub fn is_identity(kind: &str) -> bool {
    of(kind).is_some_and(Kind::is_identity)
}

/// Whether someone else manages an application or identity, and only its trusts are ours.
pub fn is_existing(resource: &Resource) -> bool {
    resource.body.contains_key("existing")
}

/// Every field table, in the order of [`ALL`].
pub fn shapes() -> Vec<&'static Shape> {
    ALL.iter().map(|kind| kind.shape()).collect()
}

/// A step with only its request and phase; the planner numbers it and works out what it needs.
pub fn step(task: &Task, phase: Phase, request: crate::model::step::Request) -> Step {
    Step::new(task.address.clone(), phase, request)
}

/// Outputs of one resource that are known before anything is read.
pub fn known_outputs(resource: &Resource, stack: &Stack) -> BTreeMap<Ref, Value> {
    of(resource.kind())
        .map(|kind| kind.known(resource, stack))
        .unwrap_or_default()
        .into_iter()
        .map(|(output, value)| {
            let reference = Ref {
                address: resource.address.clone(),
                output: output.to_owned(),
            };
            (reference, value)
        })
        .collect()
}

/// Whether what is not declared of a resource is left as it is: its outermost block decides.
pub fn keeps(resource: &Resource, desired: &Desired) -> bool {
    let mut root = resource;
    while let Some(parent) = desired.parent(root) {
        root = parent;
    }
    of(root.kind()).is_some_and(|kind| kind.keeps(root))
}
