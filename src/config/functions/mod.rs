//! Functions, with Terraform's answers. One table names them all.

mod addresses;
mod arguments;
mod collections;
mod conversions;
mod dates;
mod encodings;
mod files;
mod format;
mod hashes;
mod lists;
mod numbers;
mod refused;
mod regexes;
mod search;
mod sets;
mod strings;

pub use refused::REFUSED;
pub(super) use strings::clean;

use super::context::{Context, Eval, Failure};
use super::document::Call;
use super::evaluate::{evaluate, merge_unset};
use super::scope::Scope;
use super::value::{Value, count};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::words::nearest;

/// How much of its arguments a function looks at: what that costs, and whether they may wait for a variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// A part of them.
    Part,
    /// How they are put together.
    Structure,
    /// Everything in them; all variables must have values.
    Inside,
}

struct Function {
    name: &'static str,
    least: usize,
    /// None for any number.
    most: Option<usize>,
    reach: Reach,
    run: fn(&Arguments) -> Eval<Value>,
}

const fn function(
    name: &'static str,
    least: usize,
    most: Option<usize>,
    reach: Reach,
    run: fn(&Arguments) -> Eval<Value>,
) -> Function {
    Function {
        name,
        least,
        most,
        reach,
        run,
    }
}

use Reach::{Inside, Part, Structure};

