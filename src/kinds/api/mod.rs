//! APIs by name: the well-known ones, and the permissions that Microsoft Graph publishes.

mod tier;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::model::value::Value;

pub use tier::tier;

/// An API that Microsoft publishes under the same application id in every tenant.
pub struct WellKnown {
    /// The label of a `permissions` block.
    pub name: &'static str,
    pub app_id: &'static str,
    pub display_name: &'static str,
}

/// Source: Microsoft, "Verify first-party Microsoft applications in sign-in reports".
pub static WELL_KNOWN: &[WellKnown] = &[
    WellKnown {
        name: "microsoft_graph",
        app_id: "00000003-0000-0000-c000-000000000000",
        display_name: "Microsoft Graph",
    },
    WellKnown {
        name: "azure_service_management",
        app_id: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        display_name: "Azure Service Management",
    },
    WellKnown {
        name: "azure_storage",
        app_id: "e406a681-f3d4-42a8-90b6-c2b029497af1",
        display_name: "Azure Storage",
    },
    WellKnown {
        name: "azure_key_vault",
        app_id: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
        display_name: "Azure Key Vault",
    },
];

/// Microsoft Graph's own row of [`WELL_KNOWN`].
pub const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// How a permission is exercised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// An app role: the application acts as itself.
    Application,
    /// An OAuth 2.0 scope: the application acts for a signed-in user.
    Delegated,
}

impl Class {
    /// Graph's word in `requiredResourceAccess`.
    pub fn wire(self) -> &'static str {
        match self {
            Class::Application => "Role",
            Class::Delegated => "Scope",
        }
    }

    pub fn from_wire(word: &str) -> Self {
        if word.eq_ignore_ascii_case("Role") {
            Class::Application
        } else {
            Class::Delegated
        }
    }

    /// The attribute of a `permissions` block.
    pub fn word(self) -> &'static str {
        match self {
            Class::Application => "application",
            Class::Delegated => "delegated",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Class::Application => Class::Delegated,
            Class::Delegated => Class::Application,
        }
    }

    /// What to say of a permission that an API has in this class and was asked for in the other: why, and what to do.
    pub fn only(self, api: &str, name: &str) -> (String, String) {
        let (article, acting) = match self {
            Class::Application => ("an application", "as itself"),
            Class::Delegated => ("a delegated", "for a signed-in user"),
        };
        let word = self.word();
        (
            format!("{api} publishes `{name}` as {article} permission only"),
            format!("move it to `{word}`, if the application is meant to act {acting}"),
        )
    }
}

/// The application id that a `permissions` label stands for: a well-known name or the id itself.
pub fn app_id(label: &str) -> Option<String> {
    WELL_KNOWN
        .iter()
        .find(|api| api.name == label)
        .map(|api| api.app_id.to_owned())
        .or_else(|| is_guid(label).then(|| label.to_ascii_lowercase()))
}

/// The id of a Graph permission, by name and class, as far as the table built into this program knows.
pub fn graph_permission(class: Class, name: &str) -> Option<&'static str> {
    static IDS: OnceLock<BTreeMap<(&str, Class), &str>> = OnceLock::new();
    let ids = IDS.get_or_init(|| {
        let mut ids = BTreeMap::new();
        for (class, id, name) in graph_permissions() {
            ids.entry((name, class)).or_insert(id);
        }
        ids
    });
    ids.get(&(name, class)).copied()
}

/// The name of a Graph permission, by id and class, as far as the table built into this program knows it.
pub fn graph_permission_name(class: Class, id: &str) -> Option<&'static str> {
    static NAMES: OnceLock<BTreeMap<(&str, Class), &str>> = OnceLock::new();
    let all = || graph_permissions().map(|(class, id, name)| ((id, class), name));
    let names = NAMES.get_or_init(|| all().collect());
    names
        .get(&(id.to_ascii_lowercase().as_str(), class))
        .copied()
}

/// Microsoft Graph's permissions: class, id in small letters, name.
pub fn graph_permissions() -> impl Iterator<Item = (Class, &'static str, &'static str)> {
    include_str!("microsoft_graph.tsv")
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let class = Class::from_wire(columns.next()?);
            Some((class, columns.next()?, columns.next()?))
        })
}

/// Whether a text is a GUID in the registry form.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// A value as a lower-case GUID, if it is one.
pub fn guid(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| is_guid(text))
        .map(str::to_ascii_lowercase)
}
