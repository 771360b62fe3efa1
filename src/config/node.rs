//! The evaluated body of a block: values, with a place for each as far as the text shows its parts.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::context::Context;
use super::declare::Repeat;
use super::document::{Block, Body, Expr, ExprKind, Word};
use super::evaluate::evaluate;
use super::instances::Watch;
use super::scope::Scope;
use super::value::Value;
use super::{dynamic, instances};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{Field, Type};
use crate::model::source::Span;

pub(super) struct Member {
    pub name: Word,
    pub node: Node,
}

pub(super) struct Node {
    pub span: Span,
    pub kind: NodeKind,
}

pub(super) enum NodeKind {
    Value(Value),
    /// An object that is written out.
    Members(Vec<Member>),
    /// A list that is written out.
    Items(Vec<Node>),
    /// All blocks of one name.
    Blocks(Vec<Entry>),
    /// Null, and the variables that may have said so.
    Null(Vec<Rc<str>>),
    /// What is wrong is said.
    Failed,
}

/// One block of a name.
pub(super) struct Entry {
    pub label: Option<Word>,
    pub header: Span,
    pub members: Vec<Member>,
}

/// Evaluates a body; `fields` tells which attributes hold labelled blocks.
pub(super) fn members(
    context: &Context,
    scope: &Scope,
    body: &Body,
    fields: &'static [Field],
) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    let mut repeated = Vec::new();
    for attribute in &body.attributes {
        if attribute.name.text.starts_with("x-") {
            continue;
        }
        if &*attribute.name.text == "dynamic" {
            repeated.extend(dynamic::written(context, attribute));
            continue;
        }
        let field = fields
            .iter()
            .find(|field| field.name == &*attribute.name.text);
        let node = match field.map(|field| field.ty) {
            Some(Type::Labelled(inner)) => {
                labelled(context, scope, &attribute.name, &attribute.value, inner)
            }
            Some(
                Type::Block(inner) | Type::BlockOrFalse(inner) | Type::List(&Type::Block(inner)),
            ) if dynamic::within(&attribute.value) => {
                let blocks = dynamic::as_blocks(attribute);
                let entries = blocks
                    .iter()
                    .flat_map(|block| entries(context, scope, block, inner));
                Node {
                    span: attribute.value.span,
                    kind: NodeKind::Blocks(entries.collect()),
                }
            }
            _ => node(context, scope, &attribute.value),
        };
        members.push(Member {
            name: attribute.name.clone(),
            node,
        });
    }
    for block in body.blocks.iter().chain(&repeated) {
        let dynamic = &*block.word.text == "dynamic";
        let word = match (dynamic, block.labels.first()) {
            (true, Some(label)) => label.clone(),
            _ => block.word.clone(),
        };
        let field = fields.iter().find(|field| field.name == &*word.text);
        if dynamic && field.is_none() && context.kinds.top(&word.text).is_some() {
            context.say(resources_repeat_themselves(&word));
            continue;
        }
        let inner = field.and_then(Field::nested).unwrap_or_default();
        let entries = match dynamic {
            true => context.settle(dynamic::entries(context, scope, block, inner)),
            false => Some(entries(context, scope, block, inner)),
        };
        if &*word.text == "dynamic" {
            continue;
        }
        let entries = entries.unwrap_or_default();
        match members
            .iter_mut()
            .find(|member| member.name.text == word.text)
        {
            None => members.push(Member {
                name: word,
                node: Node {
                    span: block.span,
                    kind: NodeKind::Blocks(entries),
                },
            }),
            Some(Member {
                node:
                    Node {
                        kind: NodeKind::Blocks(before),
                        ..
                    },
                ..
            }) => before.extend(entries),
            Some(attribute) => context.say(
                Diagnostic::error(
                    "duplicate",
                    format!("`{}` is written as an attribute and as a block", word.text),
                )
                .at(block.span, "the block")
                .see(attribute.name.span, "the attribute"),
            ),
        }
    }
    members
}

/// What is said of a `dynamic` resource: its instances need keys, which are part of their addresses.
fn resources_repeat_themselves(word: &Word) -> Diagnostic {
    let text = &word.text;
    Diagnostic::error(
        "unknown-block",
        format!("`{text}` is a resource of its own: it takes `for_each` itself, not `dynamic`"),
    )
    .at(word.span, "not a part of its parent")
    .help(format!("write `{text} \"label\" {{ for_each = …, … }}`"))
    .help("`each` is its own there; what it needs of its parent's goes along in the map: `for_each = { for name in each.value.names : name => each.value }`")
}

