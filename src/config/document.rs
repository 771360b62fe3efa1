//! The one tree that HCL and YAML become: blocks, attributes and expressions, each with its place.

use std::rc::Rc;

use crate::model::source::Span;

/// A word and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub text: Rc<str>,
    pub span: Span,
}

/// What stands between the braces of a block, or at the top of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub word: Word,
    pub labels: Vec<Word>,
    pub body: Body,
    /// The header: the word and the labels.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: Word,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum ExprKind {
    Null,
    Bool(bool),
    Number(f64),
    String(Rc<str>),
    Template(Vec<Piece>),
    Array(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// A bare name: a root such as `var`, a kind, or what a `for` binds.
    Name(Rc<str>),
    Traversal(Box<Expr>, Vec<Step>),
    Conditional(Box<Choice>),
    Unary(Unary, Box<Expr>),
    Binary(Box<Operation>),
    Call(Box<Call>),
    For(Box<For>),
}

/// `condition ? yes : no`.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub condition: Expr,
    pub yes: Expr,
    pub no: Expr,
}

#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub operator: Binary,
    pub left: Expr,
    pub right: Expr,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub name: Word,
    pub arguments: Vec<Expr>,
    /// The last argument is followed by `...`.
    pub expand: bool,
}

/// `[for key, value in collection : result if condition]`, or the map form with `key =>`.
#[derive(Clone, Debug)]
pub(super) struct For {
    pub key: Option<Rc<str>>,
    pub value: Rc<str>,
    pub collection: Expr,
    pub result_key: Option<Expr>,
    pub result: Expr,
    pub condition: Option<Expr>,
    pub grouping: bool,
}

/// A part of a template, with whitespace already stripped where `~` asks for it.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Literal(Rc<str>),
    Value(Expr),
    If {
        condition: Expr,
        yes: Vec<Piece>,
        no: Vec<Piece>,
    },
    For {
        key: Option<Rc<str>>,
        value: Rc<str>,
        collection: Expr,
        body: Vec<Piece>,
    },
}

/// One step of a traversal.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name`
    Attribute(Word),
    /// `[expression]`, and `.0`
    Index(Expr),
    /// `[*]`: the steps after it apply to every element
    Splat(Span),
    /// `.*`: the attributes that follow apply to every element
    AttributeSplat(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
}

impl Body {
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| &*attribute.name.text == name)
    }
}

impl Block {
    /// A block out of a name and an object, as the one-line form and YAML write it. Its attributes are the
    /// object's; none where the expression is not an object with plain keys.
    pub fn from_object(word: Word, labels: Vec<Word>, value: &Expr) -> Option<Self> {
        let span = labels.last().map_or(word.span, |label| label.span);
        let attributes = match &value.kind {
            ExprKind::Null => Vec::new(),
            ExprKind::Object(members) => members
                .iter()
                .map(|(key, value)| {
                    let name = key.literal()?;
                    Some(Attribute {
                        name: Word {
                            text: name,
                            span: key.span,
                        },
                        value: value.clone(),
                    })
                })
                .collect::<Option<_>>()?,
            _ => return None,
        };
        Some(Self {
            word,
            labels,
            body: Body {
                attributes,
                blocks: Vec::new(),
            },
            span,
        })
    }
}

