//! An entity's declared properties: what it looks like when nothing was said, and what may be written to it.

use serde_json::Value;

use super::graph::Failure;
use super::table::{Entity, Table};

/// A declared property.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    pub name: &'static str,
    of: Type,
    nullable: bool,
    /// Whether a client may set it.
    writable: bool,
    /// Most characters of a string or of each string of a list; 0 when there is no limit.
    longest: usize,
}

#[derive(Clone, Copy, Debug)]
enum Type {
    Text,
    Guid,
    Bool,
    Int,
    Texts,
    Guids,
    /// A complex value; its members are merged when it is patched.
    Object(&'static [Property]),
    /// A complex value that is null until it is set.
    MaybeObject(&'static [Property]),
    /// A list of complex values, replaced as a whole.
    Objects(&'static [Property]),
}

impl Property {
    const fn of(name: &'static str, of: Type) -> Self {
        let nullable = matches!(
            of,
            Type::Text | Type::Int | Type::MaybeObject(_) | Type::Object(_)
        );
        Self {
            name,
            of,
            nullable,
            writable: true,
            longest: 0,
        }
    }

    /// A string that may be null.
    pub const fn text(name: &'static str) -> Self {
        Self::of(name, Type::Text)
    }

    /// A GUID; null until it is set where `.maybe()` says so.
    pub const fn guid(name: &'static str) -> Self {
        Self::of(name, Type::Guid)
    }

    /// A boolean that is never null.
    pub const fn flag(name: &'static str) -> Self {
        Self::of(name, Type::Bool)
    }

    /// A number that may be null.
    pub const fn number(name: &'static str) -> Self {
        Self::of(name, Type::Int)
    }

    /// A list of strings.
    pub const fn texts(name: &'static str) -> Self {
        Self::of(name, Type::Texts)
    }

    /// A list of GUIDs.
    pub const fn guids(name: &'static str) -> Self {
        Self::of(name, Type::Guids)
    }

    /// A complex value that always exists.
    pub const fn object(name: &'static str, members: &'static [Property]) -> Self {
        Self::of(name, Type::Object(members))
    }

    /// A complex value that is null until it is set.
    pub const fn maybe_object(name: &'static str, members: &'static [Property]) -> Self {
        Self::of(name, Type::MaybeObject(members))
    }

    /// A list of complex values.
    pub const fn objects(name: &'static str, members: &'static [Property]) -> Self {
        Self::of(name, Type::Objects(members))
    }

    /// The same, and null is a value of it, its first one.
    pub const fn maybe(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same, and only the service sets it.
    pub const fn read_only(mut self) -> Self {
        self.writable = false;
        self
    }

    /// The same, with a limit on its characters.
    pub const fn longest(mut self, characters: usize) -> Self {
        self.longest = characters;
        self
    }

    fn first_value(&self) -> Value {
        match self.of {
            Type::Object(members) => Value::Object(defaults(members)),
            _ if self.nullable => Value::Null,
            Type::Bool => Value::Bool(false),
            Type::Texts | Type::Guids | Type::Objects(_) => Value::Array(Vec::new()),
            _ => Value::Null,
        }
    }

    /// The value to store when a client writes one; `None` when its type or length is wrong.
    fn accept(&self, old: Option<&Value>, new: &Value) -> Option<Value> {
        if new.is_null() {
            return (self.nullable).then(|| self.first_value());
        }
        let short = |text: &str| self.longest == 0 || text.chars().count() <= self.longest;
        let guid = |value: &Value| {
            let id = value
                .as_str()
                .and_then(|text| uuid::Uuid::try_parse(text).ok());
            id.map(|id| Value::String(id.to_string()))
        };
        match self.of {
            Type::Text => new.as_str().filter(|text| short(text)).map(Value::from),
            Type::Guid => guid(new),
            Type::Bool => new.as_bool().map(Value::from),
            Type::Int => new.as_i64().map(Value::from),
            Type::Texts => {
                let fits = |item: &Value| item.as_str().is_some_and(short);
                new.as_array()
                    .filter(|items| items.iter().all(fits))
                    .cloned()
                    .map(Value::Array)
            }
            Type::Guids => {
                let ids: Option<Vec<Value>> = new.as_array()?.iter().map(guid).collect();
                ids.map(Value::Array)
            }
            Type::Object(members) | Type::MaybeObject(members) => {
                let old = old.and_then(Value::as_object).cloned();
                complete(members, old.unwrap_or_else(|| defaults(members)), new)
            }
            Type::Objects(members) => {
                let items = new.as_array()?.iter();
                let items: Option<Vec<Value>> = items
                    .map(|item| complete(members, defaults(members), item))
                    .collect();
                items.map(Value::Array)
            }
        }
    }
}

fn complete(members: &[Property], mut onto: Entity, new: &Value) -> Option<Value> {
    for (name, value) in new.as_object()? {
        if name.starts_with('@') {
            continue;
        }
        let member = members.iter().find(|member| member.name == name)?;
        let value = member.accept(onto.get(name), value)?;
        onto.insert(name.clone(), value);
    }
    Some(Value::Object(onto))
}

/// The properties of an entity of which nothing was said.
pub fn defaults(properties: &[Property]) -> Entity {
    let first = |property: &Property| (property.name.to_owned(), property.first_value());
    properties.iter().map(first).collect()
}

/// Writes a body onto an entity: members are merged, lists replaced, and what is absent stays.
///
/// # Errors
/// 400 naming the property, for an undeclared or read-only one and for a value of the wrong type or length.
pub fn write(
    table: &Table,
    properties: &[Property],
    entity: &mut Entity,
    body: &Entity,
) -> Result<(), Failure> {
    for (name, value) in body {
        if name.contains('@') {
            continue;
        }
        let property = properties.iter().find(|property| property.name == name);
        let property = property.ok_or_else(|| {
            Failure::bad_request(format!(
                "Property '{name}' does not exist as a declared property or extension property."
            ))
        })?;
        if !property.writable {
            if entity.get(name) == Some(value) {
                continue;
            }
            return Err(Failure::bad_request(format!(
                "Property '{name}' is read-only and cannot be set."
            )));
        }
        let value = property
            .accept(entity.get(name), value)
            .ok_or_else(|| Failure::invalid(table, name))?;
        entity.insert(name.clone(), value);
    }
    Ok(())
}

/// What differs from an untouched entity, for dumps: read-only properties and defaults left out.
pub fn beyond_defaults(properties: &[Property], entity: &Entity) -> Entity {
    let mut beyond = Entity::new();
    for property in properties.iter().filter(|property| property.writable) {
        let value = entity.get(property.name).cloned().unwrap_or_default();
        if value == property.first_value() {
            continue;
        }
        let value = match (property.of, &value) {
            (Type::Object(members) | Type::MaybeObject(members), Value::Object(inner)) => {
                Value::Object(beyond_defaults(members, inner))
            }
            (Type::Objects(members), Value::Array(items)) => {
                let item = |item: &Value| match item {
                    Value::Object(inner) => Value::Object(beyond_defaults(members, inner)),
                    other => other.clone(),
                };
                Value::Array(items.iter().map(item).collect())
            }
            _ => value,
        };
        beyond.insert(property.name.to_owned(), value);
    }
    beyond
}
