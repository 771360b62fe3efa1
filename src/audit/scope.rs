//! Which applications an audit judges.

use std::collections::BTreeSet;

use crate::model::tenant::{Application, ManagedIdentity, Owner, Tenant};

/// Every condition that is set must hold; of one with several values, any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Client ids or object ids.
    pub applications: Vec<String>,
    /// Object ids of groups: those whose members their service principals are.
    pub groups: Vec<String>,
    pub tags: Vec<String>,
    /// Object ids of owners.
    pub owners: Vec<String>,
    /// Only what files declare.
    pub declared: bool,
}

impl Scope {
    /// The applications and managed identities in it, by object id or client id; none for all.
    ///
    /// # Errors
    /// Nothing is in it, or what decides it was not read: a gate that judges nothing must not open.
    pub fn select(&self, tenant: &Tenant) -> Result<Option<BTreeSet<String>>, String> {
        if *self == Self::default() {
            return Ok(None);
        }
        let mut members: BTreeSet<&str> = BTreeSet::new();
        for group in &self.groups {
            let found = tenant.groups.get(group).ok_or_else(|| {
                format!("the snapshot does not hold the members of the group `{group}`: make it with `--group`")
            })?;
            members.extend(found.iter().map(String::as_str));
        }
        if !self.owners.is_empty()
            && let Some(why) = tenant.unread.get("owners")
        {
            return Err(format!("owners were not read: {why}"));
        }
        for id in &self.applications {
            let same = |other: &String| other.eq_ignore_ascii_case(id);
            let mut applications = tenant.applications.iter();
            let mut principals = tenant.principals.iter();
            let there = applications.any(|it| same(&it.app_id) || same(&it.id))
                || principals.any(|it| same(&it.app_id) || same(&it.id))
                || tenant.identities.iter().any(|it| is(it, id));
            if !there {
                return Err(format!(
                    "no application or managed identity has the client id or object id `{id}`"
                ));
            }
        }
        let applications = tenant.applications.iter().filter(|it| self.holds(it));
        let clients: BTreeSet<&str> = tenant
            .principals
            .iter()
            .filter(|it| members.contains(it.id.as_str()))
            .map(|it| it.app_id.as_str())
            .collect();
        let mut chosen: BTreeSet<String> = applications
            .filter(|it| self.groups.is_empty() || clients.contains(it.app_id.as_str()))
            .map(|it| it.id.clone())
            .collect();
        // Managed identities have neither Graph's tags nor owners.
        if self.owners.is_empty() && self.tags.is_empty() {
            let wanted = tenant.identities.iter().filter(|it| {
                self.names(&[&it.client_id, &it.id])
                    && (self.groups.is_empty() || clients.contains(it.client_id.as_str()))
                    && (!self.declared || it.declared_at.is_some())
            });
            chosen.extend(wanted.map(|it| it.id.clone()));
        }
        // What is true of a service principal is so of its application, wherever that is registered.
        if !self.declared {
            let wanted = tenant.principals.iter().filter(|it| {
                self.owns(&it.owners)
                    && self.names(&[&it.app_id, &it.id])
                    && (self.tags.is_empty() || self.tags.iter().any(|tag| it.tags.contains(tag)))
                    && (self.groups.is_empty() || members.contains(it.id.as_str()))
            });
            chosen.extend(wanted.map(|it| it.app_id.clone()));
        }
        match chosen.is_empty() {
            true => Err(format!(
                "nothing is to be judged: {} has no application",
                self.words()
            )),
            false => Ok(Some(chosen)),
        }
    }

    fn names(&self, ids: &[&String]) -> bool {
        let mut named = self.applications.iter();
        self.applications.is_empty()
            || named.any(|id| ids.iter().any(|other| other.eq_ignore_ascii_case(id)))
    }

    fn owns(&self, owners: &Option<Vec<Owner>>) -> bool {
        let mut owners = owners.iter().flatten();
        self.owners.is_empty() || owners.any(|owner| self.owners.contains(&owner.id))
    }

    fn holds(&self, it: &Application) -> bool {
        self.names(&[&it.app_id, &it.id])
            && (self.tags.is_empty() || self.tags.iter().any(|tag| it.tags.contains(tag)))
            && self.owns(&it.owners)
            && (!self.declared || it.declared_at.is_some())
    }

    /// In words, such as: members of group `g-1`, tag `prod`.
    pub fn words(&self) -> String {
        let parts = [
            ("application", &self.applications),
            ("members of group", &self.groups),
            ("tag", &self.tags),
            ("owner", &self.owners),
        ];
        let mut words: Vec<String> = parts
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| format!("{name} `{}`", values.join("` or `")))
            .collect();
        if self.declared {
            words.push("what files declare".to_owned());
        }
        match words.is_empty() {
            true => "the whole tenant".to_owned(),
            false => words.join(", "),
        }
    }
}

/// Whether an id names a managed identity: its client id, or its id in Azure.
fn is(identity: &ManagedIdentity, id: &str) -> bool {
    identity.client_id.eq_ignore_ascii_case(id) || identity.id.eq_ignore_ascii_case(id)
}
