//! A scenario: one readable file with a story, files, commands with all that they print, and dumps of the tenant.
//!
//! ```text
//! The title
//!
//! What happens here, and why it matters.
//!
//! === file trust.hcl            the stack's files; later ones replace earlier ones of the same name
//! === bytes trust.hcl           a file with bytes that an editor hides: `\r`, `\xFF`; a line's end is as it is written
//! === link m/x.hcl ../target    a symbolic link and where it leads
//! === remove trust.hcl
//! === env NAME=value            from here on; without a value it is unset again
//! === # somebody uses the portal   a remark
//! === tenant PATCH /v1.0/applications(uniqueName='payments.deployer')
//! {"displayName": "x"}          sent by the tenant's administrator, behind our back; a whole URL goes to Azure; for Blob Storage with headers
//!                               and an empty line before it
//! --- reply 204                 a body follows where it is an error's
//! === storage account container
//! === wait 31 days              the tenant's clock goes on
//! === faults {"replica_lag_ms": [0, 30000]}
//! === answer GET /v1.0/organization   what `--emulator http://127.0.0.1:PORT` says to that request instead, within a batch
//! 403 {"error": …}              too; or `cut`. A path that ends with `*` stands for all that begin so;
//!                               after a `?` a part of the query may be named
//! === $ trustform plan --local  the whole standard output follows; what is not stated is empty
//! --- input                     a person at a terminal answers this
//! --- stderr                    the whole of it
//! --- exit 4                    0 where nothing is said
//! === written trust.hcl         what a command wrote into a file
//! === dump                      the tenant, from the emulator's own store
//! ```
//!
//! In `tenant` steps, `${PATH#POINTER}` is what a GET of that path answers at that place; `${object_id NAME}`,
//! `${client_id NAME}` and `${principal NAME}` are those of an application by its unique name. One empty line before a
//! `===` belongs to the form. A run writes a scenario anew with what really came of it; the test compares the texts.

use std::path::{Path, PathBuf};

use crate::sections::{bytes, ended, escaped, sections, whole};
use crate::{files, play, project};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// The title and the story, as they stand in the file.
    pub head: String,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Remark(String),
    File {
        path: String,
        content: String,
    },
    Bytes {
        path: String,
        content: Vec<u8>,
    },
    Link {
        path: String,
        target: String,
    },
    Remove {
        path: String,
    },
    Env {
        name: String,
        value: Option<String>,
    },
    Tenant {
        method: String,
        path: String,
        body: String,
        reply: String,
    },
    Storage {
        account: String,
        container: String,
    },
    Wait {
        days: u64,
    },
    Faults(String),
    Answer {
        request: String,
        answer: String,
    },
    Command(Command),
    Written {
        path: String,
        content: String,
    },
    Dump(String),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Command {
    /// As it is typed.
    pub line: String,
    /// What a person answers; none where nobody is there.
    pub input: Option<String>,
    pub out: String,
    pub err: String,
    pub exit: i32,
}

impl Scenario {
    /// Reads a scenario's text.
    ///
    /// # Errors
    /// The line that is none of the form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scenario = Self::default();
        let mut sections = sections(text, "=== ").into_iter();
        let (_, head) = sections.next().unwrap_or_default();
        scenario.head = head;
        for (title, body) in sections {
            scenario.steps.push(step(&title, body)?);
        }
        Ok(scenario)
    }

    /// The text that [`Self::parse`] reads.
    pub fn print(&self) -> String {
        let mut text = self.head.clone();
        for step in &self.steps {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&step.print());
        }
        text
    }
}

fn step(title: &str, body: String) -> Result<Step, String> {
    let (word, rest) = title.split_once(' ').unwrap_or((title, ""));
    let rest = rest.trim();
    let two = || {
        rest.split_once(' ')
            .map(|(a, b)| (a.to_owned(), b.trim().to_owned()))
            .ok_or_else(|| format!("`=== {title}` needs two words"))
    };
    Ok(match word {
        "#" => Step::Remark(rest.to_owned()),
        "file" => Step::File {
            path: rest.to_owned(),
            content: body,
        },
        "bytes" => Step::Bytes {
            path: rest.to_owned(),
            content: bytes(&body),
        },
        "link" => {
            let (path, target) = two()?;
            Step::Link { path, target }
        }
        "remove" => Step::Remove {
            path: rest.to_owned(),
        },
        "env" => match rest.split_once('=') {
            Some((name, value)) => Step::Env {
                name: name.to_owned(),
                value: Some(value.to_owned()),
            },
            None => Step::Env {
                name: rest.to_owned(),
                value: None,
            },
        },
        "tenant" => {
            let (method, path) = two()?;
            let mut parts = sections(&body, "--- reply ").into_iter();
            let (_, body) = parts.next().unwrap_or_default();
            let reply = parts
                .next()
                .map(|(status, body)| format!("{status}\n{body}"));
            Step::Tenant {
                method,
                path,
                body,
                reply: reply.unwrap_or_default(),
            }
        }
        "storage" => {
            let (account, container) = two()?;
            Step::Storage { account, container }
        }
        "wait" => Step::Wait {
            days: rest
                .trim_end_matches(" days")
                .parse()
                .map_err(|_| format!("`=== {title}`: how many days?"))?,
        },
        "faults" => Step::Faults(rest.to_owned()),
        "answer" => Step::Answer {
            request: rest.to_owned(),
            answer: body,
        },
        "$" => {
            let mut command = Command {
                line: rest.to_owned(),
                ..Command::default()
            };
            for (title, body) in sections(&body, "--- ") {
                let (word, rest) = title.split_once(' ').unwrap_or((&title, ""));
                match word {
                    "" => command.out = whole(body),
                    "input" => command.input = Some(body),
                    "stderr" => command.err = whole(body),
                    "exit" => {
                        command.exit = rest
                            .parse()
                            .map_err(|_| format!("`--- {title}` is no exit code"))?;
                    }
                    _ => return Err(format!("`--- {title}` is no part of a command")),
                }
            }
            Step::Command(command)
        }
        "written" => Step::Written {
            path: rest.to_owned(),
            content: body,
        },
        "dump" => Step::Dump(body),
        _ => return Err(format!("`=== {title}` is no step of a scenario")),
    })
}

