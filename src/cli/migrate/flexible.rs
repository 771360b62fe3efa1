//! Many exact subjects become one expression. Which of them it covers, and whom it admits besides, is decided exactly.

use std::collections::BTreeMap;

use super::edit::{Edit, Place};
use super::{Common, Files, Proposal, Stage, block, identity};
use crate::cli::{Exit, Failure, World, ask};
use crate::exchange::claims::ClaimValue;
use crate::exchange::expression::{Expression, Operator};
use crate::exchange::issuers::{self, Weight};
use crate::exchange::language::Language;
use crate::exchange::pattern::Pattern;
use crate::exchange::trust::{Matcher, Trust};
use crate::model::address::Address;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::model::value::Map;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application or managed identity.
    pub address: Address,
    #[command(flatten)]
    pub common: Common,
    /// The expression, as in `claims['sub'] matches 'repo:contoso@5544123/*:environment:prod' and
    /// claims['repository_owner_id'] eq '5544123'`. May be left out once it is declared.
    #[arg(long, value_name = "TEXT")]
    pub expression: Option<String>,
    /// The issuer, where the exact subjects have more than one.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// The label of the new block.
    #[arg(long, value_name = "NAME", default_value = "flexible")]
    pub label: String,
    /// Let it admit others than the credentials that it takes the place of.
    #[arg(long)]
    pub allow_wider: bool,
}

/// A credential that the expression takes the place of.
struct Covered<'a> {
    resource: &'a Resource,
    trust: &'a Trust,
    /// What else its tokens must carry for that.
    condition: Option<String>,
}

pub fn propose(world: &mut World, files: &Files, args: &Args) -> Result<Proposal, Failure> {
    let identity = identity(&args.address)?;
    files.blocks(&identity)?;
    let trusts = files.trusts(&identity);
    let new = wanted(files, args, &trusts)?;
    let Some(new) = new else {
        return Ok(Proposal {
            identity,
            stage: Stage::Done,
            remarks: Vec::new(),
        });
    };
    let there = trusts.iter().find(|(_, trust)| *trust == new);
    let exact = trusts.iter().filter(|(_, trust)| {
        matches!(trust.matcher, Matcher::Subject(_))
            && (&trust.issuer, &trust.audience) == (&new.issuer, &new.audience)
    });
    let (mut covered, mut others) = (Vec::new(), Vec::new());
    for (resource, trust) in exact {
        match covers(&new, trust) {
            Some(condition) => covered.push(Covered {
                resource,
                trust,
                condition,
            }),
            None => others.push(*resource),
        }
    }
    if covered.is_empty() {
        return match there {
            Some(_) => Ok(Proposal {
                identity,
                stage: Stage::Done,
                remarks: Vec::new(),
            }),
            None => Err(files.fail(
                Diagnostic::error(
                    "covers-nothing",
                    format!("the expression takes the place of no exact subject of `{identity}`"),
                )
                .help("`trustform token check` says of a token which credential admits it; the ids of the expression must be those of the subjects"),
            )),
        };
    }
    for line in listed(&covered, &others) {
        world.print(&format!("{line}\n"));
    }
    let blocks = whole_blocks(files, &covered, &others)?;
    let stage = match there {
        Some((resource, _)) => {
            let edits = blocks
                .into_iter()
                .map(|(block, address)| Edit::Remove { address, block });
            Stage::Remove(edits.collect(), vec![resource.address.clone()])
        }
        None => {
            wider(world, args, &new, &covered)?;
            let last = blocks.keys().next_back().copied().unwrap_or_default();
            Stage::Add(vec![Edit::Add {
                place: Place::After(last),
                label: files.label(&identity, &args.label),
                body: body(files, &new),
            }])
        }
    };
    Ok(Proposal {
        identity,
        stage,
        remarks: Vec::new(),
    })
}

/// The trust that is to be: of the command line, or the only expression that is declared. None where there is
/// neither one nor an exact subject.
fn wanted(
    files: &Files,
    args: &Args,
    trusts: &[(&Resource, Trust)],
) -> Result<Option<Trust>, Failure> {
    let flexible: Vec<&Trust> = trusts
        .iter()
        .map(|(_, trust)| trust)
        .filter(|trust| matches!(trust.matcher, Matcher::Expression(_)))
        .collect();
    let Some(text) = &args.expression else {
        return match flexible.as_slice() {
            [one] => Ok(Some((*one).clone())),
            none_or_several => Err(Diagnostic::error(
                "usage",
                match none_or_several.len() {
                    0 => "no expression is given, and no credential declares one".to_owned(),
                    several => {
                        format!("{several} credentials declare an expression: which one is meant?")
                    }
                },
            )
            .help("give it with `--expression`")
            .into()),
        };
    };
    let expression = Expression::parse(text).map_err(|errors| Failure {
        exit: Exit::Error,
        diagnostics: errors
            .into_iter()
            .map(|error| {
                let said = Diagnostic::error("expression-syntax", error.message);
                match error.help {
                    Some(help) => said.help(help),
                    None => said,
                }
            })
            .collect(),
        sources: Default::default(),
    })?;
    let mut issuers: BTreeMap<&str, &str> = trusts
        .iter()
        .filter(|(_, trust)| matches!(trust.matcher, Matcher::Subject(_)))
        .filter(|(_, trust)| issuers::takes_expressions(&trust.issuer))
        .map(|(_, trust)| (trust.issuer.as_str(), trust.audience.as_str()))
        .collect();
    if let Some(issuer) = &args.issuer {
        issuers.retain(|one, _| one == issuer);
    }
    let (issuer, audience) = match issuers.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => *one,
        // All exact subjects are gone already.
        [] if !flexible.is_empty() => return Ok(None),
        several => {
            let why = match several.is_empty() {
                true => "there is no exact subject of an issuer that Entra takes expressions for",
                false => "the exact subjects have several issuers",
            };
            return Err(files.fail(Diagnostic::error("no-issuer", why).help(
                "give one with `--issuer`: GitHub's shared one, GitLab's or HCP Terraform's",
            )));
        }
    };
    let problems = issuers::check(issuer, &expression);
    if let Some(problem) = problems
        .into_iter()
        .find(|one| one.weight == Weight::Refused)
    {
        return Err(Diagnostic::error("expression-refused", problem.message)
            .help(problem.help)
            .into());
    }
    Ok(Some(Trust {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
        matcher: Matcher::Expression(expression),
    }))
}

