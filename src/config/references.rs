//! References to resources: which there are, and what they export.

use std::rc::Rc;

use super::context::{Context, Eval, Failure};
use super::declare::Declaration;
use super::document::{ExprKind, Step, Word};
use super::instances;
use super::value::Value;
use super::words;
use crate::model::address::{Address, Segment};
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::Shape;
use crate::model::words::nearest;

/// The kinds that there are.
#[derive(Clone, Copy)]
pub(super) struct Kinds<'a>(pub &'a [&'static Shape]);

impl Kinds<'_> {
    /// The kind of a block at the top of a file.
    pub fn top(&self, word: &str) -> Option<&'static Shape> {
        self.0
            .iter()
            .copied()
            .find(|shape| shape.kind == word && !shape.implied)
    }

    /// The kind of a block that nests in another kind's.
    pub fn child(&self, parent: &str, word: &str) -> Option<&'static Shape> {
        self.0
            .iter()
            .copied()
            .find(|shape| shape.kind == word && shape.nests_in(parent))
    }

    pub fn of(&self, address: &Address) -> Option<&'static Shape> {
        match address.parent() {
            Some(parent) => self.child(parent.kind(), address.kind()),
            None => self.top(address.kind()),
        }
    }

    pub fn top_words(&self) -> impl Iterator<Item = &'static str> {
        let shapes = self.0.iter().filter(|shape| !shape.implied);
        shapes.map(|shape| shape.kind)
    }

    /// The output that stands for a whole resource: its id.
    pub fn identity(&self, address: &Address) -> String {
        let outputs = self.of(address).map_or(&[][..], |shape| shape.outputs);
        let named = |name: &str| outputs.iter().find(|output| output.name == name);
        let output = named("id")
            .or_else(|| named("object_id"))
            .or(outputs.first());
        output.map_or("id", |output| output.name).to_owned()
    }
}

/// What `kind.label` stands for: a resource, or its instances by key.
pub(super) fn resource(context: &Context, kind: &str, label: &Word) -> Eval<Value> {
    let declared = context.declared.resources.get(kind);
    if declared.is_none_or(|declared| !declared.contains_key(&label.text)) {
        let labels = || declared.into_iter().flatten().map(|(label, _)| &**label);
        return Err(Failure::undeclared(
            Diagnostic::error(
                "unknown-reference",
                format!("no `{kind}` is called `{}`", label.text),
            )
            .at(label.span, "not declared")
            .help(match nearest(&label.text, labels()) {
                Some(near) => format!("did you mean `{kind}.{near}`?"),
                None => format!("declared of this kind: {}", words::list(labels(), "none")),
            }),
        ));
    }
    let instances = instances::of_resource(context, kind, &label.text, label.span)?;
    Ok(instances.value())
}

/// What `resource.name…` stands for, and the steps that are left.
pub(super) fn output<'s>(
    context: &Context,
    address: &Address,
    word: &Word,
    rest: &'s [Step],
) -> Eval<(Value, &'s [Step])> {
    let Some(shape) = context.kinds.of(address) else {
        return Ok((Value::Null, rest));
    };
    let name = &*word.text;
    if name == "address" {
        return Ok((Value::text(address.to_string()), rest));
    }
    if shape.outputs.iter().any(|output| output.name == name) {
        return Ok((Value::hole(address.clone(), name), rest));
    }
    if let Some(child) = context.kinds.child(shape.kind, name) {
        if !child.implied {
            return nested(context, address, child, word, rest);
        }
        implied_is_wanted(context, address, word)?;
        let child = address.child(Segment::new(name, ""));
        return Ok((Value::Resource(Rc::new(child)), rest));
    }
    if let Some((Step::Attribute(second), rest)) = rest.split_first() {
        let dotted = format!("{name}.{}", second.text);
        if shape.outputs.iter().any(|output| output.name == dotted) {
            implied_is_wanted(context, address, word)?;
            return Ok((Value::hole(address.clone(), &dotted), rest));
        }
    }
    Err(unknown_output(context, address, shape, word).into())
}

fn unknown_output(
    context: &Context,
    address: &Address,
    shape: &'static Shape,
    word: &Word,
) -> Diagnostic {
    let name = &*word.text;
    let outputs = shape.outputs.iter().map(|output| output.name);
    let children = context.kinds.0.iter();
    let children = children.filter(|child| child.nests_in(shape.kind));
    let names: Vec<&str> = outputs.chain(children.map(|child| child.kind)).collect();
    let diagnostic = Diagnostic::error(
        "unknown-reference",
        format!("`{address}` has no output `{name}`"),
    )
    .at(word.span, "not an output");
    match words::meant(name, &names) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if shape.field(name).is_some() => diagnostic.help(format!(
            "`{name}` is what the block says, not what the resource exports: put the value in a `locals` block and use `local.{name}` in both places"
        )),
        None => diagnostic.help(format!(
            "`{}` exports {}",
            shape.kind,
            words::list(names.iter().copied(), "nothing")
        )),
    }
}

/// `application.x.federated_credential.y`, with its instances.
fn nested<'s>(
    context: &Context,
    address: &Address,
    child: &'static Shape,
    word: &Word,
    rest: &'s [Step],
) -> Eval<(Value, &'s [Step])> {
    let declared = declaration(context, address);
    let labels = || {
        let children = declared.iter().flat_map(|parent| &parent.children);
        children.filter(|found| found.shape.kind == child.kind)
    };
    let Some((Step::Attribute(label), rest)) = rest.split_first() else {
        return Err(Failure::undeclared(
            Diagnostic::error(
                "unknown-reference",
                format!("`{}` needs a label after it", child.kind),
            )
            .at(word.span, "which one?")
            .help(format!(
                "`{address}` has {}",
                words::list(labels().map(|found| &*found.label.text), "none")
            )),
        ));
    };
    let Some(found) = labels().find(|found| found.label.text == label.text) else {
        let names = || labels().map(|found| &*found.label.text);
        return Err(Failure::undeclared(
            Diagnostic::error(
                "unknown-reference",
                format!(
                    "`{address}` has no `{}` called `{}`",
                    child.kind, label.text
                ),
            )
            .at(label.span, "not declared in it")
            .help(match nearest(&label.text, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declared in it: {}", words::list(names(), "none")),
            }),
        ));
    };
    let instances = instances::of_child_reference(context, address, found, label.span)?;
    Ok((instances.value(), rest))
}

/// `service_principal = false` says that there is none to refer to.
fn implied_is_wanted(context: &Context, address: &Address, word: &Word) -> Eval<()> {
    let attribute = declaration(context, address)
        .and_then(|declared| declared.body.attribute(&word.text))
        .filter(|attribute| matches!(attribute.value.kind, ExprKind::Bool(false)));
    match attribute {
        None => Ok(()),
        Some(attribute) => Err(Diagnostic::error(
            "unknown-reference",
            format!("`{address}` goes without a `{}`", word.text),
        )
        .at(word.span, "refers to it")
        .see(attribute.value.span, "switched off here")
        .into()),
    }
}

/// The block behind an address.
pub(super) fn declaration<'a>(context: &Context<'a>, address: &Address) -> Option<&'a Declaration> {
    let (first, nested) = address.segments.split_first()?;
    let kind = context
        .owner(address)?
        .declared
        .resources
        .get(first.kind.as_str())?;
    nested
        .iter()
        .try_fold(kind.get(first.label.as_str())?, |parent, segment| {
            parent.children.iter().find(|child| {
                child.shape.kind == segment.kind && *child.label.text == *segment.label
            })
        })
}
