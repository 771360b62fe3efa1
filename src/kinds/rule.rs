//! What an audit rule looks at, and how it says what it found. The rules themselves stand with their kinds.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::secret::{Mark, signs};
use crate::exchange::expression::Expression;
use crate::exchange::trust::{Matcher, Trust};
use crate::model::rule::{Doc, Finding, Status};
use crate::model::tenant::{Application, Credential, ManagedIdentity, Principal, Secret};

mod scene;

pub use scene::Scene;

/// A rule: what it is, and how it judges one identity. A rule that compares identities looks around in the scene.
pub struct Rule {
    pub doc: Doc,
    pub check: fn(&Identity, &Scene, &mut Vec<Finding>),
}

/// An application or a managed identity with its service principal, or one of them.
#[derive(Debug, Default)]
pub struct Identity<'a> {
    pub application: Option<&'a Application>,
    pub managed: Option<&'a ManagedIdentity>,
    pub principal: Option<&'a Principal>,
    pub trusts: Vec<Held<'a>>,
}

/// A federated credential, parsed.
#[derive(Debug)]
pub struct Held<'a> {
    pub credential: &'a Credential,
    /// None where its expression cannot be read.
    pub trust: Option<Trust>,
}

/// Where a password or certificate sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Application,
    Principal,
}

/// Microsoft's own tenant, which owns its first-party applications.
pub const MICROSOFT_TENANT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

fn admits(credential: &Credential) -> &str {
    let expression = credential.expression.as_deref();
    let subject = credential.subject.as_deref();
    subject.or(expression).unwrap_or_default()
}

impl Held<'_> {
    /// The subject or the expression, as it was written.
    pub fn admits(&self) -> &str {
        admits(self.credential)
    }

    /// The texts that a `sub` is compared with: the subject, or the comparands of the expression's clauses on `sub`.
    pub fn subjects(&self) -> Vec<&str> {
        match self.trust.as_ref().map(|trust| &trust.matcher) {
            Some(Matcher::Subject(subject)) => vec![subject],
            Some(Matcher::Expression(expression)) => expression
                .clauses()
                .iter()
                .filter(|clause| clause.claim == "sub")
                .map(|clause| clause.comparand.as_str())
                .collect(),
            None => Vec::new(),
        }
    }

    /// The expression, if it is one.
    pub fn expression(&self) -> Option<&Expression> {
        match &self.trust.as_ref()?.matcher {
            Matcher::Expression(expression) => Some(expression),
            Matcher::Subject(_) => None,
        }
    }

    /// Whether the expression demands an exact value of a claim.
    pub fn pins(&self, claim: &str) -> bool {
        let clauses = self.expression().map_or(&[][..], Expression::clauses);
        clauses.iter().any(|clause| {
            clause.claim == claim && clause.operator == crate::exchange::expression::Operator::Eq
        })
    }
}

