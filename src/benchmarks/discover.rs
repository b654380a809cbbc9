//! What there is to measure: scripts of a folder, and in each the `bench` blocks, or else the script as a whole.
use std::io;
use std::path::{Path, PathBuf};

use super::worker::{is_script, unreadable};
use crate::driver::thread::with_large_stack;
use crate::driver::{Script, Text, testing};

/// A script to measure, or a block of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    pub name: String,
    pub path: PathBuf,
    /// Which of the script's benchmarks; `None` for the script as a whole.
    pub bench: Option<usize>,
}

/// The scripts of a path: the file itself, or everything below the folder that ends in `.ruff`, by name.
pub fn scripts_in(path: &Path) -> io::Result<Vec<Candidate>> {
    if !path.is_dir() {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        return Ok(vec![Candidate { name, path: path.to_owned(), bench: None }]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let inner = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            // Links are not followed: they may lead back.
            if entry.file_type()?.is_dir() {
                if !hidden {
                    folders.push(inner);
                }
            } else if is_script(&inner) && !hidden {
                let name = inner.strip_prefix(path).unwrap_or(&inner).with_extension("");
                let name = name.to_string_lossy().into_owned();
                // Reports name files without the `./` of the current folder.
                let path = inner.strip_prefix(".").map(Path::to_owned).unwrap_or(inner);
                found.push(Candidate { name, path, bench: None });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Whether a script can be opened, and again and again; or why not.
pub(super) fn readable(path: &Path) -> Result<(), String> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    // Opening a pipe would wait for whoever writes into it.
    if !about.is_file() && !about.is_dir() {
        return Err("cannot be read: it is no file that can be read twice".to_owned());
    }
    std::fs::File::open(path).map(drop).map_err(|error| unreadable(&error))
}

/// The script's benchmarks, or the script itself if it has none or does not load.
pub fn blocks_in(script: Candidate) -> Vec<Candidate> {
    let names = names_of_blocks(&script.path);
    if names.is_empty() {
        return vec![script];
    }
    let block = |(index, name): (usize, String)| Candidate {
        name: format!("{}{}{name}", script.name, testing::SEPARATOR),
        bench: Some(index),
        ..script.clone()
    };
    names.into_iter().enumerate().map(block).collect()
}

fn names_of_blocks(path: &Path) -> Vec<String> {
    if readable(path).is_err() {
        return Vec::new();
    }
    let Ok(text) = Text::file(path) else {
        return Vec::new();
    };
    // Most scripts have no such block, and need not be read twice.
    if !text.text.contains("bench") {
        return Vec::new();
    }
    let found = with_large_stack(|| {
        let loaded = Script::resolve(text).load().ok()?;
        Some(testing::benches(&loaded).into_iter().map(|bench| bench.name).collect())
    });
    found.ok().flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_below_a_folder_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("deep/.hidden")).unwrap();
        for name in ["b.ruff", "a.ruff", "deep/c.ruff", "deep/.hidden/d.ruff", "notes.txt", ".e.ruff"] {
            std::fs::write(root.join(name), "").unwrap();
        }
        let names: Vec<_> = scripts_in(root).unwrap().into_iter().map(|script| script.name).collect();
        assert_eq!(names, ["a", "b", "deep/c"]);
        let single = scripts_in(&root.join("missing.ruff")).unwrap();
        assert_eq!(single[0].name, "missing");
    }

    #[test]
    fn blocks_have_the_names_of_their_groups() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ruff");
        let script = Candidate { name: "a".into(), path: path.clone(), bench: None };
        std::fs::write(
            &path,
            "bench_group \"sort\" {\n    bench \"few\" { }\n    bench \"many\" { }\n}\nbench \"map\" { }\n",
        )
        .unwrap();
        let found = blocks_in(script.clone());
        let names: Vec<_> = found.iter().map(|block| block.name.as_str()).collect();
        assert_eq!(names, ["a > sort > few", "a > sort > many", "a > map"]);
        assert_eq!(found[2].bench, Some(2));
        for without in ["x := 1 # no bench\n", "bench \"broken\" {"] {
            std::fs::write(&path, without).unwrap();
            assert_eq!(blocks_in(script.clone()), std::slice::from_ref(&script));
        }
    }
}
