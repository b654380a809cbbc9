//! Tokens and trees as text: one small program per area of the language, in `tests/syntax`.
//!
//! After a wanted change run with `INSTA_UPDATE=always` and read the difference.

use std::fs;
use std::path::{Path, PathBuf};

use ruff::source::SourceId;
use ruff::syntax::lexer::lex;
use ruff::syntax::print::{ast_text, tokens_text};

fn programs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let name = file.file_stem().expect("a file").to_string_lossy().into_owned();
        (name, fs::read_to_string(file).expect("readable"))
    };
    files.iter().map(read).collect()
}

#[test]
fn tokens() {
    for (name, text) in programs() {
        let tokens = lex(SourceId(0), &text);
        assert!(tokens.diagnostics.is_empty(), "{name}: {:?}", tokens.diagnostics);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("tokens_{name}"), tokens_text(&text, &tokens));
        });
    }
}

#[test]
fn trees() {
    for (name, text) in programs() {
        let parsed = ruff::syntax::parse(SourceId(0), &text);
        assert!(parsed.diagnostics.is_empty(), "{name}: {:?}", parsed.diagnostics);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("ast_{name}"), ast_text(&parsed.ast));
        });
    }
}
