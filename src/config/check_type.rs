//! The checks of one value against its field's type.

use std::collections::BTreeMap;

use super::check::{At, Check, join};
use super::convert::{self, convert};
use super::evaluate::no_value;
use super::node::{Entry, Node, NodeKind};
use super::value::Value;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{Field, Type};
use crate::model::source::Span;
use crate::model::value::{Map, Value as Plain};

impl Check<'_, '_> {
    /// The value as its type wants it; none once what is wrong is said, or where it waits.
    pub fn typed(&mut self, field: &'static Field, ty: Type, node: &Node, at: At) -> Option<Plain> {
        match (ty, &node.kind) {
            (_, NodeKind::Failed) => {
                self.failed = true;
                None
            }
            (Type::Bool, _) => self.primitive(field, &convert::Type::Bool, node),
            (Type::Number, _) => self.primitive(field, &convert::Type::Number, node),
            (Type::String, _) => self.primitive(field, &convert::Type::String, node),
            (Type::Reference, _) => self.reference(field, node),
            (Type::List(element), _) => {
                let items = self.elements(field, *element, node, at)?;
                Some(Plain::List(items))
            }
            (Type::Set(element), _) => {
                let items = self.elements(field, *element, node, at)?;
                Some(Plain::set(items))
            }
            (Type::Map(element), _) => self.map(field, *element, node, at),
            (Type::Block(fields), _) => self.block(field, fields, node, at),
            (Type::BlockOrFalse(fields), NodeKind::Value(Value::Bool(flag))) => Some(if *flag {
                Plain::Map(self.members(field.name, node.span, &[], fields, at))
            } else {
                Plain::Bool(false)
            }),
            (Type::BlockOrFalse(fields), _) => self.block(field, fields, node, at),
            (Type::Labelled(fields), _) => self.labelled(field, fields, node, at),
        }
    }

    fn primitive(&mut self, field: &Field, ty: &convert::Type, node: &Node) -> Option<Plain> {
        if let NodeKind::Blocks(_) = node.kind {
            self.say(
                Diagnostic::error("wrong-type", format!("`{}` is an attribute", field.name))
                    .at(node.span, "written as a block")
                    .help(format!("write `{} = …`", field.name)),
            );
            return None;
        }
        let value = self.known(field, node)?;
        match convert(&value, ty) {
            Ok(value) => Some(value.to_plain(&|address| self.context.kinds.identity(address))),
            Err(why) => {
                let help = match value {
                    Value::Resource(address) => Some(format!(
                        "`{address}.{}`",
                        self.context.kinds.identity(&address)
                    )),
                    _ => None,
                };
                self.wrong_type(field, node.span, &why, help);
                None
            }
        }
    }

    /// The value, once every variable in it has one.
    fn known(&mut self, field: &Field, node: &Node) -> Option<Value> {
        let value = node.value();
        self.failed |= value.is_none();
        let value = value?;
        let unset = value.unset_variables();
        if unset.is_empty() {
            return Some(value);
        }
        if field.pending {
            self.needs.extend(unset);
        } else {
            self.failed = true;
            self.context.report(no_value(unset.iter(), node.span));
        }
        None
    }

    fn reference(&mut self, field: &Field, node: &Node) -> Option<Plain> {
        match self.known(field, node)? {
            value @ (Value::Resource(_) | Value::Text(_) | Value::Holes(_)) => {
                Some(value.to_plain(&|address| self.context.kinds.identity(address)))
            }
            other => {
                let why = format!("expected a resource, found {}", other.describe());
                let help = "write a reference, as in `application.label`".to_owned();
                self.wrong_type(field, node.span, &why, Some(help));
                None
            }
        }
    }

