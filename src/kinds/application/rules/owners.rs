//! Who owns an application, its service principal, or both: each of them can add a credential.

use crate::kinds::rule::{Identity, filled};
use crate::model::tenant::Owner;

/// An owner, and what of an identity it owns.
pub(super) struct Owned<'a> {
    pub owner: &'a Owner,
    application: bool,
    principal: bool,
}

/// Every owner once.
pub(super) fn owners<'a>(identity: &Identity<'a>) -> Vec<Owned<'a>> {
    let application = identity.application.and_then(|it| it.owners.as_ref());
    let principal = identity.principal.and_then(|it| it.owners.as_ref());
    let mut all: Vec<Owned> = application
        .into_iter()
        .flatten()
        .map(|owner| Owned {
            owner,
            application: true,
            principal: false,
        })
        .collect();
    for owner in principal.into_iter().flatten() {
        match all.iter_mut().find(|known| known.owner.id == owner.id) {
            Some(known) => known.principal = true,
            None => all.push(Owned {
                owner,
                application: false,
                principal: true,
            }),
        }
    }
    all
}

impl Owned<'_> {
    /// As in: a guest owns it.
    pub(super) fn what(&self) -> &'static str {
        match (self.application, self.principal) {
            (true, false) => "it",
            (true, true) => "it and its service principal",
            (false, _) => "its service principal",
        }
    }

    /// As in: somebody owns an application.
    pub(super) fn kind(&self) -> &'static str {
        match self.application {
            true => "an application",
            false => "the service principal of an application",
        }
    }

    /// The commands that take the owner away.
    pub(super) fn removal(&self, identity: &Identity) -> String {
        let mut commands = Vec::new();
        if self.application {
            commands.push("`az ad app owner remove --id <client id> --owner-object-id <owner id>`");
        }
        if self.principal {
            commands.push("`az rest --method delete --url 'https://graph.microsoft.com/v1.0/servicePrincipals/<principal id>/owners/<owner id>/$ref'`");
        }
        let command = format!("remove the owner: {}", commands.join(" and "));
        filled(&identity.filled(&command), "<owner id>", &self.owner.id)
    }
}
