//! What proves a credential ours: a name that its content and our stack reproduce, or a mark in its description.

use crate::model::credential_name::proves;
use crate::model::desired::Stack;
use crate::model::live::Object;
use crate::model::plan::FieldChange;
use crate::model::value::Value;

/// What our mark looks like at the end of a description.
fn mark(stack: &Stack) -> String {
    format!("[trustform:{}]", stack.name)
}

/// A description without the mark at its end, whichever stack's it is.
pub(super) fn unmarked(text: &str) -> &str {
    let begins = text
        .strip_suffix(']')
        .and_then(|text| text.rfind("[trustform:"));
    begins.map_or(text, |at| without_blank(&text[..at]))
}

/// What stands before a mark, without the blank that came with it.
fn without_blank(text: &str) -> &str {
    text.strip_suffix(' ').unwrap_or(text)
}

/// A description with our mark at its end, in the place of any other.
pub(super) fn marked(text: &str, stack: &Stack) -> String {
    match unmarked(text) {
        "" => mark(stack),
        text => format!("{text} {}", mark(stack)),
    }
}

/// Splits our mark off a description, so that the diff sees what people wrote.
pub fn take_mark(object: &Object, stack: &Stack) -> Object {
    let mut object = object.clone();
    let description = object
        .body
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let unmarked = description.strip_suffix(&mark(stack)).map(without_blank);
    let marked = unmarked.is_some() || proven(&object, stack);
    if let Some(text) = unmarked {
        let value = if text.is_empty() {
            Value::Null
        } else {
            text.into()
        };
        object.body.insert("description".into(), value);
    }
    object.body.insert("marked".into(), Value::Bool(marked));
    object
}

/// A mark in the description goes; a name that proves it ours cannot change, and means nothing without the stack.
pub fn released(object: &Object, stack: &Stack) -> Option<FieldChange> {
    let before = object.body.get("description")?.as_str()?;
    let text = before.strip_suffix(&mark(stack)).map(without_blank)?;
    let after = if text.is_empty() {
        Value::Null
    } else {
        text.into()
    };
    Some(FieldChange {
        path: "description".to_owned(),
        before: Some(before.into()),
        after: Some(after),
    })
}

/// Whether name and content show that this stack made it.
pub fn proven(object: &Object, stack: &Stack) -> bool {
    let text = |name: &str| {
        object
            .body
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let expression = text("claims_matching_expression");
    let content = expression.or(text("subject"));
    content
        .zip(text("issuer"))
        .is_some_and(|(content, issuer)| {
            proves(
                &object.name,
                &stack.name,
                issuer,
                content,
                expression.is_some(),
            )
        })
}
