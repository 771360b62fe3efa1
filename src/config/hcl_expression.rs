//! `hcl::edit` expressions and templates to [`Expr`].

use std::ops::Range;

use hcl::edit::expr as edit;
use hcl::edit::template::Element;

use super::document::{
    Binary, Call, Choice, Expr, ExprKind, For, Operation, Piece, Step, Unary, Word,
};
use super::hcl::{message, syntax_error};
use super::hcl_guard::refuse;
use super::hcl_open::{open_part, open_string};
use super::hcl_walk::{Walk, Within, line};
use super::template::Written;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Span};

/// Where the text that is being read stands.
pub(super) struct Reader<'a> {
    pub id: SourceId,
    /// Offset of `text` in its source.
    pub base: usize,
    pub text: &'a str,
    pub said: &'a mut Vec<Diagnostic>,
}

/// An expression that stands alone, as the value of `-var` or a type in YAML.
pub(super) fn parse_expression(
    id: SourceId,
    text: &str,
    base: usize,
    said: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    if let Some(refused) = refuse(id, text, base, Within::Code) {
        said.push(refused);
        return None;
    }
    match hcl::edit::parser::parse_expr(text) {
        Ok(parsed) => Some(
            Reader {
                id,
                base,
                text,
                said,
            }
            .expression(&parsed),
        ),
        Err(error) => {
            said.push(syntax_error(id, text, base, &error));
            None
        }
    }
}

/// A template that stands in a YAML string. `whole` is the string's place; `base` is where the template
/// begins, if the source has it letter by letter.
pub(super) fn parse_template(
    text: &str,
    whole: Span,
    base: Option<usize>,
    said: &mut Vec<Diagnostic>,
) -> Expr {
    let (id, start) = (whole.source, base.unwrap_or(0));
    let parsed = match refuse(id, text, start, Within::Template) {
        Some(refused) => Err(refused),
        None => hcl::edit::parser::parse_template(text)
            .map_err(|error| template_error(id, text, start, &error)),
    };
    let kind = match parsed {
        Ok(template) => {
            let mut reader = Reader {
                id,
                base: start,
                text,
                said,
            };
            ExprKind::Template(reader.template(&template, Written::Plain))
        }
        Err(mut error) => {
            if base.is_none() {
                error.labels.iter_mut().for_each(|label| label.span = whole);
            }
            said.push(error);
            ExprKind::Null
        }
    };
    let mut expr = Expr { kind, span: whole };
    if base.is_none() {
        expr.place(whole);
    }
    expr
}

fn template_error(
    id: SourceId,
    text: &str,
    base: usize,
    error: &hcl::edit::parser::Error,
) -> Diagnostic {
    let offset = error.location().offset();
    if let Some(open) = open_part(text, Within::Template).filter(|open| open.start <= offset) {
        return open.diagnostic(id, base);
    }
    let message = format!("syntax error in a template: {}", message(error));
    Diagnostic::error("syntax", message)
        .at(Span::new(id, base + offset, base + offset + 1), "here")
        .help("`$${` and `%%{` write `${` and `%{` as they are")
}