impl Step {
    fn print(&self) -> String {
        match self {
            Step::Remark(text) => format!("=== # {text}\n"),
            Step::File { path, content } => format!("=== file {path}\n{content}"),
            Step::Bytes { path, content } => format!("=== bytes {path}\n{}", escaped(content)),
            Step::Link { path, target } => format!("=== link {path} {target}\n"),
            Step::Remove { path } => format!("=== remove {path}\n"),
            Step::Env { name, value } => match value {
                Some(value) => format!("=== env {name}={value}\n"),
                None => format!("=== env {name}\n"),
            },
            Step::Tenant {
                method,
                path,
                body,
                reply,
            } => format!("=== tenant {method} {path}\n{body}--- reply {reply}"),
            Step::Storage { account, container } => format!("=== storage {account} {container}\n"),
            Step::Wait { days } => format!("=== wait {days} days\n"),
            Step::Faults(json) => format!("=== faults {json}\n"),
            Step::Answer { request, answer } => format!("=== answer {request}\n{answer}"),
            Step::Written { path, content } => format!("=== written {path}\n{content}"),
            Step::Dump(text) => format!("=== dump\n{text}"),
            Step::Command(command) => {
                let mut text = format!("=== $ {}\n", command.line);
                text.push_str(&ended(&command.out));
                if let Some(input) = &command.input {
                    text.push_str(&format!("--- input\n{input}"));
                }
                if !command.err.is_empty() {
                    text.push_str(&format!("--- stderr\n{}", ended(&command.err)));
                }
                if command.exit != 0 {
                    text.push_str(&format!("--- exit {}\n", command.exit));
                }
                text
            }
        }
    }
}

/// Every scenario's file: those of the kinds beside them, the others here.
pub fn all() -> Vec<PathBuf> {
    let mut found = files(&project().join("tests/it/scenarios"));
    found.extend(
        files(&project().join("src/kinds"))
            .into_iter()
            .filter(|path| {
                path.parent()
                    .is_some_and(|parent| parent.ends_with("scenarios"))
            }),
    );
    found
}

/// How a scenario is spoken of.
pub fn name(path: &Path) -> String {
    path.strip_prefix(project())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The file as text, and as a scenario.
pub fn read(path: &Path) -> (String, Scenario) {
    let text = std::fs::read_to_string(path).expect("a scenario can be read");
    let scenario = Scenario::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", name(path)));
    (text, scenario)
}

/// Plays every scenario. `SCENARIO=part of a name` plays those, `UPDATE=1` writes what came of them.
#[test]
fn scenarios() {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let update = std::env::var("UPDATE").is_ok_and(|value| value == "1");
    let mut failures = Vec::new();
    let mut played = 0;
    for path in all() {
        if !name(&path).contains(&wanted) {
            continue;
        }
        played += 1;
        let (text, scenario) = read(&path);
        let (actual, broken) = play::play(&scenario);
        let actual = actual.print();
        if let Some(broken) = broken {
            failures.push(format!("{}\n{broken}", name(&path)));
        }
        if actual == text {
            continue;
        }
        if update {
            std::fs::write(&path, &actual).expect("a scenario can be written");
        } else {
            let diff = similar::TextDiff::from_lines(&text, &actual);
            let diff = diff.unified_diff().context_radius(4).to_string();
            failures.push(format!("{}\n{diff}", name(&path)));
        }
    }
    assert!(played > 0, "no scenario is called `{wanted}`");
    assert!(
        failures.is_empty(),
        "{} of {played} scenarios went otherwise (UPDATE=1 writes what came of them):\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Every file that reads like a scenario stands where one is played, and each has a title and a story.
#[test]
fn no_scenario_is_forgotten() {
    let known = all();
    let beside = ["tests", "src/kinds"].map(|directory| files(&project().join(directory)));
    for path in beside.iter().flatten() {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.contains("\n=== $ trustform") && !path.ends_with("scenario.rs") {
            assert!(known.contains(path), "{} is played by nobody", name(path));
        }
    }
    for path in &known {
        assert!(
            path.extension().is_some_and(|extension| extension == "txt"),
            "{} stands among the scenarios and is none",
            name(path)
        );
        let (_, scenario) = read(path);
        let story: Vec<&str> = scenario.head.lines().collect();
        assert!(
            story.len() >= 3 && !story[0].is_empty() && story[1].is_empty(),
            "{} begins with a title, an empty line and its story",
            name(path)
        );
        assert!(
            scenario
                .steps
                .iter()
                .any(|step| matches!(step, Step::Command(_))),
            "{} runs no command",
            name(path)
        );
    }
}
