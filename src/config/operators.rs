//! The operators, as Terraform's: arithmetic on numbers, equality without conversion, lazy `&&` and `||`.

use super::context::{Context, Eval};
use super::convert::{Type, convert, exact};
use super::document::{Binary, Expr, Operation, Unary};
use super::evaluate::{evaluate, merge_unset, not_yet};
use super::scope::Scope;
use super::value::Value;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::value::Number;

/// A value on one side of an operator, or the variables that it waits for.
enum Operand<T> {
    Known(T),
    Unset(Value),
}

pub(super) fn unary(
    context: &Context,
    scope: &Scope,
    operator: Unary,
    operand: &Expr,
) -> Eval<Value> {
    match operator {
        Unary::Not => Ok(match flag(context, scope, operand)? {
            Operand::Known(flag) => Value::Bool(!flag),
            Operand::Unset(value) => value,
        }),
        Unary::Negate => Ok(match number(context, scope, operand)? {
            Operand::Known(number) => Value::Number(Number(-number)),
            Operand::Unset(value) => value,
        }),
    }
}

pub(super) fn binary(
    context: &Context,
    scope: &Scope,
    operation: &Operation,
    span: Span,
) -> Eval<Value> {
    let Operation {
        operator,
        left,
        right,
    } = operation;
    match operator {
        Binary::Equal | Binary::NotEqual => {
            let a = evaluate(context, scope, left)?;
            let b = evaluate(context, scope, right)?;
            context.spend((a.size().weight + b.size().weight) / 64, span)?;
            if let Some(unset) = merge_unset([a.clone(), b.clone()]) {
                return Ok(unset);
            }
            // Whether an output is there at all is known; what it will be is not.
            if (a.has_holes() && !b.is_null()) || (b.has_holes() && !a.is_null()) {
                let expr = if a.has_holes() { left } else { right };
                return Err(not_yet("a comparison", expr.span));
            }
            Ok(Value::Bool((a == b) == (*operator == Binary::Equal)))
        }
        Binary::And | Binary::Or => {
            let decisive = *operator == Binary::Or;
            let a = match flag(context, scope, left)? {
                Operand::Known(a) if a == decisive => return Ok(Value::Bool(a)),
                Operand::Known(_) => None,
                Operand::Unset(value) => Some(value),
            };
            Ok(match (a, flag(context, scope, right)?) {
                (None, Operand::Known(b)) => Value::Bool(b),
                (Some(unset), Operand::Known(_)) | (None, Operand::Unset(unset)) => unset,
                (Some(a), Operand::Unset(b)) => merge_unset([a, b]).unwrap_or(Value::Null),
            })
        }
        _ => {
            let a = number(context, scope, left)?;
            let b = number(context, scope, right)?;
            match (a, b) {
                (Operand::Known(a), Operand::Known(b)) => arithmetic(*operator, a, b, span),
                (Operand::Unset(a), Operand::Unset(b)) => {
                    Ok(merge_unset([a, b]).unwrap_or(Value::Null))
                }
                (Operand::Unset(unset), _) | (_, Operand::Unset(unset)) => Ok(unset),
            }
        }
    }
}

fn arithmetic(operator: Binary, a: f64, b: f64, span: Span) -> Eval<Value> {
    let result = match operator {
        Binary::Less => return Ok(Value::Bool(a < b)),
        Binary::LessOrEqual => return Ok(Value::Bool(a <= b)),
        Binary::Greater => return Ok(Value::Bool(a > b)),
        Binary::GreaterOrEqual => return Ok(Value::Bool(a >= b)),
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        _ => remainder(a, b),
    };
    let Some(result) = kept(result) else {
        let message = "the result is no number that can be kept exactly";
        return Err(Diagnostic::error("invalid-value", message)
            .at(span, "division by zero, or a number too large")
            .into());
    };
    Ok(Value::Number(Number(result)))
}

/// What is left of a division; of 10 by 0.1 nothing, although 0.1 is a little more than a tenth here.
fn remainder(a: f64, b: f64) -> f64 {
    let whole = a.fract() == 0.0 && b.fract() == 0.0;
    match kept(a / b) {
        Some(times) if times.fract() == 0.0 && !whole => 0.0,
        _ => a % b,
    }
}

/// A result in fifteen significant digits, so that 0.1 + 0.2 is 0.3 as it is for Terraform; none where they are too few.
pub(super) fn kept(result: f64) -> Option<f64> {
    let whole = result.fract() == 0.0;
    if !exact(result) || !whole && result.abs() >= 1e14 {
        return None;
    }
    // Negative zero is zero.
    let result = result + 0.0;
    match whole {
        true => Some(result),
        false => format!("{result:.14e}").parse().ok(),
    }
}

fn flag(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Operand<bool>> {
    let value = evaluate(context, scope, expr)?;
    match convert(&value, &Type::Bool) {
        Ok(Value::Bool(flag)) => Ok(Operand::Known(flag)),
        Ok(Value::Unset(_)) => Ok(Operand::Unset(value)),
        _ => Err(unsuitable("true or false", &value, expr.span).into()),
    }
}

fn number(context: &Context, scope: &Scope, expr: &Expr) -> Eval<Operand<f64>> {
    let value = evaluate(context, scope, expr)?;
    match convert(&value, &Type::Number) {
        Ok(Value::Number(number)) => Ok(Operand::Known(number.0)),
        Ok(Value::Unset(_)) => Ok(Operand::Unset(value)),
        _ => Err(unsuitable("a number", &value, expr.span).into()),
    }
}

fn unsuitable(expected: &str, value: &Value, span: Span) -> Diagnostic {
    Diagnostic::error("wrong-type", format!("the operator needs {expected}"))
        .at(span, format!("this is {}", value.describe()))
}
