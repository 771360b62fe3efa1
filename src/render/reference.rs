//! The reference page of a kind, in Markdown, from its field table.

use std::fmt::Write;

use crate::model::language::{Attribute, Attributes, Difference, LanguageBlock};
use crate::model::schema::{Absent, Compare, Default, Field, Group, Shape, Type, When};

/// A kind's page. `example` is a stack file that shows it; `meta` are the attributes that every resource takes.
pub fn kind(
    shape: &Shape,
    shapes: &[&'static Shape],
    example: Option<&str>,
    meta: &[Attribute],
) -> String {
    let mut out = format!("# `{}`\n\n{}\n", shape.kind, shape.doc);
    let parents: Vec<String> = shape
        .parents
        .iter()
        .map(|parent| format!("[`{parent}`]({parent}.md)"))
        .collect();
    let parents = parents.join(" or ");
    if shape.implied && !parents.is_empty() {
        let _ = writeln!(
            out,
            "\nIt has no block of its own: it belongs to {parents}. Plans show it with the fields below."
        );
    } else if let Some(parent) = shape.parents.first() {
        let _ = writeln!(
            out,
            "\nIt stands inside a block of {parents}, or at the top of a file with `parent = {parent}.label`."
        );
    }
    if let Some(example) = example {
        let _ = write!(out, "\n## Example\n\n```hcl\n{}\n```\n", example.trim());
    }
    out.push_str("\n## Attributes\n\n");
    table(&mut out, shape.fields, shape.implied);
    for group in shape.groups {
        let (words, names) = match group {
            Group::One(names) => ("Exactly one of", names),
            Group::AtMostOne(names) => ("At most one of", names),
        };
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(out, "\n{words} {} stands in a block.", names.join(", "));
    }
    nested(&mut out, shape.fields, "");
    if !shape.implied {
        out.push_str("\n## Attributes of every resource\n\n");
        own_table(&mut out, meta);
    }
    let children: Vec<String> = shapes
        .iter()
        .filter(|child| child.nests_in(shape.kind))
        .map(|child| format!("- [`{0}`]({0}.md): {1}", child.kind, child.doc))
        .collect();
    if !children.is_empty() {
        let _ = write!(out, "\n## What belongs to it\n\n{}\n", children.join("\n"));
    }
    if !shape.outputs.is_empty() {
        out.push_str("\n## Outputs\n\n| output | |\n|---|---|\n");
        for output in shape.outputs {
            let _ = writeln!(out, "| `{}` | {} |", output.name, cell(output.doc));
        }
    }
    out
}

/// The page of the language's own blocks and its functions, with the names of those that are `refused` and why.
pub fn language(
    blocks: &[LanguageBlock],
    functions: impl Iterator<Item = &'static str>,
    refused: &[(&str, &str)],
    differences: &[Difference],
) -> String {
    let mut out = "# Blocks of the language\n".to_owned();
    for block in blocks {
        let _ = write!(out, "\n## `{}`\n\n{}\n", block.word, block.doc);
        match block.attributes {
            Attributes::Free => {}
            Attributes::Fields(fields) => {
                out.push('\n');
                table(&mut out, fields, false);
            }
            Attributes::Own(attributes) | Attributes::Open(attributes) => {
                out.push('\n');
                own_table(&mut out, attributes);
            }
        }
    }
    let functions: Vec<String> = functions.map(|name| format!("`{name}`")).collect();
    let _ = write!(
        out,
        "\n## Functions\n\nTerraform's, with its answers: {}.\n\n| left out | why |\n|---|---|\n",
        functions.join(", ")
    );
    for (name, why) in refused {
        let _ = writeln!(out, "| `{name}` | {} |", cell(why));
    }
    out.push_str("\n## Where an answer differs from Terraform's\n\n| expression | Terraform 1.11 | here | why |\n|---|---|---|---|\n");
    for it in differences {
        let words = [it.terraform, it.here, it.why].map(cell);
        let [terraform, here, why] = words;
        let _ = writeln!(
            out,
            "| `{}` | {terraform} | {here} | {why} |",
            it.expression
        );
    }
    out.push_str(
        "\nA heredoc has one line at least, and its word stands alone where it ends. An object that is written in HCL has some 16,000 keys at most; in YAML, and in what `yamldecode`, `jsondecode` and `csvdecode` read, there is no such bound.\n",
    );
    out
}

fn own_table(out: &mut String, attributes: &[Attribute]) {
    out.push_str("| attribute | |\n|---|---|\n");
    for attribute in attributes {
        let required = if attribute.required {
            "**Required.** "
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "| `{}` | {required}{} |",
            attribute.name,
            cell(attribute.doc)
        );
    }
}

/// A block's fields. A computed field is shown only where nobody writes any.
fn table(out: &mut String, fields: &[Field], computed: bool) {
    out.push_str("| attribute | type | when it is not declared | |\n|---|---|---|---|\n");
    for field in fields.iter().filter(|field| computed || !field.computed) {
        let mut doc = cell(field.doc);
        if !field.words.is_empty() {
            let words: Vec<String> = field.words.iter().map(|word| format!("`{word}`")).collect();
            let _ = write!(doc, " One of {}.", words.join(", "));
        }
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {doc} |",
            field.name,
            type_name(field.ty),
            absent(field),
        );
    }
}

/// A table for each nested block, deepest last.
fn nested(out: &mut String, fields: &[Field], path: &str) {
    for field in fields {
        let Some(inner) = field.nested() else {
            continue;
        };
        let path = match path {
            "" => field.name.to_owned(),
            path => format!("{path}.{}", field.name),
        };
        let label = match field.ty {
            Type::Labelled(_) => " \"label\"",
            _ => "",
        };
        let _ = write!(out, "\n### `{path}{label}`\n\n{}\n\n", field.doc);
        table(out, inner, false);
        nested(out, inner, &path);
    }
}

fn type_name(ty: Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(element) => format!("list of {}", type_name(*element)),
        Type::Set(element) => format!("set of {}", type_name(*element)),
        Type::Map(element) => format!("map of {}", type_name(*element)),
        Type::Block(_) => "block".to_owned(),
        Type::BlockOrFalse(_) => "block, or `false`".to_owned(),
        Type::Labelled(_) => "blocks by label".to_owned(),
        Type::Reference => "reference".to_owned(),
    }
}

fn absent(field: &Field) -> String {
    let default = match field.default {
        Default::Bool(flag) => format!("`{flag}`"),
        Default::Text(text) => format!("`\"{text}\"`"),
        Default::EmptySet => "empty".to_owned(),
        Default::Null => "none".to_owned(),
        Default::None => String::new(),
    };
    match (field.required, field.compare, field.absent) {
        (true, ..) => "**required**".to_owned(),
        // What a trust says is the trust.
        _ if field.pending => String::new(),
        _ if field.when == When::Create => "fixed by the create".to_owned(),
        (_, Compare::Never, _) if default.is_empty() => String::new(),
        (_, Compare::Never, _) => default,
        (_, _, Absent::Reset) if default.is_empty() => "reset".to_owned(),
        (_, _, Absent::Reset) => format!("reset to {default}"),
        _ if field.nested().is_some() || field.wire.is_none() => String::new(),
        (_, _, Absent::Untouched) => "left alone".to_owned(),
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
