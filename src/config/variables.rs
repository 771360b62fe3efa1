//! Variables: their types and defaults, and the values that the command line, files and environment give.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::context::{Context, Eval, Failure, Memo};
use super::convert::{Type, convert};
use super::declare::Declared;
use super::document::{Block, Expr, ExprKind};
use super::evaluate::{Condition, condition, evaluate};
use super::hcl_expression::parse_expression;
use super::scope::Scope;
use super::unknown::{missing, only};
use super::value::Value;
use super::{Given, hcl, types, words};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};
use crate::model::words::nearest;

pub(super) const ATTRIBUTES: [&str; 5] =
    ["type", "default", "description", "nullable", "validation"];
pub(super) const VALIDATION: [&str; 2] = ["condition", "error_message"];

/// A `variable` block.
struct Variable {
    ty: Type,
    /// Failed where it is there and wrong.
    default: Option<Memo<Value>>,
    nullable: bool,
}

type Set = BTreeMap<Rc<str>, Memo<Value>>;

/// Who gives values, the weakest first.
pub(super) struct Values<'a> {
    pub environment: &'a [(String, String)],
    pub automatic: &'a [SourceId],
    pub given: &'a [Given],
}

/// The value of every declared variable; one that has none is unset.
pub(super) fn values(context: &Context, declared: &Declared, values: &Values) -> Set {
    let variables: BTreeMap<Rc<str>, Variable> = declared
        .variables
        .iter()
        .map(|(name, block)| (name.clone(), variable(context, block)))
        .collect();
    let mut set = Set::new();
    for (name, text) in values.environment {
        if let Some((name, variable)) = variables.get_key_value(name.as_str()) {
            let origin = format!("TRUSTFORM_VAR_{name}");
            let value = from_text(context, &origin, text, variable);
            set.insert(name.clone(), settled(context, value));
        }
    }
    for id in values.automatic {
        from_file(context, *id, &variables, &mut set);
    }
    for given in values.given {
        match given {
            Given::File(id) => from_file(context, *id, &variables, &mut set),
            Given::Text { name, value } => match variables.get_key_value(name.as_str()) {
                Some((name, variable)) => {
                    let origin = format!("-var {name}");
                    let value = from_text(context, &origin, value, variable);
                    set.insert(name.clone(), settled(context, value));
                }
                None => context.say(undeclared(name, declared)),
            },
        }
    }
    variables
        .into_iter()
        .map(|(name, variable)| {
            let value = match set.remove(&name) {
                Some(Memo::Known(Value::Null)) if !variable.nullable => variable.default,
                None => variable.default,
                some => some,
            };
            let value = value.unwrap_or_else(|| Memo::Known(Value::unset(&name)));
            (name, value)
        })
        .collect()
}

/// The value, or that there is none once what is wrong is said.
fn settled(context: &Context, value: Eval<Value>) -> Memo<Value> {
    match context.settle(value) {
        Some(value) => Memo::Known(value),
        None => Memo::Failed,
    }
}

fn undeclared(name: &str, declared: &Declared) -> Diagnostic {
    let names = || declared.variables.keys().map(|name| &**name);
    Diagnostic::error(
        "unknown-reference",
        format!("no variable `{name}` is declared"),
    )
    .help(match nearest(name, names()) {
        Some(near) => format!("did you mean `-var {near}=…`?"),
        None => format!("the variables are {}", words::list(names(), "none")),
    })
}

/// The value of a module's variable; worked out once, and only then the input that gives it.
pub(super) fn input(context: &Context, name: &Rc<str>, span: Span) -> Eval<Value> {
    match context.variables.borrow().get(name) {
        Some(Memo::Known(value)) => return Ok(value.clone()),
        Some(Memo::Failed) => return Err(Failure::Reported),
        None => {}
    }
    let made = context.nested(span, || {
        context.resolve(&format!("var.{name}"), span, || given(context, name))
    });
    let memo = settled(context, made);
    let result = match &memo {
        Memo::Known(value) => Ok(value.clone()),
        Memo::Failed => Err(Failure::Reported),
    };
    context.variables.borrow_mut().insert(name.clone(), memo);
    result
}

