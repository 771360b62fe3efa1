//! GitHub: subjects with names become subjects with ids (`repo:contoso@5544123/payments@821093847:…`), which nobody
//! gets by taking over a name.
//!
//! Source: Microsoft, "Immutable subjects for GitHub": create, opt in, validate, delete.

use std::collections::BTreeSet;

use super::edit::{Edit, Place};
use super::{Common, Files, Proposal, Stage, block, identity};
use crate::cli::Failure;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{self, Subject};
use crate::exchange::trust::{Matcher, Trust};
use crate::kinds::federated_credential;
use crate::model::address::Address;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A credential, or the application or managed identity for all of its GitHub credentials.
    pub address: Address,
    #[command(flatten)]
    pub common: Common,
    /// The owner's numeric id, where the file does not have it.
    #[arg(long, value_name = "ID", value_parser = digits)]
    pub owner_id: Option<String>,
    /// The repository's numeric id, where the file does not have it.
    #[arg(long, value_name = "ID", value_parser = digits)]
    pub repository_id: Option<String>,
}

fn digits(text: &str) -> Result<String, String> {
    match !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(
            "an id is a number: `gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints both"
                .to_owned(),
        ),
    }
}

/// What there is to do with all blocks together: as long as one wants its new trust, nothing old goes.
#[derive(Default)]
struct Work {
    add: Vec<Edit>,
    remove: Vec<Edit>,
    /// What took the place of what goes.
    new: Vec<Address>,
    remarks: Vec<String>,
    /// Repositories that ids of the command line are for.
    asked: BTreeSet<String>,
}

pub fn propose(files: &Files, args: &Args) -> Result<Proposal, Failure> {
    let identity = identity(&args.address)?;
    let mut work = Work::default();
    for (origin, instances) in files.blocks(&args.address)? {
        let trusts: Vec<(&Resource, Trust)> = files
            .trusts(&identity)
            .into_iter()
            .filter(|(of, _)| of.origin == origin)
            .collect();
        let (Some(first), Some((_, trust))) = (instances.first(), trusts.first()) else {
            continue;
        };
        let at = block(&first.address);
        if !is_github(trust) {
            continue;
        }
        if trust.issuer.ends_with("/_services/token") {
            let why = "a GitHub Enterprise Server sends names only";
            work.remarks.push(format!("`{at}` stays as it is: {why}."));
        } else if first.body.contains_key("github") {
            built(files, args, &instances, &trusts, &mut work)?;
        } else {
            raw(files, args, &instances, &trusts, &mut work)?;
        }
    }
    if work.asked.len() > 1 {
        let all: Vec<&str> = work.asked.iter().map(String::as_str).collect();
        return Err(files.fail(
            Diagnostic::error(
                "several-repositories",
                format!("the ids of one repository are given, and these are several: {}", all.join(", ")),
            )
            .help("name one credential at a time, as in `application.deployer/federated_credential.main`"),
        ));
    }
    let stage = match (work.add.is_empty(), work.remove.is_empty()) {
        (false, _) => Stage::Add(work.add),
        (true, false) => Stage::Remove(work.remove, work.new),
        (true, true) => Stage::Done,
    };
    Ok(Proposal {
        identity,
        stage,
        remarks: work.remarks,
    })
}

/// GitHub's, with a repository in what is tested of the subject.
fn is_github(trust: &Trust) -> bool {
    let github = matches!(
        platform(&trust.issuer),
        Platform::GitHub | Platform::GitHubEnterprise
    );
    let sub = match &trust.matcher {
        Matcher::Subject(subject) => Some(subject),
        Matcher::Expression(expression) => {
            let sub = expression.clauses().iter().find(|one| one.claim == "sub");
            sub.map(|one| &one.comparand)
        }
    };
    github && sub.is_some_and(|text| text.starts_with("repo:"))
}

/// A block with the builder: the form is one word of it.
fn built(
    files: &Files,
    args: &Args,
    instances: &[&Resource],
    trusts: &[(&Resource, Trust)],
    work: &mut Work,
) -> Result<(), Failure> {
    let Some(first) = instances.first() else {
        return Ok(());
    };
    let form = first.text("github.subject_format").unwrap_or("name");
    let set = |members| Edit::Set {
        address: block(&first.address),
        block: first.origin,
        builder: "github",
        members,
    };
    match form {
        "both" => {
            work.remove
                .push(set(vec![("subject_format", "immutable".to_owned())]));
            let ids = trusts.iter().filter(|(_, trust)| has_ids(trust));
            work.new.extend(ids.map(|(it, _)| it.address.clone()));
        }
        "name" => {
            let pattern = first
                .text("github.repository")
                .is_some_and(|name| name.contains(['*', '?']));
            let mut members = Vec::new();
            for name in ["owner_id", "repository_id"] {
                if name == "repository_id" && pattern {
                    continue;
                }
                let there = |it: &&Resource| it.text(&format!("github.{name}")).is_some();
                if instances.iter().all(there) {
                    continue;
                }
                for it in instances {
                    let part = |name: &str| it.text(&format!("github.{name}")).unwrap_or_default();
                    work.asked
                        .insert(format!("{}/{}", part("owner"), part("repository")));
                }
                members.push((name, id(files, args, first, name)?));
            }
            members.push(("subject_format", "both".to_owned()));
            work.add.push(set(members));
        }
        _ => {}
    }
    Ok(())
}

