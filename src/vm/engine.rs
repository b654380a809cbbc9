//! The VM as builtins see it.
use std::sync::Arc;

use super::Vm;
use crate::builtins::{Engine, Site};
use crate::host::Host;
use crate::semantics::call::FnInfo;
use crate::value::FnId;
use crate::value::isolate::Isolate;

impl Engine for Vm {
    fn isolate(&mut self) -> &mut Isolate {
        &mut self.isolate
    }

    fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    fn fn_info(&self, function: FnId) -> Arc<FnInfo> {
        self.info_of(function)
    }

    /// The innermost frame that is not one of the prelude.
    fn site(&self) -> Site {
        let waiting = self.frames.iter().rev().map(|frame| frame.here);
        let visible = std::iter::once(self.here).chain(waiting).find(|here| !here.func.info.hidden);
        let Some(here) = visible else { return Site::default() };
        let chunk = &here.func.chunk;
        let span = chunk.span(here.ip.pc(here.func.start));
        let place = self.code.position(chunk.source, span.start);
        Site {
            file: self.code.file_name(chunk.source),
            line: place.line,
            column: place.column,
            text: self.code.excerpt(chunk.source, span.start, span.end),
        }
    }
}
