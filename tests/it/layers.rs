//! The form of the sources: who imports whom, what the pure rooms never touch, how long a file gets.
//!
//! Code under test is what is held to this; `mod tests` and files that only tests compile are not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{files, project};

/// Who may import whom. `cli` may import all.
const IMPORTS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("render", &["model"]),
    ("keys", &["model"]),
    ("cloud", &["model"]),
    ("exchange", &["model", "keys"]),
    ("emulator", &["model", "exchange", "keys"]),
    ("kinds", &["model", "emulator", "exchange", "keys"]),
    ("observe", &["model", "cloud", "kinds"]),
    ("plan", &["model", "kinds", "exchange", "keys"]),
    ("audit", &["model", "kinds", "exchange", "keys"]),
    ("apply", &["model", "cloud"]),
];

/// No I/O, no clock, no chance, no order that depends on a hash.
const PURE: &[&str] = &[
    "model/",
    "config/",
    "exchange/",
    "keys/",
    "kinds/",
    "plan/",
    "audit/",
    "render/",
    "emulator/",
    "apply/engine.rs",
    "apply/verify.rs",
    "cloud/reply.rs",
    "cloud/explain.rs",
];

/// Where the emulator meets the world.
const SHELLS: &[&str] = &[
    "emulator/authority.rs",
    "emulator/inprocess.rs",
    "emulator/persist.rs",
    "emulator/server.rs",
    "emulator/server/",
];

/// What stays although it looks otherwise, and why.
const REASONED: &[(&str, &str, &str)] = &[
    (
        "emulator/jwt.rs",
        "SystemRandom",
        "an RSA signature of PKCS#1 v1.5 is the same whatever blinds its making",
    ),
    (
        "model/address.rs",
        ".expect(\"",
        "an address is made with a segment, and an empty text is none",
    ),
];

/// What a pure room never says.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "std::thread",
    "std::io",
    "SystemTime",
    "Instant::now",
    "now_utc",
    "now_local",
    "tokio::",
    "reqwest::",
    "HashMap",
    "HashSet",
    "new_v4",
    "SystemRandom",
];

/// Only `cli` prints, through what it was given, and only `main` asks the process.
const NOWHERE: &[&str] = &[
    "println!",
    "eprintln!",
    " print!(",
    "dbg!",
    "process::exit",
    "todo!",
    "unimplemented!",
    "allow(dead_code)",
    "allow(unused",
    "unsafe ",
    "TODO",
    "FIXME",
    "XXX",
];

/// What input must never reach.
const PANICS: &[&str] = &[
    ".unwrap()",
    ".unwrap_err()",
    ".expect(\"",
    ".expect_err(",
    "panic!(",
    "unreachable!(",
    " assert!(",
    " assert_eq!(",
];

/// The longest that a file may get.
const LINES: usize = 400;

/// A source file as the compiler sees it outside of tests: its path below `src`, and its text.
struct Source {
    path: String,
    /// Whether only tests compile it.
    test: bool,
    /// Without comments and `mod tests`.
    code: String,
    lines: usize,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn lies(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// The first line that says a word, unless there is a reason for it.
    fn says(&self, word: &str) -> Option<&str> {
        let reason = REASONED
            .iter()
            .find(|(path, said, _)| *path == self.path && *said == word);
        if reason.is_some() {
            return None;
        }
        self.code
            .lines()
            .find(|line| line.contains(word))
            .map(str::trim)
    }
}

fn sources() -> Vec<Source> {
    let root = project().join("src");
    let texts: BTreeMap<String, String> = files(&root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let shown = path
                .strip_prefix(&root)
                .unwrap_or(&path)
                .display()
                .to_string();
            (shown, std::fs::read_to_string(&path).expect("a source"))
        })
        .collect();
    let tests: BTreeSet<String> = texts
        .iter()
        .flat_map(|(path, text)| test_modules(path, text))
        .collect();
    texts
        .into_iter()
        .map(|(path, text)| Source {
            test: tests.iter().any(|test| within(&path, test)),
            code: code(&text),
            lines: text.lines().count(),
            path,
        })
        .collect()
}