/// A block, or what it is repeated as.
fn entries(
    context: &Context,
    scope: &Scope,
    block: &Block,
    fields: &'static [Field],
) -> Vec<Entry> {
    let repeat = if block.labels.is_empty() {
        Repeat::Once
    } else {
        match (
            block.body.attribute("for_each"),
            block.body.attribute("count"),
        ) {
            (Some(each), _) => Repeat::ForEach(each.value.clone()),
            (None, Some(count)) => Repeat::Count(count.value.clone()),
            (None, None) => Repeat::Once,
        }
    };
    if let [_, second, ..] = block.labels.as_slice() {
        context.say(
            Diagnostic::error(
                "syntax",
                format!(
                    "`{}` has one name at most, and this is a second",
                    block.word.text
                ),
            )
            .at(second.span, "one too many")
            .help(format!("write `{} \"name\" {{ … }}`", block.word.text)),
        );
    }
    let Some(repetitions) = context.settle(instances::repetitions(context, scope, &repeat)) else {
        return Vec::new();
    };
    let mut left = repetitions.len();
    let mut watch = Watch::new(context);
    let mut made = Vec::with_capacity(left);
    for repetition in repetitions {
        let scope = Scope::new(scope, repetition.names);
        let mut members = members(context, &scope, &block.body, fields);
        if !block.labels.is_empty() {
            members.retain(|member| !["for_each", "count"].contains(&&*member.name.text));
        }
        let segment = crate::model::address::Segment {
            kind: String::new(),
            label: String::new(),
            key: repetition.key,
        };
        made.push(Entry {
            label: block.labels.first().map(|label| Word {
                text: format!("{}{}", label.text, segment.name()).into(),
                span: label.span,
            }),
            header: block.span,
            members,
        });
        left -= 1;
        if watch.enough(left, &block.word.text, block.span) {
            break;
        }
    }
    made
}

/// Labelled blocks in their one-line form; where the labels are not written out, the value.
fn labelled(
    context: &Context,
    scope: &Scope,
    word: &Word,
    value: &Expr,
    fields: &'static [Field],
) -> Node {
    let labels = match value.kind {
        ExprKind::Null => None,
        _ => Block::from_object(word.clone(), Vec::new(), value),
    };
    let Some(labels) = labels else {
        return node(context, scope, value);
    };
    let mut all = Vec::new();
    for label in labels.body.attributes {
        match Block::from_object(word.clone(), vec![label.name], &label.value) {
            Some(block) => all.extend(entries(context, scope, &block, fields)),
            None => return node(context, scope, value),
        }
    }
    Node {
        span: value.span,
        kind: NodeKind::Blocks(all),
    }
}

/// Evaluates an expression; objects and lists that are written out keep the places of their parts.
fn node(context: &Context, scope: &Scope, expr: &Expr) -> Node {
    let span = expr.span;
    let kind = match &expr.kind {
        ExprKind::Object(written) if written.iter().all(|(key, _)| key.literal().is_some()) => {
            let members = written.iter().filter_map(|(key, value)| {
                Some(Member {
                    name: Word {
                        text: key.literal()?,
                        span: key.span,
                    },
                    node: node(context, scope, value),
                })
            });
            NodeKind::Members(members.collect())
        }
        ExprKind::Array(items) => NodeKind::Items(
            items
                .iter()
                .map(|item| node(context, scope, item))
                .collect(),
        ),
        _ => match evaluate(context, scope, expr) {
            Ok(Value::Null) => NodeKind::Null(variables(context, expr)),
            Ok(value) => NodeKind::Value(value),
            Err(failure) => {
                context.report(failure);
                NodeKind::Failed
            }
        },
    };
    Node { span, kind }
}

/// The variables that an expression names, also through locals.
fn variables(context: &Context, expr: &Expr) -> Vec<Rc<str>> {
    let mut found = Vec::new();
    expr.mentions("var", &mut found);
    let mut locals = Vec::new();
    expr.mentions("local", &mut locals);
    let mut at = 0;
    while let Some(local) = locals.get(at).cloned() {
        if let Some((_, expr)) = context.declared.locals.get(&local) {
            expr.mentions("var", &mut found);
            expr.mentions("local", &mut locals);
        }
        at += 1;
    }
    if context.place.is_empty() {
        return found;
    }
    found
        .iter()
        .map(|name| context.qualified(name).into())
        .collect()
}

impl Node {
    /// A value without places of its own, taken apart once.
    pub fn from_value(span: Span, value: &Value) -> Self {
        let kind = match value {
            Value::Null => NodeKind::Null(Vec::new()),
            Value::Map(_) => NodeKind::Members(
                value
                    .members()
                    .into_iter()
                    .flatten()
                    .map(|(name, item)| Member {
                        name: Word {
                            text: name.clone(),
                            span,
                        },
                        node: Node::from_value(span, item),
                    })
                    .collect(),
            ),
            other => NodeKind::Value(other.clone()),
        };
        Self { span, kind }
    }

    /// The value as a whole; none where part of it failed.
    pub fn value(&self) -> Option<Value> {
        match &self.kind {
            NodeKind::Value(value) => Some(value.clone()),
            NodeKind::Null(_) => Some(Value::Null),
            NodeKind::Items(items) => {
                let items = items.iter().map(Node::value).collect::<Option<_>>()?;
                Some(Value::list(items))
            }
            NodeKind::Members(members) => object(members),
            NodeKind::Blocks(entries) => {
                let values = entries.iter().map(|entry| object(&entry.members));
                Some(Value::list(values.collect::<Option<_>>()?))
            }
            NodeKind::Failed => None,
        }
    }

    /// What is there, in a reader's words.
    pub fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Blocks(_) => "a block".to_owned(),
            NodeKind::Members(_) => "an object".to_owned(),
            NodeKind::Items(_) => "a list".to_owned(),
            NodeKind::Value(value) => value.describe(),
            NodeKind::Null(_) | NodeKind::Failed => "null".to_owned(),
        }
    }
}

fn object(members: &[Member]) -> Option<Value> {
    let members = members
        .iter()
        .map(|member| Some((member.name.text.clone(), member.node.value()?)))
        .collect::<Option<BTreeMap<_, _>>>()?;
    Some(Value::map(members))
}
