//! Changes of a stack's file: HCL is changed in place, so that comments and layout stay.

use std::ops::Range;

use hcl::edit::Span as _;
use hcl::edit::expr::{Expression, Object};
use hcl::edit::structure::{Block, Body, Structure};

use crate::cli::export;
use crate::cli::hcl_text::quoted;
use crate::config;
use crate::model::address::Address;
use crate::model::source::{SourceId, Span};
use crate::model::value::Map;

/// One change. Blocks are known by where their header begins.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Members of a credential's builder get these values.
    Set {
        address: Address,
        block: Span,
        builder: &'static str,
        members: Vec<(&'static str, String)>,
    },
    /// A credential's block comes.
    Add {
        place: Place,
        label: String,
        body: Map,
    },
    /// A block goes.
    Remove { address: Address, block: Span },
}

/// Where a new block comes to stand.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    After(Span),
    /// At the end of this block.
    In(Span),
}

impl Edit {
    /// A place in the file that is changed.
    pub fn span(&self) -> Span {
        match self {
            Edit::Set { block, .. } | Edit::Remove { block, .. } => *block,
            Edit::Add { place, .. } => match place {
                Place::After(span) | Place::In(span) => *span,
            },
        }
    }
}

/// A file of HCL after all changes. What is not changed stays byte for byte, unless the whole was in canonical layout:
/// then it still is.
///
/// # Errors
/// What keeps it from being changed, as the end of a sentence.
pub fn hcl(text: &str, edits: &[Edit]) -> Result<String, String> {
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
    let base = text.len() - plain.len();
    let body = hcl::edit::parser::parse_body(plain).map_err(|_| "it does not parse".to_owned())?;
    let mut pieces: Vec<(Range<usize>, String)> = Vec::new();
    for edit in edits {
        let start = edit.span().start.saturating_sub(base);
        let block = find(&body, start).ok_or("the block is written in another form")?;
        match edit {
            Edit::Set {
                builder, members, ..
            } => set(plain, block, builder, members, &mut pieces)?,
            Edit::Add { place, label, body } => {
                pieces.push(added(plain, block, *place, label, body)?);
            }
            Edit::Remove { .. } => pieces.push((whole(plain, &range(block)?), String::new())),
        }
    }
    pieces.sort_by_key(|(range, _)| (range.start, range.end));
    let mut made = plain.to_owned();
    let crlf = plain.contains("\r\n");
    for (range, piece) in pieces.into_iter().rev() {
        let piece = match crlf {
            true => piece.replace('\n', "\r\n"),
            false => piece,
        };
        made.replace_range(range, &piece);
    }
    let made = format!("{}{made}", &text[..base]);
    let layout = |text: &str| config::format::format(SourceId::default(), text).ok();
    match layout(text).as_deref() == Some(text) {
        true => Ok(layout(&made).unwrap_or(made)),
        false => Ok(made),
    }
}

/// The block whose header begins there.
fn find(body: &Body, start: usize) -> Option<&Block> {
    body.iter().find_map(|part| match part {
        Structure::Block(block) if block.ident.span().map(|at| at.start) == Some(start) => {
            Some(block)
        }
        Structure::Block(block) => find(&block.body, start),
        Structure::Attribute(_) => None,
    })
}

fn range(node: &impl hcl::edit::Span) -> Result<Range<usize>, String> {
    node.span().ok_or_else(|| "it has no place".to_owned())
}

