//! Evaluated bodies against the kinds' field tables: what is known, what is missing, what excludes what.
//! Types are in `check_type`, closer looks at values in `check_value`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::context::Context;
use super::node::{Member, Node, NodeKind};
use super::words;
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{Field, Group, When};
use crate::model::source::Span;
use crate::model::value::{Map, Value as Plain};

/// One body under the check, and what comes of it.
pub(super) struct Check<'a, 'c> {
    pub context: &'a Context<'c>,
    /// The resource, if the body is one's.
    address: Option<&'a Address>,
    pub spans: BTreeMap<String, Span>,
    /// Variables without a value in fields that may wait for them.
    pub needs: BTreeSet<Rc<str>>,
    /// A field that may wait is null.
    pub waits: bool,
    pub failed: bool,
}

/// Where in the body the check is.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub path: &'a str,
    /// Some field around it is written by a second request.
    pub after_create: bool,
}

impl<'a, 'c> Check<'a, 'c> {
    pub fn new(context: &'a Context<'c>, address: Option<&'a Address>) -> Self {
        Self {
            context,
            address,
            spans: BTreeMap::new(),
            needs: BTreeSet::new(),
            waits: false,
            failed: false,
        }
    }

    /// Checks a whole body. `word` is what its block is called.
    pub fn body(
        &mut self,
        word: &str,
        header: Span,
        members: &[Member],
        fields: &'static [Field],
        groups: &'static [Group],
    ) -> Map {
        let at = At {
            path: "",
            after_create: false,
        };
        let present = |name: &str| {
            members.iter().any(|member| {
                &*member.name.text == name && !matches!(member.node.kind, NodeKind::Null(_))
            })
        };
        for group in groups {
            self.group(*group, word, header, members, fields, &present);
        }
        for member in members {
            // A null that may wait waits, unless another field stands in its place.
            let replaced = groups.iter().any(|group| {
                let (Group::One(names) | Group::AtMostOne(names)) = group;
                names.contains(&&*member.name.text) && names.iter().any(|name| present(name))
            });
            let field = fields.iter().find(|field| field.name == &*member.name.text);
            if let (NodeKind::Null(variables), true, false) = (
                &member.node.kind,
                field.is_some_and(|field| field.pending),
                replaced,
            ) {
                self.waits = true;
                self.needs.extend(variables.iter().cloned());
            }
        }
        self.members(word, header, members, fields, at)
    }

    pub fn say(&mut self, diagnostic: Diagnostic) {
        let diagnostic = match self.address {
            Some(address) => diagnostic.about(address),
            None => diagnostic,
        };
        self.failed = true;
        self.context.say(diagnostic);
    }

    fn group(
        &mut self,
        group: Group,
        word: &str,
        header: Span,
        members: &[Member],
        fields: &'static [Field],
        present: &dyn Fn(&str) -> bool,
    ) {
        let (Group::One(names) | Group::AtMostOne(names)) = group;
        let written: Vec<&Member> = members
            .iter()
            .filter(|member| names.contains(&&*member.name.text) && present(&member.name.text))
            .collect();
        let listed = || words::list(names.iter().copied(), "");
        match (group, written.as_slice()) {
            (_, [first, second, ..]) => self.say(
                Diagnostic::error(
                    "conflict",
                    format!(
                        "`{}` and `{}` exclude each other",
                        first.name.text, second.name.text
                    ),
                )
                .at(second.name.span, "the second")
                .see(first.name.span, "the first")
                .help(format!("write one of {}", listed())),
            ),
            (Group::One(_), []) => {
                // A null may wait, and a misspelt word is said to be one.
                let excused = members.iter().any(|member| {
                    let name = &*member.name.text;
                    match fields.iter().find(|field| field.name == name) {
                        Some(field) => field.pending && names.contains(&name),
                        None => words::meant(name, names).is_some(),
                    }
                });
                if !excused {
                    self.say(
                        Diagnostic::error(
                            "missing-attribute",
                            format!("`{word}` needs one of {}", listed()),
                        )
                        .at(header, "none of them is here"),
                    );
                }
            }
            _ => {}
        }
    }

