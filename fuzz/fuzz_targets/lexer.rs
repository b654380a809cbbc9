//! Any text becomes tokens in ascending order that cut no character, the last of them the end of the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruff::source::SourceId;
use ruff::syntax::lexer::lex;
use ruff::syntax::token::TokenKind;

fuzz_target!(|text: &str| {
    let tokens = lex(SourceId(0), text);
    let mut end = 0;
    for token in &tokens.list {
        assert!(end <= token.start && token.start <= token.end);
        assert!(text.get(token.start as usize..token.end as usize).is_some());
        end = token.end;
    }
    assert_eq!(tokens.list.last().map(|token| token.kind), Some(TokenKind::Eof));
});