/// The white space before the first word of the line.
fn indent(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// From the beginning of the first line to the end of the last; and the empty line before, where another gap follows.
fn whole(text: &str, block: &Range<usize>) -> Range<usize> {
    let mut start = text[..block.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[block.end..]
        .find('\n')
        .map_or(text.len(), |at| block.end + at + 1);
    let before = text[..start].trim_end_matches([' ', '\t', '\r', '\n']);
    let gap = text[before.len()..start].matches('\n').count() > 1;
    let next = text[end..].lines().next().unwrap_or_default().trim();
    if gap && (next.is_empty() || next.starts_with('}')) {
        let line = text[before.len()..].find('\n').map_or(0, |at| at + 1);
        start = before.len() + line;
    }
    start..end
}

/// Where a line may be added after what ends at `end`: behind a comma and a comment that belong to it.
fn behind(text: &str, end: usize) -> usize {
    let line = text[end..].lines().next().unwrap_or_default();
    let rest = line.trim_start().trim_start_matches(',').trim_start();
    match rest.is_empty() || rest.starts_with('#') || rest.starts_with("//") {
        true => end + line.len(),
        false => end,
    }
}

fn set(
    text: &str,
    block: &Block,
    builder: &str,
    members: &[(&'static str, String)],
    pieces: &mut Vec<(Range<usize>, String)>,
) -> Result<(), String> {
    let inner = block.body.iter().find_map(|part| match part {
        Structure::Block(inner) if inner.ident.as_str() == builder => Some(Ok(inner)),
        Structure::Attribute(attribute) if attribute.key.as_str() == builder => {
            Some(Err(&attribute.value))
        }
        _ => None,
    });
    match inner {
        Some(Ok(inner)) => {
            let last = inner.body.iter().last();
            let last = range(last.ok_or_else(|| format!("`{builder}` is empty"))?)?;
            for (name, value) in members {
                let there = inner.body.iter().find_map(|part| match part {
                    Structure::Attribute(one) if one.key.as_str() == *name => Some(&one.value),
                    _ => None,
                });
                pieces.push(match there {
                    Some(value_there) => (range(value_there)?, quoted(value)),
                    None => {
                        let line =
                            format!("\n{}{name} = {}", indent(text, last.start), quoted(value));
                        let end = behind(text, last.end);
                        (end..end, line)
                    }
                });
            }
            Ok(())
        }
        Some(Err(value)) => match object(value) {
            Some(object) => in_object(text, object, members, pieces),
            // What others may refer to, too, stays as it is.
            None => {
                let at = range(value)?;
                let merged = format!("merge({}, {{ {} }})", &text[at.clone()], listed(members));
                pieces.push((at, merged));
                Ok(())
            }
        },
        None => Err(format!("it has no `{builder}`")),
    }
}

/// The object of a value; of a `merge` the last one, whose members win.
fn object(value: &Expression) -> Option<&Object> {
    match value {
        Expression::Object(object) => Some(object),
        Expression::FuncCall(call) if call.name.name.as_str() == "merge" => {
            call.args.iter().last().and_then(object)
        }
        _ => None,
    }
}

/// Members as they stand in an object on one line.
fn listed(members: &[(&'static str, String)]) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("{name} = {}", quoted(value)));
    members.collect::<Vec<_>>().join(", ")
}

fn in_object(
    text: &str,
    object: &Object,
    members: &[(&'static str, String)],
    pieces: &mut Vec<(Range<usize>, String)>,
) -> Result<(), String> {
    let name_of = |key: &hcl::edit::expr::ObjectKey| match key {
        hcl::edit::expr::ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
        hcl::edit::expr::ObjectKey::Expression(key) => key.as_str().map(str::to_owned),
    };
    let Some((_, last)) = object.iter().last() else {
        pieces.push((range(object)?, format!("{{ {} }}", listed(members))));
        return Ok(());
    };
    let last = range(last.expr())?;
    let lines = text[range(object)?].contains('\n');
    for (name, value) in members {
        let there = object
            .iter()
            .find(|(key, _)| name_of(key).as_deref() == Some(*name));
        pieces.push(match there {
            Some((_, value_there)) => (range(value_there.expr())?, quoted(value)),
            None => {
                let (joint, end) = match lines {
                    true => (
                        format!("\n{}", indent(text, last.start)),
                        behind(text, last.end),
                    ),
                    false => (", ".to_owned(), last.end),
                };
                (end..end, format!("{joint}{name} = {}", quoted(value)))
            }
        });
    }
    Ok(())
}

fn added(
    text: &str,
    block: &Block,
    place: Place,
    label: &str,
    body: &Map,
) -> Result<(Range<usize>, String), String> {
    let at = range(block)?;
    let outer = indent(text, at.start);
    let written = export::credential_hcl(label, body)?;
    let lines = |indent: &str| {
        let lines = written.lines().map(|line| format!("{indent}{line}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    match place {
        Place::After(_) => {
            let end = text[at.end..]
                .find('\n')
                .map_or(text.len(), |newline| at.end + newline);
            let end = end - usize::from(text[..end].ends_with('\r'));
            let empty = |line: Option<&str>| line.is_some_and(|line| line.trim().is_empty());
            let before = text[..at.start].lines().rev().nth(1);
            let after = text[end..].lines().nth(1);
            let gap = empty(before) || empty(after);
            let joint = if gap { "\n\n" } else { "\n" };
            Ok((end..end, format!("{joint}{}", lines(outer))))
        }
        Place::In(_) => {
            let close = at.end - 1;
            let inner = format!("{outer}  ");
            let start = text[..close].rfind('\n').map_or(0, |newline| newline + 1);
            match start > at.start {
                true => Ok((start..start, format!("\n{}\n", lines(&inner)))),
                false => Err("the block is written on one line".to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
application \"a\" {
  # who deploys
  federated_credential \"one\" {
    github = merge(local.x, { branch = \"main\", }) # as ever
  }

  federated_credential \"two\" {
    github {
      owner          = \"contoso\"
      subject_format = \"name\" # until July
    }
  }
}
";

    fn at(needle: &str) -> Span {
        let start = FILE.find(needle).expect("a block");
        Span::new(SourceId::default(), start, start + 5)
    }

    fn address() -> Address {
        "application.a/federated_credential.one"
            .parse()
            .expect("an address")
    }

    fn format_of(needle: &str) -> Edit {
        Edit::Set {
            address: address(),
            block: at(needle),
            builder: "github",
            members: vec![
                ("owner_id", "7".to_owned()),
                ("subject_format", "both".to_owned()),
            ],
        }
    }

    #[test]
    fn members_are_set_where_they_stand_or_come_last() {
        let one = hcl(FILE, &[format_of("federated_credential \"one\"")]).expect("editable");
        assert!(
            one.contains("merge(local.x, { branch = \"main\", owner_id = \"7\", subject_format = \"both\", }) # as ever"),
            "{one}"
        );
        let two = hcl(FILE, &[format_of("federated_credential \"two\"")]).expect("editable");
        let lines = "      owner          = \"contoso\"\n      subject_format = \"both\" # until July\n      owner_id       = \"7\"\n";
        assert!(two.contains(lines), "{two}");
    }

    #[test]
    fn blocks_come_and_go_and_comments_stay() {
        let body: Map = [("issuer", "https://x"), ("subject", "y")]
            .map(|(name, text)| (name.to_owned(), text.into()))
            .into();
        let add = |place| Edit::Add {
            place,
            label: "new".to_owned(),
            body: body.clone(),
        };
        let new = "  federated_credential \"new\" {\n    issuer  = \"https://x\"\n    subject = \"y\"\n  }\n";
        let one = at("federated_credential \"one\"");
        let after = hcl(FILE, &[add(Place::After(one))]).expect("editable");
        assert!(
            after.contains(&format!("# as ever\n  }}\n\n{new}\n  fed")),
            "{after}"
        );
        let within = hcl(FILE, &[add(Place::In(at("application")))]).expect("editable");
        assert!(within.ends_with(&format!("  }}\n\n{new}}}\n")), "{within}");
        let crlf = FILE.replace('\n', "\r\n");
        let place = Place::In(Span::new(SourceId::default(), 0, 5));
        let windows = hcl(&crlf, &[add(place)]).expect("editable");
        assert_eq!(windows.replace("\r\n", "\n"), within);
        assert!(!windows.replace("\r\n", "").contains('\n'));
        let two = Edit::Remove {
            address: address(),
            block: at("federated_credential \"two\""),
        };
        let gone = hcl(FILE, &[two]).expect("editable");
        assert!(gone.ends_with("# as ever\n  }\n}\n"), "{gone}");
    }
}