    pub fn members(
        &mut self,
        word: &str,
        header: Span,
        members: &[Member],
        fields: &'static [Field],
        at: At,
    ) -> Map {
        let mut body = Map::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for member in members {
            let name = &*member.name.text;
            if let Some(first) = seen.insert(name, member.name.span) {
                self.say(
                    Diagnostic::error("duplicate", format!("`{name}` is written twice"))
                        .at(member.name.span, "the second")
                        .see(first, "the first"),
                );
                continue;
            }
            let known = |field: &&Field| field.name == name && !field.computed;
            let Some(field) = fields.iter().find(known) else {
                self.unknown(word, member, fields);
                continue;
            };
            let path = join(at.path, name);
            self.spans.insert(path.clone(), member.node.span);
            let at = At {
                path: &path,
                after_create: at.after_create || field.when == When::AfterCreate,
            };
            if let Some(value) = self.field(field, &member.node, at) {
                body.insert(name.to_owned(), value);
            }
        }
        for field in fields.iter().filter(|field| field.required) {
            let null = body.get(field.name) == Some(&Plain::Null);
            if seen.contains_key(field.name) && (field.pending || !null) {
                continue;
            }
            let known = |name: &str| fields.iter().any(|field| field.name == name);
            let mut unknown = seen.keys().filter(|name| !known(name));
            if unknown.any(|name| words::meant(name, &[field.name]).is_some()) {
                continue;
            }
            let span = seen.get(field.name).copied().unwrap_or(header);
            self.say(
                Diagnostic::error(
                    "missing-attribute",
                    format!("`{word}` needs `{}`", field.name),
                )
                .at(span, if null { "is null" } else { "is not here" })
                .help(format!("`{}`: {}", field.name, field.doc)),
            );
        }
        // What no service holds has no default to go back to: null is as good as not written.
        body.retain(|name, value| {
            let field = fields.iter().find(|field| field.name == name);
            *value != Plain::Null || field.is_none_or(|field| field.pending || field.wire.is_some())
        });
        body
    }

    fn unknown(&mut self, word: &str, member: &Member, fields: &'static [Field]) {
        let name = &*member.name.text;
        if name.starts_with("x-") {
            return;
        }
        let what = match member.node.kind {
            NodeKind::Blocks(_) => "block",
            _ => "attribute",
        };
        let code = match what {
            "block" => "unknown-block",
            _ => "unknown-attribute",
        };
        let diagnostic = if let Some(why) = words::inapplicable(word, name) {
            Diagnostic::error(code, format!("`{name}` does not apply to `{word}`"))
                .at(member.name.span, "not for this kind")
                .help(why)
        } else {
            let children = self.context.kinds.0.iter();
            let children = children.filter(|shape| shape.nests_in(word) && !shape.implied);
            let written = fields.iter().filter(|field| !field.computed);
            let valid: Vec<&str> = written
                .map(|field| field.name)
                .chain(children.map(|shape| shape.kind))
                .collect();
            let holds = |field: &&Field| {
                let inner = field.nested().unwrap_or_default();
                !field.computed && inner.iter().any(|inner| inner.name == name)
            };
            let holders: Vec<&str> = fields
                .iter()
                .filter(holds)
                .map(|field| field.name)
                .collect();
            let computed = fields
                .iter()
                .any(|field| field.name == name && field.computed);
            let help = match (words::translate(name, &valid), holders.as_slice()) {
                (None, _) if computed => {
                    format!("`{name}` is worked out, never written: leave it out")
                }
                (None, [one]) => format!("it stands in `{one}`: write `{one} {{ {name} = … }}`"),
                (None, [_, ..]) => {
                    let holders = words::list(holders.iter().copied(), "");
                    format!("it stands in one of {holders}")
                }
                _ => words::help(name, &valid, &format!("`{word}`")),
            };
            Diagnostic::error(code, format!("`{word}` has no {what} `{name}`"))
                .at(member.name.span, "not known")
                .help(help)
        };
        self.say(diagnostic);
    }

    fn field(&mut self, field: &'static Field, node: &Node, at: At) -> Option<Plain> {
        if let NodeKind::Null(variables) = &node.kind {
            // At the top of the body another field may stand in its place: `body` looks at that.
            if field.pending && at.path.contains('.') {
                self.waits = true;
                self.needs.extend(variables.iter().cloned());
            }
            return Some(Plain::Null);
        }
        let value = self.typed(field, field.ty, node, at)?;
        if value
            .refs()
            .iter()
            .any(|hole| Some(&hole.address) == self.address)
            && !at.after_create
        {
            self.say(
                Diagnostic::error(
                    "cycle",
                    format!("`{}` cannot use an output of its own resource", field.name),
                )
                .at(node.span, "known only once the resource is there")
                .help("only attributes that a second request writes can: `identifier_uris` of an application"),
            );
            return None;
        }
        self.words(field, node, &value);
        if let Some(check) = field.check {
            self.closer(check, node, &value);
        }
        Some(value)
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
