//! The documents: generated pages are what the commands print, blocks of HCL and YAML are checked, and console blocks
//! are run. `UPDATE=1` writes what really comes out.

use std::path::{Path, PathBuf};

use trustform::kinds;

use crate::play::{Run, Stage};
use crate::schemas::kept;
use crate::{examples, files, project};

fn printed(line: &str) -> String {
    let run = Stage::new().run(line, None);
    assert_eq!((run.err.as_str(), run.exit), ("", 0), "{line}");
    run.out
}

/// What is written below `docs/reference`: a page a kind, a page a command, the audit's rules, the guards, what takes over a tenant.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let topics = kinds::shapes().into_iter().map(|shape| shape.kind);
    for topic in topics.chain(["language"]) {
        let page = printed(&format!("trustform schema {topic}"));
        pages.push((format!("docs/reference/{topic}.md"), page));
    }
    let whole = printed("trustform man --format markdown");
    // The program's page names the others.
    for line in whole.lines().filter(|line| line.starts_with("| [`")) {
        let command = line.split('`').nth(1).expect("a command's name");
        let page = printed(&format!("trustform man {command} --format markdown"));
        pages.push((format!("docs/reference/commands/{command}.md"), page));
    }
    pages.push(("docs/reference/commands/trustform.md".to_owned(), whole));
    for topic in ["rules", "guards", "privileges"] {
        let page = printed(&format!("trustform explain {topic}"));
        pages.push((format!("docs/reference/{topic}.md"), page));
    }
    pages
}

#[test]
fn reference_is_what_the_commands_print() {
    let pages = pages();
    for (path, text) in &pages {
        kept(path, text);
    }
    let known: Vec<PathBuf> = pages.iter().map(|(path, _)| project().join(path)).collect();
    for file in files(&project().join("docs/reference")) {
        assert!(
            known.contains(&file),
            "nothing generates {}",
            file.display()
        );
    }
}

/// A fenced block.
struct Block {
    file: PathBuf,
    line: usize,
    language: String,
    text: String,
}

impl Block {
    fn place(&self) -> String {
        let file = self.file.strip_prefix(project()).unwrap_or(&self.file);
        format!("{}:{}", file.display(), self.line)
    }
}

fn documents() -> Vec<PathBuf> {
    let mut found = files(&project().join("docs"));
    found.extend(files(&project().join("examples")));
    found.push(project().join("README.md"));
    found.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    found
}

