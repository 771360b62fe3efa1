//! Query options, and the rules of advanced queries (learn.microsoft.com, aad-advanced-queries).

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::table::Table;

/// The query options of one request.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Empty when everything is wanted.
    pub select: Vec<String>,
    pub expand: Vec<Expand>,
    pub filter: Option<Filter>,
    /// A part of the display name, in lower case.
    pub search: Option<String>,
    pub order: Option<Order>,
    /// 1 to 999.
    pub top: usize,
    /// `$count=true` of an advanced query; otherwise it is silently ignored.
    pub count: bool,
    pub advanced: bool,
    pub after: Option<After>,
}

/// `$orderby=displayName desc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub property: String,
    pub descending: bool,
}

/// `$expand=owners($select=id)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expand {
    pub name: String,
    pub select: Vec<String>,
}

/// What a `$skiptoken` holds: where the last page ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// Empty unless the list is ordered by it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub id: String,
}

impl Options {
    /// Reads the options of a request.
    ///
    /// # Errors
    /// Those that Graph answers to an option that is malformed or needs the advanced-query header.
    pub fn read(call: &Call<'_>, table: &'static Table, is_list: bool) -> Result<Self, Failure> {
        let eventual = call
            .request
            .header("consistencylevel")
            .is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        let mut options = Self {
            top: 100,
            ..Self::default()
        };
        let mut counted = false;
        for (name, value) in call.request.parameters() {
            match name.as_str() {
                "$select" => options.select = names(&value),
                "$expand" => options.expand = expand(&value)?,
                "$format" => {}
                "$filter" if is_list => {
                    options.filter = Some(Filter::parse(&value).ok_or_else(|| {
                        Failure::bad_request(
                            "Invalid filter clause: the filter could not be parsed.",
                        )
                    })?);
                }
                "$top" if is_list => options.top = top(&value)?,
                "$count" if is_list => counted = value == "true",
                "$orderby" if is_list => options.order = Some(order(&value)),
                "$search" if is_list => options.search = Some(search(&value, eventual)?),
                "$skiptoken" if is_list => options.after = Some(after(&value)?),
                "$skip" => {
                    return Err(Failure::bad_request(
                        "$skip is not supported by the service.",
                    ));
                }
                _ if name.starts_with('$') => {
                    return Err(Failure::new(
                        400,
                        "BadRequest",
                        format!("The query parameter '{name}' is not supported."),
                    ));
                }
                _ => {}
            }
        }
        options.advanced = eventual && (counted || options.search.is_some());
        options.count = eventual && counted;
        options.check(table)?;
        Ok(options)
    }

    fn check(&self, table: &Table) -> Result<(), Failure> {
        let sorted_and_filtered = self.order.is_some() && self.filter.is_some();
        let advanced = self.filter.as_ref().is_some_and(Filter::is_advanced);
        if !self.advanced && (advanced || sorted_and_filtered) {
            return Err(Failure::unsupported("Unsupported Query."));
        }
        let read = self.filter.as_ref().map(Filter::properties);
        for property in read.unwrap_or_default() {
            if !self.advanced && !table.filterable.contains(&property) {
                return Err(Failure::unsupported(
                    "The request uses a filter property that is not indexed",
                ));
            }
        }
        if let Some(order) = &self.order
            && order.property != "displayName"
            && !self.advanced
        {
            return Err(Failure::unsupported("Unsupported Query."));
        }
        Ok(())
    }

    /// Whether a property is wanted by name.
    pub fn selects(&self, property: &str) -> bool {
        self.select.iter().any(|name| name == property)
    }
}

fn names(list: &str) -> Vec<String> {
    let names = list.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty() && *name != "*");
    names.map(str::to_owned).collect()
}

fn top(value: &str) -> Result<usize, Failure> {
    match value.parse::<usize>() {
        Ok(top @ 1..=999) => Ok(top),
        _ => Err(Failure::bad_request(format!(
            "Invalid page size specified: '{value}'. Must be between 1 and 999 inclusive."
        ))),
    }
}

fn order(value: &str) -> Order {
    let (property, direction) = value.split_once(' ').unwrap_or((value, ""));
    Order {
        property: property.trim().to_owned(),
        descending: direction.trim().eq_ignore_ascii_case("desc"),
    }
}

fn search(value: &str, eventual: bool) -> Result<String, Failure> {
    if !eventual {
        return Err(Failure::unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let clause = value.trim_matches('"').split_once(':');
    match clause {
        Some(("displayName", part)) => Ok(part.to_lowercase()),
        _ => Err(Failure::unsupported(
            "The search clause must have the form \"displayName:text\".",
        )),
    }
}

fn expand(value: &str) -> Result<Vec<Expand>, Failure> {
    let mut expands = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let name = rest[..end].trim().to_owned();
        let mut select = Vec::new();
        rest = &rest[end..];
        if let Some(inner) = rest.strip_prefix('(') {
            let malformed = || Failure::bad_request("The $expand clause could not be parsed.");
            let close = inner.find(')').ok_or_else(malformed)?;
            for option in inner[..close].split(';') {
                let chosen = option.trim().strip_prefix("$select=");
                select = names(chosen.ok_or_else(malformed)?);
            }
            rest = &inner[close + 1..];
        }
        rest = rest.trim_start_matches(',').trim_start();
        expands.push(Expand { name, select });
    }
    Ok(expands)
}

fn after(token: &str) -> Result<After, Failure> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| Failure::bad_request("The specified page token value is invalid."))
}

impl After {
    /// The opaque text of a `$skiptoken`.
    pub fn token(&self) -> String {
        use base64::Engine;
        let json = serde_json::to_vec(self).unwrap_or_default();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json)
    }
}
