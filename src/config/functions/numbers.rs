//! Functions on numbers.

use super::Arguments;
use crate::config::context::{Eval, Failure};
use crate::config::convert::{Type, convert};
use crate::config::operators::kept;
use crate::config::value::Value;
use crate::model::value::Number;

fn number(arguments: &Arguments, at: usize) -> Eval<f64> {
    of(arguments, at, arguments.known(at)?)
}

fn of(arguments: &Arguments, at: usize, value: &Value) -> Eval<f64> {
    match convert(value, &Type::Number) {
        Ok(Value::Number(number)) => Ok(number.0),
        Ok(_) => Err(arguments.wrong(at, "expected a number")),
        Err(why) => Err(arguments.wrong(at, why)),
    }
}

fn made(arguments: &Arguments, number: f64) -> Eval<Value> {
    match kept(number) {
        Some(number) => Ok(Value::Number(Number(number))),
        None => Err(arguments.wrong(0, "the result is no number that can be kept exactly")),
    }
}

pub(super) fn abs(arguments: &Arguments) -> Eval<Value> {
    made(arguments, number(arguments, 0)?.abs())
}

pub(super) fn ceil(arguments: &Arguments) -> Eval<Value> {
    made(arguments, number(arguments, 0)?.ceil())
}

pub(super) fn floor(arguments: &Arguments) -> Eval<Value> {
    made(arguments, number(arguments, 0)?.floor())
}

/// -1, 0 or 1.
pub(super) fn signum(arguments: &Arguments) -> Eval<Value> {
    let number = number(arguments, 0)?;
    if number.fract() != 0.0 {
        return Err(arguments.wrong(0, "expected a whole number"));
    }
    let sign = if number == 0.0 { 0.0 } else { number.signum() };
    made(arguments, sign)
}

/// The logarithm of the first to the base of the second.
pub(super) fn log(arguments: &Arguments) -> Eval<Value> {
    let (of, base) = (number(arguments, 0)?, number(arguments, 1)?);
    made(arguments, of.ln() / base.ln())
}

pub(super) fn pow(arguments: &Arguments) -> Eval<Value> {
    let (base, power) = (number(arguments, 0)?, number(arguments, 1)?);
    made(arguments, base.powf(power))
}

pub(super) fn max(arguments: &Arguments) -> Eval<Value> {
    let numbers = all(arguments)?;
    made(
        arguments,
        numbers.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )
}

pub(super) fn min(arguments: &Arguments) -> Eval<Value> {
    let numbers = all(arguments)?;
    made(arguments, numbers.into_iter().fold(f64::INFINITY, f64::min))
}

fn all(arguments: &Arguments) -> Eval<Vec<f64>> {
    (0..arguments.values.len())
        .map(|at| number(arguments, at))
        .collect()
}

/// Of a list or set of at least one number.
pub(super) fn sum(arguments: &Arguments) -> Eval<Value> {
    arguments.known(0)?;
    let items = arguments.items(0)?;
    if items.is_empty() {
        return Err(arguments.wrong(0, "there is no sum of no numbers"));
    }
    let sum = items.iter().try_fold(0.0, |sum, item| {
        Ok::<f64, Failure>(sum + of(arguments, 0, item)?)
    })?;
    made(arguments, sum)
}

/// A whole number out of its digits; above base 36, capital letters are digits of their own.
pub(super) fn parseint(arguments: &Arguments) -> Eval<Value> {
    let Some(text) = arguments.known(0)?.as_text() else {
        return Err(arguments.wrong(0, "expected a string"));
    };
    let base = arguments.whole(1)?;
    if !(2..=62).contains(&base) {
        return Err(arguments.wrong(1, "the base must be 2 to 62"));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digit = |c: char| {
        let value = match c {
            '0'..='9' => c as i64 - '0' as i64,
            'a'..='z' => c as i64 - 'a' as i64 + 10,
            'A'..='Z' if base > 36 => c as i64 - 'A' as i64 + 36,
            'A'..='Z' => c as i64 - 'A' as i64 + 10,
            _ => return None,
        };
        (value < base).then_some(value as f64)
    };
    let parsed = digits
        .chars()
        .try_fold(0.0, |sum, c| Some(sum * base as f64 + digit(c)?));
    match parsed.filter(|_| !digits.is_empty()) {
        Some(number) => made(arguments, if negative { -number } else { number }),
        None => Err(arguments.wrong(0, format!("this is not a whole number in base {base}"))),
    }
}