fn blocks(file: &Path) -> Vec<Block> {
    let text = std::fs::read_to_string(file).expect("a document");
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                open = true;
                blocks.push(Block {
                    file: file.to_owned(),
                    line: index + 1,
                    language: language.trim().to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), true) => open = false,
            (None, true) => {
                let block = blocks.last_mut().expect("an open block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!open, "{} leaves a block open", file.display());
    blocks
}

/// A stage with a key where the documents have one.
fn stage_with(name: &str, text: &str) -> Stage {
    let stage = Stage::new();
    let keys = stage.directory.path().join("keys");
    std::fs::create_dir(&keys).expect("a directory");
    let key = "examples/kubernetes-blob-issuer/keys/2026-11.pub.pem";
    std::fs::copy(project().join(key), keys.join("2026-11.pub.pem")).expect("a key");
    std::fs::write(stage.directory.path().join(name), text).expect("a file");
    stage
}

#[test]
fn every_block_of_a_stack_is_valid() {
    let mut checked = 0;
    for block in documents().iter().flat_map(|file| blocks(file)) {
        // What is no whole stack gets one around it.
        let stack = "11111111-1111-4111-8111-111111111111";
        let (name, text) = match block.language.as_str() {
            "hcl" if block.text.contains("stack \"") => ("trust.hcl", block.text.clone()),
            "hcl" => (
                "trust.hcl",
                format!(
                    "stack \"docs\" {{ tenant_id = \"{stack}\" }}\n{}",
                    block.text
                ),
            ),
            "yaml" if block.text.contains("stack:") => ("trust.yaml", block.text.clone()),
            "yaml" if block.text.contains("application:") => (
                "trust.yaml",
                format!(
                    "stack: {{ docs: {{ tenant_id: {stack} }} }}\n{}",
                    block.text
                ),
            ),
            // Another tool's.
            "yaml" => {
                let parsed = serde_saphyr::from_str::<serde_json::Value>(&block.text);
                assert!(parsed.is_ok(), "{}: {parsed:?}", block.place());
                continue;
            }
            "console" | "text" | "sh" | "" => continue,
            other => panic!("{}: what is a block of `{other}`?", block.place()),
        };
        let run = stage_with(name, &text).run("trustform validate", None);
        assert_eq!((run.err.as_str(), run.exit), ("", 0), "{}", block.place());
        checked += 1;
    }
    assert!(checked >= 4, "{checked} blocks");
}

/// Plays the console blocks of a document from top to bottom, in a directory with the examples: what they show is what
/// is printed. A block of text after one of HCL is its plan.
#[test]
fn consoles_show_what_is_printed() {
    for file in documents() {
        let found = blocks(&file);
        if !found.iter().any(|block| block.language == "console") {
            continue;
        }
        let mut stages = Stages {
            local: examples::stage(),
            shared: Stage::new(),
        };
        let mut stack: Option<String> = None;
        let mut text = std::fs::read_to_string(&file).expect("a document");
        let before = text.clone();
        for block in found {
            match block.language.as_str() {
                "hcl" => {
                    stack = Some(block.text);
                    continue;
                }
                "text" if stack.is_some() => {
                    let stack = stack.take().unwrap_or_default();
                    let plan = stage_with("trust.hcl", &stack).run("trustform plan --local", None);
                    assert_eq!((plan.err.as_str(), plan.exit), ("", 0), "{}", block.place());
                    text = replaced(&text, &block, &plan.out);
                }
                "console" => {
                    let played = play(&mut stages, &block);
                    text = replaced(&text, &block, &played);
                }
                _ => {}
            }
            stack = None;
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &text).expect("a document");
        } else {
            assert_eq!(
                before,
                text,
                "{}: run the tests with UPDATE=1",
                file.display()
            );
        }
    }
}

/// The document with another text in the block.
fn replaced(document: &str, block: &Block, text: &str) -> String {
    let fenced = |text: &str| format!("```{}\n{text}```", block.language);
    let old = fenced(&block.text);
    assert!(document.contains(&old), "{}", block.place());
    document.replacen(&old, &fenced(text), 1)
}

/// The tenant of `--local`, and the one that a running emulator serves. They work on the same files.
struct Stages {
    local: Stage,
    shared: Stage,
}

impl Stages {
    fn run(&mut self, line: &str) -> Run {
        const SERVED: &str = "127.0.0.1:8460";
        if !line.contains(SERVED) {
            return self.local.run(line, None);
        }
        let (from, to) = (self.local.directory.path(), self.shared.directory.path());
        for entry in std::fs::read_dir(from).expect("a directory") {
            let link = to.join(entry.as_ref().expect("an entry").file_name());
            if !link.exists() {
                std::os::unix::fs::symlink(entry.expect("an entry").path(), link).expect("a link");
            }
        }
        let mut run = self
            .shared
            .run(&line.replace(SERVED, "127.0.0.1:PORT"), None);
        for text in [&mut run.out, &mut run.err] {
            *text = text.replace("127.0.0.1:PORT", SERVED);
        }
        run
    }
}

/// A console block with what its commands really print. `$ ` begins a command, `> ` continues it.
fn play(stages: &mut Stages, block: &Block) -> String {
    let mut played = String::new();
    let mut lines = block.text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let mut command = command.to_owned();
        played.push_str(line);
        played.push('\n');
        while let Some(more) = lines.peek().and_then(|line| line.strip_prefix("> ")) {
            command = format!("{command}\n{more}");
            played.push_str(&format!("> {more}\n"));
            lines.next();
        }
        played.push_str(&output(stages, &command, &block.place()));
    }
    played
}

fn output(stages: &mut Stages, command: &str, place: &str) -> String {
    let Some(words) = command.strip_prefix("trustform ") else {
        let done = std::process::Command::new("sh")
            .args(["-c", command])
            .current_dir(stages.local.directory.path())
            .output()
            .expect("a shell");
        assert!(done.status.success(), "{place}: `{command}`");
        return String::from_utf8(done.stdout).expect("text");
    };
    let (words, tail) = match words.split_once(" | tail -n ") {
        Some((words, count)) => (words, count.parse().expect("a count of lines")),
        None => (words, usize::MAX),
    };
    let run = stages.run(&format!("trustform {words}"));
    // A refusal is an answer, an error is a mistake of the document.
    let answer = matches!(run.exit, 0 | 2 | 4);
    assert!(answer, "{place}: `{command}`\n{}", run.err);
    let lines: Vec<&str> = run.out.lines().collect();
    let first = lines.len().saturating_sub(tail);
    let lines = lines[first..].iter().map(|line| format!("{line}\n"));
    lines.collect::<String>() + &run.err
}

/// Links within the project lead somewhere.
#[test]
fn links_lead_somewhere() {
    for file in documents() {
        let text = std::fs::read_to_string(&file).expect("a document");
        for part in text.split("](").skip(1) {
            let link = part.split(')').next().unwrap_or_default();
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let path = link.split('#').next().unwrap_or_default();
            let target = file.parent().expect("a parent").join(path);
            assert!(target.exists(), "{}: `{link}`", file.display());
        }
    }
}
