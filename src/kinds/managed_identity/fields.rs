//! The field table of `managed_identity`.

use super::{KIND, check};
use crate::model::schema::{Compare, Field, Output, Shape, Type, When};

pub static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "A user-assigned managed identity in Azure: made and owned here, or one that is there already and only gets trusts (`existing`).",
    parents: &[],
    implied: false,
    fields: FIELDS,
    groups: &[],
    outputs: &[
        Output {
            name: "id",
            doc: "Its resource id in Azure.",
        },
        Output {
            name: "client_id",
            doc: "What logs in as it: `AZURE_CLIENT_ID`.",
        },
        Output {
            name: "principal_id",
            doc: "The object id of its service principal: what role assignments and the `managed_identity` builder name.",
        },
        Output {
            name: "tenant_id",
            doc: "The tenant that it is in.",
        },
    ],
};

static FIELDS: &[Field] = &[
    Field::string("name", "Its name in the resource group. Required unless `existing`.")
        .check(check::name)
        .compare(Compare::Never),
    Field::string("subscription_id", "The subscription that it is in. Required unless `existing`.")
        .check(check::guid)
        .compare(Compare::Never),
    Field::string("resource_group", "A resource group that is there. Required unless `existing`.")
        .check(check::group)
        .compare(Compare::Never),
    Field::string("location", "An Azure region, as in `westeurope`. Required unless `existing`.")
        .wire("/location")
        .when(When::Create)
        .compare(Compare::IgnoreCase),
    Field::string("existing", "The resource id of an identity that someone else manages: only its federated credentials and role assignments are ours. It is never changed, tagged or deleted.")
        .check(check::existing)
        .compare(Compare::Never),
    Field::new("tags", Type::Map(&Type::String), "Tags in Azure. trustform adds its own, which are not shown.").wire("/tags"),
    Field::string("unmanaged_credentials", "What happens to federated credentials that nobody declared: `report` shows them in every plan, `delete` removes them, `keep` leaves them without a word.")
        .words(&["report", "delete", "keep"])
        .compare(Compare::Never),
    Field::string("id", "Its resource id.").computed().compare(Compare::Never),
];
