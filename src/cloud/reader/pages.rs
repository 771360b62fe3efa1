//! Lists, page after page: whole, or one page at a time where a list is too long to be held.

use std::collections::BTreeSet;

use azure_core::http::Url;
use serde_json::Value as Json;

use super::Reader;
use crate::cloud::explain;
use crate::cloud::reply::Lost;
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Reply, Request, Service};

/// The most pages of one list: a million objects at 999 each.
const MAX_PAGES: usize = 1_001;

impl Reader {
    /// Reads one list and hands over its items page by page, in order. The answer is the last page's, without its items;
    /// or the first one's where that is no success: then nothing was handed over.
    ///
    /// # Errors
    /// Those of [`Reader::read`]. What was handed over until then is a part of the list.
    pub async fn pages(
        &self,
        request: &Request,
        mut each: impl FnMut(Vec<Json>),
    ) -> Result<Reply, Diagnostic> {
        let mut seen = BTreeSet::new();
        let mut reply = self.one(request, 0, None).await?;
        if !reply.ok() {
            return Ok(reply);
        }
        loop {
            each(items(&mut reply, request)?);
            let Some(url) = self.next(request, &mut reply, &mut seen)? else {
                return Ok(reply);
            };
            reply = self.page(request, 0, &url).await?;
        }
    }

    /// Reads the first page of a list, and no other: of a log, the newest entries.
    ///
    /// # Errors
    /// Those of [`Reader::read`].
    pub async fn first(&self, request: &Request) -> Result<Reply, Diagnostic> {
        self.one(request, 0, None).await
    }

    /// The reply with all its pages in one `value`.
    pub(super) async fn whole(
        &self,
        request: &Request,
        at: usize,
        mut reply: Reply,
    ) -> Result<Reply, Diagnostic> {
        let mut seen = BTreeSet::new();
        let mut next = self.next(request, &mut reply, &mut seen)?;
        if next.is_none() {
            return Ok(reply);
        }
        let mut all = items(&mut reply, request)?;
        while let Some(url) = next {
            let mut page = self.page(request, at, &url).await?;
            all.append(&mut items(&mut page, request)?);
            next = self.next(request, &mut page, &mut seen)?;
        }
        reply.body["value"] = Json::Array(all);
        Ok(reply)
    }

    async fn page(&self, request: &Request, at: usize, url: &Url) -> Result<Reply, Diagnostic> {
        let page = self.one(request, at, Some(url)).await?;
        match page.ok() {
            true => Ok(page),
            false => Err(explain::refusal(&page, request)),
        }
    }

    /// Takes the address of the next page out of an answer, if it is one that we may go to.
    fn next(
        &self,
        request: &Request,
        reply: &mut Reply,
        seen: &mut BTreeSet<String>,
    ) -> Result<Option<Url>, Diagnostic> {
        let Some(link) = next_link(request.service, &mut reply.body) else {
            return Ok(None);
        };
        let url = Url::parse(&link)
            .ok()
            .filter(|url| self.client.endpoints.owns(request.service, url))
            .ok_or_else(|| {
                unusable(request, "its link to the next page leads to another host or version, and the token is not sent there")
            })?;
        if !seen.insert(link) {
            return Err(unusable(request, "its pages lead in a circle"));
        }
        if seen.len() >= MAX_PAGES {
            return Err(unusable(request, "its list has more than 1,000 pages"));
        }
        Ok(Some(url))
    }
}

fn items(reply: &mut Reply, request: &Request) -> Result<Vec<Json>, Diagnostic> {
    match reply.body.get_mut("value") {
        Some(Json::Array(items)) => Ok(std::mem::take(items)),
        _ => Err(unusable(request, "a page of its list has no `value`")),
    }
}

fn unusable(request: &Request, why: &str) -> Diagnostic {
    explain::lost(&Lost::Unusable(why.to_owned()), request)
}

fn next_link(service: Service, body: &mut Json) -> Option<String> {
    let name = match service {
        Service::Arm => "nextLink",
        _ => "@odata.nextLink",
    };
    match body.as_object_mut()?.shift_remove(name)? {
        Json::String(link) => Some(link),
        _ => None,
    }
}
