//! What goes wrong, as data: each switch is a way in which the real services are known to misbehave.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The faults of a tenant. The default is a service that never fails, with the rules of November 2026.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How many milliseconds each read replica is behind; empty when reads are never stale (microsoft-graph-docs-contrib#1547,
    /// terraform-provider-azuread's `ContinuousTargetOccurence`).
    pub replica_lag_ms: Vec<u64>,
    /// How far the index behind `ConsistencyLevel: eventual` is behind, beyond the replica.
    pub index_lag_ms: u64,
    /// Whether a write that names another object looks it up on a replica too, and so can fail after that object was
    /// created (terraform-provider-azuread#1811, #581). Only matters while replicas are behind.
    pub stale_references: bool,
    /// Chance in a thousand that a request is answered 429.
    pub throttled_permille: u16,
    /// Seconds in the `Retry-After` of such an answer.
    pub retry_after_s: u64,
    /// Chance in a thousand that a request is answered 503.
    pub unavailable_permille: u16,
    /// Chance in a thousand that the connection is cut before the request has an effect.
    pub reset_before_permille: u16,
    /// Chance in a thousand that the connection is cut after it (byte5ai/omadia#916).
    pub reset_after_permille: u16,
    /// Chance in a thousand that a list is as old as the oldest replica allows.
    pub stale_list_permille: u16,
    /// Faults of single requests, by the number that [`Faults::count`] gives them (the first is 0).
    pub schedule: BTreeMap<u64, Fault>,
    /// How many requests were counted: all but the logins.
    pub count: u64,
    /// Whether an application-only caller with `Application.ReadWrite.OwnedBy` becomes an owner when its upsert creates
    /// an application. Contested: Azure/bicep#14868, msgraph-bicep-types#154.
    pub owner_after_upsert: bool,
    /// Whether v1.0 cuts the list of credentials in the middle when one has an expression
    /// (azure-workload-identity#373, December 2024).
    pub broken_v1_credentials: bool,
    /// Whether `$expand=federatedIdentityCredentials` is refused on lists (microsoft-graph-docs#14253).
    pub expand_refused: bool,
    /// Whether expressions must hold the claims required since July 2026 (terraform-provider-azuread#1901).
    pub required_claims_gate: bool,
    /// Resource types that an Azure Policy denies, as in `Microsoft.ManagedIdentity/userAssignedIdentities`.
    pub denied_types: Vec<String>,
    /// Resource types whose creation Resource Manager takes on, and which fails then: `Microsoft.Storage/storageAccounts`.
    pub failing_operations: Vec<String>,
    /// Whether managed identities refuse expressions: two renderings of one Microsoft page disagree.
    pub identity_expressions_refused: bool,
    /// Whether v1.0 knows no agent identities and their blueprints, as before 2026.
    pub agents_in_beta_only: bool,
    /// Whether the administrator's tokens for Graph are a user's, as `az login` gets them: they hold
    /// `Directory.AccessAsUser.All`, which makes Entra pass over the permissions for agent identities.
    pub administrator_is_user: bool,
    /// Whether the tenant has no Microsoft Entra Workload ID Premium (MicrosoftDocs/azure-docs#101310).
    pub workload_premium_missing: bool,
    /// Whether nobody may list the role assignments of a whole subscription, as somebody who manages one resource group.
    pub assignments_hidden: bool,
    /// Whether Graph's and Azure's published quotas are enforced (concepts/throttling-limits.md).
    pub quota: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            replica_lag_ms: Vec::new(),
            index_lag_ms: 0,
            stale_references: true,
            throttled_permille: 0,
            retry_after_s: 5,
            unavailable_permille: 0,
            reset_before_permille: 0,
            reset_after_permille: 0,
            stale_list_permille: 0,
            schedule: BTreeMap::new(),
            count: 0,
            owner_after_upsert: false,
            broken_v1_credentials: false,
            expand_refused: false,
            required_claims_gate: true,
            denied_types: Vec::new(),
            failing_operations: Vec::new(),
            identity_expressions_refused: false,
            agents_in_beta_only: false,
            administrator_is_user: false,
            workload_premium_missing: false,
            assignments_hidden: false,
            quota: false,
        }
    }
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `Retry-After`.
    Throttled,
    /// 503.
    Unavailable,
    /// 409 `Directory_ConcurrencyViolation` on writes to Graph (nais/azurerator#448).
    Conflict,
    /// The connection is cut before the request has an effect.
    ResetBefore,
    /// The connection is cut after it.
    ResetAfter,
    /// The reply shows the world of the oldest replica.
    Stale,
}

impl Faults {
    /// The age that a row's past can still be seen at, in milliseconds.
    pub fn longest_lag(&self) -> u64 {
        self.oldest_replica() + self.index_lag_ms
    }

    fn oldest_replica(&self) -> u64 {
        self.replica_lag_ms.iter().copied().max().unwrap_or(0)
    }

    /// The lag of the replica that serves a request.
    pub fn lag(&self, seed: u64, is_list: bool) -> u64 {
        if self.replica_lag_ms.is_empty() {
            return 0;
        }
        if is_list && chance(seed, 5, self.stale_list_permille) {
            return self.oldest_replica();
        }
        if self.schedule.get(&self.count.wrapping_sub(1)) == Some(&Fault::Stale) {
            return self.oldest_replica();
        }
        let at = draw(seed, 6) % self.replica_lag_ms.len() as u64;
        self.replica_lag_ms[at as usize]
    }

    /// Whether chance throttles one request of a batch.
    pub fn throttles_item(&self, seed: u64) -> bool {
        chance(seed, 7, self.throttled_permille)
    }

    /// Counts a request and says what happens to it.
    pub fn next(&mut self, seed: u64) -> Option<Fault> {
        let number = self.count;
        self.count += 1;
        if let Some(fault) = self.schedule.get(&number) {
            return Some(*fault);
        }
        [
            (Fault::Throttled, self.throttled_permille),
            (Fault::Unavailable, self.unavailable_permille),
            (Fault::ResetBefore, self.reset_before_permille),
            (Fault::ResetAfter, self.reset_after_permille),
        ]
        .into_iter()
        .zip(1..)
        .find(|((_, permille), salt)| chance(seed, *salt, *permille))
        .map(|((fault, _), _)| fault)
    }
}

/// A number that depends on nothing but the seed and the question (SplitMix64).
pub fn draw(seed: u64, salt: u64) -> u64 {
    let mut z = seed.wrapping_add((salt + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn chance(seed: u64, salt: u64, permille: u16) -> bool {
    permille > 0 && draw(seed, salt) % 1000 < u64::from(permille)
}
