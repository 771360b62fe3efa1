//! The run's tokens: asked for once per service, and anew when a service says that one is no longer good.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, StatusCode};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

/// Tokens are replaced this long before they expire.
const EARLY: Duration = Duration::minutes(5);

/// Tells a credential that the token it has was refused: whatever it keeps, it must ask anew.
pub(super) struct Fresh;

/// A credential that keeps its tokens. Blob clients are made one per blob, and `az` takes a second per token.
pub(super) struct Session {
    credential: Arc<dyn TokenCredential>,
    tokens: Mutex<BTreeMap<String, Held>>,
}

enum Held {
    Good(AccessToken),
    Refused,
}

impl Session {
    pub(super) fn new(credential: Arc<dyn TokenCredential>) -> Arc<Self> {
        Arc::new(Self {
            credential,
            tokens: Mutex::default(),
        })
    }

    /// Forgets the token of a refused `Authorization` header. Many requests may have carried it: the first one counts.
    async fn refuse(&self, header: &str) {
        let token = header.strip_prefix("Bearer ").unwrap_or(header);
        for held in self.tokens.lock().await.values_mut() {
            if matches!(held, Held::Good(good) if good.token.secret() == token) {
                *held = Held::Refused;
            }
        }
    }
}

#[async_trait]
impl TokenCredential for Session {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let key = scopes.join(" ");
        // Held across the login on purpose: sixteen readers must not log in sixteen times.
        let mut tokens = self.tokens.lock().await;
        let mut options = options.unwrap_or_default();
        match tokens.get(&key) {
            Some(Held::Good(token)) if token.expires_on > OffsetDateTime::now_utc() + EARLY => {
                return Ok(token.clone());
            }
            Some(Held::Refused) => {
                options.method_options.context.insert(Fresh);
            }
            _ => {}
        }
        let token = self.credential.get_token(scopes, Some(options)).await?;
        tokens.insert(key, Held::Good(token.clone()));
        Ok(token)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// Sees every 401 before the bearer policy does, so that the next request asks for a new token.
#[derive(Debug)]
pub(super) struct RefuseOn401(pub(super) Arc<Session>);

#[async_trait]
impl Policy for RefuseOn401 {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let Some((first, rest)) = next.split_first() else {
            return Err(azure_core::Error::with_message(
                azure_core::error::ErrorKind::Other,
                "the pipeline has no transport",
            ));
        };
        let answer = first.send(ctx, request, rest).await?;
        if answer.status() == StatusCode::Unauthorized
            && let Some(header) = request.headers().get_optional_str(&AUTHORIZATION)
        {
            self.0.refuse(header).await;
        }
        Ok(answer)
    }
}
