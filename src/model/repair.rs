//! What a fix plan takes away, as data, and what is left to people.

use serde::{Deserialize, Serialize};

/// One thing that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// The application's or managed identity's client id.
    pub client_id: String,
    /// The managed identity's id in Azure, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    pub part: Part,
    /// The rule that found it.
    pub rule: String,
    /// Names of the federated credentials that make it needless: each of them has to be there.
    pub beside: Vec<String>,
}

/// What of an application or managed identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A password or certificate, by its key id.
    Secret(String),
    /// A password of its service principal, by its key id.
    #[serde(rename = "principal_secret")]
    PrincipalSecret(String),
    /// A federated credential, by its name.
    Trust(String),
}

/// What a plan can repair of what an audit found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repairs {
    pub repairs: Vec<Repair>,
    /// Findings of rules that a plan repairs, which it does not repair here.
    pub manual: Vec<Manual>,
    /// Open findings of rules that no plan repairs, by rule.
    pub others: Vec<(&'static str, usize)>,
    /// Client ids of applications of which somebody should look whether their federated credentials are in use.
    pub unproven: Vec<String>,
    /// Why federation counts as proven: one line for each application.
    pub proofs: Vec<String>,
}

/// What somebody has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manual {
    pub application: String,
    pub client_id: String,
    pub rule: &'static str,
    pub part: String,
    /// Why the plan does not do it.
    pub why: String,
    /// The command or the line that does.
    pub fix: String,
}
