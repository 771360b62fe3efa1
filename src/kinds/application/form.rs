//! What applications, and the types that Graph derives from them, differ in.

use super::{KIND, fields, reads};
use crate::kinds::agent_identity_blueprint;
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Live, Object};
use crate::model::schema::Shape;
use crate::model::step::Service;

/// A type of application.
pub struct Form {
    pub kind: &'static str,
    /// What people call one.
    pub noun: &'static str,
    pub shape: &'static Shape,
    /// The word of the block about its service principal.
    pub principal: &'static str,
    /// The type's name in Graph, which stands in `@odata.type` where a list mixes types.
    pub odata_type: &'static str,
    /// What a path ends with that means this type only: a slash and the type's name; nothing for applications.
    pub cast: &'static str,
    /// Every property that is compared.
    pub select: &'static str,
    /// Relations to directory objects: each is a set of object ids.
    pub people: &'static [&'static str],
    /// Those that the create names, since there is none without.
    pub bound: &'static [&'static str],
    /// Which version reads by key.
    pub reads: Service,
}

pub static APPLICATION: Form = Form {
    kind: KIND,
    noun: "application",
    shape: &fields::SHAPE,
    principal: "service_principal",
    odata_type: "microsoft.graph.application",
    cast: "",
    select: reads::SELECT,
    people: &["owners"],
    bound: &[],
    reads: Service::Graph,
};

/// Every type.
pub static FORMS: [&Form; 2] = [&APPLICATION, &agent_identity_blueprint::FORM];

impl Form {
    /// The type of a kind's objects, if they are applications.
    pub fn of(kind: &str) -> Option<&'static Self> {
        FORMS.into_iter().find(|form| form.kind == kind)
    }

    /// The type that an object in a list says it is of.
    pub fn said(json: &serde_json::Value) -> &'static Self {
        let said = json["@odata.type"].as_str().unwrap_or_default();
        let said = said.trim_start_matches('#');
        let is = |form: &&Self| form.odata_type.eq_ignore_ascii_case(said);
        FORMS.into_iter().find(is).unwrap_or(&APPLICATION)
    }

    /// The noun with its article.
    pub fn one(&self) -> String {
        format!("an {}", self.noun)
    }

    /// The path of an object or a relation, for this type only.
    pub fn path(&self, object: &str) -> String {
        format!("{object}{}", self.cast)
    }
}

/// Whether a kind's objects are applications, of whatever type.
pub fn is_one(kind: &str) -> bool {
    Form::of(kind).is_some()
}

/// The kinds of applications.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    FORMS.into_iter().map(|form| form.kind)
}

/// Every application that is declared, of whatever type.
pub fn declared(desired: &Desired) -> impl Iterator<Item = &Resource> {
    FORMS
        .into_iter()
        .flat_map(|form| desired.of_kind(form.kind))
}

/// Every application that was found, of whatever type.
pub fn all(live: &Live) -> impl Iterator<Item = &Object> {
    FORMS.into_iter().flat_map(|form| live.of_kind(form.kind))
}

/// The application of whatever type under an alternate key, or with an id.
pub fn find<'a>(live: &'a Live, alternate: &str) -> Option<&'a Object> {
    let mut forms = FORMS.into_iter();
    forms.find_map(|form| live.find(form.kind, alternate))
}
