//! Functions of Terraform that are left out for good.

/// Their names, and why.
pub const REFUSED: &[(&str, &str)] = &[
    ("timestamp", SAME_TOMORROW),
    ("plantimestamp", SAME_TOMORROW),
    (
        "uuid",
        "a plan must say the same each time; `uuidv5` makes one of a name",
    ),
    ("bcrypt", "a plan must say the same each time"),
    ("rsadecrypt", "no secret is read or made here"),
    ("sensitive", NO_SECRET),
    ("nonsensitive", NO_SECRET),
    ("issensitive", NO_SECRET),
    ("ephemeralasnull", NO_SECRET),
    ("abspath", WHERE_IT_RUNS),
    ("pathexpand", WHERE_IT_RUNS),
    (
        "filebase64",
        "files are read as text: `base64encode(file(…))`",
    ),
    ("filemd5", FILES_ARE_TEXT),
    ("filesha1", FILES_ARE_TEXT),
    ("filesha256", FILES_ARE_TEXT),
    ("filesha512", FILES_ARE_TEXT),
    ("filebase64sha256", FILES_ARE_TEXT),
    ("filebase64sha512", FILES_ARE_TEXT),
    ("base64gzip", "nothing that is declared here is compressed"),
    (
        "templatestring",
        "templates are files that a reviewer can read: `templatefile`",
    ),
    (
        "type",
        "it is for a console: `trustform validate` says what a value is where it does not fit",
    ),
];

const SAME_TOMORROW: &str =
    "a plan must say the same today and tomorrow: give the time as a variable";
const FILES_ARE_TEXT: &str =
    "files are read as text: hash what `file` reads, as in `sha256(file(…))`";
const NO_SECRET: &str = "nothing that is declared is a secret";
const WHERE_IT_RUNS: &str = "a plan must say the same wherever it is made";
