//! What `doctor` found, for people and for programs.

use serde_json::json;

use super::{Check, Status};
use crate::cli::World;
use crate::cli::args::Format;
use crate::model::desired;
use crate::render::escape::terminal;
use crate::render::style::Style;

pub fn print(world: &mut World, format: Format, stack: &desired::Stack, checks: &[Check]) {
    match format {
        Format::Json => {
            let checks: Vec<_> = checks
                .iter()
                .map(|check| {
                    json!({
                        "name": check.name, "status": check.status, "sentence": check.sentence, "help": check.help,
                    })
                })
                .collect();
            world.print_json(&json!({
                "format": "trustform-doctor/1", "tenant_id": stack.tenant_id, "cloud": stack.cloud.name(),
                "checks": checks,
            }));
        }
        Format::Text => {
            let text = text(stack, checks, world.style());
            world.print(&text);
        }
    }
}

fn text(stack: &desired::Stack, checks: &[Check], style: Style) -> String {
    let mut text = format!(
        "tenant {}, cloud {}\n\n",
        terminal(&stack.tenant_id),
        stack.cloud.name()
    );
    let width = checks.iter().map(|check| check.name.len()).max();
    let width = width.unwrap_or(0);
    for check in checks {
        let word = match check.status {
            Status::Pass => style.added("pass   "),
            Status::Fail => style.removed("fail   "),
            Status::Unknown => style.faint("unknown"),
        };
        let sentence = terminal(&check.sentence);
        text.push_str(&format!("{word}  {:width$}  {sentence}\n", check.name));
        for help in &check.help {
            let indent = width + 11;
            text.push_str(&format!("{:indent$}help: {}\n", "", terminal(help)));
        }
    }
    let of = |status| checks.iter().filter(|check| check.status == status).count();
    text.push_str(&format!(
        "\n{} passed, {} failed, {} unknown.\n",
        of(Status::Pass),
        of(Status::Fail),
        of(Status::Unknown)
    ));
    text
}
