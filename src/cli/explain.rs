//! `explain`: an AADSTS code, a whole error text, a token, a kind or an audit rule, and the line of the files to change.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::args::StackArgs;
use super::stack::Stack;
use super::token::{self, against, declared};
use super::{Exit, Failure, World, stack, topics};
use crate::exchange::aadsts::{self, Entry, ErrorText};
use crate::exchange::assertion::parse_assertion;
use crate::exchange::pattern::Pattern;
use crate::exchange::subject::{Context, Subject, parse};
use crate::exchange::trust::{Matcher, Pair, Relation, Trust};
use crate::kinds::{self, federated_credential, oidc_issuer};
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Span;
use crate::render::diagnostic;
use crate::render::escape::terminal;

/// The most that is read of an error text, in bytes.
const LIMIT: u64 = 256 * 1024;

/// Explain an AADSTS code, a whole error text, a token or a kind.
///
/// The text may come from azure/login, az, azwi, MSAL or a pod's log. Beside a stack, the line of its files that the
/// error is about is shown, and the change. For example: `kubectl logs pod | trustform explain -`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code such as AADSTS700213, an error text, a token, a kind, block or function, an audit rule (`rules` for all), a guard
    /// (`guards`), a permission of Microsoft Graph, a role that takes over a tenant (`privileges` for all that does), or a file with
    /// one of them; `-` reads the input.
    #[arg(required = true, value_name = "TEXT")]
    pub what: Vec<String>,
    /// The stack's directory. Default: this one, if it holds a stack.
    #[arg(long, value_name = "DIR")]
    pub stack: Option<PathBuf>,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let said = said(world, args)?;
    let stack = match &args.stack {
        Some(directory) => Some(load(world, directory)?),
        // Where a stack stands, it is meant.
        None if stack::is_there(&world.directory) => load(world, Path::new(".")).ok(),
        None => None,
    };
    let word = said.trim();
    if let Some(page) = topics::page(word) {
        world.print(&page);
        return Ok(Exit::Done);
    }
    if let Some(jwt) = jwt(word) {
        let inspected = token::inspected(&jwt, world.clock.now_ms() / 1000)?;
        world.print(&inspected);
        if let (Some(stack), Ok(assertion)) = (&stack, parse_assertion(&jwt)) {
            world.print("\nAgainst the stack's credentials\n");
            for one in against(&declared(stack), &assertion) {
                let difference = one.difference.unwrap_or_else(|| "admits it".to_owned());
                world.print(&format!(
                    "  {}: {}\n",
                    terminal(&one.credential),
                    terminal(&difference)
                ));
            }
        }
        return Ok(Exit::Done);
    }
    match text(world, &said, stack.as_ref()) {
        true => Ok(Exit::Done),
        false => Err(nothing_known(word)),
    }
}

fn nothing_known(word: &str) -> Failure {
    let message = "there is no AADSTS code, no token and no known name in this";
    let diagnostic = Diagnostic::error("nothing-known", message);
    let help = match topics::near(word) {
        Some(near) => format!("did you mean `trustform explain {near}`?"),
        None => "give a code such as `AADSTS700213`, the whole error text in quotes, or `-` and the text on the input".to_owned(),
    };
    diagnostic.help(help).into()
}

fn load(world: &World, directory: &Path) -> Result<Stack, Failure> {
    let args = StackArgs {
        directory: directory.to_owned(),
        ..StackArgs::default()
    };
    stack::load(world, &args)
}

