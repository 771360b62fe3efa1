//! What the files declare: blocks sorted by what they are, each name once.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::document::{Attribute, Block, Body, Expr, Word};
use super::labels::{is_name, label, twice};
use super::references::Kinds;
use super::unknown::{stray_attribute, unknown_block};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Shape;
use crate::model::source::Span;

/// Everything that the files declare.
#[derive(Default)]
pub(super) struct Declared {
    /// Where its files are, from the stack's directory.
    pub directory: Rc<str>,
    /// Top-level resources by kind and label.
    pub resources: BTreeMap<Rc<str>, BTreeMap<Rc<str>, Declaration>>,
    pub locals: BTreeMap<Rc<str>, (Span, Expr)>,
    pub variables: BTreeMap<Rc<str>, Block>,
    pub outputs: BTreeMap<Rc<str>, Block>,
    pub modules: BTreeMap<Rc<str>, Call>,
    pub approvals: BTreeMap<Rc<str>, Block>,
    pub waivers: BTreeMap<Rc<str>, Block>,
    pub policy: Option<Block>,
    /// `moved` and `removed` blocks.
    pub places: Vec<Block>,
    pub stack: Option<Block>,
    /// There is a `stack` block, be it a good one or not.
    pub has_stack: bool,
}

/// A resource's block.
pub(super) struct Declaration {
    pub shape: &'static Shape,
    pub label: Word,
    pub header: Span,
    /// What is left for the kind's own table.
    pub body: Body,
    pub repeat: Repeat,
    pub protect: Option<Expr>,
    /// Only at the top of a file, of a kind that nests in another.
    pub parent: Option<Expr>,
    pub children: Vec<Declaration>,
}

/// A `module` block.
pub(super) struct Call {
    pub label: Word,
    pub header: Span,
    /// Where the module's files are, from the stack's directory; the place is that of `source`.
    pub directory: Rc<str>,
    pub source: Span,
    pub repeat: Repeat,
    /// Values for the module's variables.
    pub inputs: Vec<Attribute>,
}

pub(super) enum Repeat {
    Once,
    ForEach(Expr),
    Count(Expr),
}

/// Sorts what stands at the top of the files of a directory: the stack's, which is `.`, or a module's.
pub(super) fn declare(
    files: Vec<Body>,
    directory: &str,
    kinds: Kinds,
    said: &mut Vec<Diagnostic>,
) -> Declared {
    let mut declared = Declared {
        directory: directory.into(),
        ..Declared::default()
    };
    for file in files {
        for attribute in &file.attributes {
            if !attribute.name.text.starts_with("x-") {
                said.push(stray_attribute(attribute, kinds));
            }
        }
        for block in file.blocks {
            top_block(&mut declared, block, kinds, said);
        }
    }
    declared
}

fn top_block(declared: &mut Declared, block: Block, kinds: Kinds, said: &mut Vec<Diagnostic>) {
    let word = block.word.text.clone();
    match &*word {
        "locals" => locals(declared, block, said),
        "module" => {
            let Some(call) = super::library::call(block, &declared.directory, said) else {
                return;
            };
            if let Some(first) = declared.modules.get(&call.label.text) {
                said.push(twice(&word, &call.label.text, call.header, first.header));
                return;
            }
            declared.modules.insert(call.label.text.clone(), call);
        }
        "stack" | "policy" | "waiver" | "moved" | "removed" if &*declared.directory != "." => said
            .push(
                Diagnostic::error("syntax", format!("a module has no `{word}` block"))
                    .at(block.span, "only the stack's own files have one")
                    .help("move it to the directory that calls the module"),
            ),
        "stack" => {
            declared.has_stack = true;
            if label(&block, "stack", said).is_none() {
                return;
            }
            if let Some(first) = &declared.stack {
                said.push(
                    Diagnostic::error(
                        "duplicate",
                        "a directory is one stack, and this is a second `stack` block",
                    )
                    .at(block.span, "the second")
                    .see(first.span, "the first"),
                );
                return;
            }
            declared.stack = Some(block);
        }
        "policy" | "moved" | "removed" => {
            if let Some(label) = block.labels.first() {
                said.push(
                    Diagnostic::error("syntax", format!("`{word}` has no name"))
                        .at(label.span, "leave it out"),
                );
                return;
            }
            match (&*word, &declared.policy) {
                ("policy", Some(first)) => said.push(twice("policy", "", block.span, first.span)),
                ("policy", None) => declared.policy = Some(block),
                _ => declared.places.push(block),
            }
        }
        "variable" | "output" | "approve" | "waiver" => {
            let Some(name) = label(&block, &word, said)
                .filter(|name| matches!(&*word, "approve" | "waiver") || is_name(name, said))
            else {
                return;
            };
            let blocks = match &*word {
                "variable" => &mut declared.variables,
                "approve" => &mut declared.approvals,
                "waiver" => &mut declared.waivers,
                _ => &mut declared.outputs,
            };
            if let Some(first) = blocks.get(&name.text) {
                said.push(twice(&word, &name.text, block.span, first.span));
                return;
            }
            blocks.insert(name.text, block);
        }
        _ => match kinds.top(&word) {
            Some(shape) => {
                let Some(made) = declaration(block, shape, kinds, true, said) else {
                    return;
                };
                let labels = declared.resources.entry(word.clone()).or_default();
                if let Some(first) = labels.get(&made.label.text) {
                    said.push(twice(&word, &made.label.text, made.header, first.header));
                    return;
                }
                labels.insert(made.label.text.clone(), made);
            }
            None => said.push(unknown_block(&block, kinds)),
        },
    }
}

