//! What rules share that look for a part of an expression's subject which admits more than one value.

use crate::kinds::rule::Identity;
use crate::model::rule::{Doc, Finding};

/// A finding for every subject of an expression of which `judge`, given the issuer and the subject, says something.
pub fn check(
    doc: &Doc,
    identity: &Identity,
    found: &mut Vec<Finding>,
    judge: impl Fn(&str, &str) -> Option<String>,
) {
    for held in identity
        .trusts
        .iter()
        .filter(|it| it.expression().is_some())
    {
        let issuer = &held.credential.issuer;
        let said = held.subjects().into_iter();
        let said = said.filter_map(|subject| judge(issuer, subject));
        found.extend(said.map(|message| identity.about(doc, held, message)));
    }
}
