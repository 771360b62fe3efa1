//! Azure's built-in roles that people use, and what one of them is worth to an attacker.
//!
//! Source: Microsoft, "Azure built-in roles".

/// Id and name in columns.
const BUILT_IN: &str = include_str!("roles.tsv");

/// Ids and names.
pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.lines().filter_map(|line| line.split_once('\t'))
}

/// The last part of a role definition's id, in lower case.
pub fn guid(id: &str) -> String {
    let last = id.rsplit('/').next().unwrap_or_default();
    last.to_ascii_lowercase()
}

/// Roles that assign roles.
pub const ASSIGNING: &[&str] = &[
    "Owner",
    "User Access Administrator",
    "Role Based Access Control Administrator",
];

/// 1 for roles that give themselves every other one, and for control of a whole subscription or more.
pub fn tier(role: &str, scope: &str) -> Option<u8> {
    let depth = scope.split('/').filter(|part| !part.is_empty()).count();
    let group = scope
        .to_ascii_lowercase()
        .contains("/providers/microsoft.management/managementgroups/");
    let wide = group || depth <= 2;
    (ASSIGNING.contains(&role) || (role == "Contributor" && wide)).then_some(1)
}
