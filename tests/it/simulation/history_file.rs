//! A history as a file that a person can read, and that is played again: what shrinking leaves of a broken seed.
//!
//! ```text
//! seed 1938
//! replicas 1207 12661
//! apply a[0,2] b[1] name 0 roles 01 keys 00 delete
//! beside a[1] name 1 roles 11 keys 00
//! wait 181768
//! other DropCredential
//! denied 4
//! request 52 Crash after
//! ```
//!
//! One thing a line, in the order in which it happens; `request` and `denied` count over the whole history. `with` and the
//! words of fragments end a declaration of further kinds, and `quota` is a line of its own. A line that begins with `#`
//! says something to people.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use trustform::emulator::fault::Fault;

use super::further::FRAGMENTS;
use super::history::{Act, Edit, History, Trouble, Want};

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        let lags: Vec<String> = self.lags.iter().map(u64::to_string).collect();
        writeln!(f, "replicas {}", lags.join(" "))?;
        for act in &self.acts {
            match act {
                Act::Apply { want, rival } => {
                    writeln!(f, "apply {want}")?;
                    if let Some(rival) = rival {
                        writeln!(f, "beside {rival}")?;
                    }
                }
                Act::Foreign(edit) => writeln!(f, "other {}", edit.word())?,
                Act::Wait(ms) => writeln!(f, "wait {ms}")?,
            }
        }
        if let Some(number) = self.denied {
            writeln!(f, "denied {number}")?;
        }
        if self.quota {
            writeln!(f, "quota")?;
        }
        for (number, trouble) in &self.troubles {
            match trouble {
                Trouble::Service(fault) => writeln!(f, "request {number} {fault:?}")?,
                Trouble::Denied => writeln!(f, "request {number} Denied")?,
                Trouble::Crash { after } => {
                    let when = if *after { "after" } else { "before" };
                    writeln!(f, "request {number} Crash {when}")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in ["a", "b"].iter().enumerate() {
            let held = (0..8).filter(|bit| self.credentials[index] & 1 << bit != 0);
            let held: Vec<String> = held.map(|bit: u8| bit.to_string()).collect();
            // What an application would hold matters once it is declared again.
            let open = if self.applications & 1 << index != 0 {
                ""
            } else {
                "no-"
            };
            write!(f, "{open}{name}[{}] ", held.join(","))?;
        }
        let Self {
            name, roles, keys, ..
        } = self;
        write!(f, "name {name} roles {roles:02b} keys {keys:02b}")?;
        f.write_str(if self.delete_unmanaged { " delete" } else { "" })?;
        let further = FRAGMENTS.iter().enumerate();
        let further = further.filter(|(at, _)| self.further & 1 << at != 0);
        let words: Vec<&str> = further.map(|(_, one)| one.word).collect();
        match words.as_slice() {
            [] => Ok(()),
            words => write!(f, " with {}", words.join(",")),
        }
    }
}

impl FromStr for Want {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut want = Want::default();
        let wrong = || format!("not a declaration: {text}");
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if let Some((label, held)) = word.split_once('[') {
                let index = usize::from(label.ends_with('b'));
                if !label.starts_with("no-") {
                    want.applications |= 1 << index;
                }
                for bit in held
                    .trim_end_matches(']')
                    .split(',')
                    .filter(|bit| !bit.is_empty())
                {
                    want.credentials[index] |= 1 << bit.parse::<u8>().map_err(|_| wrong())?;
                }
                continue;
            }
            if word == "with" {
                for word in words.next().ok_or_else(wrong)?.split(',') {
                    let at = FRAGMENTS.iter().position(|one| one.word == word);
                    want.further |= 1 << at.ok_or_else(wrong)?;
                }
                continue;
            }
            let mut bits = |radix| {
                let value = words.next().ok_or_else(wrong)?;
                u8::from_str_radix(value, radix).map_err(|_| wrong())
            };
            match word {
                "name" => want.name = bits(10)?,
                "roles" => want.roles = bits(2)?,
                "keys" => want.keys = bits(2)?,
                "delete" => want.delete_unmanaged = true,
                _ => return Err(wrong()),
            }
        }
        Ok(want)
    }
}

impl FromStr for History {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut history = History::default();
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let wrong = || format!("not a line of a history: {line}");
            let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "seed" => history.seed = number(rest)?,
                "replicas" => {
                    let lags: Result<Vec<u64>, String> =
                        rest.split_whitespace().map(number).collect();
                    history.lags = lags?;
                }
                "apply" => history.acts.push(Act::Apply {
                    want: rest.parse()?,
                    rival: None,
                }),
                "beside" => match history.acts.last_mut() {
                    Some(Act::Apply { rival, .. }) => *rival = Some(rest.parse()?),
                    _ => return Err(wrong()),
                },
                "wait" => history.acts.push(Act::Wait(number(rest)?)),
                "other" => {
                    let edit = Edit::named(rest).ok_or_else(wrong)?;
                    history.acts.push(Act::Foreign(edit));
                }
                "quota" => history.quota = true,
                "denied" => history.denied = Some(number(rest)?),
                "request" => {
                    let (at, what) = rest.split_once(' ').ok_or_else(wrong)?;
                    history
                        .troubles
                        .insert(number(at)?, trouble(what).ok_or_else(wrong)?);
                }
                _ => return Err(wrong()),
            }
        }
        Ok(history)
    }
}

fn trouble(text: &str) -> Option<Trouble> {
    let services = [
        Fault::Throttled,
        Fault::Unavailable,
        Fault::Conflict,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Stale,
    ];
    match text {
        "Denied" => Some(Trouble::Denied),
        "Crash before" => Some(Trouble::Crash { after: false }),
        "Crash after" => Some(Trouble::Crash { after: true }),
        _ => {
            let fault = services
                .into_iter()
                .find(|fault| format!("{fault:?}") == text)?;
            Some(Trouble::Service(fault))
        }
    }
}

/// Writes what is left of a broken seed below `target/histories`; how to play it again.
pub fn keep(history: &History, invariant: &str, what: &str) -> String {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/histories");
    let name = format!("{invariant}-{}.history", history.seed);
    let path = directory.join(&name);
    let text = format!("# {invariant}: {}\n{history}", what.replace('\n', " "));
    let written = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&path, text));
    match written {
        Ok(()) => format!("HISTORY=target/histories/{name} cargo test --test it a_history_again"),
        Err(error) => format!("{} cannot be written: {error}", path.display()),
    }
}