/// What the caller gives for a variable, or its default.
fn given(context: &Context, name: &Rc<str>) -> Eval<Value> {
    let (Some(block), Some(caller)) = (context.declared.variables.get(name), &context.caller)
    else {
        return Err(Failure::Reported);
    };
    let variable = variable(context, block);
    let input = caller
        .call
        .inputs
        .iter()
        .find(|input| input.name.text == *name);
    let value = match (input, caller.context.upgrade()) {
        (Some(input), Some(outer)) => {
            let scope = Scope::root(caller.names.clone());
            let value = evaluate(&outer, &scope, &input.value)?;
            Some(typed(&value, &variable.ty, input.value.span)?)
        }
        _ => None,
    };
    let null = matches!(value, Some(Value::Null));
    match (value, variable.default) {
        (Some(value), _) if !null || variable.nullable => Ok(value),
        (_, Some(Memo::Known(default))) => Ok(default),
        (_, Some(Memo::Failed)) => Err(Failure::Reported),
        (_, None) => Err(Diagnostic::error(
            "missing-attribute",
            format!("the module `{}` needs `{name}`", caller.call.label.text),
        )
        .at(
            caller.call.header,
            if null {
                "it is null here"
            } else {
                "it is not here"
            },
        )
        .see(block.span, "declared without a default")
        .into()),
    }
}

/// Works out every variable of a module's instance, so that what is wrong with one is said.
pub(super) fn evaluate_inputs(context: &Context) {
    for (name, block) in &context.declared.variables {
        // What went wrong is said by now.
        drop(input(context, name, block.span));
    }
    validate_all(context);
}

/// Asks every `validation` of every variable that has a value.
pub(super) fn validate_all(context: &Context) {
    for (name, block) in &context.declared.variables {
        let known = matches!(
            context.variables.borrow().get(name),
            Some(Memo::Known(value)) if !value.size().unset
        );
        let blocks = block.body.blocks.iter();
        let mut rules: Vec<Block> = blocks
            .filter(|inner| &*inner.word.text == "validation")
            .cloned()
            .collect();
        if let Some(attribute) = block.body.attribute("validation") {
            let one = std::slice::from_ref(&attribute.value);
            let items = match &attribute.value.kind {
                ExprKind::Array(items) => items.as_slice(),
                _ => one,
            };
            let made = |item| Block::from_object(attribute.name.clone(), Vec::new(), item);
            rules.extend(items.iter().filter_map(made));
        }
        for rule in rules {
            only(context, "validation", &rule, &VALIDATION, &[]);
            let whole = VALIDATION
                .iter()
                .all(|word| rule.body.attribute(word).is_some());
            if known || !whole {
                context.settle(validate(context, name, &rule));
            }
        }
    }
}

fn validate(context: &Context, name: &str, rule: &Block) -> Eval<()> {
    let part = |word: &str| {
        let help = "a `validation` block has a `condition`, which has to hold, and an `error_message`, which is said where it does not";
        let part = rule.body.attribute(word);
        part.ok_or_else(|| missing("validation", rule, word, help))
    };
    let test = &part("condition")?.value;
    let message = &part("error_message")?.value;
    match condition(context, &Scope::EMPTY, test)? {
        Condition::Known(true) | Condition::Unset(_) => Ok(()),
        Condition::Known(false) => {
            let text = match convert(&evaluate(context, &Scope::EMPTY, message)?, &Type::String) {
                Ok(Value::Text(text)) => text.to_string(),
                _ => "it does not satisfy its condition".to_owned(),
            };
            let diagnostic = Diagnostic::error(
                "invalid-value",
                format!(
                    "`{}` is refused: {text}",
                    context.qualified(&format!("var.{name}"))
                ),
            )
            .at(test.span, "this does not hold");
            let input = context.caller.as_ref().and_then(|caller| {
                let mut inputs = caller.call.inputs.iter();
                inputs.find(|input| &*input.name.text == name)
            });
            Err(match input {
                Some(input) => diagnostic.see(input.value.span, "given here"),
                None => diagnostic,
            }
            .into())
        }
    }
}

