//! Which files of a directory are the stack's, by their names alone, and what a file read may answer.

use crate::model::diagnostic::Diagnostic;

/// Bytes that one file may have.
pub const FILE_LIMIT: usize = 8 * 1024 * 1024;
/// Bytes that all files of a stack may have together.
pub const TOTAL_LIMIT: usize = 16 * 1024 * 1024;

/// The stack's files, each list in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackFiles {
    /// `trust.hcl`, `trust.yaml`, `*.trust.hcl`, `*.trust.yaml` (`.yml` too).
    pub stack: Vec<String>,
    /// `*.auto.vars.hcl`.
    pub variables: Vec<String>,
}

/// Why `file()` has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    NotFound,
    /// It lies outside of this directory, links resolved.
    Outside(String),
    /// It has more bytes than this.
    TooLarge(usize),
    /// It is not UTF-8.
    NotText,
    /// What the system says.
    Unreadable(String),
}

impl FileError {
    /// The reason, for after a colon.
    pub fn why(&self) -> String {
        match self {
            FileError::NotFound => "there is no such file".to_owned(),
            FileError::Outside(root) => format!("it lies outside of `{root}`"),
            FileError::TooLarge(limit) => match limit / (1024 * 1024) {
                0 => format!("it is larger than {} KiB", limit / 1024),
                mebibytes => format!("it is larger than {mebibytes} MiB"),
            },
            FileError::NotText => "it is not UTF-8 text".to_owned(),
            FileError::Unreadable(why) => why.clone(),
        }
    }

    /// The same of a file that its directory holds: one that is not there is a link to nothing.
    #[must_use]
    pub fn of_listed(self) -> Self {
        match self {
            FileError::NotFound => FileError::Unreadable("it is a link that leads nowhere".into()),
            other => other,
        }
    }

    pub fn help(&self) -> Option<String> {
        match self {
            FileError::NotFound => Some("paths are relative to the stack's directory; in a module, `${path.module}` leads to the module's".to_owned()),
            FileError::Outside(_) => Some("only files of the repository are read (the nearest directory with `.git`, else the stack's), links resolved".to_owned()),
            _ => None,
        }
    }
}

/// What a directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub directory: bool,
}

/// Chooses from the names of a directory's files.
pub fn choose<'a>(names: impl IntoIterator<Item = &'a str>) -> StackFiles {
    let mut files = StackFiles::default();
    for name in names {
        if is_stack_file(name) {
            files.stack.push(name.to_owned());
        } else if name.ends_with(".auto.vars.hcl") && !name.starts_with('.') {
            files.variables.push(name.to_owned());
        }
    }
    files.stack.sort();
    files.variables.sort();
    files
}

/// The files of a central policy: `policy.hcl`, `policy.yaml`, `*.policy.hcl`, `*.policy.yaml` (`.yml` too), or a stack's.
pub fn choose_policy<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names = names.into_iter();
    let mut chosen: Vec<String> = names
        .filter(|name| is_stack_file(name) || is_called(name, "policy"))
        .map(str::to_owned)
        .collect();
    chosen.sort();
    chosen
}

fn is_stack_file(name: &str) -> bool {
    is_called(name, "trust")
}

/// `word.hcl`, or `something.word.hcl`.
fn is_called(name: &str, word: &str) -> bool {
    let stem = [".hcl", ".yaml", ".yml"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension));
    stem.and_then(|stem| stem.strip_suffix(word))
        .is_some_and(|before| {
            before.is_empty() || (before.ends_with('.') && !before.starts_with('.'))
        })
}

/// Whether a stack file is written in YAML.
pub fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// Whether a text without a name is YAML: its first word is followed by `:`.
pub fn looks_like_yaml(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let first = lines.into_iter().find(|line| {
        !line.is_empty() && !["#", "//", "/*"].iter().any(|mark| line.starts_with(mark))
    });
    first.is_some_and(|line| {
        let word = line.split([' ', '\t', '{', '=', '"']).next();
        line.starts_with("---") || word.is_some_and(|word| word.ends_with(':'))
    })
}

/// The error for a directory without a stack file, by what else is in it.
pub fn nothing_here<'a>(directory: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let mut others: Vec<(&str, &str)> = names
        .into_iter()
        .filter_map(|name| Some((name, other_tool(name)?)))
        .collect();
    others.sort_unstable();
    let message = format!("no stack file in `{directory}`");
    let diagnostic = Diagnostic::error("no-stack", message)
        .help("a stack is a directory with `trust.hcl` or `trust.yaml` (or `*.trust.hcl`, `*.trust.yaml`)");
    match others.first() {
        Some((name, tool)) => diagnostic.help(format!(
            "`{name}` is {tool}'s and is not read: rename it if it is meant to be a stack's"
        )),
        None => diagnostic,
    }
}

fn other_tool(name: &str) -> Option<&'static str> {
    const TOOLS: [(&str, &str); 10] = [
        (".tf", "Terraform"),
        (".tf.json", "Terraform"),
        (".tfvars", "Terraform"),
        (".tofu", "OpenTofu"),
        ("terragrunt.hcl", "Terragrunt"),
        (".pkr.hcl", "Packer"),
        (".nomad.hcl", "Nomad"),
        (".bicep", "Bicep"),
        (".hcl", "another tool"),
        (".yaml", "another tool"),
    ];
    let found = TOOLS.iter().find(|(end, _)| name.ends_with(end));
    found.map(|(_, tool)| *tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_is_told_by_its_names() {
        let files = choose([
            "z.trust.yml",
            "trust.hcl",
            "team.trust.yaml",
            "main.tf",
            ".trust.hcl",
            "trust.txt",
            "distrust.hcl",
            "b.auto.vars.hcl",
            "a.auto.vars.hcl",
            "prod.vars.hcl",
        ]);
        assert_eq!(files.stack, ["team.trust.yaml", "trust.hcl", "z.trust.yml"]);
        assert_eq!(files.variables, ["a.auto.vars.hcl", "b.auto.vars.hcl"]);
    }

    #[test]
    fn other_tools_are_named() {
        let said = nothing_here(".", ["README.md", "variables.tf", "main.tf"]);
        assert_eq!(said.message, "no stack file in `.`");
        assert!(
            said.help[1].starts_with("`main.tf` is Terraform's"),
            "{said:?}"
        );
        assert_eq!(nothing_here(".", []).help.len(), 1);
    }
}
