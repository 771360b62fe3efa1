//! Dates. None of these knows what time it is: they take it as an argument.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Arguments;
use crate::config::context::Eval;
use crate::config::value::{Value, quote};

fn date(arguments: &Arguments, at: usize) -> Eval<OffsetDateTime> {
    let text = arguments.text(at)?;
    // Go reads no other letters, and no space for the `T`.
    let letters = |c: char| c == 'z' || c == 't' || c == ' ';
    let time = (!text.contains(letters)).then(|| OffsetDateTime::parse(&text, &Rfc3339));
    time.and_then(Result::ok).ok_or_else(|| {
        arguments.wrong(
            at,
            "expected a time of RFC 3339, as in `2026-11-21T08:00:00Z`",
        )
    })
}

pub(super) fn timeadd(arguments: &Arguments) -> Eval<Value> {
    let date = date(arguments, 0)?;
    let text = arguments.text(1)?;
    let added = duration(&text).ok_or_else(|| {
        arguments.wrong(1, format!("{} is not a duration: write `1h30m`, with the units `h`, `m`, `s`, `ms`, `us` and `ns`", quote(&text)))
    })?;
    let sum = date
        .checked_add(added)
        .ok_or_else(|| arguments.wrong(1, "the sum is outside of the calendar"))?;
    // Go's RFC 3339 has no fraction.
    let whole = sum.replace_nanosecond(0).unwrap_or(sum);
    let text = whole
        .format(&Rfc3339)
        .map_err(|_| arguments.wrong(1, "the sum is outside of the calendar"))?;
    arguments.made(text)
}

pub(super) fn timecmp(arguments: &Arguments) -> Eval<Value> {
    let order = date(arguments, 0)?.cmp(&date(arguments, 1)?);
    Ok(Value::Number(crate::model::value::Number(
        order as i8 as f64,
    )))
}

/// Go's durations: numbers with units, one after the other.
fn duration(text: &str) -> Option<Duration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|end| *end > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let length = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..length] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number * unit;
        rest = &rest[length..];
    }
    // Go's durations reach 292 years.
    (text.len() > sign_length(text) && seconds < 9.2e9)
        .then(|| Duration::seconds_f64(sign * seconds))
}

fn sign_length(text: &str) -> usize {
    usize::from(text.starts_with(['-', '+']))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Runs of one letter stand for parts of the time, text in single quotes for itself.
pub(super) fn formatdate(arguments: &Arguments) -> Eval<Value> {
    let (spec, date) = (arguments.text(0)?, date(arguments, 1)?);
    let mut made = String::new();
    let mut rest = &*spec;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("''") {
            made.push('\'');
            rest = after;
            continue;
        }
        if c == '\'' {
            rest = quoted(&rest[1..], &mut made)
                .ok_or_else(|| arguments.wrong(0, "a quote is never closed"))?;
            continue;
        }
        let length = rest.find(|other| other != c).unwrap_or(rest.len());
        let run = &rest[..length];
        rest = &rest[length..];
        if !c.is_ascii_alphabetic() {
            made.push_str(run);
            continue;
        }
        match part(&date, run) {
            Some(text) => made.push_str(&text),
            None => {
                return Err(arguments.wrong(0, format!("`{run}` stands for no part of a time: literal letters stand in single quotes")));
            }
        }
    }
    arguments.made(made)
}

/// Takes text up to the closing quote; two quotes are one. The rest after it.
fn quoted<'a>(mut rest: &'a str, made: &mut String) -> Option<&'a str> {
    loop {
        let end = rest.find('\'')?;
        made.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                made.push('\'');
                rest = after;
            }
            None => return Some(rest),
        }
    }
}

fn part(date: &OffsetDateTime, run: &str) -> Option<String> {
    let month = MONTHS[usize::from(u8::from(date.month())) - 1];
    let day = DAYS[usize::from(date.weekday().number_days_from_monday())];
    let twelve = match date.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if date.hour() < 12 { "AM" } else { "PM" };
    let (hours, minutes, _) = date.offset().as_hms();
    let sign = if date.offset().is_negative() {
        '-'
    } else {
        '+'
    };
    let zone = |colon: &str| {
        format!(
            "{sign}{:02}{colon}{:02}",
            hours.unsigned_abs(),
            minutes.unsigned_abs()
        )
    };
    let utc = date.offset().is_utc();
    Some(match run {
        "YYYY" => format!("{:04}", date.year()),
        "YY" => format!("{:02}", date.year().rem_euclid(100)),
        "MMMM" => month.to_owned(),
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", u8::from(date.month())),
        "M" => u8::from(date.month()).to_string(),
        "DD" => format!("{:02}", date.day()),
        "D" => date.day().to_string(),
        "EEEE" => day.to_owned(),
        "EEE" => day[..3].to_owned(),
        "hh" => format!("{:02}", date.hour()),
        "h" => date.hour().to_string(),
        "HH" => format!("{twelve:02}"),
        "H" => twelve.to_string(),
        "AA" => half.to_owned(),
        "aa" => half.to_lowercase(),
        "mm" => format!("{:02}", date.minute()),
        "m" => date.minute().to_string(),
        "ss" => format!("{:02}", date.second()),
        "s" => date.second().to_string(),
        "Z" if utc => "Z".to_owned(),
        "ZZZ" if utc => "UTC".to_owned(),
        "ZZZZ" | "ZZZ" => zone(""),
        "ZZZZZ" | "Z" => zone(":"),
        _ => return None,
    })
}
