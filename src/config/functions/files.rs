//! Functions that read files: only inside the repository, only text.

use std::rc::Rc;

use super::search::Search;
use super::{Arguments, clean};
use crate::config::context::{Eval, Failure};
use crate::config::evaluate::evaluate;
use crate::config::files::FileError;
use crate::config::hcl_expression::parse_template;
use crate::config::scope::Scope;
use crate::config::value::{Value, quote};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::words::nearest;

/// Files and directories that one `fileset` looks at.
const MOST: usize = 10_000;
/// The work of looking at one of them, in steps.
const LISTING: usize = 64;
/// Bytes that its pattern may have: as a regular expression it is several times as long.
const LONGEST: usize = 512;
/// How deep it goes.
const DEEPEST: usize = 32;

pub(super) fn file(arguments: &Arguments) -> Eval<Value> {
    let text = read(arguments)?;
    arguments.context.produce(text.len(), arguments.span)?;
    Ok(Value::Text(text))
}

pub(super) fn fileexists(arguments: &Arguments) -> Eval<Value> {
    let path = arguments.text(0)?;
    match arguments.context.file(&path) {
        Ok(_) | Err(FileError::TooLarge(_) | FileError::NotText) => Ok(Value::Bool(true)),
        Err(FileError::NotFound) => Ok(Value::Bool(false)),
        Err(error) => Err(unreadable(arguments, &path, &error)),
    }
}

fn read(arguments: &Arguments) -> Eval<Rc<str>> {
    let path = arguments.text(0)?;
    let text = arguments.context.file(&path);
    text.map_err(|error| unreadable(arguments, &path, &error))
}

fn unreadable(arguments: &Arguments, path: &str, error: &FileError) -> Failure {
    let mut diagnostic = Diagnostic::error(
        "file",
        format!("cannot read {}: {}", quote(path), error.why()),
    )
    .at(arguments.place(0), "this path");
    diagnostic.help.extend(error.help());
    diagnostic.into()
}

/// The file as a template; it knows the names that it is given and no others.
pub(super) fn templatefile(arguments: &Arguments) -> Eval<Value> {
    let path = arguments.document(0)?;
    let Some(given) = arguments.value(1).members() else {
        return Err(arguments.wrong(1, "expected an object with the template's names"));
    };
    let text = read(arguments)?;
    let context = arguments.context;
    let source = context.add_source(&path, &text);
    let mut said = Vec::new();
    let whole = Span::new(source, 0, text.len());
    let template = parse_template(&text, whole, Some(0), &mut said);
    if let Some(first) = said.into_iter().next() {
        return Err(first.see(arguments.place(0), "rendered here").into());
    }
    let names: Vec<(Rc<str>, Value)> = given
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some((name, span)) = template.free_name(&|name| given.contains_key(name)) {
        let diagnostic = Diagnostic::error(
            "unknown-reference",
            format!("the template is not given `{name}`"),
        )
        .at(span, "not known in this file")
        .see(arguments.place(1), "what it is given");
        return Err(match nearest(&name, given.keys().map(|name| &**name)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("add `{name} = …` to the second argument")),
        }
        .into());
    }
    context.rendering(arguments.span, || {
        evaluate(context, &Scope::root(names), &template)
    })
}

/// The files below a directory whose path matches a pattern with `*`, `**`, `?`, `[…]` and `{a,b}`.
pub(super) fn fileset(arguments: &Arguments) -> Eval<Value> {
    let (directory, pattern) = (arguments.text(0)?, arguments.text(1)?);
    if pattern.len() > LONGEST {
        return Err(arguments.wrong(1, format!("the pattern has more than {LONGEST} bytes")));
    }
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(arguments.wrong(
            1,
            "a pattern stays below its directory: no `..`, no `/` at its beginning",
        ));
    }
    let wrong = || arguments.wrong(1, "this is not a pattern");
    let expression = glob(&clean(&pattern)).ok_or_else(wrong)?;
    let search = Search::new(arguments, 1, &expression);
    let mut search = search.map_err(|failure| match failure {
        Failure::Reported => failure,
        _ => wrong(),
    })?;
    let mut found = Vec::new();
    let mut seen = 0;
    let mut waiting: Vec<(String, usize)> = vec![(String::new(), 0)];
    while let Some((below, depth)) = waiting.pop() {
        let path = match below.as_str() {
            "" => directory.to_string(),
            below => clean(&format!("{directory}/{below}")),
        };
        let entries = arguments
            .context
            .list(&path)
            .map_err(|error| unreadable(arguments, &path, &error))?;
        for entry in entries {
            seen += 1;
            if seen > MOST {
                return Err(arguments.wrong(
                    0,
                    "more than 10,000 files and directories lie below this one: name a smaller one",
                ));
            }
            arguments.context.spend(LISTING, arguments.span)?;
            let name = match below.as_str() {
                "" => entry.name,
                below => format!("{below}/{}", entry.name),
            };
            if entry.directory {
                // Where everything stays on one level, nothing deeper can match.
                if depth < DEEPEST && (pattern.contains('/') || pattern.contains("**")) {
                    waiting.push((name, depth + 1));
                }
            } else if search.matches(&name)? {
                found.push(Value::text(name));
            }
        }
    }
    Ok(Value::set(found))
}

/// A glob as a regular expression: `**` is any directories where it is a whole part of the path, `\\` takes the next
/// character as it is.
fn glob(pattern: &str) -> Option<String> {
    let mut text = String::from("^");
    let mut rest = pattern;
    let mut braces = 0usize;
    let mut begins = true;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        let began = std::mem::replace(&mut begins, matches!(c, '/' | '{' | ','));
        match c {
            '*' if began && rest.starts_with("**/") => {
                text.push_str("(?:[^/]*/)*");
                length = 3;
                begins = true;
            }
            '*' if began && rest == "**" => {
                text.push_str(".*");
                length = 2;
            }
            '\\' => {
                let taken = rest[1..].chars().next()?;
                text.push_str(&regex::escape(&taken.to_string()));
                length = 1 + taken.len_utf8();
            }
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '[' => {
                let end = rest.find(']')?;
                let inner = rest[1..end].replace('\\', "\\\\").replace('[', "\\[");
                let inner = match inner.strip_prefix('!') {
                    Some(other) => format!("^{other}"),
                    None => inner,
                };
                text.push_str(&format!("[{inner}]"));
                length = end + 1;
            }
            '{' => {
                braces += 1;
                text.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                text.push(')');
            }
            ',' if braces > 0 => text.push('|'),
            c => text.push_str(&regex::escape(&c.to_string())),
        }
        rest = &rest[length..];
    }
    text.push('$');
    Some(text)
}
