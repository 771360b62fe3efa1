//! Azure DevOps: service connections leave the issuer that ends on 1 July 2027 for Entra's.
//!
//! Source: Microsoft, "Convert service connections to the Entra issuer": single-tenant applications and managed identities
//! in the public cloud. The new subject is opaque: the connection shows it.

use super::edit::{Edit, Place};
use super::{Common, Files, Proposal, Stage, block, identity};
use crate::cli::Failure;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::trust::{Matcher, Trust};
use crate::model::address::Address;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::value::{Map, Value};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The credential of one service connection; or the application or managed identity that has only one.
    pub address: Address,
    #[command(flatten)]
    pub common: Common,
    /// The subject that the service connection shows once its conversion was begun: `/eid1/…`. May be left out when it is
    /// declared already.
    #[arg(long, value_name = "TEXT", value_parser = opaque)]
    pub subject: Option<String>,
}

fn opaque(text: &str) -> Result<String, String> {
    match text.starts_with("/eid1/") && !text.contains(char::is_whitespace) {
        true => Ok(text.to_owned()),
        false => {
            Err("it begins with `/eid1/`: copy it from the service connection's page".to_owned())
        }
    }
}

pub fn propose(files: &Files, args: &Args) -> Result<Proposal, Failure> {
    let identity = identity(&args.address)?;
    let blocks = files.blocks(&args.address)?;
    let trusts = files.trusts(&identity);
    let old: Vec<&(&Resource, Trust)> = trusts
        .iter()
        .filter(|(of, _)| blocks.contains_key(&of.origin))
        .filter(|(_, trust)| platform(&trust.issuer) == Platform::AzureDevOps)
        .collect();
    let proposal = |stage| Proposal {
        identity: identity.clone(),
        stage,
        remarks: Vec::new(),
    };
    let (old, trust) = match old.as_slice() {
        [] => return Ok(proposal(Stage::Done)),
        [(old, trust)] => (old, trust),
        [(first, _), ..] => {
            let several = Diagnostic::error(
                "several-connections",
                "several credentials have the old issuer, and each connection has a subject of its own",
            );
            return Err(files.fail(several.help(format!(
                "name one of them, as in `{}`",
                block(&first.address)
            ))));
        }
    };
    if files.stack.desired.stack.cloud != Cloud::Public {
        return Err(no_way(
            files,
            old,
            "in this cloud service connections have no Entra issuer",
        ));
    }
    let audience = files.written[&identity].text("sign_in_audience");
    if audience.is_some_and(|audience| audience != "AzureADMyOrg") {
        return Err(no_way(
            files,
            old,
            "connections of an application for several tenants cannot be converted",
        ));
    }
    let new: Vec<&(&Resource, Trust)> = trusts
        .iter()
        .filter(|(_, trust)| match &trust.matcher {
            Matcher::Subject(text) if platform(&trust.issuer) == Platform::Entra => {
                text.starts_with("/eid1/") && args.subject.as_ref().is_none_or(|own| own == text)
            }
            _ => false,
        })
        .collect();
    Ok(proposal(match new.as_slice() {
        [(new, _)] => Stage::Remove(
            vec![Edit::Remove {
                address: block(&old.address),
                block: old.origin,
            }],
            vec![new.address.clone()],
        ),
        [] if args.subject.is_some() => {
            let label = format!("{}_entra", old.address.last().label);
            Stage::Add(vec![Edit::Add {
                place: Place::After(old.origin),
                label: files.label(&identity, &label),
                body: body(files, args, trust),
            }])
        }
        all => {
            let why = match all.is_empty() {
                true => "the new subject is opaque, and only the service connection shows it",
                false => {
                    "several credentials have the Entra issuer: which one is this connection's is not known here"
                }
            };
            return Err(files.fail(
                Diagnostic::error("no-subject", why)
                    .about(&old.address)
                    .at(old.origin, "")
                    .help("give it with `--subject`, from the connection's page in Azure DevOps"),
            ));
        }
    }))
}

fn no_way(files: &Files, old: &Resource, why: &str) -> Failure {
    files.fail(
        Diagnostic::error("not-convertible", why)
            .about(&old.address)
            .at(old.origin, "")
            .help("it keeps the old issuer; Microsoft has not said what follows after 1 July 2027"),
    )
}

fn body(files: &Files, args: &Args, old: &Trust) -> Map {
    let subject = args.subject.as_deref().unwrap_or_default();
    let builder = Value::map([("subject", Value::text(subject))]);
    let usual = files.stack.desired.stack.cloud.exchange_audience();
    let audience = (old.audience != usual).then(|| Value::text(old.audience.as_str()));
    [("azure_devops", Some(builder)), ("audience", audience)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