fn locals(declared: &mut Declared, block: Block, said: &mut Vec<Diagnostic>) {
    if let Some(label) = block.labels.first() {
        said.push(
            Diagnostic::error("syntax", "`locals` has no label").at(label.span, "leave it out"),
        );
    }
    for inner in &block.body.blocks {
        said.push(
            Diagnostic::error("syntax", "`locals` holds attributes, no blocks")
                .at(inner.span, "a block")
                .help(format!("write `{} = {{ … }}`", inner.word.text)),
        );
    }
    for Attribute { name, value } in block.body.attributes {
        if name.text.starts_with("x-") {
            continue;
        }
        if let Some((first, _)) = declared.locals.get(&name.text) {
            said.push(twice("local", &name.text, name.span, *first));
            continue;
        }
        declared.locals.insert(name.text, (name.span, value));
    }
}

fn declaration(
    block: Block,
    shape: &'static Shape,
    kinds: Kinds,
    top: bool,
    said: &mut Vec<Diagnostic>,
) -> Option<Declaration> {
    let label = label(&block, shape.kind, said).filter(|label| is_name(label, said));
    let mut made = Declaration {
        shape,
        label: label.clone().unwrap_or_else(|| block.word.clone()),
        header: block.span,
        body: Body::default(),
        repeat: Repeat::Once,
        protect: None,
        parent: None,
        children: Vec::new(),
    };
    for attribute in block.body.attributes {
        own_attribute(&mut made, attribute, kinds, top, said);
    }
    for inner in block.body.blocks {
        match kinds.child(shape.kind, &inner.word.text) {
            Some(child) if !child.implied => add_child(&mut made, inner, child, kinds, said),
            _ => made.body.blocks.push(inner),
        }
    }
    if top && shape.parent.is_some() && made.parent.is_none() && label.is_some() {
        let parent = shape.parent.unwrap_or_default();
        said.push(
            Diagnostic::error(
                "missing-attribute",
                format!("a `{}` at the top of a file needs `parent`", shape.kind),
            )
            .at(made.header, "whose is it?")
            .help(format!(
                "write it inside the `{parent}` block, or add `parent = {parent}.label`"
            )),
        );
        return None;
    }
    label.map(|_| made)
}

fn own_attribute(
    made: &mut Declaration,
    attribute: Attribute,
    kinds: Kinds,
    top: bool,
    said: &mut Vec<Diagnostic>,
) {
    let Attribute { name, value } = &attribute;
    match &*name.text {
        "for_each" | "count" => {
            if !matches!(made.repeat, Repeat::Once) {
                said.push(
                    Diagnostic::error("conflict", "a block has `for_each` or `count`, not both")
                        .at(name.span, "the second of them"),
                );
            }
            made.repeat = if &*name.text == "count" {
                Repeat::Count(value.clone())
            } else {
                Repeat::ForEach(value.clone())
            };
        }
        "protect" => made.protect = Some(value.clone()),
        "depends_on" => said.push(
            Diagnostic::error("unknown-attribute", "`depends_on` is not needed here")
                .at(name.span, "leave it out")
                .help("the order is derived from references: what an attribute refers to is made first"),
        ),
        "parent" if made.shape.parent.is_some() => {
            if top {
                made.parent = Some(value.clone());
            } else {
                said.push(
                    Diagnostic::error("conflict", "a nested block has its parent already")
                        .at(name.span, "leave it out")
                        .see(made.header, "it stands inside its parent"),
                );
            }
        }
        word => match kinds.child(made.shape.kind, word) {
            Some(child) if !child.implied => {
                for block in child_blocks(&attribute, said) {
                    add_child(made, block, child, kinds, said);
                }
            }
            _ => made.body.attributes.push(attribute),
        },
    }
}

/// Labelled blocks in their one-line form: `word = { label = { … } }`.
fn child_blocks(attribute: &Attribute, said: &mut Vec<Diagnostic>) -> Vec<Block> {
    let word = &attribute.name;
    let Some(labels) = Block::from_object(word.clone(), Vec::new(), &attribute.value) else {
        said.push(
            Diagnostic::error("wrong-type", format!("`{}` holds blocks by name", word.text))
                .at(attribute.value.span, "not an object of objects")
                .help(format!(
                    "write `{0} \"name\" {{ for_each = … }}` to make several, or `{0} = {{ name = {{ … }} }}`",
                    word.text
                )),
        );
        return Vec::new();
    };
    let attributes = labels.body.attributes.into_iter();
    attributes
        .filter(|label| !label.name.text.starts_with("x-"))
        .filter_map(|label| {
            let block = Block::from_object(word.clone(), vec![label.name.clone()], &label.value);
            if block.is_none() {
                said.push(
                    Diagnostic::error(
                        "wrong-type",
                        format!(
                            "`{}` must be an object with the block's attributes",
                            label.name.text
                        ),
                    )
                    .at(label.value.span, "not an object"),
                );
            }
            block
        })
        .collect()
}

fn add_child(
    made: &mut Declaration,
    block: Block,
    shape: &'static Shape,
    kinds: Kinds,
    said: &mut Vec<Diagnostic>,
) {
    let Some(child) = declaration(block, shape, kinds, false, said) else {
        return;
    };
    let mut same = made.children.iter();
    match same.find(|other| other.shape.kind == shape.kind && other.label.text == child.label.text)
    {
        Some(first) => said.push(twice(
            shape.kind,
            &child.label.text,
            child.header,
            first.header,
        )),
        None => made.children.push(child),
    }
}