    fn elements(
        &mut self,
        field: &'static Field,
        element: Type,
        node: &Node,
        at: At,
    ) -> Option<Vec<Plain>> {
        let owned;
        let items: Vec<&Node> = match &node.kind {
            NodeKind::Items(items) => items.iter().collect(),
            NodeKind::Blocks(entries) if matches!(element, Type::Block(_)) => {
                let Type::Block(fields) = element else {
                    return None;
                };
                let made = entries.iter().enumerate().map(|(index, entry)| {
                    let path = join(at.path, &index.to_string());
                    self.spans.insert(path.clone(), entry.header);
                    let at = At { path: &path, ..at };
                    Plain::Map(self.members(field.name, entry.header, &entry.members, fields, at))
                });
                return Some(made.collect());
            }
            NodeKind::Value(value @ (Value::List(_) | Value::Set(_))) => {
                let items = value.items().unwrap_or_default().iter();
                owned = items
                    .map(|item| Node::from_value(node.span, item))
                    .collect::<Vec<_>>();
                owned.iter().collect()
            }
            NodeKind::Value(Value::Unset(_)) => return self.known(field, node).map(|_| Vec::new()),
            NodeKind::Value(Value::Resource(_) | Value::Text(_) | Value::Holes(_)) => {
                let help = "put brackets around it: `[…]`".to_owned();
                let why = format!("expected a list, found {}", node.describe());
                self.wrong_type(field, node.span, &why, Some(help));
                return None;
            }
            _ => {
                let why = format!("expected a list, found {}", node.describe());
                self.wrong_type(field, node.span, &why, None);
                return None;
            }
        };
        let mut made = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = join(at.path, &index.to_string());
            self.spans.insert(path.clone(), item.span);
            if let NodeKind::Null(_) = item.kind {
                self.wrong_type(field, item.span, "an element is null", None);
                continue;
            }
            let at = At { path: &path, ..at };
            made.extend(self.typed(field, element, item, at));
        }
        Some(made)
    }

    fn map(&mut self, field: &'static Field, element: Type, node: &Node, at: At) -> Option<Plain> {
        let owned;
        let members = match &node.kind {
            NodeKind::Members(members) => members,
            NodeKind::Blocks(entries) => match entries.as_slice() {
                [
                    Entry {
                        label: None,
                        members,
                        ..
                    },
                ] => members,
                _ => return self.not_an_object(field, node),
            },
            NodeKind::Value(value @ Value::Map(_)) => {
                owned = Node::from_value(node.span, value);
                match &owned.kind {
                    NodeKind::Members(members) => members,
                    _ => return None,
                }
            }
            NodeKind::Value(Value::Unset(_)) => {
                return self.known(field, node).map(|_| Plain::Null);
            }
            _ => return self.not_an_object(field, node),
        };
        let mut map = Map::new();
        for member in members {
            let path = join(at.path, &member.name.text);
            self.spans.insert(path.clone(), member.node.span);
            let at = At { path: &path, ..at };
            let value = match member.node.kind {
                NodeKind::Null(_) => Some(Plain::Null),
                _ => self.typed(field, element, &member.node, at),
            };
            map.extend(value.map(|value| (member.name.text.to_string(), value)));
        }
        Some(Plain::Map(map))
    }

    fn block(
        &mut self,
        field: &'static Field,
        fields: &'static [Field],
        node: &Node,
        at: At,
    ) -> Option<Plain> {
        match &node.kind {
            NodeKind::Members(members) => Some(Plain::Map(
                self.members(field.name, node.span, members, fields, at),
            )),
            NodeKind::Value(value @ Value::Map(_)) => {
                let node = Node::from_value(node.span, value);
                self.block(field, fields, &node, at)
            }
            NodeKind::Value(Value::Unset(_)) => self.known(field, node).map(|_| Plain::Null),
            NodeKind::Blocks(entries) => {
                let [first, rest @ ..] = entries.as_slice() else {
                    return None;
                };
                if let Some(second) = rest.first()
                    && second.header == first.header
                {
                    let name = field.name;
                    self.say(
                        Diagnostic::error(
                            "duplicate",
                            format!("there is one `{name}` block at most"),
                        )
                        .at(second.header, format!("makes {} of them", entries.len()))
                        .help(format!(
                            "write `{name} {{ … }}`, or a `for_each` of one element or none"
                        )),
                    );
                } else if let Some(second) = rest.first() {
                    self.say(
                        Diagnostic::error("duplicate", format!("a second `{}` block", field.name))
                            .at(second.header, "the second")
                            .see(first.header, "the first")
                            .help("put what they say into one"),
                    );
                }
                if let Some(label) = &first.label {
                    self.say(
                        Diagnostic::error("syntax", format!("`{}` has no name", field.name))
                            .at(label.span, "leave it out"),
                    );
                }
                Some(Plain::Map(self.members(
                    field.name,
                    first.header,
                    &first.members,
                    fields,
                    at,
                )))
            }
            _ => self.not_an_object(field, node),
        }
    }

    fn not_an_object(&mut self, field: &Field, node: &Node) -> Option<Plain> {
        let why = format!("expected a block or an object, found {}", node.describe());
        let name = field.name;
        let help = match field.ty {
            Type::BlockOrFalse(_) => {
                format!("write `{name} {{ … }}`, or `{name} = false` to go without")
            }
            Type::Labelled(_) => {
                format!("write `{name} \"name\" {{ … }}` or `{name} = {{ name = {{ … }} }}`")
            }
            _ => format!("write `{name} {{ … }}` or `{name} = {{ … }}`"),
        };
        self.wrong_type(field, node.span, &why, Some(help));
        None
    }

    fn labelled(
        &mut self,
        field: &'static Field,
        fields: &'static [Field],
        node: &Node,
        at: At,
    ) -> Option<Plain> {
        let mut map = Map::new();
        match &node.kind {
            NodeKind::Blocks(entries) => {
                let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
                for entry in entries {
                    let Some(label) = &entry.label else {
                        self.say(
                            Diagnostic::error("syntax", format!("`{}` needs a name", field.name))
                                .at(entry.header, "no name")
                                .help(format!("write `{} \"name\" {{ … }}`", field.name)),
                        );
                        continue;
                    };
                    if let Some(first) = seen.insert(&label.text, entry.header) {
                        self.say(
                            Diagnostic::error(
                                "duplicate",
                                format!("two `{}` blocks are called `{}`", field.name, label.text),
                            )
                            .at(entry.header, "the second")
                            .see(first, "the first"),
                        );
                        continue;
                    }
                    let path = join(at.path, &label.text);
                    self.spans.insert(path.clone(), entry.header);
                    let at = At { path: &path, ..at };
                    let value = self.members(field.name, entry.header, &entry.members, fields, at);
                    map.insert(label.text.to_string(), Plain::Map(value));
                }
            }
            NodeKind::Members(members) => {
                for member in members {
                    let path = join(at.path, &member.name.text);
                    self.spans.insert(path.clone(), member.node.span);
                    let at = At { path: &path, ..at };
                    let value = self.block(field, fields, &member.node, at);
                    map.extend(value.map(|value| (member.name.text.to_string(), value)));
                }
            }
            NodeKind::Value(value @ Value::Map(_)) => {
                let node = Node::from_value(node.span, value);
                return self.labelled(field, fields, &node, at);
            }
            NodeKind::Value(Value::Unset(_)) => {
                self.known(field, node);
                return None;
            }
            _ => {
                let why = format!("expected blocks with names, found {}", node.describe());
                let help = format!("write `{} \"name\" {{ … }}`", field.name);
                self.wrong_type(field, node.span, &why, Some(help));
                return None;
            }
        }
        Some(Plain::Map(map))
    }

    fn wrong_type(&mut self, field: &Field, span: Span, why: &str, help: Option<String>) {
        let mut diagnostic = Diagnostic::error("wrong-type", format!("`{}`: {why}", field.name))
            .at(span, "wrong type");
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        self.say(diagnostic);
    }
}
