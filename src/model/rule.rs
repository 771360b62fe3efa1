//! Audit rules as data, and what they find.

use serde::Serialize;

/// How bad a finding is, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// One step worse, if there is one.
    pub fn worse(self) -> Self {
        match self {
            Self::Info => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a rule has to know. One that lacks something is not run, and the report says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Passwords and certificates of applications.
    Secrets,
    /// Service principals, with their passwords and certificates.
    Principals,
    /// Permissions that were granted.
    Grants,
    /// Owners of applications.
    Owners,
    /// Owners of service principals.
    PrincipalOwners,
    /// Whether users that own something are guests or disabled.
    Users,
    /// Sponsors of agent identity blueprints.
    Sponsors,
    /// What issuers serve: discovery documents and keys.
    Issuers,
    /// User-assigned managed identities, with what they trust.
    Identities,
    /// Azure roles that service principals hold.
    Azure,
    /// Roles of Microsoft Entra ID that service principals hold.
    Directory,
    /// What roles that were made in the tenant let their holders do.
    CustomRoles,
    /// Who is in the groups that hold roles.
    Groups,
    /// When service principals last signed in.
    Activity,
    /// When passwords and certificates were last used.
    Uses,
    /// What files declare.
    Declared,
    /// A policy that names the issuers that are allowed.
    Policy,
}

impl Need {
    /// What is looked at for roles, beside permissions of Microsoft Graph.
    pub const ROLES: &'static [Self] = &[
        Self::Directory,
        Self::Azure,
        Self::CustomRoles,
        Self::Groups,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Principals => "principals",
            Self::Grants => "grants",
            Self::Owners => "owners",
            Self::PrincipalOwners => "principal-owners",
            Self::Users => "users",
            Self::Sponsors => "sponsors",
            Self::Issuers => "issuers",
            Self::Identities => "identities",
            Self::Azure => "azure",
            Self::Directory => "directory",
            Self::CustomRoles => "custom-roles",
            Self::Groups => "groups",
            Self::Activity => "activity",
            Self::Uses => "uses",
            Self::Declared => "declared",
            Self::Policy => "policy",
        }
    }

    /// What a rule did not look at that runs without this: `managed identities`.
    pub fn objects(self) -> &'static str {
        match self {
            Self::Secrets => "passwords and certificates",
            Self::Principals => "service principals",
            Self::Grants => "granted permissions",
            Self::Owners => "owners",
            Self::PrincipalOwners => "owners of service principals",
            Self::Users => "guests and disabled users among owners",
            Self::Sponsors => "sponsors",
            Self::Issuers => "issuers",
            Self::Identities => "managed identities",
            Self::Azure => "Azure roles",
            Self::Directory => "directory roles",
            Self::CustomRoles => "custom roles",
            Self::Groups => "roles through groups",
            Self::Activity => "sign-ins",
            Self::Uses => "uses of passwords and certificates",
            Self::Declared => "declarations",
            Self::Policy => "policies",
        }
    }
}

/// What a rule is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doc {
    /// Kebab-case and stable: waivers and pipelines name it.
    pub name: &'static str,
    pub severity: Severity,
    pub needs: &'static [Need],
    /// What it looks at beside: without that it runs, and the report says what it did not see.
    pub also: &'static [Need],
    /// What it finds, in one sentence.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// Where the attack or the fact is described.
    pub source: &'static str,
    /// Something that it finds.
    pub example: &'static str,
    pub fix: &'static str,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    /// The application's or service principal's name.
    pub application: String,
    pub client_id: String,
    pub object_id: String,
    /// What of it: a credential's name, a key id; empty for the object itself.
    pub part: String,
    pub message: String,
    /// What was seen, one line each.
    pub evidence: Vec<String>,
    /// The command or the line that repairs it.
    pub fix: String,
    /// Stable over runs: a hash of rule, object and the content of the part.
    pub fingerprint: String,
    /// The file and line that declare it, where they are known.
    pub declared_at: Option<String>,
    pub status: Status,
}

/// How a finding stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    Open,
    /// It was there in the baseline.
    Known,
    /// Somebody answers for it, until a day.
    Waived(Waived),
}

/// Who answers for a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    pub reason: String,
    pub owner: String,
    /// The last day, as in a calendar.
    pub until: String,
}

impl Status {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Known => "known",
            Self::Waived(_) => "waived",
        }
    }
}

impl Finding {
    /// Whether it makes the audit fail, given that it is bad enough.
    pub fn counts(&self) -> bool {
        self.status == Status::Open
    }
}