impl Identity<'_> {
    pub fn name(&self) -> &str {
        let application = self.application.map(|it| it.display_name.as_str());
        application
            .or(self.managed.map(|it| it.name.as_str()))
            .or(self.principal.map(|it| it.display_name.as_str()))
            .unwrap_or_default()
    }

    pub fn client_id(&self) -> &str {
        let application = self.application.map(|it| it.app_id.as_str());
        application
            .or(self.managed.map(|it| it.client_id.as_str()))
            .or(self.principal.map(|it| it.app_id.as_str()))
            .unwrap_or_default()
    }

    /// The application's object id, or the managed identity's id in Azure; of a service principal alone, its own.
    pub fn object_id(&self) -> &str {
        let application = self.application.map(|it| it.id.as_str());
        application
            .or(self.managed.map(|it| it.id.as_str()))
            .or(self.principal.map(|it| it.id.as_str()))
            .unwrap_or_default()
    }

    /// One of Microsoft's own.
    pub fn is_first_party(&self) -> bool {
        let owner = self.principal.and_then(|it| it.owner_tenant.as_deref());
        self.application.is_none() && owner == Some(MICROSOFT_TENANT)
    }

    /// Every password and certificate that logs in as this identity. The signing pairs of SAML applications and the
    /// certificates of managed identities, which Azure rotates, are none.
    pub fn secrets(&self) -> Vec<(Place, &'static str, &Secret)> {
        let mut found = Vec::new();
        if let Some(it) = self.application {
            found.extend(
                it.passwords
                    .iter()
                    .map(|s| (Place::Application, "password", s)),
            );
            let keys = it.certificates.iter();
            found.extend(keys.map(|s| (Place::Application, "certificate", s)));
        }
        let principal = self.principal.filter(|it| it.kind != "ManagedIdentity");
        if let Some(it) = principal {
            let saml = it.single_sign_on.as_deref() == Some("saml");
            let keys: Vec<_> = it.certificates.iter().map(mark).collect();
            let mine = |secret: &&Secret| !signs(&mark(secret), &keys, saml);
            let passwords = it.passwords.iter().filter(mine);
            found.extend(passwords.map(|s| (Place::Principal, "password", s)));
            let keys = it.certificates.iter().filter(mine);
            found.extend(keys.map(|s| (Place::Principal, "certificate", s)));
        }
        found
    }

    /// Those of [`Self::secrets`] that can log in at a time.
    pub fn valid_secrets(&self, now: i64) -> Vec<(Place, &'static str, &Secret)> {
        let mut secrets = self.secrets();
        secrets.retain(|(_, _, secret)| is_valid(secret, now));
        secrets
    }

    /// Where a file declares it.
    pub fn declared_at(&self) -> Option<&String> {
        let application = self.application.and_then(|it| it.declared_at.as_ref());
        application.or(self.managed.and_then(|it| it.declared_at.as_ref()))
    }

    /// The beginning of a finding about this identity.
    pub fn finding(&self, doc: &Doc, part: &str, message: impl Into<String>) -> Finding {
        Finding {
            rule: doc.name,
            severity: doc.severity,
            application: self.name().to_owned(),
            client_id: self.client_id().to_owned(),
            object_id: self.object_id().to_owned(),
            part: part.to_owned(),
            message: message.into(),
            evidence: Vec::new(),
            fix: self.filled(doc.fix),
            fingerprint: fingerprint(&[doc.name, self.object_id(), part]),
            declared_at: self.declared_at().cloned(),
            status: Status::Open,
        }
    }

    /// A command with its ids in their places.
    pub fn filled(&self, command: &str) -> String {
        let principal = self.principal.map_or("", |it| it.id.as_str());
        [
            ("<client id>", self.client_id()),
            ("<object id>", self.object_id()),
            ("<principal id>", principal),
        ]
        .into_iter()
        .fold(command.to_owned(), |command, (place, id)| {
            filled(&command, place, id)
        })
    }

    /// The same about one of its federated credentials.
    pub fn about(&self, doc: &Doc, held: &Held, message: impl Into<String>) -> Finding {
        let credential = held.credential;
        let form = if credential.subject.is_some() {
            "s"
        } else {
            "e"
        };
        let mut finding = self.finding(doc, &credential.name, message);
        finding.fingerprint = fingerprint(&[
            doc.name,
            self.object_id(),
            &credential.issuer,
            form,
            held.admits(),
        ]);
        finding.evidence = vec![
            format!("issuer {}", credential.issuer),
            match &credential.subject {
                Some(subject) => format!("subject {subject}"),
                None => format!("expression {}", held.admits()),
            },
        ];
        finding.declared_at = credential.declared_at.clone().or(finding.declared_at);
        if let Some(managed) = self.managed {
            let command = identity_command(managed, credential);
            finding.fix = doc.fix.replace(DELETE, &command);
        }
        finding.fix = filled(&finding.fix, "<credential id>", &credential.id);
        finding
    }
}

/// How rules write that somebody deletes a federated credential of an application.
const DELETE: &str = "az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>";

/// The same of a managed identity.
fn identity_command(managed: &ManagedIdentity, credential: &Credential) -> String {
    let command = "az identity federated-credential delete --subscription <subscription> --resource-group <group> --identity-name <identity> --name <name>";
    let parts: Vec<&str> = managed.id.split('/').collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    [
        ("<subscription>", part(2)),
        ("<group>", part(4)),
        ("<identity>", managed.name.as_str()),
        ("<name>", credential.name.as_str()),
    ]
    .into_iter()
    .fold(command.to_owned(), |command, (place, text)| {
        filled(&command, place, text)
    })
}

/// A command with an id in its place. What is no id, as only a forged snapshot has, stays out of what somebody pastes.
pub fn filled(command: &str, place: &str, id: &str) -> String {
    let letters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = !id.is_empty() && id.chars().all(letters);
    match fits && !id.starts_with('-') {
        true => command.replace(place, id),
        false => command.to_owned(),
    }
}

/// Whether a password or certificate can log in at a time.
pub fn is_valid(secret: &Secret, now: i64) -> bool {
    secret.end.is_none_or(|end| end > now)
}

/// A day in the calendar.
pub fn day(time: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(time) {
        Ok(time) => time.date().to_string(),
        Err(_) => "beyond the calendar".to_owned(),
    }
}

fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn mark(secret: &Secret) -> Mark<'_, Option<i64>> {
    Mark {
        key_id: &secret.key_id,
        usage: secret.usage.as_deref(),
        end: secret.end,
    }
}
