//! Whatever the text: reading it ends, nothing panics, and what comes back is consistent.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use ruff::diagnostics::{RenderOptions, render_all};
use ruff::source::{SourceMap, Span};
use ruff::syntax::ast::{ExprKind, StmtKind};
use ruff::syntax::lexer::lex;
use ruff::syntax::print::{ast_text, tokens_text};
use ruff::syntax::{Ast, parse};

/// Pieces that programs are made of, and some that they are not.
const PIECES: &[&str] = &[
    "let",
    "mut",
    "const",
    "func",
    "return",
    "enum",
    "struct",
    "impl",
    "match",
    "case",
    "default",
    "if",
    "else",
    "loop",
    "while",
    "for",
    "in",
    "break",
    "continue",
    "try",
    "except",
    "finally",
    "throw",
    "import",
    "export",
    "from",
    "as",
    "self",
    "null",
    "true",
    "spawn",
    "async",
    "await",
    "yield",
    "and",
    "or",
    "not",
    "test",
    ":=",
    "=",
    "+=",
    "**=",
    "??=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "&",
    "|",
    "^",
    "~",
    "<<",
    ">>",
    "&&",
    "||",
    "!",
    "|>",
    "??",
    "?.",
    "?",
    "::",
    ".",
    "..",
    "..=",
    "...",
    "->",
    "=>",
    ",",
    ";",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\r\n",
    " ",
    "x",
    "y",
    "_",
    "foo",
    "1",
    "2.5",
    "0xff",
    "1..",
    "\"a\"",
    "'b'",
    "r\"c\"",
    "\"${",
    "}\"",
    "\"\"\"",
    "\"",
    "'",
    "\"a${x}b\"",
    "\"${x:>5}\"",
    "\"${x:",
    "{w}",
    "//",
    "/*",
    "*/",
    "#",
    "///",
    "\\",
    "@",
    "$",
    "`",
    "é",
    "“",
    "\u{a0}",
    "def",
    "elif",
    "var",
    "switch",
    "then",
    "end",
    "new",
    "lambda",
    "function",
    "class",
    "do",
    "foreach",
    "public",
    "static",
    "catch",
    "x:",
    "f(",
    "case 1:",
    "if x {",
    "0x",
    "1e",
];

/// What soup may stand in.
const HEADS: &[&str] = &[
    "match x {\n",
    "match x { case ",
    "match x { case 1: ",
    "struct S {\n",
    "struct S { x\n func f(",
    "enum E {\n",
    "enum E { A(",
    "impl S {\n",
    "func f(",
    "func f() -> ",
    "x := [",
    "x := {",
    "x := P {",
    "f(",
    "x[",
    "[a, ",
    "{a, ",
    "let {",
    "\"${",
    "\"${x:",
    "from m import ",
    "import ",
    "for ",
    "try { } ",
    "x: dict<",
    "x => {",
    "(a, ",
    "test \"t\" {",
    "if a { } else ",
    "export ",
    "async ",
    "x?.",
    "x::",
    "case [",
];

fn check(text: &str) {
    let mut sources = SourceMap::new();
    let id = sources.add("soup.ruff", text);
    let tokens = lex(id, text);
    assert!(tokens_text(text, &tokens).lines().count() >= tokens.list.len());
    let mut end = 0;
    for token in &tokens.list {
        assert!(token.start >= end && token.end >= token.start, "tokens overlap");
        assert!(text.get(token.start as usize..token.end as usize).is_some(), "a token cuts a character");
        end = token.end;
    }
    let parsed = parse(id, text);
    assert!(!ast_text(&parsed.ast).contains('\0') || text.contains('\0') || text.contains("\\0") || text.contains("\\"));
    check_tree(&parsed.ast, text, parsed.has_errors());
    for diagnostic in &parsed.diagnostics {
        check_span(diagnostic.span, text);
        assert!(!diagnostic.message.is_empty());
    }
    render_all(&sources, &parsed.diagnostics, RenderOptions { limit: 20, ..Default::default() });
}

fn check_span(span: Span, text: &str) {
    assert!(span.start <= span.end, "span {span:?} runs backwards");
    assert!(text.get(span.start as usize..span.end as usize).is_some(), "span {span:?} does not fit {text:?}");
}

fn check_tree(ast: &Ast, text: &str, errors: bool) {
    for expr in &ast.exprs {
        check_span(expr.span, text);
        assert!(errors || !matches!(expr.kind, ExprKind::Error), "an error node without an error");
    }
    for stmt in &ast.stmts {
        check_span(stmt.span, text);
        assert!(errors || !matches!(stmt.kind, StmtKind::Error), "an error node without an error");
    }
    for (index, expr) in ast.exprs.iter().enumerate() {
        if let ExprKind::Binary { left, right, .. } = expr.kind {
            assert!(left.index() < index && right.index() < index, "a child behind its parent");
        }
    }
}

