//! `dynamic "word" { for_each iterator labels content }`: nested blocks, one for each element.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::context::{Context, Eval};
use super::convert::{Type, convert};
use super::document::{Attribute, Block, Expr, ExprKind, Word};
use super::evaluate::{evaluate, pairs};
use super::instances::{self, Watch};
use super::node::{self, Entry};
use super::scope::Scope;
use super::unknown::{missing, only};
use super::value::Value;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Field;

const WORDS: [&str; 4] = ["for_each", "iterator", "labels", "content"];

/// `dynamic = { word = { for_each, content } }`, as YAML writes it: one block for each word.
pub(super) fn written(context: &Context, attribute: &Attribute) -> Vec<Block> {
    let wrong = |span| {
        context.say(
            Diagnostic::error("wrong-type", "`dynamic` holds the blocks to repeat by name")
                .at(span, "not an object with `for_each` and `content`")
                .help("write `dynamic: { word: { for_each: …, content: { … } } }`"),
        );
        None
    };
    let name = &attribute.name;
    let Some(words) = Block::from_object(name.clone(), Vec::new(), &attribute.value) else {
        wrong(attribute.value.span);
        return Vec::new();
    };
    let words = words.body.attributes.into_iter();
    words
        .filter_map(|word| {
            Block::from_object(name.clone(), vec![word.name], &word.value)
                .or_else(|| wrong(word.value.span))
        })
        .collect()
}

/// Whether an object that is written out has `dynamic` in it.
pub(super) fn within(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Object(members) => members.iter().any(|(key, value)| {
            key.literal().is_some_and(|key| &*key == "dynamic") || within(value)
        }),
        ExprKind::Array(items) => items.iter().any(within),
        _ => false,
    }
}

/// The blocks that an attribute stands for: an object is one, a list of objects several.
pub(super) fn as_blocks(attribute: &Attribute) -> Vec<Block> {
    let block = |value| Block::from_object(attribute.name.clone(), Vec::new(), value);
    match &attribute.value.kind {
        ExprKind::Array(items) => items.iter().filter_map(block).collect(),
        _ => block(&attribute.value).into_iter().collect(),
    }
}

/// The blocks that a `dynamic` one makes. In its content, `word.key` and `word.value` are the element's.
pub(super) fn entries(
    context: &Context,
    scope: &Scope,
    block: &Block,
    fields: &'static [Field],
) -> Eval<Vec<Entry>> {
    only(context, "dynamic", block, &WORDS, &["content"]);
    let Some(word) = block.labels.first() else {
        return Err(
            Diagnostic::error("syntax", "`dynamic` needs the name of a block")
                .at(block.span, "no name")
                .help("write `dynamic \"word\" { for_each = …, content { … } }`")
                .into(),
        );
    };
    let missing = |name: &str, help: &str| missing("dynamic", block, name, help);
    let over = block.body.attribute("for_each");
    let over = over.ok_or_else(|| {
        missing(
            "for_each",
            "it is a list, a set or a map: one block for each element",
        )
    })?;
    let written = block
        .body
        .blocks
        .iter()
        .find(|inner| &*inner.word.text == "content");
    let content = match (written, block.body.attribute("content")) {
        (Some(content), _) => Some(content.clone()),
        (None, Some(content)) => Block::from_object(word.clone(), Vec::new(), &content.value),
        (None, None) => None,
    };
    let content = content
        .ok_or_else(|| missing("content", "it holds what each block does: `content { … }`"))?;
    let iterator = match block.body.attribute("iterator").map(|it| &it.value) {
        None => word.text.clone(),
        Some(expr) => match &expr.kind {
            ExprKind::Name(name) | ExprKind::String(name) => name.clone(),
            _ => {
                return Err(Diagnostic::error("wrong-type", "`iterator` is a name")
                    .at(expr.span, "write it without quotes")
                    .into());
            }
        },
    };
    let collection = evaluate(context, scope, &over.value)?;
    let Some(pairs) = pairs(context, &collection, over.value.span)? else {
        return Err(super::evaluate::no_value(
            collection.unset_variables().iter(),
            over.value.span,
        ));
    };
    instances::check_count(context, pairs.len(), over.value.span)?;
    let mut left = pairs.len();
    let mut watch = Watch::new(context);
    let mut made = Vec::with_capacity(left);
    for (key, value) in pairs {
        let element: BTreeMap<Rc<str>, Value> =
            [("key".into(), key), ("value".into(), value)].into();
        let scope = Scope::new(scope, vec![(iterator.clone(), Value::map(element))]);
        made.push(Entry {
            label: label(context, &scope, block)?,
            header: block.span,
            members: node::members(context, &scope, &content.body, fields),
        });
        left -= 1;
        if watch.enough(left, &word.text, block.span) {
            break;
        }
    }
    Ok(made)
}

/// The label of one block: the first of `labels`.
fn label(context: &Context, scope: &Scope, block: &Block) -> Eval<Option<Word>> {
    let Some(labels) = block.body.attribute("labels") else {
        return Ok(None);
    };
    let value = evaluate(context, scope, &labels.value)?;
    let first = value.items().and_then(|items| items.first());
    match first.map(|first| convert(first, &Type::String)) {
        Some(Ok(Value::Text(text))) => Ok(Some(Word {
            text,
            span: labels.value.span,
        })),
        _ => Err(
            Diagnostic::error("wrong-type", "`labels` is a list with the block's label")
                .at(labels.value.span, format!("this is {}", value.describe()))
                .into(),
        ),
    }
}
