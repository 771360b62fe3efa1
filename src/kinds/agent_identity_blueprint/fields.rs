//! The field table of `agent_identity_blueprint`: what of an application applies to it, and its sponsors.
//!
//! Source: Microsoft Graph, "agentIdentityBlueprint resource type".

use super::KIND;
use crate::kinds::application::fields::shared;
use crate::kinds::service_principal;
use crate::model::schema::{Compare, Field, Group, Output, Shape, Type};

pub static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "What agent identities are made from: they have no credentials of their own, so whoever a blueprint's federated credentials admit may act as each of them. Its principal comes with it.",
    parents: &[],
    implied: false,
    fields: FIELDS,
    groups: &[Group::AtMostOne(&["adopt", "existing"])],
    outputs: &[
        Output {
            name: "client_id",
            doc: "The application (client) id: what a sidecar or an SDK logs in with.",
        },
        Output {
            name: "object_id",
            doc: "The directory object's id: Graph's `id`.",
        },
        Output {
            name: "id",
            doc: "The same as `object_id`.",
        },
        Output {
            name: "unique_name",
            doc: "The alternate key under which it is found again.",
        },
        Output {
            name: "principal.object_id",
            doc: "The object id of its principal.",
        },
        Output {
            name: "agent_identities",
            doc: "The object ids of the agent identities that act through it, with commas between them; none are known of a blueprint that is yet to be made.",
        },
    ],
};

static FIELDS: &[Field] = &[
    shared("display_name"),
    Field::strings(
        "sponsors",
        "Object ids of the users or groups that answer for its agents; at least one.",
    )
    .compare(Compare::IgnoreCase),
    shared("owners"),
    shared("unique_name"),
    shared("adopt"),
    shared("existing"),
    shared("unmanaged_credentials"),
    Field::string(
        "api_version",
        "The version of Microsoft Graph that writes go to. `beta` is for a tenant whose service says that v1.0 does not support blueprints.",
    )
    .words(&["v1.0", "beta"])
    .compare(Compare::Never),
    shared("description"),
    shared("service_management_reference"),
    shared("sign_in_audience"),
    shared("identifier_uris"),
    shared("tags"),
    shared("group_membership_claims"),
    shared("web"),
    shared("api"),
    shared("app_role"),
    shared(crate::kinds::application::ROLES),
    shared(crate::kinds::application::SCOPES),
    shared(crate::kinds::application::CLIENTS),
    shared("optional_claims"),
    shared(crate::kinds::application::CLAIMS),
    shared("marketing_url"),
    shared("privacy_statement_url"),
    shared("support_url"),
    shared("terms_of_service_url"),
    shared("permissions"),
    shared("required_resource_access"),
    Field::new(
        "principal",
        Type::BlockOrFalse(service_principal::OF_BLUEPRINTS),
        "The blueprint's identity in this tenant. `false` goes without one: then no agent identity can be made.",
    )
    .compare(Compare::Never),
];
