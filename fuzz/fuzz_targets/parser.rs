//! Any text becomes a tree; its places fit the text, and it can be printed, as can what is said about it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruff::diagnostics::{RenderOptions, render_all};
use ruff::source::SourceMap;
use ruff::syntax::ast::ExprKind;
use ruff::syntax::{parse, print};

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::new();
    let id = sources.add("fuzz.ruff", text);
    let parsed = parse(id, text);
    for expr in &parsed.ast.exprs {
        assert!(text.get(expr.span.start as usize..expr.span.end as usize).is_some());
        assert!(parsed.has_errors() || !matches!(expr.kind, ExprKind::Error));
    }
    print::ast_text(&parsed.ast);
    render_all(&sources, &parsed.diagnostics, RenderOptions { limit: 20, ..Default::default() });
});