fn variable(context: &Context, block: &Block) -> Variable {
    only(context, "variable", block, &ATTRIBUTES, &["validation"]);
    let ty = match block.body.attribute("type") {
        None => Type::Any,
        Some(attribute) => context
            .settle(types::parse(context, &attribute.value))
            .unwrap_or(Type::Any),
    };
    let nullable = match block
        .body
        .attribute("nullable")
        .map(|attribute| &attribute.value)
    {
        None => true,
        Some(Expr {
            kind: ExprKind::Bool(flag),
            ..
        }) => *flag,
        Some(other) => {
            context.say(
                Diagnostic::error("wrong-type", "`nullable` is `true` or `false`")
                    .at(other.span, "here"),
            );
            true
        }
    };
    let default = block.body.attribute("default").map(|attribute| {
        let value = constant(context, &attribute.value)
            .and_then(|value| typed(&value, &ty, attribute.value.span));
        settled(context, value)
    });
    if matches!(default, Some(Memo::Known(Value::Null))) && !nullable {
        context.say(
            Diagnostic::error("conflict", "the default is null, and `nullable` is false").at_some(
                block.body.attribute("default").map(|it| it.value.span),
                "null",
            ),
        );
    }
    Variable {
        ty,
        default,
        nullable,
    }
}

/// A value that names nothing: of a default or in a file of values.
pub(super) fn constant(context: &Context, expr: &Expr) -> Eval<Value> {
    if let Some((_, span)) = expr.free_name(&|_| false) {
        return Err(Diagnostic::error(
            "unknown-reference",
            "a variable's value refers to nothing else",
        )
        .at(span, "a reference, or text without quotes")
        .help("text stands in quotes; what is put together from variables is a `locals` block's")
        .into());
    }
    evaluate(context, &Scope::EMPTY, expr)
}

fn typed(value: &Value, ty: &Type, span: Span) -> Eval<Value> {
    convert(value, ty).map_err(|why| Diagnostic::error("wrong-type", why).at(span, "here").into())
}

/// A file of values: attributes, each a variable's name.
fn from_file(
    context: &Context,
    id: SourceId,
    variables: &BTreeMap<Rc<str>, Variable>,
    set: &mut Set,
) {
    let mut said = Vec::new();
    let body = hcl::parse(id, &context.sources.borrow().get(id).text, &mut said);
    said.into_iter()
        .for_each(|diagnostic| context.say(diagnostic));
    for block in &body.blocks {
        context.say(
            Diagnostic::error("syntax", "a file of values holds attributes, no blocks")
                .at(block.span, "a block")
                .help("write `name = value`"),
        );
    }
    for attribute in &body.attributes {
        let Some((name, variable)) = variables.get_key_value(&attribute.name.text) else {
            let names = variables.keys().map(|name| &**name);
            let near = nearest(&attribute.name.text, names);
            let diagnostic = Diagnostic::warning(
                "unknown-reference",
                format!("no variable `{}` is declared", attribute.name.text),
            )
            .at(attribute.name.span, "has no effect");
            context.say(match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
            continue;
        };
        let value = constant(context, &attribute.value)
            .and_then(|value| typed(&value, &variable.ty, attribute.value.span));
        set.insert(name.clone(), settled(context, value));
    }
}

/// A value as text: itself where text, a number or a bool is wanted, else an expression.
fn from_text(context: &Context, origin: &str, text: &str, variable: &Variable) -> Eval<Value> {
    let id = context.add_source(origin, text);
    let span = Span::new(id, 0, text.len());
    let plain = matches!(
        variable.ty,
        Type::Any | Type::String | Type::Number | Type::Bool
    );
    if plain {
        return typed(&Value::text(text), &variable.ty, span);
    }
    let mut said = Vec::new();
    let expr = parse_expression(id, text, 0, &mut said);
    said.into_iter()
        .for_each(|diagnostic| context.say(diagnostic));
    let value = constant(context, &expr.ok_or(Failure::Reported)?)?;
    typed(&value, &variable.ty, span)
}