impl Reader<'_> {
    pub fn expression(&mut self, expr: &edit::Expression) -> Expr {
        let span = self.span(expr);
        let kind = match expr {
            edit::Expression::Null(_) => ExprKind::Null,
            edit::Expression::Bool(flag) => ExprKind::Bool(*flag.value()),
            edit::Expression::Number(number) => self.number(number.value(), span),
            edit::Expression::String(text) => {
                self.check_line(span);
                ExprKind::String(text.as_str().into())
            }
            edit::Expression::StringTemplate(template) => {
                for element in template.iter() {
                    if let Element::Literal(literal) = element {
                        self.check_line(self.span(literal));
                    }
                }
                ExprKind::Template(self.template(template, Written::Resolved))
            }
            edit::Expression::HeredocTemplate(heredoc) => {
                self.check_heredoc(span);
                let written = match self.is_indented(span) {
                    true => Written::Indented,
                    false => Written::Plain,
                };
                heredoc_kind(self.template(&heredoc.template, written))
            }
            edit::Expression::Parenthesis(inner) => return self.expression(inner.inner()),
            edit::Expression::Variable(name) => ExprKind::Name(name.as_str().into()),
            edit::Expression::Array(items) => {
                ExprKind::Array(items.iter().map(|item| self.expression(item)).collect())
            }
            edit::Expression::Object(members) => ExprKind::Object(
                members
                    .iter()
                    .map(|(key, value)| (self.key(key), self.expression(value.expr())))
                    .collect(),
            ),
            edit::Expression::Conditional(choice) => ExprKind::Conditional(Box::new(Choice {
                condition: self.expression(&choice.cond_expr),
                yes: self.expression(&choice.true_expr),
                no: self.expression(&choice.false_expr),
            })),
            edit::Expression::FuncCall(call) => self.call(call),
            edit::Expression::Traversal(traversal) => {
                let base = self.expression(&traversal.expr);
                let steps = traversal.operators.iter();
                let steps = steps.map(|step| self.step(step.value())).collect();
                ExprKind::Traversal(Box::new(base), steps)
            }
            edit::Expression::UnaryOp(operation) => {
                let operator = match operation.operator.value() {
                    edit::UnaryOperator::Neg => Unary::Negate,
                    edit::UnaryOperator::Not => Unary::Not,
                };
                ExprKind::Unary(operator, Box::new(self.expression(&operation.expr)))
            }
            edit::Expression::BinaryOp(operation) => ExprKind::Binary(Box::new(Operation {
                operator: binary(*operation.operator.value()),
                left: self.expression(&operation.lhs_expr),
                right: self.expression(&operation.rhs_expr),
            })),
            edit::Expression::ForExpr(each) => ExprKind::For(Box::new(For {
                key: each.intro.key_var.as_ref().map(|key| key.as_str().into()),
                value: each.intro.value_var.as_str().into(),
                collection: self.expression(&each.intro.collection_expr),
                result_key: each.key_expr.as_ref().map(|key| self.expression(key)),
                result: self.expression(&each.value_expr),
                condition: each.cond.as_ref().map(|cond| self.expression(&cond.expr)),
                grouping: each.grouping,
            })),
        };
        Expr { kind, span }
    }

    fn number(&mut self, number: &hcl::Number, span: Span) -> ExprKind {
        let value = number.as_f64().unwrap_or(0.0);
        if !super::convert::exact(value) {
            self.said.push(super::convert::inexact(span));
        }
        ExprKind::Number(value)
    }

    /// HCL lets a quoted string hold no line break.
    fn check_line(&mut self, span: Span) {
        let range = span.start.saturating_sub(self.base)..span.end.saturating_sub(self.base);
        if let Some(newline) = self.text.get(range).and_then(|text| text.find('\n')) {
            let end = span.start + newline;
            self.said
                .push(open_string(Span::new(span.source, span.start, end)));
        }
    }

    /// The word that closes a heredoc stands alone on its line, and no line before is that word: in HCL the text would
    /// go on, or end there. The parser sees neither.
    fn check_heredoc(&mut self, heredoc: Span) {
        let (start, end) = (heredoc.start - self.base, heredoc.end - self.base);
        let (Some(text), Some(after)) = (self.text.get(start..end), self.text.get(end..)) else {
            return;
        };
        let beside = after.split('\n').next().unwrap_or_default().trim_end();
        let text = text.trim_start();
        let (message, place, label, help) = if !beside.is_empty() {
            (
                "the word that ends a heredoc stands alone on its line",
                end..end + beside.len(),
                "stands beside it",
                "begin a new line after the word",
            )
        } else if let Some(word) = ends_early(text) {
            let start = end - text.len();
            (
                "a heredoc ends where a line is its word",
                start + word.start..start + word.end,
                "ends here",
                "give it a word that is no line of the text",
            )
        } else {
            return;
        };
        let place = Span::new(
            heredoc.source,
            self.base + place.start,
            self.base + place.end,
        );
        self.said.push(
            Diagnostic::error("syntax", format!("syntax error: {message}"))
                .at(place, label)
                .help(help),
        );
    }

    fn key(&mut self, key: &edit::ObjectKey) -> Expr {
        match key {
            edit::ObjectKey::Ident(name) => Expr {
                kind: ExprKind::String(name.as_str().into()),
                span: self.span(name),
            },
            edit::ObjectKey::Expression(edit::Expression::Null(word)) => Expr {
                kind: ExprKind::String("null".into()),
                span: self.span(word),
            },
            edit::ObjectKey::Expression(expr) => self.expression(expr),
        }
    }

    fn call(&mut self, call: &edit::FuncCall) -> ExprKind {
        let mut name: String = String::new();
        for part in &call.name.namespace {
            name.push_str(part.as_str());
            name.push_str("::");
        }
        name.push_str(call.name.name.as_str());
        ExprKind::Call(Box::new(Call {
            name: Word {
                text: name.into(),
                span: self.span(&call.name.name),
            },
            arguments: call.args.iter().map(|item| self.expression(item)).collect(),
            expand: call.args.expand_final(),
        }))
    }

    fn step(&mut self, step: &edit::TraversalOperator) -> Step {
        match step {
            edit::TraversalOperator::GetAttr(name) => Step::Attribute(Word {
                text: name.as_str().into(),
                span: self.span(name),
            }),
            edit::TraversalOperator::Index(index) => Step::Index(self.expression(index)),
            edit::TraversalOperator::LegacyIndex(index) => Step::Index(Expr {
                kind: ExprKind::Number(*index.value() as f64),
                span: self.span(index),
            }),
            edit::TraversalOperator::FullSplat(splat) => Step::Splat(self.span(splat)),
            edit::TraversalOperator::AttrSplat(splat) => Step::AttributeSplat(self.span(splat)),
        }
    }
}

