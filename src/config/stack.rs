//! The `stack` block and the outputs.

use std::collections::BTreeMap;

use super::check::Check;
use super::context::{Context, Eval};
use super::document::Block;
use super::evaluate::{evaluate, no_value};
use super::node;
use super::scope::Scope;
use super::unknown::{missing, only};
use super::value::Value;
use crate::model::desired::{LockPlace, OutputValue, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::schema::{Complaint, Field, Type};
use crate::model::value::Value as Plain;

const CLOUDS: &[&str] = &["public", "usgov", "usdod", "china"];

pub(super) const FIELDS: &[Field] = &[
    Field::string(
        "tenant_id",
        "The tenant's GUID. An apply refuses to run against any other.",
    )
    .required()
    .check(tenant),
    Field::string("cloud", "The national cloud. Default: `public`.").words(CLOUDS),
    Field::string(
        "name",
        "The stack's name, where it depends on variables. Default: the label.",
    )
    .check(name),
    Field::new(
        "previous",
        Type::List(&Type::String),
        "The names that it had, the oldest first. What it made keeps the first of them: unique names in Graph never change.",
    ),
    Field::block(
        "lock",
        LOCK,
        "Where runs exclude each other, also on different machines: `storage_account` and `container` name a container that is there already and not public. A run holds a lease of 60 seconds on a blob in it, renewed while it works. Without it a file on this machine is the lock.",
    ),
];

const LOCK: &[Field] = &[
    Field::string("storage_account", "The storage account's name.")
        .required()
        .check(account),
    Field::string("container", "The container's name.")
        .required()
        .check(container),
];

fn account(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if (3..=24).contains(&text.len()) && text.bytes().all(good) {
        return Ok(());
    }
    let quoted = super::value::quote(text);
    Err(
        Complaint::new(format!("a storage account cannot be called {quoted}"))
            .help("a name has 3 to 24 lower-case letters and digits"),
    )
}

fn container(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (3..=63).contains(&text.len()) && text.bytes().all(good) {
        return Ok(());
    }
    let quoted = super::value::quote(text);
    Err(
        Complaint::new(format!("a container for locks cannot be called {quoted}"))
            .help("a name has 3 to 63 lower-case letters, digits and hyphens"),
    )
}

fn tenant(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    if uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 {
        return Ok(());
    }
    Err(Complaint::new(format!(
        "`tenant_id` cannot be {}: it is a GUID",
        super::value::quote(text)
    ))
    .help("`az account show --query tenantId` prints it"))
}

fn name(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    let good = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 60
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if good {
        return Ok(());
    }
    Err(Complaint::new(format!(
        "a stack cannot be called {}",
        super::value::quote(text)
    ))
    .help(
        "a name has up to 60 letters, digits, `.`, `_` and `-`, and begins with a letter or digit",
    ))
}

/// The stack that the block declares.
pub(super) fn stack(context: &Context, block: &Block) -> Option<Stack> {
    let members = node::members(context, &Scope::EMPTY, &block.body, FIELDS);
    let mut check = Check::new(context, None);
    let body = check.body("stack", block.span, &members, FIELDS, &[]);
    let text = |name: &str| body.get(name).and_then(Plain::as_str);
    let known = |name: &str| body.get(name).is_none_or(|value| value.is_known());
    for field in FIELDS.iter().filter(|field| !known(field.name)) {
        check.say(
            Diagnostic::error(
                "not-known-yet",
                format!("`{}` must be known before anything is planned", field.name),
            )
            .at_some(check.spans.get(field.name).copied(), "a resource's output"),
        );
    }
    let label = block.labels.first()?;
    if text("name").is_none()
        && let Err(complaint) = name(&Plain::text(&*label.text))
    {
        let mut diagnostic = Diagnostic::error("invalid-value", complaint.message)
            .at(label.span, "the stack's name");
        diagnostic.help.extend(complaint.help);
        check.say(diagnostic);
    }
    let previous = body.get("previous").and_then(|names| names.items().next());
    let first = previous.and_then(Plain::as_str).map(str::to_owned);
    if let Some(text) = &first
        && let Err(complaint) = name(&Plain::text(text.as_str()))
    {
        let span = check.spans.get("previous").copied();
        let mut diagnostic =
            Diagnostic::error("invalid-value", complaint.message).at_some(span, "a name it had");
        diagnostic.help.extend(complaint.help);
        check.say(diagnostic);
    }
    let called = text("name").unwrap_or(&label.text).to_owned();
    (!check.failed).then(|| Stack {
        renamed: first.is_some().then(|| called.clone()),
        name: first.unwrap_or(called),
        tenant_id: text("tenant_id").unwrap_or_default().to_lowercase(),
        cloud: text("cloud").and_then(Cloud::parse).unwrap_or_default(),
        lock: lock(body.get("lock")),
        origin: Some(block.span),
    })
}

fn lock(block: Option<&Plain>) -> Option<LockPlace> {
    let members = block?.as_map()?;
    let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
    Some(LockPlace {
        storage_account: text("storage_account")?,
        container: text("container")?,
    })
}

/// The values of the outputs.
pub(super) fn outputs(context: &Context) -> BTreeMap<String, OutputValue> {
    let declared = context.declared.outputs.iter();
    declared
        .filter_map(|(name, block)| {
            let value = context.settle(output(context, block))?;
            Some((name.to_string(), value))
        })
        .collect()
}

pub(super) const OUTPUT: [&str; 2] = ["value", "description"];

/// The value of an output, of the stack or a module.
pub(super) fn output_value(context: &Context, block: &Block) -> Eval<Value> {
    only(context, "output", block, &OUTPUT, &[]);
    let Some(attribute) = block.body.attribute("value") else {
        let help =
            "write `value = …`: what others are to read, as in `application.label.client_id`";
        return Err(missing("output", block, "value", help));
    };
    evaluate(context, &Scope::EMPTY, &attribute.value)
}

fn output(context: &Context, block: &Block) -> Eval<OutputValue> {
    let value = output_value(context, block)?;
    let span = block
        .body
        .attribute("value")
        .map_or(block.span, |attribute| attribute.value.span);
    let unset = value.unset_variables();
    if !unset.is_empty() {
        return Err(no_value(unset.iter(), span));
    }
    if let Value::Resource(address) = &value {
        let identity = context.kinds.identity(address);
        return Err(
            Diagnostic::error("wrong-type", "an output cannot be a whole resource")
                .at(span, format!("this is {}", value.describe()))
                .help(format!("choose one of its outputs, as in `.{identity}`"))
                .into(),
        );
    }
    Ok(OutputValue {
        value: value.to_plain(&|address| context.kinds.identity(address)),
        description: description(block),
    })
}

/// An output's description: plain text.
fn description(block: &Block) -> Option<String> {
    let attribute = block.body.attribute("description")?;
    Some(attribute.value.literal()?.to_string())
}
