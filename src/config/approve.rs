//! `approve` blocks: reviewed access changes.

use std::rc::Rc;

use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime, Time};

use super::check::Check;
use super::context::Context;
use super::document::Block;
use super::node;
use super::scope::Scope;
use crate::model::desired::Approval;
use crate::model::schema::{Complaint, Field};
use crate::model::value::Value as Plain;

pub(super) const FIELDS: &[Field] = &[
    Field::string(
        "digest",
        "The digest of the access change, as the refused plan printed it: 16 digits or more.",
    )
    .required()
    .check(digest),
    Field::string("reason", "Why the change is right.")
        .required()
        .check(text),
    Field::string("owner", "Who answers for it.")
        .required()
        .check(text),
    Field::string(
        "until",
        "When the approval ends: a date (to its end, in UTC) or a time as in RFC 3339. Default: never.",
    )
    .check(until),
];

fn digest(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    let good = (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good {
        return Ok(());
    }
    Err(Complaint::new("a digest has 16 to 64 hexadecimal digits")
        .help("copy it from the plan that was refused: `--allow-widening` stands before it"))
}

/// A reason or an owner says something.
pub(super) fn text(value: &Plain) -> Result<(), Complaint> {
    match value.as_str().is_some_and(|text| text.trim().is_empty()) {
        true => Err(Complaint::new("this says nothing")
            .help("whoever reads it in a year has only these words")),
        false => Ok(()),
    }
}

pub(super) fn until(value: &Plain) -> Result<(), Complaint> {
    let text = value.as_str().unwrap_or_default();
    match moment(text) {
        Some(_) => Ok(()),
        None => Err(Complaint::new(format!(
            "{} is neither a date nor a time",
            super::value::quote(text)
        ))
        .help("write `2027-03-31` or `2027-03-31T12:00:00Z`")),
    }
}

/// The end of a day, or a time, in milliseconds since 1970.
pub(super) fn moment(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let day = Date::parse(text, &Iso8601::DATE).ok()?;
        Some(day.with_time(Time::MAX).assume_utc())
    })?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

/// What the blocks say, by name.
pub(super) fn approvals(context: &Context) -> Vec<Approval> {
    let declared = context.declared.approvals.iter();
    declared
        .filter_map(|(name, block)| approval(context, name, block))
        .collect()
}

fn approval(context: &Context, name: &Rc<str>, block: &Block) -> Option<Approval> {
    let members = node::members(context, &Scope::EMPTY, &block.body, FIELDS);
    let mut check = Check::new(context, None);
    let body = check.body("approve", block.span, &members, FIELDS, &[]);
    let text = |name: &str| body.get(name).and_then(Plain::as_str).map(str::to_owned);
    (!check.failed).then(|| Approval {
        name: name.to_string(),
        digest: text("digest").unwrap_or_default().to_ascii_lowercase(),
        reason: text("reason").unwrap_or_default(),
        owner: text("owner").unwrap_or_default(),
        until: text("until").as_deref().and_then(moment),
    })
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_day_lasts_to_its_end() {
        assert_eq!(moment("1970-01-01"), Some(86_399_999));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(moment("tomorrow"), None);
    }
}
