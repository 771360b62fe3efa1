//! `token check`: a token against every credential, then its key against its issuer's.

use std::path::PathBuf;

use serde_json::json;

use super::keys::Published;
use crate::cli::args::{Format, StackArgs, TenantArgs};
use crate::cli::local::Local;
use crate::cli::stack::Stack;
use crate::cli::{Exit, Failure, World, connect, planning, stack};
use crate::exchange::assertion::{Assertion, parse_assertion};
use crate::exchange::decide::check_lifetime;
use crate::exchange::issuers::takes_expressions;
use crate::exchange::signature::{check_key, check_signature};
use crate::exchange::trust::{Matcher, Trust};
use crate::kinds::{application, federated_credential};
use crate::model::desired::Desired;
use crate::model::live::Live;
use crate::model::verdict::Refusal;
use crate::plan::Options;
use crate::render::escape::terminal;

/// Try a token against every credential of a stack, and its key against its issuer's.
///
/// For each credential the first thing that differs is said. Without `--live`, `--local` or `--emulator` the
/// stack's files decide and no tenant is asked. Exits with 1 if the token would be refused everywhere.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file with the token; `-` reads it from the input.
    pub file: PathBuf,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Check against the credentials that the stack's applications have in the tenant, declared or not.
    #[arg(long)]
    pub live: bool,
    /// Ask nobody: the keys are those that the stack declares, if it does.
    #[arg(long, conflicts_with_all = ["live", "local", "emulator"])]
    pub offline: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// A credential, and what the token differs in from it first.
pub struct Against {
    pub credential: String,
    pub difference: Option<String>,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let jwt = super::token(world, &args.file)?;
    let stack = stack::load(world, &args.stack)?;
    let now = world.clock.now_ms() / 1000;
    let live = args.live || args.tenant.local || args.tenant.emulator.is_some();
    let assertion = match parse_assertion(&jwt) {
        Ok(assertion) => assertion,
        Err(refusal) => {
            report(world, args.format, Some(&refusal), &[], &[]);
            return Ok(Exit::Error);
        }
    };
    let (compared, steps) = match live {
        true => {
            let connection = connect::connect(world, &args.tenant, &stack)?;
            let (_, live) =
                super::super::block_on(planning::plan(&stack, &connection, &Options::default()))??;
            connection.save()?;
            let compared = against(&there(&stack.desired, &live), &assertion);
            let published = published(connection.local());
            let steps = super::super::block_on(key(&assertion, &published, now))?;
            (compared, steps)
        }
        false => {
            let compared = against(&declared(&stack), &assertion);
            let published = match args.offline {
                true => Published::Declared(&stack.desired),
                false => Published::Web,
            };
            (
                compared,
                super::super::block_on(key(&assertion, &published, now))?,
            )
        }
    };
    report(world, args.format, None, &compared, &steps);
    let admitted = compared.iter().any(|one| one.difference.is_none());
    let sound = steps.iter().all(|(_, result)| result.is_ok());
    Ok(if admitted && sound {
        Exit::Done
    } else {
        Exit::Error
    })
}

fn published(local: Option<&Local>) -> Published<'_> {
    match local {
        Some(local) => Published::Local(local),
        None => Published::Web,
    }
}

/// The trusts that the files declare.
pub fn declared(stack: &Stack) -> Vec<(String, Trust)> {
    let resources = stack.desired.of_kind(federated_credential::KIND);
    resources
        .filter_map(|resource| {
            let trust = federated_credential::trust(&resource.body)?;
            Some((resource.address.to_string(), trust))
        })
        .collect()
}

/// The trusts that the stack's applications have in the tenant.
fn there(desired: &Desired, live: &Live) -> Vec<(String, Trust)> {
    let kind = federated_credential::KIND;
    let mut trusts = Vec::new();
    for resource in application::declared(desired) {
        let found = application::found(resource, live);
        let Some(object) = found.filter(|object| !object.deleted) else {
            continue;
        };
        for credential in live.children(&object.key, kind) {
            let name = format!("{}/{kind}.{}", resource.address, credential.name);
            trusts.extend(federated_credential::trust(&credential.body).map(|trust| (name, trust)));
        }
    }
    trusts
}