/// Every function but `try` and `can`, which see their arguments before they are evaluated.
const ALL: &[Function] = &[
    function("abs", 1, Some(1), Inside, numbers::abs),
    function("alltrue", 1, Some(1), Inside, collections::alltrue),
    function("anytrue", 1, Some(1), Inside, collections::anytrue),
    function("base64decode", 1, Some(1), Inside, encodings::base64decode),
    function("base64encode", 1, Some(1), Inside, encodings::base64encode),
    function("base64sha256", 1, Some(1), Inside, hashes::base64sha256),
    function("base64sha512", 1, Some(1), Inside, hashes::base64sha512),
    function("basename", 1, Some(1), Inside, strings::basename),
    function("ceil", 1, Some(1), Inside, numbers::ceil),
    function("chomp", 1, Some(1), Inside, strings::chomp),
    function("chunklist", 2, Some(2), Structure, lists::chunklist),
    function("cidrhost", 2, Some(2), Inside, addresses::cidrhost),
    function("cidrnetmask", 1, Some(1), Inside, addresses::cidrnetmask),
    function("cidrsubnet", 3, Some(3), Inside, addresses::cidrsubnet),
    function("cidrsubnets", 1, None, Inside, addresses::cidrsubnets),
    function("coalesce", 1, None, Inside, collections::coalesce),
    function("coalescelist", 1, None, Structure, lists::coalescelist),
    function("compact", 1, Some(1), Inside, collections::compact),
    function("concat", 1, None, Structure, collections::concat),
    function("contains", 2, Some(2), Inside, collections::contains),
    function("csvdecode", 1, Some(1), Inside, encodings::csvdecode),
    function("dirname", 1, Some(1), Inside, strings::dirname),
    function("distinct", 1, Some(1), Inside, collections::distinct),
    function("element", 2, Some(2), Part, collections::element),
    function("endswith", 2, Some(2), Inside, strings::endswith),
    function("file", 1, Some(1), Inside, files::file),
    function("fileexists", 1, Some(1), Inside, files::fileexists),
    function("fileset", 2, Some(2), Inside, files::fileset),
    function("flatten", 1, Some(1), Structure, collections::flatten),
    function("floor", 1, Some(1), Inside, numbers::floor),
    function("format", 1, None, Inside, format::format),
    function("formatdate", 2, Some(2), Inside, dates::formatdate),
    function("formatlist", 1, None, Inside, format::formatlist),
    function("indent", 2, Some(2), Inside, strings::indent),
    function("index", 2, Some(2), Inside, lists::index),
    function("join", 2, None, Inside, strings::join),
    function("jsondecode", 1, Some(1), Inside, encodings::jsondecode),
    function("jsonencode", 1, Some(1), Inside, encodings::jsonencode),
    function("keys", 1, Some(1), Structure, collections::keys),
    function("length", 1, Some(1), Part, collections::length),
    function("log", 2, Some(2), Inside, numbers::log),
    function("lookup", 2, Some(3), Part, collections::lookup),
    function("lower", 1, Some(1), Inside, strings::lower),
    function("matchkeys", 3, Some(3), Inside, lists::matchkeys),
    function("max", 1, None, Inside, numbers::max),
    function("md5", 1, Some(1), Inside, hashes::md5),
    function("merge", 0, None, Structure, collections::merge),
    function("min", 1, None, Inside, numbers::min),
    function("one", 1, Some(1), Part, collections::one),
    function("parseint", 2, Some(2), Inside, numbers::parseint),
    function("pow", 2, Some(2), Inside, numbers::pow),
    function("range", 1, Some(3), Inside, lists::range),
    function("regex", 2, Some(2), Inside, regexes::regex),
    function("regexall", 2, Some(2), Inside, regexes::regexall),
    function("replace", 3, Some(3), Inside, strings::replace),
    function("reverse", 1, Some(1), Structure, collections::reverse),
    function("setintersection", 1, None, Inside, sets::setintersection),
    function("setproduct", 2, None, Structure, sets::setproduct),
    function("setsubtract", 2, Some(2), Inside, sets::setsubtract),
    function("setunion", 1, None, Inside, sets::setunion),
    function("sha1", 1, Some(1), Inside, hashes::sha1),
    function("sha256", 1, Some(1), Inside, hashes::sha256),
    function("sha512", 1, Some(1), Inside, hashes::sha512),
    function("signum", 1, Some(1), Inside, numbers::signum),
    function("slice", 3, Some(3), Structure, lists::slice),
    function("sort", 1, Some(1), Inside, collections::sort),
    function("split", 2, Some(2), Inside, strings::split),
    function("startswith", 2, Some(2), Inside, strings::startswith),
    function("strcontains", 2, Some(2), Inside, strings::strcontains),
    function("strrev", 1, Some(1), Inside, strings::strrev),
    function("substr", 3, Some(3), Inside, strings::substr),
    function("sum", 1, Some(1), Inside, numbers::sum),
    function("templatefile", 2, Some(2), Inside, files::templatefile),
    function(
        "textdecodebase64",
        2,
        Some(2),
        Inside,
        encodings::textdecodebase64,
    ),
    function(
        "textencodebase64",
        2,
        Some(2),
        Inside,
        encodings::textencodebase64,
    ),
    function("timeadd", 2, Some(2), Inside, dates::timeadd),
    function("timecmp", 2, Some(2), Inside, dates::timecmp),
    function("title", 1, Some(1), Inside, strings::title),
    function("tobool", 1, Some(1), Inside, conversions::tobool),
    function("tolist", 1, Some(1), Inside, conversions::tolist),
    function("tomap", 1, Some(1), Inside, conversions::tomap),
    function("tonumber", 1, Some(1), Inside, conversions::tonumber),
    function("toset", 1, Some(1), Inside, conversions::toset),
    function("tostring", 1, Some(1), Inside, conversions::tostring),
    function("transpose", 1, Some(1), Inside, lists::transpose),
    function("trim", 2, Some(2), Inside, strings::trim),
    function("trimprefix", 2, Some(2), Inside, strings::trimprefix),
    function("trimspace", 1, Some(1), Inside, strings::trimspace),
    function("trimsuffix", 2, Some(2), Inside, strings::trimsuffix),
    function("upper", 1, Some(1), Inside, strings::upper),
    function("urlencode", 1, Some(1), Inside, strings::urlencode),
    function("uuidv5", 2, Some(2), Inside, hashes::uuidv5),
    function("values", 1, Some(1), Structure, collections::values),
    function("yamldecode", 1, Some(1), Inside, encodings::yamldecode),
    function("yamlencode", 1, Some(1), Inside, encodings::yamlencode),
    function("zipmap", 2, Some(2), Structure, collections::zipmap),
];

/// The names of all functions, in their order.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = ALL.iter().map(|function| function.name).collect();
    names.extend(["can", "try"]);
    names.sort_unstable();
    names.into_iter()
}

/// A function's arguments, evaluated.
pub(super) struct Arguments<'a, 'c> {
    context: &'a Context<'c>,
    name: &'static str,
    span: Span,
    values: Vec<(Value, Span)>,
}

