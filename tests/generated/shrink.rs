//! Makes a program smaller while it keeps failing: statements go, blocks give way to what is in them, and simpler
//! expressions stand for others.
use super::tree::{Kind, Part, Tree};
use super::types::Type;

/// Where something is: in a body the index of a statement, in a tree the index of a part, in turns.
type Path = Vec<usize>;

/// The smallest found with at most `tries` calls of `fails`.
pub fn shrink(program: Vec<Tree>, tries: usize, fails: &mut dyn FnMut(&[Tree]) -> bool) -> Vec<Tree> {
    let mut shrinker = Shrinker { program, tries, fails };
    loop {
        let before = shrinker.program.clone();
        shrinker.drop_statements();
        shrinker.unwrap_blocks();
        shrinker.simplify_expressions();
        if shrinker.tries == 0 || shrinker.program == before {
            return shrinker.program;
        }
    }
}

struct Shrinker<'f> {
    program: Vec<Tree>,
    tries: usize,
    fails: &'f mut dyn FnMut(&[Tree]) -> bool,
}

impl Shrinker<'_> {
    /// Keeps the change if the program still fails.
    fn attempt(&mut self, change: impl FnOnce(&mut Vec<Tree>)) -> bool {
        let mut changed = self.program.clone();
        change(&mut changed);
        if self.tries == 0 || changed == self.program {
            return false;
        }
        self.tries -= 1;
        let kept = (self.fails)(&changed);
        if kept {
            self.program = changed;
        }
        kept
    }

    fn drop_statements(&mut self) {
        let mut bodies = vec![Path::new()];
        find(&self.program, &mut Vec::new(), &mut |part, path| {
            if matches!(part, Found::Body) {
                bodies.push(path.to_vec());
            }
        });
        // From the back, so that paths stay true where something goes.
        for path in bodies.into_iter().rev() {
            let Some(length) = body(&mut self.program, &path).map(|body| body.len()) else { continue };
            let mut chunk = length;
            while chunk > 0 {
                let mut at = body(&mut self.program, &path).map_or(0, |body| body.len());
                while at > 0 {
                    let from = at.saturating_sub(chunk);
                    self.attempt(|program| drop_range(body(program, &path), from, at));
                    at = from;
                }
                chunk /= 2;
            }
        }
    }

    fn unwrap_blocks(&mut self) {
        let mut statements = Vec::new();
        find(&self.program, &mut Vec::new(), &mut |part, path| {
            if matches!(part, Found::Tree(Tree { kind: Kind::Statement, .. })) {
                statements.push(path.to_vec());
            }
        });
        for path in statements.into_iter().rev() {
            self.attempt(|program| {
                let Some((&at, around)) = path.split_last() else { return };
                let Some(body) = body(program, around) else { return };
                let Some(statement) = body.get(at).cloned() else { return };
                let inner: Vec<Tree> = statement.parts.into_iter().flat_map(statements_of).collect();
                if !inner.is_empty() {
                    body.splice(at..=at, inner);
                }
            });
        }
    }

    fn simplify_expressions(&mut self) {
        let mut expressions = Vec::new();
        find(&self.program, &mut Vec::new(), &mut |part, path| {
            if matches!(part, Found::Tree(Tree { kind: Kind::Expression(_), .. })) {
                expressions.push(path.to_vec());
            }
        });
        for path in expressions {
            let Some(tree) = tree(&mut self.program, &path).cloned() else { continue };
            for simpler in simpler(&tree) {
                if self.attempt(|program| {
                    if let Some(place) = self::tree(program, &path) {
                        *place = simpler;
                    }
                }) {
                    break;
                }
            }
        }
    }
}

fn drop_range(body: Option<&mut Vec<Tree>>, from: usize, to: usize) {
    let Some(body) = body else { return };
    let mut at = 0;
    body.retain(|tree| {
        at += 1;
        tree.kind != Kind::Statement || !(from..to).contains(&(at - 1))
    });
}

fn statements_of(part: Part) -> Vec<Tree> {
    match part {
        Part::Body(body) => body,
        Part::Tree(tree) => tree.parts.into_iter().flat_map(statements_of).collect(),
        Part::Text(_) => Vec::new(),
    }
}

/// What may stand for an expression: a literal, or a part of it of the same type.
fn simpler(tree: &Tree) -> Vec<Tree> {
    let Kind::Expression(is) = &tree.kind else { return Vec::new() };
    let literals: &[&str] = match is {
        Type::Int | Type::Number => &["0", "1"],
        Type::Float => &["0.5"],
        Type::Bool => &["true", "false"],
        Type::Text => &["\"\"", "\"a\""],
        Type::Maybe | Type::Any => &["null", "1"],
        Type::Array(_) => &["[]", "[1]"],
        Type::TextDict(_) | Type::IntDict(_) => &["({})"],
        Type::Struct(_) | Type::Enum(_) | Type::Function(_) | Type::Depth(_) => &[],
    };
    let is_literal = tree.parts.iter().all(|part| matches!(part, Part::Text(_)) || *part == Part::Text(String::new()));
    let texts = literals.iter().filter(|_| !is_literal || literal_text(tree).len() > 5);
    let literals = texts.map(|&text| Tree::expression(is, "@", vec![text.into()]));
    let parts = tree.parts.iter().filter_map(|part| match part {
        Part::Tree(inner) if inner.kind == tree.kind => Some(inner.clone()),
        _ => None,
    });
    literals.chain(parts).collect()
}

fn literal_text(tree: &Tree) -> String {
    super::tree::print(std::slice::from_ref(tree)).trim().to_owned()
}

enum Found<'t> {
    Tree(&'t Tree),
    Body,
}

/// Calls `visit` for every tree and every body.
fn find(statements: &[Tree], path: &mut Path, visit: &mut dyn FnMut(Found, &[usize])) {
    for (at, tree) in statements.iter().enumerate() {
        path.push(at);
        find_in(tree, path, visit);
        path.pop();
    }
}

fn find_in(tree: &Tree, path: &mut Path, visit: &mut dyn FnMut(Found, &[usize])) {
    visit(Found::Tree(tree), path);
    for (at, part) in tree.parts.iter().enumerate() {
        path.push(at);
        match part {
            Part::Tree(inner) => find_in(inner, path, visit),
            Part::Body(inner) => {
                visit(Found::Body, path);
                find(inner, path, visit);
            }
            Part::Text(_) => {}
        }
        path.pop();
    }
}

fn body<'p>(program: &'p mut Vec<Tree>, path: &[usize]) -> Option<&'p mut Vec<Tree>> {
    let Some((&first, rest)) = path.split_first() else { return Some(program) };
    body_in(program.get_mut(first)?, rest)
}

fn body_in<'p>(tree: &'p mut Tree, path: &[usize]) -> Option<&'p mut Vec<Tree>> {
    let (&first, rest) = path.split_first()?;
    match tree.parts.get_mut(first)? {
        Part::Tree(inner) => body_in(inner, rest),
        Part::Body(inner) => body(inner, rest),
        Part::Text(_) => None,
    }
}

fn tree<'p>(program: &'p mut [Tree], path: &[usize]) -> Option<&'p mut Tree> {
    let (&first, rest) = path.split_first()?;
    tree_in(program.get_mut(first)?, rest)
}

fn tree_in<'p>(here: &'p mut Tree, path: &[usize]) -> Option<&'p mut Tree> {
    let Some((&first, rest)) = path.split_first() else { return Some(here) };
    match here.parts.get_mut(first)? {
        Part::Tree(inner) => tree_in(inner, rest),
        Part::Body(inner) => tree(inner, rest),
        Part::Text(_) => None,
    }
}