/// A token against each of some trusts.
pub fn against(trusts: &[(String, Trust)], assertion: &Assertion) -> Vec<Against> {
    let one = |(credential, trust): &(String, Trust)| {
        let expression = matches!(trust.matcher, Matcher::Expression(_));
        let difference = match trust.first_difference(&assertion.claims) {
            None if expression && !takes_expressions(&trust.issuer) => {
                Some("Microsoft Entra takes no expression for this issuer".to_owned())
            }
            difference => difference.map(|difference| difference.to_string()),
        };
        Against {
            credential: credential.clone(),
            difference,
        }
    };
    trusts.iter().map(one).collect()
}

type Step = (&'static str, Result<String, Refusal>);

/// The key, the signature and the lifetime.
async fn key(assertion: &Assertion, published: &Published<'_>, now: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    let keys = published.keys(&assertion.issuer).await;
    match keys {
        Err(why) => {
            let refusal = crate::exchange::aadsts::render(90_061, &[]).because(why);
            steps.push(("key", Err(refusal)));
        }
        Ok(keys) => match check_key(assertion, &keys) {
            Err(refusal) => steps.push(("key", Err(refusal))),
            Ok(key) => {
                steps.push(("key", Ok(format!("`{}` is published", assertion.key_id))));
                let signature = check_signature(assertion, &key);
                steps.push((
                    "signature",
                    signature.map(|()| "made by that key".to_owned()),
                ));
            }
        },
    }
    let lifetime = check_lifetime(assertion, now);
    let words = crate::exchange::inspect::relative(assertion.expires, now);
    steps.push(("lifetime", lifetime.map(|()| format!("ends {words}"))));
    steps
}

fn report(
    world: &mut World,
    format: Format,
    malformed: Option<&Refusal>,
    compared: &[Against],
    steps: &[Step],
) {
    let why = |refusal: &Refusal| match &refusal.detail {
        Some(detail) => format!("{detail} (AADSTS{})", refusal.code),
        None => refusal.to_string(),
    };
    if format == Format::Json {
        world.print_json(&json!({
            "format": "trustform-token-check/1",
            "malformed": malformed.map(&why),
            "credentials": compared.iter().map(|one| json!({
                "credential": one.credential, "admitted": one.difference.is_none(), "difference": one.difference,
            })).collect::<Vec<_>>(),
            "steps": steps.iter().map(|(name, result)| json!({
                "name": name, "passed": result.is_ok(), "code": result.as_ref().err().map(|refusal| refusal.code),
                "text": match result { Ok(text) => text.clone(), Err(refusal) => why(refusal) },
            })).collect::<Vec<_>>(),
        }));
        return;
    }
    let style = world.style();
    let mut out = String::new();
    let (good, bad) = (style.added("✓"), style.removed("✗"));
    if let Some(refusal) = malformed {
        out.push_str(&format!("{bad} {}\n", terminal(&why(refusal))));
    }
    for one in compared {
        let credential = terminal(&one.credential);
        match &one.difference {
            None => out.push_str(&format!("{good} {credential} admits it\n")),
            Some(difference) => {
                out.push_str(&format!("{bad} {credential}: {}\n", terminal(difference)));
            }
        }
    }
    if compared.is_empty() && malformed.is_none() {
        out.push_str("There is no credential to try it against.\n");
    }
    if !steps.is_empty() {
        out.push('\n');
    }
    for (name, result) in steps {
        match result {
            Ok(text) => out.push_str(&format!("{good} {name}: {}\n", terminal(text))),
            Err(refusal) => out.push_str(&format!("{bad} {name}: {}\n", terminal(&why(refusal)))),
        }
    }
    world.print(&out);
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::exchange::expression::Expression;

    /// Entra takes no such credential; one may be there from before it looked.
    #[test]
    fn an_expression_admits_nobody_where_the_issuer_takes_none() {
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let issuer = "https://oidc.contoso.com";
        let jwt = format!(
            "{}.{}.{}",
            part(json!({ "alg": "RS256", "typ": "JWT", "kid": "one" })),
            part(json!({
                "iss": issuer, "sub": "deployer", "aud": "api://AzureADTokenExchange", "exp": 1_795_169_100
            })),
            part(json!("signature"))
        );
        let assertion = parse_assertion(&jwt).expect("a token");
        let trust = Trust {
            issuer: issuer.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Expression(
                Expression::parse("claims['sub'] matches 'deploy*'").expect("an expression"),
            ),
        };
        let compared = against(&[("main".to_owned(), trust)], &assertion);
        assert_eq!(
            compared[0].difference.as_deref(),
            Some("Microsoft Entra takes no expression for this issuer")
        );
    }
}
