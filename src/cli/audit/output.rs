//! Reports in their forms, printed and written. A file is there whole or as it was.

use std::io::Write;
use std::path::Path;

use super::args::{Args, Form};
use crate::audit::flows;
use crate::cli::{Failure, World};
use crate::model::report::Report;
use crate::model::tenant::Tenant;
use crate::render::audit::{html, json, junit, markdown, sarif, text};
use crate::render::json::printable;
use crate::render::style::Style;

/// Ways that a page draws: more are no picture.
const DRAWN: usize = 150;

/// Prints the report and writes the others; all are made before the first is written.
pub fn output(
    world: &mut World,
    args: &Args,
    tenant: &Tenant,
    report: &Report,
) -> Result<(), Failure> {
    let made: Vec<(&Path, String)> = args
        .report
        .iter()
        .map(|file| {
            let text = shown(args, file.form, tenant, report);
            (file.path.as_path(), text)
        })
        .collect();
    for (path, text) in &made {
        write(world, path, |file| file.write_all(text.as_bytes()))?;
    }
    match args.format {
        Form::Text => {
            let style = world.style();
            text::text(report, style).for_each(|piece| world.print(&piece));
        }
        form => {
            let text = shown(args, form, tenant, report);
            world.print(&text);
        }
    }
    Ok(())
}

fn shown(args: &Args, form: Form, tenant: &Tenant, report: &Report) -> String {
    match form {
        Form::Text => text::text(report, Style::PLAIN).collect(),
        Form::Json => printable(&json::json(report)),
        Form::Markdown => markdown::markdown(report),
        Form::Sarif => printable(&sarif::sarif(report)),
        Form::Junit => junit::junit(report, args.fail_on.severity()),
        Form::Html => html::html(report, &flows::of(tenant, report, DRAWN)),
    }
}

/// Writes a file beside its place, and puts it there when it is whole.
pub fn write(
    world: &World,
    path: &Path,
    fill: impl FnOnce(&mut std::io::BufWriter<&mut std::fs::File>) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let place = world.directory.join(path);
    let directory = place.parent().unwrap_or(&place);
    let written = || {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        let mut buffer = std::io::BufWriter::new(file.as_file_mut());
        fill(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        file.persist(&place).map_err(|error| error.error)?;
        Ok(())
    };
    written().map_err(|error: std::io::Error| {
        Failure::plain(
            "unwritable",
            format!("`{}` cannot be written: {error}", path.display()),
        )
    })
}
