use serde_json::{Value, json};

use crate::emulator::inprocess::new_signing_key;
use crate::emulator::jwt::SigningKey;
use crate::emulator::request::Request;
use crate::emulator::session::Session;
use crate::emulator::{Answer, handle, resume};
use crate::kinds::application::emulator::tests::session;

const ISSUER: &str = "https://oidc4f1c.blob.core.windows.net/oidc";
const SUBJECT: &str = "system:serviceaccount:payments:checkout-sa";
const AUDIENCE: &str = "api://AzureADTokenExchange";

struct Cluster {
    graph: Session,
    key: SigningKey,
    client_id: String,
    storage: String,
}

impl Cluster {
    /// An application that trusts a service account of a cluster, and may read applications.
    fn new() -> Self {
        let mut graph = session();
        graph.store.provision_account("oidc4f1c", true);
        let access = crate::emulator::blob::PublicAccess::Blob;
        let now = graph.now;
        graph
            .store
            .provision_container("oidc4f1c", "oidc", access, now);
        let application = graph
            .upsert("checkout", &json!({"displayName": "checkout"}))
            .value();
        let client_id = application["appId"].as_str().unwrap().to_owned();
        let principal = graph
            .graph(
                "POST",
                "/v1.0/servicePrincipals",
                &json!({"appId": client_id}),
            )
            .value();
        let credential =
            json!({"name": "kind", "issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]});
        let path = "/beta/applications(uniqueName='checkout')/federatedIdentityCredentials";
        assert_eq!(graph.graph("POST", path, &credential).status, 201);
        let api = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
        let api = graph.graph("GET", api, &Value::Null).value();
        let role = api["appRoles"]
            .as_array()
            .unwrap()
            .iter()
            .find(|role| role["value"] == "Application.Read.All");
        let assignment = json!({"principalId": principal["id"], "resourceId": api["id"], "appRoleId": role.unwrap()["id"]});
        let path = format!(
            "/v1.0/servicePrincipals/{}/appRoleAssignedTo",
            api["id"].as_str().unwrap()
        );
        assert_eq!(graph.graph("POST", &path, &assignment).status, 201);
        assert_eq!(
            graph.graph("POST", &path, &assignment).status,
            400,
            "granted twice"
        );
        let assertion = crate::emulator::login::ADMINISTRATOR_ASSERTION;
        let administrator = crate::emulator::login::ADMINISTRATOR_CLIENT_ID;
        let storage = graph
            .log_in(administrator, assertion, "https://storage.azure.com")
            .unwrap();
        let key = SigningKey::new(new_signing_key().unwrap()).unwrap();
        Self {
            graph,
            key,
            client_id,
            storage,
        }
    }

    fn upload(&mut self, name: &str, document: &Value) {
        let mut request = Request::new("PUT", &format!("{ISSUER}/{name}"))
            .unwrap()
            .with_json(document)
            .with_header("x-ms-blob-type", "BlockBlob")
            .with_header("authorization", &format!("Bearer {}", self.storage));
        request.secure = true;
        assert_eq!(self.graph.send(&request).status, 201);
    }

    fn publish(&mut self) {
        let jwks = format!("{ISSUER}/openid/v1/jwks");
        self.upload(
            ".well-known/openid-configuration",
            &json!({"issuer": ISSUER, "jwks_uri": jwks}),
        );
        let key = self.key.jwk(ISSUER);
        self.upload("openid/v1/jwks", &json!({"keys": [key]}));
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let now = self.graph.now / 1000;
        let mut claims = json!({"iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "nbf": now, "exp": now + 3600});
        change(&mut claims);
        self.key.sign(&claims).unwrap()
    }

    fn exchange(&mut self, assertion: &str) -> Result<String, String> {
        let client_id = self.client_id.clone();
        self.graph
            .log_in(&client_id, assertion, "https://graph.microsoft.com")
    }

    fn refused(&mut self, assertion: &str) -> String {
        let description = self.exchange(assertion).unwrap_err();
        description.split(':').next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_service_account_token_is_exchanged_for_one_with_the_granted_roles() {
    let mut cluster = Cluster::new();
    cluster.publish();
    let assertion = cluster.token(|_| ());
    let token = cluster.exchange(&assertion).expect("a token");
    cluster.graph.act_with(token);
    assert_eq!(
        cluster
            .graph
            .graph("GET", "/v1.0/applications", &Value::Null)
            .status,
        200
    );
    let denied = cluster
        .graph
        .graph("POST", "/v1.0/applications", &json!({"displayName": "x"}));
    assert_eq!(
        (denied.status, &denied.value()["error"]["code"]),
        (403, &json!("Authorization_RequestDenied"))
    );
    cluster.graph.act_with("x.y.z".to_owned());
    assert_eq!(
        cluster
            .graph
            .graph("GET", "/v1.0/applications", &Value::Null)
            .status,
        401
    );
    cluster.graph.now += 4_000_000;
    assert_eq!(
        cluster.refused(&assertion),
        "AADSTS700024",
        "beyond its life and the tolerance"
    );
}

#[test]
fn each_broken_link_of_the_chain_has_its_error() {
    let mut cluster = Cluster::new();
    let good = cluster.token(|_| ());
    assert_eq!(cluster.refused(&good), "AADSTS90061", "nothing uploaded");
    cluster.publish();
    assert!(cluster.exchange(&good).is_ok());
    for (change, code) in [
        (json!({"iss": format!("{ISSUER}/")}), "AADSTS700211"),
        (
            json!({"sub": "system:serviceaccount:payments:other"}),
            "AADSTS700213",
        ),
        (json!({"sub": SUBJECT.to_uppercase()}), "AADSTS7002138"),
        (json!({"aud": "sts.amazonaws.com"}), "AADSTS700212"),
        (json!({"exp": 1}), "AADSTS700024"),
    ] {
        let token = cluster.token(|claims| {
            for (name, value) in change.as_object().unwrap() {
                claims[name] = value.clone();
            }
        });
        assert_eq!(cluster.refused(&token), code, "{change}");
    }
    let other = SigningKey::new(new_signing_key().unwrap()).unwrap();
    let foreign = std::mem::replace(&mut cluster.key, other).clone();
    let unknown = cluster.token(|_| ());
    assert_eq!(
        cluster.refused(&unknown),
        "AADSTS7000272",
        "a key that is not published"
    );
    cluster.key = foreign;
    cluster.graph.store.provision_account("oidc4f1c", false);
    assert_eq!(
        cluster.refused(&good),
        "AADSTS90061",
        "the account allows nothing public"
    );
    assert_eq!(cluster.refused("not a token"), "AADSTS50027");
    let application = "/v1.0/applications(uniqueName='checkout')";
    cluster.graph.graph("DELETE", application, &Value::Null);
    assert_eq!(cluster.refused(&good), "AADSTS700016");
}

#[test]
fn documents_of_other_issuers_are_asked_for() {
    let mut cluster = Cluster::new();
    let issuer = "https://oidc.example";
    let credential =
        json!({"name": "other", "issuer": issuer, "subject": "s", "audiences": [AUDIENCE]});
    let path = "/beta/applications(uniqueName='checkout')/federatedIdentityCredentials";
    cluster.graph.graph("POST", path, &credential);
    let token = cluster.token(|claims| {
        claims["iss"] = issuer.into();
        claims["sub"] = "s".into();
    });
    let tenant = cluster.graph.store.tenant.id.clone();
    let mut request = Request::new(
        "POST",
        &format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
    )
    .unwrap();
    request.body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &cluster.client_id)
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", &token)
        .append_pair("scope", "https://graph.microsoft.com/.default")
        .finish()
        .into_bytes();
    let documents = [
        (
            format!("{issuer}/.well-known/openid-configuration"),
            json!({"issuer": issuer, "jwks_uri": "https://keys.example/jwks"}),
        ),
        (
            "https://keys.example/jwks".to_owned(),
            json!({"keys": [cluster.key.jwk(issuer)]}),
        ),
    ];
    let (now, store, routes) = (
        cluster.graph.now,
        &mut cluster.graph.store,
        &cluster.graph.routes,
    );
    let mut answer = handle(store, routes, &request, now, 1);
    for (wanted, document) in documents {
        let Answer::Fetch {
            url,
            resume: waiting,
        } = answer
        else {
            panic!("{wanted} was not asked for");
        };
        assert_eq!(url, wanted);
        answer = resume(
            store,
            routes,
            waiting,
            Ok(document.to_string().into_bytes()),
            now,
            2,
        );
    }
    let Answer::Reply(reply) = answer else {
        panic!("no reply");
    };
    assert_eq!(reply.status, 200);
}