/// The modules that a file declares for tests alone, as paths without an ending.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let path = Path::new(path);
    let name = path
        .file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let parent = path.parent().unwrap_or(Path::new(""));
    let folder = match name {
        "mod" | "lib" | "main" => parent.to_owned(),
        name => parent.join(name),
    };
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].trim() == "#[cfg(test)]")
        .filter_map(|pair| pair[1].trim().strip_suffix(';')?.rsplit_once("mod "))
        .map(|(_, module)| folder.join(module).display().to_string())
        .collect()
}

fn within(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// A text up to its `mod tests { … }`, without comments.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end]
        .lines()
        .map(|line| {
            let comment = line.match_indices("//").find(|(at, _)| {
                let before = &line[..*at];
                before.matches('"').count() % 2 == 0 && !before.ends_with(':')
            });
            comment.map_or(line, |(at, _)| &line[..at])
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The rooms that a text names, as `crate::room` or in `crate::{…}`.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                rooms.extend(list.split(',').map(|item| word(item.trim())));
            }
            None => {
                rooms.insert(word(rest));
            }
        }
    }
    rooms.remove("");
    rooms
}

fn report(rule: &str, offences: Vec<String>) {
    assert!(offences.is_empty(), "{rule}:\n{}", offences.join("\n"));
}

#[test]
fn rooms_import_what_they_may() {
    let rules: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.test) {
        let room = source.room();
        if matches!(room, "lib" | "main" | "cli") {
            continue;
        }
        let Some(allowed) = rules.get(room) else {
            offences.push(format!("{}: the room `{room}` has no rule", source.path));
            continue;
        };
        for import in imports(&source.code) {
            if import != room && !allowed.contains(&import.as_str()) {
                offences.push(format!("{}: imports `{import}`", source.path));
            }
        }
    }
    report("a room imports another that it may not know", offences);
}

#[test]
fn pure_rooms_are_pure() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.test) {
        if !source.lies(PURE) || source.lies(SHELLS) {
            continue;
        }
        for word in IMPURE {
            offences.extend(
                source
                    .says(word)
                    .map(|line| format!("{}: {line}", source.path)),
            );
        }
    }
    report(
        "a pure room does I/O, or knows the time or chance",
        offences,
    );
}

#[test]
fn only_main_asks_the_process() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.test) {
        for word in NOWHERE {
            offences.extend(
                source
                    .says(word)
                    .map(|line| format!("{}: {line}", source.path)),
            );
        }
        if source.path != "main.rs" {
            let asked = source.says("std::env::");
            offences.extend(asked.map(|line| format!("{}: {line}", source.path)));
        }
    }
    report("this is said nowhere", offences);
}

#[test]
fn input_reaches_no_panic() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.test) {
        for word in PANICS {
            offences.extend(
                source
                    .says(word)
                    .map(|line| format!("{}: {line}", source.path)),
            );
        }
    }
    report("a panic outside of tests", offences);
}

#[test]
fn files_stay_short() {
    let offences = sources()
        .iter()
        .filter(|source| source.lines > LINES)
        .map(|source| format!("{}: {} lines", source.path, source.lines))
        .collect();
    report("a file has taken a second job: split it", offences);
}

#[test]
fn the_scan_sees_what_it_should() {
    let text = "use crate::model::x; // crate::cli\nuse crate::{plan, kinds::y};\n#[cfg(test)]\nmod tests {\n use crate::cli; }";
    let found: Vec<String> = imports(&code(text)).into_iter().collect();
    assert_eq!(found, ["kinds", "model", "plan"]);
    assert_eq!(
        test_modules("exchange/decide.rs", "#[cfg(test)]\nmod tests;\n"),
        ["exchange/decide/tests"]
    );
    assert!(within("exchange/decide/tests.rs", "exchange/decide/tests"));
}
