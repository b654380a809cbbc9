//! Programs as trees of text: what the generator makes, what the shrinker takes apart.
//!
//! A tree knows of its parts only what shrinking needs: which are statements that can go, and which are expressions that
//! something simpler of the same type can stand for.
use std::fmt::Write as _;

use super::types::Type;

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    Tree(Tree),
    /// The statements of a block, printed with its braces.
    Body(Vec<Tree>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Statement,
    Expression(Type),
    /// Neither: the head of a block, a parameter list. Only its parts can shrink.
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub kind: Kind,
    pub parts: Vec<Part>,
}

impl From<Tree> for Part {
    fn from(tree: Tree) -> Part {
        Part::Tree(tree)
    }
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part::Text(text)
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Part {
        Part::Text(text.to_owned())
    }
}

impl From<Vec<Tree>> for Part {
    fn from(body: Vec<Tree>) -> Part {
        Part::Body(body)
    }
}

impl Tree {
    /// `template` with a part for each `@`.
    pub fn new(kind: Kind, template: &str, parts: Vec<Part>) -> Tree {
        let mut texts = template.split('@');
        let mut all = vec![Part::from(texts.next().unwrap_or_default())];
        let mut parts = parts.into_iter();
        for text in texts {
            all.push(parts.next().unwrap_or_else(|| panic!("too few parts for {template}")));
            all.push(Part::from(text));
        }
        assert!(parts.next().is_none(), "too many parts for {template}");
        Tree { kind, parts: all }
    }

    pub fn statement(template: &str, parts: Vec<Part>) -> Tree {
        Tree::new(Kind::Statement, template, parts)
    }

    pub fn expression(of: &Type, template: &str, parts: Vec<Part>) -> Tree {
        Tree::new(Kind::Expression(of.clone()), template, parts)
    }

    pub fn other(template: &str, parts: Vec<Part>) -> Tree {
        Tree::new(Kind::Other, template, parts)
    }

    fn print(&self, depth: usize, into: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(text) => into.push_str(text),
                Part::Tree(tree) => tree.print(depth, into),
                Part::Body(body) => {
                    into.push_str("{\n");
                    print_body(body, depth + 1, into);
                    let _ = write!(into, "{:1$}}}", "", 4 * depth);
                }
            }
        }
    }
}

/// `parts` with `between` between them.
pub fn list(parts: Vec<Tree>, between: &str) -> Tree {
    let template = vec!["@"; parts.len()].join(between);
    Tree::other(&template, parts.into_iter().map(Part::from).collect())
}

fn print_body(body: &[Tree], depth: usize, into: &mut String) {
    for statement in body {
        let _ = write!(into, "{:1$}", "", 4 * depth);
        statement.print(depth, into);
        into.push('\n');
    }
}

/// The source text of a program.
pub fn print(program: &[Tree]) -> String {
    let mut text = String::new();
    print_body(program, 0, &mut text);
    text
}