/// Whether the expression admits all that an exact subject does; a name proves no id, so that may be a condition. What
/// cannot be decided is not covered.
fn covers(new: &Trust, old: &Trust) -> Option<Option<String>> {
    let (wide, narrow) = (Language::of(new), Language::of(old));
    if wide.includes(&narrow).unwrap_or(false) {
        return Some(None);
    }
    let Matcher::Expression(expression) = &new.matcher else {
        return None;
    };
    let ids = expression
        .clauses()
        .iter()
        .filter(|one| one.claim != "sub" && one.operator == Operator::Eq);
    let (mut narrow, mut conditions) = (narrow, Vec::new());
    for clause in ids {
        narrow = narrow.within(&clause.claim, Pattern::literal(&clause.comparand));
        conditions.push(format!("`{}` {}", clause.claim, clause.comparand));
    }
    let some = !narrow.is_empty().unwrap_or(true);
    (some && wide.includes(&narrow).unwrap_or(false)).then(|| Some(conditions.join(" and ")))
}

fn listed(covered: &[Covered], others: &[&Resource]) -> Vec<String> {
    let mut lines = vec![format!(
        "The expression takes the place of {}:",
        covered.len()
    )];
    for one in covered {
        let Matcher::Subject(subject) = &one.trust.matcher else {
            continue;
        };
        let mut line = format!("  {}  {subject}", one.resource.address);
        if let Some(condition) = &one.condition {
            line.push_str(&format!("  (of tokens with {condition})"));
        }
        lines.push(line);
    }
    if !others.is_empty() {
        lines.push("It does not admit these, which stay:".to_owned());
        lines.extend(others.iter().map(|it| format!("  {}", it.address)));
    }
    lines.push(String::new());
    lines
}

/// The blocks that go: each with all that comes of it.
fn whole_blocks(
    files: &Files,
    covered: &[Covered],
    others: &[&Resource],
) -> Result<BTreeMap<Span, Address>, Failure> {
    let blocks: BTreeMap<Span, Address> = covered
        .iter()
        .map(|one| (one.resource.origin, block(&one.resource.address)))
        .collect();
    match others.iter().find(|it| blocks.contains_key(&it.origin)) {
        None => Ok(blocks),
        Some(half) => Err(files.fail(
            Diagnostic::error(
                "partly-covered",
                format!("the block of `{}` makes credentials that the expression admits and others that it does not", half.address),
            )
            .about(&half.address)
            .at(half.origin, "")
            .help("write what it does not admit as a block of its own, or widen the expression"),
        )),
    }
}

/// Whom it admits besides: that has to be meant.
fn wider(world: &mut World, args: &Args, new: &Trust, covered: &[Covered]) -> Result<(), Failure> {
    let old: Vec<Language> = covered.iter().map(|one| Language::of(one.trust)).collect();
    let example = match Language::of(new).minus(&old).witness() {
        Ok(None) => return Ok(()),
        Ok(Some(token)) => {
            let claims = token.iter().filter_map(|(name, value)| match value {
                ClaimValue::Text(text) if !matches!(name, "iss" | "aud") => {
                    Some(format!("{name} = {text}"))
                }
                _ => None,
            });
            format!("for example {}", claims.collect::<Vec<_>>().join(", "))
        }
        Err(_) => {
            "as far as can be told: the patterns are too entangled to compare exactly".to_owned()
        }
    };
    if args.allow_wider {
        return Ok(());
    }
    let said = format!("the expression admits more than what it takes the place of, {example}");
    if world.terminal && !args.common.check {
        world.print(&format!("Careful: {said}.\n"));
        return ask::confirm(world, "Is that meant?", "");
    }
    let refused = Diagnostic::error("admits-more", said);
    Err(
        Failure::from(refused.help("make it narrower; or say `--allow-wider` if that is meant"))
            .exit(Exit::Refused),
    )
}

fn body(files: &Files, new: &Trust) -> Map {
    let Matcher::Expression(expression) = &new.matcher else {
        return Map::new();
    };
    let text = expression.to_string();
    let usual = files.stack.desired.stack.cloud.exchange_audience();
    let audience = (new.audience != usual).then_some(("audience", new.audience.as_str()));
    [
        ("issuer", new.issuer.as_str()),
        ("claims_matching_expression", text.as_str()),
    ]
    .into_iter()
    .chain(audience)
    .map(|(name, text)| (name.to_owned(), text.into()))
    .collect()
}
