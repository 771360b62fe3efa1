//! `format`: the verbs of Terraform's, which are Go's.

use super::Arguments;
use super::encodings::json_text;
use crate::config::context::Eval;
use crate::config::convert::{Type, convert};
use crate::config::value::{TextBuilder, Value};

/// How wide or precise a verb may ask to be.
const WIDEST: usize = 1024;

/// `%[flags][width][.precision]verb`
#[derive(Default)]
struct Verb {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    /// The argument's number, from 1; else the one after the last.
    index: Option<usize>,
    precision: Option<usize>,
    letter: char,
}

/// `format` for each element of the lists, which have one length; what is no list is taken each time.
pub(super) fn formatlist(arguments: &Arguments) -> Eval<Value> {
    arguments.text(0)?;
    let lists = (1..arguments.values.len()).filter(|at| arguments.value(*at).items().is_some());
    let mut length = None;
    for at in lists {
        let items = arguments.items(at)?.len();
        if length.is_some_and(|length| length != items) {
            return Err(arguments.wrong(at, "the lists have different lengths"));
        }
        length = Some(items);
    }
    let rows = (0..length.unwrap_or(1)).map(|row| {
        let values = arguments
            .values
            .iter()
            .enumerate()
            .map(|(at, (value, span))| {
                let element = value
                    .items()
                    .filter(|_| at > 0)
                    .and_then(|items| items.get(row));
                (element.unwrap_or(value).clone(), *span)
            });
        format(&Arguments {
            values: values.collect(),
            ..*arguments
        })
    });
    rows.collect::<Eval<_>>().map(Value::list)
}

pub(super) fn format(arguments: &Arguments) -> Eval<Value> {
    let pattern = arguments.text(0)?;
    let mut made = TextBuilder::default();
    let (mut next, mut most) = (1, 1);
    let mut rest = &*pattern;
    while let Some(at) = rest.find('%') {
        push(arguments, &mut made, &rest[..at])?;
        let (verb, after) = verb(&rest[at + 1..]);
        rest = after;
        if verb.letter == '%' {
            push(arguments, &mut made, "%")?;
            continue;
        }
        let widest = verb.width.max(verb.precision);
        if widest.is_some_and(|widest| widest > WIDEST) {
            let said = format!("`%{}` is wider than {WIDEST} characters", verb.letter);
            return Err(arguments.wrong(0, said));
        }
        next = verb.index.unwrap_or(next);
        if next == 0 || next >= arguments.values.len() {
            return Err(arguments.wrong(0, format!("no argument for `%{}`", verb.letter)));
        }
        if let (Value::Holes(parts), 's' | 'v', None, None) = (
            arguments.value(next),
            verb.letter,
            verb.width,
            verb.precision,
        ) {
            arguments
                .context
                .produce(64 * parts.len(), arguments.span)?;
            made.push_holes(parts);
        } else {
            let text = pad(&verb, one(arguments, next, &verb)?);
            push(arguments, &mut made, &text)?;
        }
        next += 1;
        most = most.max(next);
    }
    push(arguments, &mut made, rest)?;
    if most < arguments.values.len() {
        return Err(arguments.wrong(most, "more arguments than verbs"));
    }
    Ok(made.finish())
}

fn push(arguments: &Arguments, made: &mut TextBuilder, text: &str) -> Eval<()> {
    arguments.context.produce(text.len(), arguments.span)?;
    made.push(text);
    Ok(())
}

fn verb(text: &str) -> (Verb, &str) {
    let mut verb = Verb::default();
    let mut rest = text;
    loop {
        match rest.as_bytes().first() {
            Some(b'-') => verb.left = true,
            Some(b'0') => verb.zero = true,
            Some(b'+') => verb.plus = true,
            Some(b' ') => verb.space = true,
            Some(b'#') => verb.sharp = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    (verb.width, rest) = digits(rest);
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = digits(after);
        verb.precision = Some(precision.unwrap_or(0));
        rest = after;
    }
    if let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && let (Some(index), "") = digits(index)
    {
        verb.index = Some(index);
        rest = after;
    }
    let mut chars = rest.chars();
    verb.letter = chars.next().unwrap_or(' ');
    (verb, chars.as_str())
}

fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let number = (!number.is_empty()).then(|| number.parse().unwrap_or(usize::MAX));
    (number, rest)
}

