//! Where an issuer is: as its files say, as `--issuer-url` says, or as Azure says of a static website, whose host nobody
//! else knows.

use super::super::args::TenantArgs;
use super::super::stack::Stack;
use super::super::{Failure, World, block_on, connect};
use crate::kinds::{oidc_issuer, storage_account};
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::value::{Part, Ref};
use crate::observe;

#[derive(Debug, clap::Args)]
pub struct PlaceArgs {
    /// The issuer's URL, for a static website whose host is asked of Azure otherwise.
    #[arg(long, value_name = "URL", value_parser = https)]
    issuer_url: Option<String>,
    #[command(flatten)]
    tenant: TenantArgs,
}

/// An issuer's URL as tokens carry it: with no slash at the end that the user did not mean.
fn https(text: &str) -> Result<String, String> {
    let fits = url::Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https" && url.query().is_none() && url.fragment().is_none()
    });
    match fits {
        true => Ok(text.to_owned()),
        false => Err("an issuer is an https URL without a query".to_owned()),
    }
}

/// The URL of a declared issuer.
///
/// # Errors
/// `--issuer-url` is not what the files say, and as [`live`].
pub fn url(
    world: &World,
    stack: &Stack,
    issuer: &Resource,
    args: &PlaceArgs,
) -> Result<String, Failure> {
    let known = oidc_issuer::url(issuer, &stack.desired.stack);
    match (&args.issuer_url, known) {
        (Some(given), Some(known)) if *given != known => {
            let message = format!(
                "`--issuer-url {given}` is not the URL of `{}`, which is `{known}`",
                issuer.address
            );
            let said = Diagnostic::error("unknown-issuer", message);
            Err(said
                .help("leave it away: it is for a static website, whose host no file knows")
                .into())
        }
        (Some(given), _) => Ok(given.clone()),
        (None, _) => live(world, stack, issuer, &args.tenant),
    }
}

/// The URL of a declared issuer, asked of Azure where the files do not say it.
///
/// # Errors
/// There is no such account yet, and what a login or a read may end with.
pub fn live(
    world: &World,
    stack: &Stack,
    issuer: &Resource,
    tenant: &TenantArgs,
) -> Result<String, Failure> {
    if let Some(known) = oidc_issuer::url(issuer, &stack.desired.stack) {
        return Ok(known);
    }
    let connection = connect::connect(world, tenant, stack)?;
    let mut desired = stack.desired.clone();
    desired
        .resources
        .retain(|address, _| address.within(&issuer.address));
    let accounts: Vec<String> = desired
        .of_kind(storage_account::KIND)
        .filter_map(|account| account.text("id").map(str::to_owned))
        .collect();
    let live = block_on(async {
        let wanted = &stack.desired.stack.tenant_id;
        let caller = connection.check_tenant(wanted).await;
        caller.map_err(|wrong| vec![wrong])?;
        observe::observe(&desired, &connection.reader).await
    })?
    .map_err(|said| stack.failure(said))?;
    let accounts = accounts.iter();
    let mut found = accounts.filter_map(|id| storage_account::found(id, &live));
    let host = found.find_map(|account| account.outputs.get(storage_account::WEB_ENDPOINT));
    let tell = |reference: &Ref| {
        let host = host.filter(|_| reference.output == storage_account::WEB_ENDPOINT)?;
        Some(Part::Literal(host.clone()))
    };
    oidc_issuer::url_with(issuer, &stack.desired.stack, &tell).ok_or_else(|| {
        let account = issuer.text("storage_account").unwrap_or_default();
        let message = format!(
            "the URL of `{}` is not known yet: there is no storage account `{account}`, and Azure chooses the host of its website",
            issuer.address
        );
        Diagnostic::error("unknown-issuer", message)
            .help("`trustform apply` makes it; where the host is known, give the URL with `--issuer-url`")
            .into()
    })
}