fn has_ids(trust: &Trust) -> bool {
    let Matcher::Subject(text) = &trust.matcher else {
        // An expression over the ids' form has the `@` of the first.
        let Matcher::Expression(expression) = &trust.matcher else {
            return false;
        };
        let mut sub = expression.clauses().iter().filter(|one| one.claim == "sub");
        return sub.any(|one| one.comparand.contains('@'));
    };
    matches!(subject::parse(&trust.issuer, text), Subject::GitHub { owner, .. } if owner.id.is_some())
}

/// An id of the command line.
fn id(files: &Files, args: &Args, of: &Resource, name: &str) -> Result<String, Failure> {
    let given = match name {
        "owner_id" => &args.owner_id,
        _ => &args.repository_id,
    };
    given.clone().ok_or_else(|| {
        let option = format!("--{}", name.replace('_', "-"));
        files.fail(
            Diagnostic::error(
                "ids-missing",
                format!("an immutable subject holds the owner's and the repository's id, and `{name}` is not known here"),
            )
            .about(&of.address)
            .at(of.origin, "")
            .help(format!("`gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints both: give `{option}`, or write `{name}` into the file; GitHub is never asked from here")),
        )
    })
}

/// A block with a subject: another block stands beside it for a while.
fn raw(
    files: &Files,
    args: &Args,
    instances: &[&Resource],
    trusts: &[(&Resource, Trust)],
    work: &mut Work,
) -> Result<(), Failure> {
    let (Some(first), Some((_, trust))) = (instances.first(), trusts.first()) else {
        return Ok(());
    };
    let Matcher::Subject(text) = &trust.matcher else {
        return Ok(());
    };
    let Subject::GitHub {
        owner,
        repository,
        context,
    } = subject::parse(&trust.issuer, text)
    else {
        return Ok(());
    };
    if owner.id.is_some() || repository.id.is_some() {
        return Ok(());
    }
    let at = block(&first.address);
    if instances.len() > 1 || first.address.last().key.is_some() {
        work.remarks.push(format!(
            "`{at}` stays as it is: its block makes several, each with a subject that is worked out. Use `github = {{ … }}` in it."
        ));
        return Ok(());
    }
    let identity = identity(&first.address)?;
    let takes_over = |(_, other): &&(&Resource, Trust)| {
        let Matcher::Subject(text) = &other.matcher else {
            return false;
        };
        let same = (&other.issuer, &other.audience) == (&trust.issuer, &trust.audience);
        same && matches!(subject::parse(&other.issuer, text),
            Subject::GitHub { owner: its, repository: of, context: when }
                if its.id.is_some() && of.id.is_some()
                    && (&its.name, &of.name, &when) == (&owner.name, &repository.name, &context))
    };
    let siblings = files.trusts(&identity);
    if let Some((new, _)) = siblings.iter().find(takes_over) {
        work.remove.push(Edit::Remove {
            address: at,
            block: first.origin,
        });
        work.new.push(new.address.clone());
        return Ok(());
    }
    work.asked
        .insert(format!("{}/{}", owner.name, repository.name));
    let owner_id = id(files, args, first, "owner_id")?;
    let repository_id = id(files, args, first, "repository_id")?;
    let names = format!("repo:{}/{}", owner.name, repository.name);
    let rest = text.strip_prefix(&names).unwrap_or_default();
    let subject = format!(
        "repo:{}@{owner_id}/{}@{repository_id}{rest}",
        owner.name, repository.name
    );
    let stack = &files.stack.desired.stack;
    let mut body = federated_credential::exact(&trust.issuer, &subject, stack);
    let kept =
        ["audience", "description"].map(|name| Some((name.to_owned(), first.at(name)?.clone())));
    body.extend(kept.into_iter().flatten());
    work.add.push(Edit::Add {
        place: Place::After(first.origin),
        label: files.label(
            &identity,
            &format!("{}_immutable", first.address.last().label),
        ),
        body,
    });
    Ok(())
}