fn one(arguments: &Arguments, at: usize, verb: &Verb) -> Eval<String> {
    let value = arguments.known(at)?;
    let text = |ty: &Type| match convert(value, ty) {
        Ok(Value::Text(text)) => Ok(text.to_string()),
        Ok(_) => Err(arguments.wrong(at, "expected a value, found null")),
        Err(why) => Err(arguments.wrong(at, why)),
    };
    let cut = |text: String| match verb.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    };
    match verb.letter {
        's' => text(&Type::String).map(cut),
        'q' => text(&Type::String).map(|text| json_text(&Value::text(text))),
        'v' if verb.sharp => Ok(json_text(value)),
        'v' => match value {
            Value::Text(text) => Ok(cut(text.to_string())),
            Value::Bool(_) | Value::Number(_) => text(&Type::String),
            _ => Ok(json_text(value)),
        },
        't' => match convert(value, &Type::Bool) {
            Ok(Value::Bool(flag)) => Ok(flag.to_string()),
            _ => Err(arguments.wrong(at, "`%t` needs a bool")),
        },
        'd' | 'b' | 'o' | 'x' | 'X' => {
            let whole = arguments.whole(at)?;
            let magnitude = whole.unsigned_abs();
            Ok(sign(verb, whole < 0)
                + &match verb.letter {
                    'b' => format!("{magnitude:b}"),
                    'o' => format!("{magnitude:o}"),
                    'x' => format!("{magnitude:x}"),
                    'X' => format!("{magnitude:X}"),
                    _ => magnitude.to_string(),
                })
        }
        'f' | 'e' | 'E' | 'g' | 'G' => match convert(value, &Type::Number) {
            Ok(Value::Number(number)) => {
                let size = number.0.abs();
                Ok(sign(verb, number.0 < 0.0)
                    + &match (verb.letter, verb.precision) {
                        ('f', precision) => format!("{size:.*}", precision.unwrap_or(6)),
                        ('g', precision) => shortest(size, precision, 'e'),
                        ('G', precision) => shortest(size, precision, 'E'),
                        (letter, precision) => exponent(size, precision.unwrap_or(6), letter),
                    })
            }
            _ => Err(arguments.wrong(at, "expected a number")),
        },
        other => Err(arguments.wrong(0, format!("there is no verb `%{}`", other.escape_debug()))),
    }
}

fn sign(verb: &Verb, negative: bool) -> String {
    match (negative, verb.plus, verb.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
    .to_owned()
}

fn exponent(size: f64, precision: usize, letter: char) -> String {
    spelt(&format!("{size:.precision$e}"), letter)
}

/// As few digits as tell the number, or so many; with an exponent below 10^-4, and from 10^6 or that many digits on.
fn shortest(size: f64, precision: Option<usize>, letter: char) -> String {
    let digits = match precision {
        Some(digits) => format!("{size:.*e}", digits.max(1) - 1),
        None => format!("{size:e}"),
    };
    let (mantissa, power) = digits.split_once('e').unwrap_or((&digits, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let count = mantissa.len() - usize::from(mantissa.contains('.'));
    let most = precision.map_or(6, |digits| digits.max(1)) as i32;
    if power < -4 || power >= most {
        return spelt(&format!("{mantissa}e{power}"), letter);
    }
    let decimals = (count as i32 - 1 - power).max(0) as usize;
    format!("{size:.decimals$}")
}

/// `1.500000e+00`: Go writes a sign and at least two digits.
fn spelt(text: &str, letter: char) -> String {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}{letter}{sign}{:02}", power.abs())
}

fn pad(verb: &Verb, text: String) -> String {
    let length = text.chars().count();
    let missing = verb.width.unwrap_or(0).saturating_sub(length);
    if missing == 0 || verb.letter == 't' {
        return text;
    }
    if verb.left {
        return text + &" ".repeat(missing);
    }
    let number = matches!(
        verb.letter,
        'd' | 'f' | 'e' | 'E' | 'g' | 'G' | 'b' | 'o' | 'x' | 'X'
    );
    if verb.zero && number {
        let digits = text.trim_start_matches(['-', '+', ' ']);
        let sign = &text[..text.len() - digits.len()];
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    " ".repeat(missing) + &text
}
