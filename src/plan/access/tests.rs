//! What the access section says of single identities.

use std::collections::BTreeSet;

use super::*;
use crate::exchange::expression::Expression;
use crate::exchange::platform::GITHUB;
use crate::exchange::trust::Matcher;

const PROD: &str = "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'";
const OPEN: &str =
    "claims['sub'] matches 'repo:contoso*/*' and claims['repository_owner_id'] eq '5544123'";

fn held(credential: &str, text: &str) -> Held {
    let matcher = match text.starts_with("claims[") {
        true => Matcher::Expression(Expression::parse(text).unwrap()),
        false => Matcher::Subject(text.to_owned()),
    };
    Held {
        credential: credential.to_owned(),
        trust: Trust {
            issuer: GITHUB.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher,
        },
    }
}

fn side(trusts: &[&str], permissions: &[(&str, u8)]) -> Side {
    let permission = |(name, tier): &(&str, u8)| Permission {
        api: "Microsoft Graph".to_owned(),
        name: (*name).to_owned(),
        delegated: false,
        tier: (*tier < 9).then_some(*tier),
    };
    Side {
        trusts: trusts
            .iter()
            .enumerate()
            .map(|(number, text)| held(&format!("c{number}"), text))
            .collect(),
        holding: permissions.iter().map(permission).collect::<BTreeSet<_>>(),
    }
}

fn found(exists: bool, before: Side, after: Side) -> Findings {
    let mut identity = Identity::at("application.x".parse().unwrap());
    identity.name = "x".to_owned();
    identity.exists = exists;
    identity.before = before;
    identity.after = after;
    findings(&Desired::default(), vec![identity])
}

#[test]
fn an_environment_called_pull_request_is_none() {
    let dangers = |expression: &str| {
        let found = found(false, side(&[], &[]), side(&[expression], &[]));
        found.access.gained[0].dangers.clone()
    };
    assert_eq!(dangers(&OPEN.replace("/*'", "/*:environment:*'")), []);
    assert_eq!(dangers(PROD), []);
    assert_eq!(dangers(OPEN)[0].example, "repo:contoso/a:pull_request");
}

#[test]
fn a_name_that_anyone_can_register_is_a_danger() {
    let text = "claims['sub'] matches 'repo:contoso*/*:environment:prod'";
    let found = found(false, side(&[], &[]), side(&[text], &[]));
    let dangers = &found.access.gained[0].dangers;
    assert_eq!(
        dangers[0].who,
        "anyone who registers an owner on GitHub whose name begins with `contoso`"
    );
    assert_eq!(dangers[0].example, "repo:contosoa/a:environment:prod");
    let any = "claims['sub'] matches '*:environment:prod'";
    let found = self::found(false, side(&[], &[]), side(&[any], &[]));
    let dangers = &found.access.gained[0].dangers;
    assert_eq!(dangers[0].who, "anyone with a repository on GitHub");
    let exactly = "claims['sub'] matches 'repo:contoso/*:environment:prod'";
    let found = self::found(false, side(&[], &[]), side(&[exactly], &[]));
    assert_eq!(found.access.gained[0].dangers, []);
}

#[test]
fn the_same_language_in_other_words_is_no_change() {
    let swapped = "claims['repository_owner_id'] eq '5544123' and claims['sub'] matches 'repo:contoso**/*:environment:prod'";
    let found = found(true, side(&[PROD], &[]), side(&[swapped], &[]));
    assert_eq!(found.access, Access::default());
}

#[test]
fn widening_is_what_the_guard_says_it_is() {
    let exact = "repo:contoso/payments:environment:prod";
    let ids = "repo:contoso@5544123/payments@82:environment:prod";
    let other = "repo:contoso@5544123/payments@83:environment:prod";
    let tier_0 = [("RoleManagement.ReadWrite.Directory", 0)];
    let harmless = [("Group.Read.All", 9)];
    let widens = |exists, before: Side, after: Side| {
        let widening = found(exists, before, after).access.widening;
        widening.map(|widening| widening.digest)
    };
    // A new identity, and one that holds nothing privileged.
    assert_eq!(widens(false, side(&[], &[]), side(&[exact], &tier_0)), None);
    assert_eq!(
        widens(true, side(&[], &harmless), side(&[exact], &harmless)),
        None
    );
    // A new subject, or a new permission for one who is trusted.
    let subject = widens(true, side(&[], &tier_0), side(&[exact], &tier_0));
    assert!(subject.is_some());
    assert!(widens(true, side(&[exact], &[]), side(&[exact], &tier_0)).is_some());
    // The ids of the same names; not those of others, and not the names instead of the ids.
    assert_eq!(
        widens(true, side(&[exact], &tier_0), side(&[exact, ids], &tier_0)),
        None
    );
    assert!(widens(true, side(&[ids], &tier_0), side(&[ids, other], &tier_0)).is_some());
    assert!(widens(true, side(&[ids], &tier_0), side(&[ids, exact], &tier_0)).is_some());
    // What was covered before is no news, and what goes is none either.
    assert_eq!(
        widens(true, side(&[PROD], &tier_0), side(&[PROD, ids], &tier_0)),
        None
    );
    assert_eq!(
        widens(true, side(&[OPEN], &tier_0), side(&[PROD], &tier_0)),
        None
    );
    // The digest is that of the change, whatever else there is.
    let again = widens(
        true,
        side(&[other], &tier_0),
        side(&[other, exact], &tier_0),
    );
    assert_eq!(again, subject);
}
