//! Who imports whom: reads the `crate::…` paths of the sources, prints the graph, and fails at an arrow that
//! `notes/architecture.md` does not have.
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The layers, each with those it may import. `limits` may be imported by all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("source", &[]),
    ("diagnostics", &["source"]),
    ("syntax", &["source", "diagnostics"]),
    ("resolve", &["syntax", "diagnostics", "source", "builtins"]),
    ("check", &["syntax", "resolve", "diagnostics", "source", "value", "semantics", "builtins"]),
    ("value", &[]),
    ("semantics", &["value"]),
    ("host", &["value"]),
    ("builtins", &["value", "semantics", "host"]),
    ("interp", &["resolve", "source", "value", "semantics", "builtins", "host"]),
    ("bytecode", &["value", "source"]),
    ("compile", &["resolve", "bytecode", "value", "source", "diagnostics", "builtins", "semantics"]),
    ("vm", &["bytecode", "source", "value", "semantics", "builtins", "host"]),
    ("jit", &["vm", "bytecode", "source", "value", "semantics", "builtins"]),
    (
        "driver",
        &[
            "source",
            "diagnostics",
            "syntax",
            "resolve",
            "check",
            "value",
            "semantics",
            "builtins",
            "host",
            "interp",
            "bytecode",
            "compile",
            "vm",
            "jit",
        ],
    ),
    ("benchmarks", &["driver", "compile", "resolve", "syntax", "source", "value"]),
    ("profiler", &["driver", "benchmarks", "host", "source", "value"]),
    ("cli", &["driver", "benchmarks", "profiler", "tools", "diagnostics", "source", "builtins", "host", "semantics"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is part of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The layers that a text names after `crate::`, those in its unit tests left out.
fn named(text: &str) -> BTreeSet<String> {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            found.insert(rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn layers_import_only_what_is_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut strangers = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("it was found there");
        let Some(layer) = relative.iter().next().and_then(|part| part.to_str()).filter(|part| !part.contains('.')) else {
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("sources are text");
        let layers = named(&text).into_iter().filter(|name| root.join(name).is_dir());
        for target in layers.filter(|target| target != layer && target != "limits") {
            let allowed = ALLOWED.iter().find(|(name, _)| *name == layer).map(|(_, allowed)| *allowed);
            if allowed.is_some_and(|allowed| !allowed.contains(&target.as_str())) {
                strangers.push(format!("{layer} -> {target}  ({})", relative.display()));
            }
            graph.entry(layer.to_owned()).or_default().insert(target);
        }
    }
    for (layer, targets) in &graph {
        println!("{layer:<12} -> {}", targets.iter().cloned().collect::<Vec<_>>().join(" "));
    }
    assert!(strangers.is_empty(), "arrows that the map does not have:\n{}", strangers.join("\n"));
}