impl Expr {
    /// The text of a plain string.
    pub fn literal(&self) -> Option<Rc<str>> {
        match &self.kind {
            ExprKind::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// The name after a root in every `root.name` of the expression, as in `var.name`.
    pub fn mentions(&self, root: &str, found: &mut Vec<Rc<str>>) {
        self.visit(&mut |expr| {
            if let ExprKind::Traversal(base, steps) = &expr.kind
                && let (ExprKind::Name(name), Some(Step::Attribute(word))) =
                    (&base.kind, steps.first())
                && &**name == root
                && !found.contains(&word.text)
            {
                found.push(word.text.clone());
            }
        });
    }

    /// The first name that neither `known` has nor a `for` in the expression binds.
    pub fn free_name(&self, known: &dyn Fn(&str) -> bool) -> Option<(Rc<str>, Span)> {
        let mut bound: Vec<Rc<str>> = Vec::new();
        let mut names: Vec<(Rc<str>, Span)> = Vec::new();
        self.visit(&mut |expr| match &expr.kind {
            ExprKind::Name(name) => names.push((name.clone(), expr.span)),
            ExprKind::For(each) => {
                bound.push(each.value.clone());
                bound.extend(each.key.clone());
            }
            ExprKind::Template(pieces) => bound_by(pieces, &mut bound),
            _ => {}
        });
        names
            .into_iter()
            .find(|(name, _)| !known(name) && !bound.contains(name))
    }

    /// Puts a whole tree at one place, where the places inside it are not known.
    pub fn place(&mut self, span: Span) {
        self.span = span;
        let mut each = |expr: &mut Expr| expr.place(span);
        match &mut self.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Name(_) => {}
            ExprKind::Template(pieces) => place_pieces(pieces, span),
            ExprKind::Array(items) => items.iter_mut().for_each(each),
            ExprKind::Object(members) => members.iter_mut().for_each(|(key, value)| {
                each(key);
                each(value);
            }),
            ExprKind::Traversal(base, steps) => {
                each(base);
                for step in steps {
                    match step {
                        Step::Attribute(word) => word.span = span,
                        Step::Index(index) => each(index),
                        Step::Splat(at) | Step::AttributeSplat(at) => *at = span,
                    }
                }
            }
            ExprKind::Conditional(choice) => {
                each(&mut choice.condition);
                each(&mut choice.yes);
                each(&mut choice.no);
            }
            ExprKind::Unary(_, operand) => each(operand),
            ExprKind::Binary(operation) => {
                each(&mut operation.left);
                each(&mut operation.right);
            }
            ExprKind::Call(call) => {
                call.name.span = span;
                call.arguments.iter_mut().for_each(each);
            }
            ExprKind::For(part) => {
                each(&mut part.collection);
                each(&mut part.result);
                part.result_key.iter_mut().for_each(&mut each);
                part.condition.iter_mut().for_each(&mut each);
            }
        }
    }

    fn visit(&self, see: &mut dyn FnMut(&Expr)) {
        see(self);
        match &self.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Name(_) => {}
            ExprKind::Template(pieces) => visit_pieces(pieces, see),
            ExprKind::Array(items) => items.iter().for_each(|item| item.visit(see)),
            ExprKind::Object(members) => members.iter().for_each(|(key, value)| {
                key.visit(see);
                value.visit(see);
            }),
            ExprKind::Traversal(base, steps) => {
                base.visit(see);
                for step in steps {
                    if let Step::Index(index) = step {
                        index.visit(see);
                    }
                }
            }
            ExprKind::Conditional(choice) => {
                choice.condition.visit(see);
                choice.yes.visit(see);
                choice.no.visit(see);
            }
            ExprKind::Unary(_, operand) => operand.visit(see),
            ExprKind::Binary(operation) => {
                operation.left.visit(see);
                operation.right.visit(see);
            }
            ExprKind::Call(call) => call.arguments.iter().for_each(|item| item.visit(see)),
            ExprKind::For(each) => {
                each.collection.visit(see);
                each.result.visit(see);
                each.result_key.iter().for_each(|key| key.visit(see));
                each.condition.iter().for_each(|test| test.visit(see));
            }
        }
    }
}

/// The names that the `for` directives of a template bind.
fn bound_by(pieces: &[Piece], bound: &mut Vec<Rc<str>>) {
    for piece in pieces {
        match piece {
            Piece::Literal(_) | Piece::Value(_) => {}
            Piece::If { yes, no, .. } => {
                bound_by(yes, bound);
                bound_by(no, bound);
            }
            Piece::For {
                key, value, body, ..
            } => {
                bound.push(value.clone());
                bound.extend(key.clone());
                bound_by(body, bound);
            }
        }
    }
}

fn visit_pieces(pieces: &[Piece], see: &mut dyn FnMut(&Expr)) {
    for piece in pieces {
        match piece {
            Piece::Literal(_) => {}
            Piece::Value(expr) => expr.visit(see),
            Piece::If { condition, yes, no } => {
                condition.visit(see);
                visit_pieces(yes, see);
                visit_pieces(no, see);
            }
            Piece::For {
                collection, body, ..
            } => {
                collection.visit(see);
                visit_pieces(body, see);
            }
        }
    }
}

fn place_pieces(pieces: &mut [Piece], span: Span) {
    for piece in pieces {
        match piece {
            Piece::Literal(_) => {}
            Piece::Value(expr) => expr.place(span),
            Piece::If { condition, yes, no } => {
                condition.place(span);
                place_pieces(yes, span);
                place_pieces(no, span);
            }
            Piece::For {
                collection, body, ..
            } => {
                collection.place(span);
                place_pieces(body, span);
            }
        }
    }
}
