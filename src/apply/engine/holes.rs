//! Holes: what a request or a check is once earlier steps have told what it needs.

use super::super::verify;
use super::Engine;
use crate::model::step::{Check, Request};
use crate::model::value::{Part, Ref, Value, fill};

impl Engine {
    fn tell(&self, reference: &Ref) -> Option<Part> {
        let text = self
            .outputs
            .get(reference)
            .or_else(|| self.known.get(reference))?;
        Some(Part::Literal(text.clone()))
    }

    pub(super) fn filled(&self, request: &Request) -> Request {
        let tell = |reference: &Ref| self.tell(reference);
        Request {
            path: fill(&request.path, &tell),
            body: request.body.as_ref().map(|body| body.fill(&tell)),
            ..request.clone()
        }
    }

    pub(super) fn filled_check(&self, check: &Check) -> Check {
        let tell = |reference: &Ref| self.tell(reference);
        verify::filled(check, &|value: &Value| value.fill(&tell), &|request| {
            self.filled(request)
        })
    }
}