/// All programs of the repository, broken or not.
fn programs() -> Vec<String> {
    let mut list = Vec::new();
    let mut folders =
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "ruff") {
                list.extend(fs::read_to_string(path));
            }
        }
    }
    list.sort();
    list
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn ascii(text in "[ -~\n]{0,200}") {
        check(&text);
    }

    #[test]
    fn token_soup(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..120), spaced in any::<bool>()) {
        check(&pieces.join(if spaced { " " } else { "" }));
    }

    /// Each kind of bracket has a loop over its items, which must go on whatever stands there.
    #[test]
    fn token_soup_within(head in proptest::sample::select(HEADS), pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        check(&format!("{head}{}", pieces.join(" ")));
    }
}

#[test]
fn programs_cut_short_or_with_a_hole() {
    for program in programs() {
        let ends: Vec<usize> = program.char_indices().map(|(at, _)| at).collect();
        let step = (ends.len() / 12).max(1);
        for &at in ends.iter().step_by(step) {
            check(&program[..at]);
            let behind = ends.iter().copied().find(|&end| end > at + 7).unwrap_or(program.len());
            check(&format!("{}{}", &program[..at], &program[behind..]));
        }
    }
}

#[test]
fn deep_and_long_texts() {
    let repeat = |piece: &str, count: usize| piece.repeat(count);
    for piece in [
        "(",
        "[",
        "{",
        "-",
        "!",
        "x => ",
        "if x {",
        "\"${",
        "f(",
        "a[",
        "case ",
        "await ",
        "not ",
        "new ",
        "yield ",
        "else if x {",
        "public ",
    ] {
        check(&repeat(piece, 20_000));
        check(&format!("x := {}", repeat(piece, 5_000)));
        check(&format!("match x {{ case {}", repeat(piece, 5_000)));
        check(&format!("let x: {}", repeat(piece, 5_000)));
    }
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{a: ", "}"), ("f(", ")"), ("\"${", "}\""), ("func() { ", " }"), ("if x { ", " }")]
    {
        let nested = |depth: usize| format!("x := {}1{}", repeat(open, depth), repeat(close, depth));
        check(&nested(1_000));
        check(&nested(2_500));
    }
}

#[test]
fn nesting_up_to_the_limit_is_read_and_beyond_is_reported() {
    let nested = |depth: usize| format!("x := {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(Default::default(), &nested(2_000)).diagnostics.is_empty());
    let parsed = parse(Default::default(), &nested(2_001));
    assert_eq!(parsed.diagnostics.len(), 1);
    assert_eq!(parsed.diagnostics[0].message, "nesting too deep");
    assert_eq!(parsed.diagnostics[0].span.start, 5 + 2_000);
}

#[test]
fn long_chains_are_no_nesting() {
    for (first, more) in [
        ("1", "+1"),
        ("a", ".b()"),
        ("a", "|> f"),
        ("a", " && b"),
        ("x := 1", "; x := 1"),
        ("if a { }", " else if b { }"),
        ("a", "[0]"),
        ("a", "?.b"),
    ] {
        let text = format!("{first}{}", more.repeat(100_000));
        let parsed = parse(Default::default(), &text);
        assert!(parsed.diagnostics.is_empty(), "{more}: {:?}", parsed.diagnostics.first());
    }
}

/// What this thread takes of the processor for some work, in seconds: how busy the machine is does not count.
fn cpu_time(work: impl FnOnce()) -> f64 {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let before = now();
    work();
    let after = now();
    (after.tv_sec - before.tv_sec) as f64 + (after.tv_nsec - before.tv_nsec) as f64 / 1e9
}

/// Broken text takes no more than linear time either: ten times the text ten times as long, and not a hundred times.
#[test]
fn broken_text_is_read_in_linear_time() {
    for piece in [
        "(",
        ")",
        "}",
        "\"",
        "'",
        "x ? y ",
        "(a, ",
        "`",
        "/*",
        "for (",
        "{ a: ",
        "x y z ",
        "\"${",
        "=",
        "if x: ",
        "[a] ",
        "x(",
        "\n)",
        "f(\n",
        "if x y ",
        "switch x ",
        "struct A (",
        "match x y ",
        "x => y : ",
        "foreach ",
        "if x {\n",
        "for { ",
        "if { ",
        "else ",
        "case 1 ",
        "[x for ",
        "do { ",
    ] {
        let [short, long] = [100_000, 1_000_000].map(|size: usize| {
            let text = piece.repeat(size / piece.len());
            cpu_time(|| drop(parse(Default::default(), &text)))
        });
        assert!(long < 40.0 * short, "{piece:?} took {short:.3} s, ten times as much {long:.3} s");
    }
}
