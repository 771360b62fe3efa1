//! The language's own blocks: what the kinds' field tables do not say.

pub use super::differences::DIFFERENCES;
pub use super::functions::{REFUSED, names as functions};
use super::{approve, policy, stack, waiver};
use crate::model::language::{Attribute, Attributes, LanguageBlock, Stands, Takes};

/// In the order in which a file has them.
pub static LANGUAGE: &[LanguageBlock] = &[
    LanguageBlock {
        word: "stack",
        doc: "What the directory's files make together: its name is part of the mark on everything that it owns. Exactly one in a directory.",
        stands: Stands::Named,
        attributes: Attributes::Fields(stack::FIELDS),
    },
    LanguageBlock {
        word: "variable",
        doc: "A value from outside: `-var`, `-var-file`, `*.auto.vars.hcl` or `TRUSTFORM_VAR_name`. Read as `var.name`.",
        stands: Stands::Named,
        attributes: Attributes::Own(VARIABLE),
    },
    LanguageBlock {
        word: "locals",
        doc: "Names for values, read as `local.name`.",
        stands: Stands::Alone,
        attributes: Attributes::Free,
    },
    LanguageBlock {
        word: "module",
        doc: "The blocks of another directory of the repository, with its variables as attributes. Its outputs are read as `module.label.name`, its resources have addresses like `module.label.application.name`.",
        stands: Stands::Named,
        attributes: Attributes::Open(MODULE),
    },
    LanguageBlock {
        word: "output",
        doc: "A value that `apply` and `output` print.",
        stands: Stands::Named,
        attributes: Attributes::Own(OUTPUT),
    },
    LanguageBlock {
        word: "approve",
        doc: "A reviewed widening of access, by the digest that the refused plan printed: an apply lets exactly it through.",
        stands: Stands::Named,
        attributes: Attributes::Fields(approve::FIELDS),
    },
    LanguageBlock {
        word: "policy",
        doc: "What the stack may do at most.",
        stands: Stands::Alone,
        attributes: Attributes::Fields(policy::FIELDS),
    },
    LanguageBlock {
        word: "waiver",
        doc: "A finding of an audit that somebody knows and answers for until a day. One that has ended waives nothing.",
        stands: Stands::Named,
        attributes: Attributes::Fields(waiver::FIELDS),
    },
    LanguageBlock {
        word: "moved",
        doc: "An application or a module that has another label now. It keeps the unique name that its old label gave it, so the block stays.",
        stands: Stands::Repeated,
        attributes: Attributes::Own(MOVED),
    },
    LanguageBlock {
        word: "removed",
        doc: "An application that is not declared any more, and what becomes of it.",
        stands: Stands::Repeated,
        attributes: Attributes::Own(REMOVED),
    },
];

static MOVED: &[Attribute] = &[
    Attribute::new("from", Takes::Text, "Its address before: `application.label`, `module.name` or `module.name.application.label`.").required(),
    Attribute::new("to", Takes::Text, "Its address now.").required(),
];

static REMOVED: &[Attribute] = &[
    Attribute::new("from", Takes::Text, "The address that it had.").required(),
    Attribute::new(
        "destroy",
        Takes::Bool,
        "`true` deletes it, as without the block; `false` leaves it in the tenant.",
    )
    .required(),
];

static VARIABLE: &[Attribute] = &[
    Attribute::new(
        "type",
        Takes::TypeExpression,
        "`string`, `number`, `bool`, `any`, `list(…)`, `set(…)`, `map(…)`, `tuple([…])` or `object({ name = … })`. Default: `any`.",
    ),
    Attribute::new(
        "default",
        Takes::Any,
        "The value where none is given. Without it the variable is unset: a credential whose issuer or subject needs it is pending.",
    ),
    Attribute::new("description", Takes::Text, "For people."),
    Attribute::new(
        "validation",
        Takes::Any,
        "Blocks with a `condition` over the value and the `error_message` where it does not hold.",
    ),
    Attribute::new(
        "nullable",
        Takes::Bool,
        "Whether null is a value; if not, null means the default. Default: `true`.",
    ),
];

static MODULE: &[Attribute] = &[
    Attribute::new(
        "source",
        Takes::Text,
        "The directory, as in `./modules/name`. Nothing is fetched.",
    )
    .required(),
    META[0],
    META[1],
];

static OUTPUT: &[Attribute] = &[
    Attribute::new(
        "value",
        Takes::Any,
        "The value; it may name what only the tenant knows.",
    )
    .required(),
    Attribute::new("description", Takes::Text, "For people."),
];

/// Attributes that every resource's block takes beside its kind's own.
pub const META: &[Attribute] = &[
    Attribute::new(
        "for_each",
        Takes::Any,
        "A map or a set of strings: the block stands once for each, with `each.key` and `each.value`.",
    ),
    Attribute::new(
        "count",
        Takes::Any,
        "A number: the block stands so many times, with `count.index`.",
    ),
    Attribute::new(
        "protect",
        Takes::Bool,
        "`true` refuses to delete it, even once its block is gone.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What the evaluator takes is what is documented.
    #[test]
    fn agrees_with_the_evaluator() {
        let names = |table: &[Attribute]| -> Vec<&str> {
            table.iter().map(|attribute| attribute.name).collect()
        };
        let taken = crate::config::variables::ATTRIBUTES.iter().copied();
        assert_eq!(
            std::collections::BTreeSet::from_iter(names(VARIABLE)),
            taken.collect()
        );
        assert_eq!(names(OUTPUT), stack::OUTPUT);
        assert_eq!(names(MOVED), policy::MOVED);
        assert_eq!(names(REMOVED), policy::REMOVED);
    }
}