/// The words of the command line, of a file that they name, or of the input.
fn said(world: &mut World, args: &Args) -> Result<String, Failure> {
    let joined = args.what.join(" ");
    let file = world.directory.join(&joined);
    let failed = |error: std::io::Error| {
        Failure::plain("unreadable", format!("`{joined}` cannot be read: {error}"))
    };
    let mut bytes = Vec::new();
    if joined == "-" {
        world
            .input
            .take(LIMIT)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else if args.what.len() == 1 && joined.len() < 256 && file.is_file() {
        let file = std::fs::File::open(file).map_err(failed)?;
        file.take(LIMIT).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        return Ok(joined);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The token that a text is, if it is one.
fn jwt(text: &str) -> Option<String> {
    let token = token::within(text);
    let is_one = token.starts_with("ey") && token.matches('.').count() == 2;
    (is_one && !token.contains(char::is_whitespace)).then_some(token)
}

/// Explains every code in a text; whether there was one.
pub fn text(world: &mut World, text: &str, stack: Option<&Stack>) -> bool {
    let read = aadsts::read(text);
    for code in &read.codes {
        let explained = match aadsts::entry(*code) {
            Some(entry) => entry_text(entry),
            None => format!(
                "AADSTS{code}\n  not in the catalogue: https://login.microsoftonline.com/error?code={code} describes it\n"
            ),
        };
        world.print(&explained);
    }
    if let Some(stack) = stack {
        let found = lines(stack, &read);
        if !found.is_empty() {
            let style = world.style();
            world.print(&format!(
                "\n{}",
                diagnostic::text(&found, &stack.sources, style)
            ));
        }
    }
    !read.codes.is_empty()
}

fn entry_text(entry: &Entry) -> String {
    let unsure = match entry.confirmed {
        true => "",
        false => " (its exact text is not confirmed)",
    };
    let transient = match entry.is_transient() {
        true => "\n  it passes: try again",
        false => "",
    };
    format!(
        "AADSTS{}{unsure}\n  cause: {}\n  repair: {}{transient}\n  source: {}\n",
        entry.code, entry.cause, entry.fix, entry.source
    )
}

/// The places in a stack that an error is about, with the change.
fn lines(stack: &Stack, read: &ErrorText) -> Vec<Diagnostic> {
    let value = |name: &str| read.values.get(name).map(String::as_str);
    let mut found = Vec::new();
    for code in &read.codes {
        found.extend(match code {
            70_021 => field(stack, "issuer", value("issuer"))
                .or_else(|| field(stack, "audience", value("audience")))
                .or_else(|| field(stack, "subject", value("subject"))),
            700_211 => field(stack, "issuer", value("issuer")),
            700_212 => field(stack, "audience", value("audience")),
            // What 7002137 expects stands there with `{tenantId}` in it; exactly what was presented is taken.
            700_213 | 7_002_138 | 7_002_137 | 7_002_131 => {
                field(stack, "subject", value("subject"))
            }
            7_000_272 | 50_013 => issuer(stack, value("issuer"), value("key")),
            90_061 => documents(stack),
            7_002_241 => expression(stack, value("issuer")),
            _ => None,
        });
    }
    found
}

/// The credential whose field comes closest to what was presented; none where one has exactly that.
fn field(stack: &Stack, name: &'static str, presented: Option<&str>) -> Option<Diagnostic> {
    let presented = presented?;
    let resources = stack.desired.of_kind(federated_credential::KIND);
    let trusts: Vec<(&Resource, Trust)> = resources
        .filter_map(|resource| Some((resource, federated_credential::trust(&resource.body)?)))
        .collect();
    let mut pairs: Vec<(u8, &Resource, Pair, &Trust)> = Vec::new();
    for (resource, trust) in &trusts {
        let trusted = match (name, &trust.matcher) {
            ("issuer", _) => trust.issuer.clone(),
            ("audience", _) => trust.audience.clone(),
            (_, Matcher::Subject(subject)) => subject.clone(),
            (_, Matcher::Expression(expression)) => {
                let mut clauses = expression.clauses().iter();
                match clauses.find(|clause| clause.claim == "sub") {
                    Some(clause) => clause.comparand.clone(),
                    None => continue,
                }
            }
        };
        if trusted == presented {
            return None;
        }
        let pair = Pair::of(&trusted, Some(presented));
        pairs.push((distance(&pair), resource, pair, trust));
    }
    let (_, resource, pair, trust) = pairs.into_iter().min_by_key(|(distance, ..)| *distance)?;
    let relation = match pair.relation {
        Relation::CaseOnly => "they differ in upper and lower case only",
        Relation::TrailingSlash => "they differ by the slash at the end",
        Relation::WhiteSpace => "they differ by white space",
        Relation::IdForm => "one has GitHub's numeric ids and the other has not",
        Relation::Missing | Relation::Different => "nothing that is declared is nearer",
    };
    let expression = matches!(trust.matcher, Matcher::Expression(_)) && name == "subject";
    let fits = expression && Pattern::glob(&pair.trusted).matches(presented);
    let label = match expression {
        true if fits => "the subject matches: another claim does not".to_owned(),
        true => format!("does not match: {relation}"),
        false => format!("trusts `{}`: {relation}", pair.trusted),
    };
    let change = match (name, builder(trust, presented)) {
        ("subject", Some(builder)) if resource.spans.contains_key("github") => builder,
        ("subject", _) if resource.spans.contains_key("managed_identity") => {
            format!("principal_id = \"{presented}\"")
        }
        ("subject", _) if fits => {
            "the value that the token has there; `token check` names the claim".to_owned()
        }
        ("subject", _) if expression => {
            "widen the expression as far as it has to go, and not further".to_owned()
        }
        _ => format!("{name} = \"{presented}\""),
    };
    Some(
        Diagnostic::error("no-match", format!("the token's {name} is `{presented}`"))
            .about(&resource.address)
            .at(span(resource, name), label)
            .help(format!("if the token is right, write: {change}"))
            .help("if the credential is right, run the workload where its tokens have what is trusted"),
    )
}

/// How far two texts are apart; the same platform's are nearer.
fn distance(pair: &Pair) -> u8 {
    let presented = pair.presented.as_deref().unwrap_or_default();
    match pair.relation {
        Relation::TrailingSlash | Relation::CaseOnly | Relation::WhiteSpace => 0,
        Relation::IdForm => 1,
        _ => {
            let same = pair
                .trusted
                .bytes()
                .zip(presented.bytes())
                .take_while(|(a, b)| a == b);
            let shared = same.count().min(200);
            255 - u8::try_from(shared).unwrap_or(200)
        }
    }
}

/// Where a field stands: itself, or the builder that means it.
fn span(resource: &Resource, name: &str) -> Span {
    let expression = || {
        resource
            .spans
            .get("claims_matching_expression")
            .filter(|_| name == "subject")
    };
    let direct = resource.spans.get(name).or_else(expression);
    let builder = || {
        const OWN: [&str; 5] = ["issuer", "audience", "description", "name", "parent"];
        let top = resource
            .spans
            .iter()
            .filter(|(path, _)| !path.contains('.'));
        let mut top = top.filter(|(path, _)| !OWN.contains(&path.as_str()));
        top.next().map(|(_, span)| span)
    };
    // A builder means the issuer and the subject, never the audience.
    let meant = direct.or_else(|| (name != "audience").then(builder).flatten());
    *meant.unwrap_or(&resource.origin)
}

/// A GitHub builder that means a subject.
fn builder(trust: &Trust, subject: &str) -> Option<String> {
    let Subject::GitHub {
        owner,
        repository,
        context,
    } = parse(&trust.issuer, subject)
    else {
        return None;
    };
    let place = match context {
        Context::Environment(name) => format!("environment = \"{name}\""),
        Context::Branch(name) => format!("branch = \"{name}\""),
        Context::Tag(name) => format!("tag = \"{name}\""),
        Context::PullRequest => "pull_request = true".to_owned(),
        Context::Anywhere | Context::Other(_) => return None,
    };
    let ids = match (&owner.id, &repository.id) {
        (Some(owner), Some(repository)) => format!(
            ", owner_id = \"{owner}\", repository_id = \"{repository}\", subject_format = \"immutable\""
        ),
        _ => String::new(),
    };
    Some(format!(
        "github = {{ owner = \"{}\", repository = \"{}\"{ids}, {place} }}",
        owner.name, repository.name
    ))
}

/// The stack's own issuer whose documents could not be fetched: the error does not say which, so there has to be one.
fn documents(stack: &Stack) -> Option<Diagnostic> {
    let mut issuers = stack.desired.of_kind(oidc_issuer::KIND);
    let (resource, others) = (issuers.next()?, issuers.next());
    others.is_none().then(|| {
        Diagnostic::error("issuer", "the documents of this issuer could not be fetched or used")
            .about(&resource.address)
            .at(resource.origin, "what it serves is declared here")
            .help("apply the stack: documents that are gone or changed are written again")
            .help("let everybody read the container: `az storage container set-permission --public-access blob`, on an account that allows it")
            .help("`trustform issuer check` says what is served, and to whom")
    })
}

/// The issuer of the stack's own whose key an error is about.
fn issuer(stack: &Stack, url: Option<&str>, key: Option<&str>) -> Option<Diagnostic> {
    let mut issuers = stack.desired.of_kind(oidc_issuer::KIND);
    let known = |resource: &&Resource| {
        let outputs = kinds::known_outputs(resource, &stack.desired.stack);
        outputs.iter().any(|(output, value)| {
            output.output == "url" && url.is_none_or(|url| value.as_str() == Some(url))
        })
    };
    let resource = issuers.find(known)?;
    let message = match key {
        Some(key) => {
            format!("the token is signed with the key `{key}`, which the issuer does not publish")
        }
        None => "the token is signed with another key than the issuer publishes".to_owned(),
    };
    let place = resource
        .spans
        .get("signing_key")
        .unwrap_or(&resource.origin);
    Some(
        Diagnostic::error("issuer", message)
            .about(&resource.address)
            .at(*place, "what it publishes is declared here")
            .help("declare the public half of the key that signs as a `signing_key`, and apply the stack")
            .help("`token check` says whether the key is published where the token endpoint looks"),
    )
}

/// A credential with an expression for an issuer that may have none.
fn expression(stack: &Stack, url: Option<&str>) -> Option<Diagnostic> {
    let mut resources = stack.desired.of_kind(federated_credential::KIND);
    let resource = resources.find(|resource| {
        let trust = federated_credential::trust(&resource.body);
        trust.is_some_and(|trust| {
            matches!(trust.matcher, Matcher::Expression(_))
                && url.is_none_or(|url| trust.issuer == url)
        })
    })?;
    Some(
        Diagnostic::error("no-expression", "this issuer may have no expressions")
            .about(&resource.address)
            .at(span(resource, "subject"), "an expression")
            .help("write exact subjects, one credential for each"),
    )
}
