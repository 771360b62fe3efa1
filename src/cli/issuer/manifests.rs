//! `issuer manifests`: what a cluster needs to sign tokens for an issuer, and a pod to get them, from the declared credentials.

use std::fmt::Write;

use super::super::{Exit, Failure, World, stack};
use super::chosen;
use super::place::{self, PlaceArgs};
use super::write::IssuerArgs;
use crate::kinds::{federated_credential, oidc_issuer};
use crate::model::desired::Resource;
use crate::model::value::Value;

/// Print what a cluster needs to sign tokens for an issuer, and a pod to get them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: IssuerArgs,
    #[command(flatten)]
    place: PlaceArgs,
    /// The private key that the cluster signs with, on this machine.
    #[arg(long, value_name = "FILE", default_value = "sa-signer.key")]
    signing_key: String,
    /// The client id, for the service account's annotation. Default: what the file says of it.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack.stack())?;
    stack.warn(world);
    let issuer = chosen(&stack, args.stack.issuer.as_deref())?;
    let url = place::url(world, &stack, issuer, &args.place)?;
    let host = oidc_issuer::host_in(issuer, &url);
    let mut text = cluster(&url, &args.signing_key);
    let credentials = stack.desired.of_kind(federated_credential::KIND);
    let trusting = credentials.filter(|credential| {
        let named = credential.at("issuer").map(|issuer| issuer.fill(&host));
        named.as_ref().and_then(Value::as_str) == Some(&url)
    });
    for (credential, (namespace, name)) in
        trusting.filter_map(|one| Some((one, service_account(one)?)))
    {
        let holder = stack.desired.parent(credential);
        let known = holder.and_then(|holder| {
            let given = ["existing.client_id", "adopt.client_id"].into_iter();
            given.filter_map(|at| holder.text(at)).next()
        });
        let client_id = args.client_id.as_deref().or(known);
        let client_id = client_id.map_or_else(
            || {
                let holder = holder.map(|holder| holder.address.to_string());
                format!("<client id of {}>", holder.unwrap_or_default())
            },
            str::to_owned,
        );
        let pod = Pod {
            namespace,
            name,
            client_id: &client_id,
            tenant_id: &stack.desired.stack.tenant_id,
            audience: credential
                .text("audience")
                .unwrap_or("api://AzureADTokenExchange"),
        };
        let _ = write!(
            text,
            "---\n# For {}{}\n{}",
            credential.address,
            match client_id.starts_with('<') {
                true =>
                    ". `trustform list` shows the client id, and `--client-id ID` writes it here.",
                false => "",
            },
            pod.manifest()
        );
    }
    world.print(&text);
    Ok(Exit::Done)
}

/// `system:serviceaccount:NAMESPACE:NAME`.
fn service_account(credential: &Resource) -> Option<(&str, &str)> {
    credential
        .text("subject")?
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')
}

fn cluster(url: &str, key: &str) -> String {
    format!(
        r#"# kind: `kind create cluster --config FILE`. Tokens that were made for another issuer stop working.
# `api-audiences` is left as it is: with the exchange's audience in it, every token that is made for
# Microsoft Entra would also be accepted by this cluster's own API server.
# The key's `kid` is a hash of the key, so the JWKS can be published before the cluster exists.
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - hostPath: {key}
        containerPath: /etc/kubernetes/pki/sa-signer.key
        readOnly: true
    kubeadmConfigPatches:
      - |
        # kubeadm: the same patch, without kind around it.
        kind: ClusterConfiguration
        apiServer:
          extraArgs:
            service-account-issuer: {url}
            service-account-signing-key-file: /etc/kubernetes/pki/sa-signer.key
            service-account-key-file: /etc/kubernetes/pki/sa-signer.key
        controllerManager:
          extraArgs:
            service-account-private-key-file: /etc/kubernetes/pki/sa-signer.key
# k3s: k3s server \
#   --kube-apiserver-arg=service-account-issuer={url} \
#   --kube-apiserver-arg=service-account-signing-key-file={key} \
#   --kube-apiserver-arg=service-account-key-file={key} \
#   --kube-controller-manager-arg=service-account-private-key-file={key}
"#
    )
}

/// A service account that may act as an application.
struct Pod<'a> {
    namespace: &'a str,
    name: &'a str,
    client_id: &'a str,
    tenant_id: &'a str,
    audience: &'a str,
}

impl Pod<'_> {
    fn manifest(&self) -> String {
        let Pod {
            namespace,
            name,
            client_id,
            tenant_id,
            audience,
        } = self;
        format!(
            r#"apiVersion: v1
kind: ServiceAccount
metadata:
  name: {name}
  namespace: {namespace}
  annotations:
    azure.workload.identity/client-id: "{client_id}"
    azure.workload.identity/tenant-id: "{tenant_id}"
---
# The webhook of azure-workload-identity adds the volume by itself; this is the same by hand.
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: {namespace}
spec:
  serviceAccountName: {name}
  containers:
    - name: app
      image: <image>
      env:
        - name: AZURE_CLIENT_ID
          value: "{client_id}"
        - name: AZURE_TENANT_ID
          value: "{tenant_id}"
        - name: AZURE_FEDERATED_TOKEN_FILE
          value: /var/run/secrets/tokens/azure-identity-token
      volumeMounts:
        - name: azure-identity-token
          mountPath: /var/run/secrets/tokens
          readOnly: true
  volumes:
    - name: azure-identity-token
      projected:
        sources:
          - serviceAccountToken:
              path: azure-identity-token
              audience: {audience}
              expirationSeconds: 3600
"#
        )
    }
}
