//! Reports in their forms, printed and written. A file is there whole or as it was.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

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

/// Writes a file beside its place, and puts it there when it is whole. What is no file, such as `/dev/stdout`, is written
/// as it stands.
pub fn write(
    world: &World,
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let place = place(world, path);
    let written = || {
        if is_device(&place) {
            return filled(&mut OpenOptions::new().write(true).open(&place)?, fill);
        }
        let mut file = NamedTempFile::new_in(place.parent().unwrap_or(&place))?;
        filled(file.as_file_mut(), fill)?;
        // Who may read a file may read what comes in its place.
        if let Ok(before) = place.metadata() {
            file.as_file().set_permissions(before.permissions())?;
        }
        file.persist(&place).map_err(|error| error.error)?;
        Ok(())
    };
    written().map_err(|error: io::Error| unwritable(path, &error))
}

/// Whether files can be put where they are wanted: told before the tenant is read, which may take minutes.
pub fn check<'a>(world: &World, paths: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    for path in paths {
        let place = place(world, path);
        let made = match place.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false if is_device(&place) => Ok(()),
            false => NamedTempFile::new_in(place.parent().unwrap_or(&place)).map(drop),
        };
        made.map_err(|error| unwritable(path, &error))?;
    }
    Ok(())
}

/// Where a path leads: through links, which stay.
fn place(world: &World, path: &Path) -> PathBuf {
    let place = world.directory.join(path);
    place.canonicalize().unwrap_or(place)
}

fn is_device(place: &Path) -> bool {
    place.exists() && !place.is_file() && !place.is_dir()
}

fn filled(
    file: &mut File,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = BufWriter::new(file);
    fill(&mut buffer)?;
    buffer.flush()
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let cause = error.to_string();
    // Without the name of the file beside, which nobody knows.
    let cause = cause.split(" at path ").next().unwrap_or(&cause);
    let message = format!("`{}` cannot be written: {cause}", path.display());
    Failure::plain("unwritable", message)
}
