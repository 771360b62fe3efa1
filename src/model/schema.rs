//! Field tables: what a kind's block may hold, what it means, and where it stands on the wire.
//!
//! One table drives parsing and its errors, documentation, the JSON Schema, the diff and redaction.

use super::value::Value;

/// A kind's block.
#[derive(Debug)]
pub struct Shape {
    /// The block's word, as in `application "x" {}`.
    pub kind: &'static str,
    /// One or two sentences for the reference.
    pub doc: &'static str,
    /// The kinds whose blocks it nests in (`federated_credential` in `application`); the first is the usual one.
    pub parents: &'static [&'static str],
    /// Not written by people: another kind's block implies it.
    pub implied: bool,
    pub fields: &'static [Field],
    pub groups: &'static [Group],
    pub outputs: &'static [Output],
}

/// An attribute or nested block.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub ty: Type,
    pub doc: &'static str,
    /// JSON pointer of the member in the service's representation; none where a kind places it itself.
    pub wire: Option<&'static str>,
    pub required: bool,
    /// What the service holds when nobody says anything: both what an undeclared `reset` field goes back to
    /// and how a member that the service leaves out reads.
    pub default: Default,
    pub absent: Absent,
    pub compare: Compare,
    pub when: When,
    /// The words that are allowed; empty for any.
    pub words: &'static [&'static str],
    /// A closer look at a known value.
    pub check: Option<Check>,
    /// An unset variable here leaves the resource pending instead of being an error.
    pub pending: bool,
    /// Worked out by the kind, never written in a file.
    pub computed: bool,
}

/// Looks at a value and complains, or does not.
pub type Check = fn(&Value) -> Result<(), Complaint>;

/// What is wrong with a value, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub message: String,
    pub help: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub enum Type {
    Bool,
    Number,
    String,
    List(&'static Type),
    Set(&'static Type),
    Map(&'static Type),
    /// A block without a label, or an attribute with an object.
    Block(&'static [Field]),
    /// As [`Type::Block`], and `false` to go without.
    BlockOrFalse(&'static [Field]),
    /// Blocks with a label each, or a map of objects.
    Labelled(&'static [Field]),
    /// A reference to a whole resource, or a text that names one.
    Reference,
}

#[derive(Clone, Copy, Debug)]
pub enum Default {
    None,
    Null,
    Bool(bool),
    Text(&'static str),
    EmptySet,
}

/// What it means when the file does not mention a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It goes back to the default: for everything that confers reach.
    Reset,
    /// It is left as it is: for cosmetics and owners.
    Untouched,
}

/// When two values count as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Exact,
    /// GUIDs, ARM ids.
    IgnoreCase,
    /// Never compared: the field says what to do, not what is there.
    Never,
}

/// When a field may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// Fixed by the create; a later change is refused.
    Create,
    /// Only by a second request, once the service has made the object.
    AfterCreate,
}

/// A rule over several fields.
#[derive(Clone, Copy, Debug)]
pub enum Group {
    /// Exactly one of these.
    One(&'static [&'static str]),
    /// At most one of these.
    AtMostOne(&'static [&'static str]),
}

/// What a resource exports.
#[derive(Debug)]
pub struct Output {
    pub name: &'static str,
    pub doc: &'static str,
}

impl Field {
    pub const fn new(name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self {
            name,
            ty,
            doc,
            wire: None,
            required: false,
            default: Default::None,
            absent: Absent::Untouched,
            compare: Compare::Exact,
            when: When::Always,
            words: &[],
            check: None,
            pending: false,
            computed: false,
        }
    }

    pub const fn string(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Type::String, doc).default(Default::Null)
    }

    pub const fn bool(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Type::Bool, doc)
    }

    pub const fn strings(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Type::Set(&Type::String), doc).default(Default::EmptySet)
    }

    pub const fn block(name: &'static str, fields: &'static [Field], doc: &'static str) -> Self {
        Self::new(name, Type::Block(fields), doc)
    }

    pub const fn wire(mut self, pointer: &'static str) -> Self {
        self.wire = Some(pointer);
        self
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    /// Undeclared means the default.
    pub const fn reset(mut self) -> Self {
        self.absent = Absent::Reset;
        self
    }

    pub const fn compare(mut self, compare: Compare) -> Self {
        self.compare = compare;
        self
    }

    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    pub const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    pub const fn check(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    pub const fn pending(mut self) -> Self {
        self.pending = true;
        self
    }

    pub const fn computed(mut self) -> Self {
        self.computed = true;
        self
    }

    /// The fields of a nested block, if it is one.
    pub fn nested(&self) -> Option<&'static [Field]> {
        match self.ty {
            Type::Block(fields) | Type::BlockOrFalse(fields) | Type::Labelled(fields) => {
                Some(fields)
            }
            _ => None,
        }
    }
}

impl Default {
    pub fn value(self) -> Option<Value> {
        match self {
            Default::None => None,
            Default::Null => Some(Value::Null),
            Default::Bool(flag) => Some(Value::Bool(flag)),
            Default::Text(text) => Some(Value::text(text)),
            Default::EmptySet => Some(Value::Set(Default::empty())),
        }
    }

    fn empty() -> std::collections::BTreeSet<Value> {
        std::collections::BTreeSet::new()
    }
}

impl Complaint {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Shape {
    /// Whether it nests in blocks of this kind.
    pub fn nests_in(&self, parent: &str) -> bool {
        self.parents.contains(&parent)
    }

    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