pub(super) fn call(context: &Context, scope: &Scope, call: &Call, span: Span) -> Eval<Value> {
    match &*call.name.text {
        "try" => return attempt(context, scope, call, span),
        "can" => return can(context, scope, call, span),
        _ => {}
    }
    let Some(function) = ALL
        .iter()
        .find(|function| function.name == &*call.name.text)
    else {
        // The nearest is searched for, also where `can` asks.
        context.spend(ALL.len(), span)?;
        return Err(unknown(call).into());
    };
    let values = arguments(context, scope, call)?;
    check_number(
        function.name,
        function.least,
        function.most,
        values.len(),
        span,
    )?;
    let all = || values.iter().map(|(value, _)| value);
    let waits = |value: &Value| match function.reach {
        Inside => value.size().unset,
        Part | Structure => matches!(value, Value::Unset(_)),
    };
    if all().any(waits) {
        return Ok(merge_unset(all().cloned()).unwrap_or(Value::Null));
    }
    let cost = match function.reach {
        Part => 1,
        Structure => all().fold(1, |sum, value| {
            let items = value.items().map_or(0, <[Value]>::len);
            // A map is put together key by key.
            sum + items + value.members().map_or(0, |members| 4 * members.len())
        }),
        Inside => all().fold(1, |sum, value| sum + value.size().weight / 16),
    };
    context.spend(cost, span)?;
    (function.run)(&Arguments {
        context,
        name: function.name,
        span,
        values,
    })
}

fn arguments(context: &Context, scope: &Scope, call: &Call) -> Eval<Vec<(Value, Span)>> {
    let mut values = Vec::with_capacity(call.arguments.len());
    for (at, argument) in call.arguments.iter().enumerate() {
        let value = evaluate(context, scope, argument)?;
        if !(call.expand && at + 1 == call.arguments.len()) {
            values.push((value, argument.span));
            continue;
        }
        match &value {
            Value::List(_) | Value::Set(_) => {
                let items = value.items().unwrap_or_default();
                context.spend(items.len(), argument.span)?;
                values.extend(items.iter().map(|item| (item.clone(), argument.span)));
            }
            Value::Unset(_) => values.push((value, argument.span)),
            other => {
                return Err(Diagnostic::error("wrong-type", "`...` needs a list")
                    .at(argument.span, format!("this is {}", other.describe()))
                    .into());
            }
        }
    }
    Ok(values)
}

fn check_number(
    name: &str,
    least: usize,
    most: Option<usize>,
    found: usize,
    span: Span,
) -> Eval<()> {
    if found >= least && most.is_none_or(|most| found <= most) {
        return Ok(());
    }
    let expected = match most {
        Some(most) if most == least => count(least, "argument"),
        Some(most) => format!("{least} to {most} arguments"),
        None => format!("at least {}", count(least, "argument")),
    };
    Err(
        Diagnostic::error("function", format!("`{name}` takes {expected}"))
            .at(span, format!("found {found}"))
            .into(),
    )
}

fn unknown(call: &Call) -> Diagnostic {
    let name = &*call.name.text;
    let error =
        |message: String| Diagnostic::error("function", message).at(call.name.span, "not known");
    if let Some((_, why)) = refused::REFUSED
        .iter()
        .find(|(refused, _)| *refused == name)
    {
        return error(format!("there is no function `{name}` here: {why}"));
    }
    let error = error(format!("there is no function `{name}`"));
    match nearest(name, names()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(
            "they are Terraform's, with its answers: `trustform explain functions` lists them",
        ),
    }
}

/// The first argument that has a value.
fn attempt(context: &Context, scope: &Scope, call: &Call, span: Span) -> Eval<Value> {
    check_number("try", 1, None, call.arguments.len(), span)?;
    let mut last = Failure::Reported;
    for argument in &call.arguments {
        match evaluate(context, scope, argument) {
            Err(failure @ Failure::Said(_)) => last = failure,
            other => return other,
        }
    }
    Err(last)
}

fn can(context: &Context, scope: &Scope, call: &Call, span: Span) -> Eval<Value> {
    let [argument] = call.arguments.as_slice() else {
        check_number("can", 1, Some(1), call.arguments.len(), span)?;
        return Err(Failure::Reported);
    };
    match evaluate(context, scope, argument) {
        Ok(unset @ Value::Unset(_)) => Ok(unset),
        Ok(_) => Ok(Value::Bool(true)),
        Err(Failure::Said(_)) => Ok(Value::Bool(false)),
        Err(failure) => Err(failure),
    }
}