/// Where a line of a heredoc's own text is its word before it ends: the parser reads on in an `%{if}`.
fn ends_early(heredoc: &str) -> Option<Range<usize>> {
    let mut walk = Walk::new(heredoc, Within::Code);
    walk.next();
    let Within::Heredoc(word) = walk.level.within else {
        return None;
    };
    while let Some(piece) = walk.next().filter(|_| walk.depth() > 0) {
        if walk.depth() > 1 || piece.text != "\n" {
            continue;
        }
        let next = &heredoc[piece.at + 1..];
        let next = &next[..line(next)];
        if next.trim() == word {
            let start = piece.at + 1 + next.len() - next.trim_start().len();
            return Some(start..start + word.len());
        }
    }
    None
}

/// A heredoc is text, even where it is a single value.
fn heredoc_kind(mut pieces: Vec<Piece>) -> ExprKind {
    match pieces.as_slice() {
        [] => ExprKind::String("".into()),
        [Piece::Literal(text)] => ExprKind::String(text.clone()),
        _ => {
            pieces.push(Piece::Literal("".into()));
            ExprKind::Template(pieces)
        }
    }
}

fn binary(operator: edit::BinaryOperator) -> Binary {
    match operator {
        edit::BinaryOperator::Eq => Binary::Equal,
        edit::BinaryOperator::NotEq => Binary::NotEqual,
        edit::BinaryOperator::LessEq => Binary::LessOrEqual,
        edit::BinaryOperator::GreaterEq => Binary::GreaterOrEqual,
        edit::BinaryOperator::Less => Binary::Less,
        edit::BinaryOperator::Greater => Binary::Greater,
        edit::BinaryOperator::Plus => Binary::Add,
        edit::BinaryOperator::Minus => Binary::Subtract,
        edit::BinaryOperator::Mul => Binary::Multiply,
        edit::BinaryOperator::Div => Binary::Divide,
        edit::BinaryOperator::Mod => Binary::Remainder,
        edit::BinaryOperator::And => Binary::And,
        edit::BinaryOperator::Or => Binary::Or,
    }
}
