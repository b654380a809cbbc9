//! Where imported modules come from: the file system, by the rules of LANGUAGE §12.
//!
//! A module `a.b` is `a/b.ruff` or `a/b/mod.ruff` below the importing file's folder, the project's `src`, or the folder of
//! installed packages, in this order. Files are known by their canonical path; one that a link leads out of the folder
//! it was looked for in is refused.
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::resolve::{LoadedText, Loader};
use crate::source::SourceId;

/// The file that marks the root of a project.
const PROJECT_FILE: &str = "ruff-project.toml";
/// Where a project keeps the packages it installed.
const PACKAGES: &str = "ruff_packages";

/// Loads modules for one script.
#[derive(Debug)]
pub struct FileLoader {
    root: PathBuf,
    root_file: Option<PathBuf>,
    /// Folders of the modules loaded so far, by their source.
    folders: HashMap<SourceId, PathBuf>,
    keys: HashSet<String>,
    /// Sources are numbered in the order in which modules are loaded; the script is 0.
    next_source: u32,
    /// The project's folder, once somebody asked.
    project: Option<Option<PathBuf>>,
}

impl FileLoader {
    /// For the script in this file, or for text from elsewhere, which imports from the current folder.
    pub fn new(script: Option<&Path>) -> FileLoader {
        let root = script.and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        FileLoader {
            root: if root.as_os_str().is_empty() { PathBuf::from(".") } else { root },
            root_file: script.map(Path::to_owned),
            folders: HashMap::new(),
            keys: HashSet::new(),
            next_source: 1,
            project: None,
        }
    }

    fn folder_of(&self, source: SourceId) -> &Path {
        self.folders.get(&source).unwrap_or(&self.root)
    }

    /// Notes the folder of a module that is loaded for the first time: the resolver adds its source next.
    fn remember(&mut self, key: &str, folder: PathBuf) {
        let root = self.root_key(SourceId(0));
        if root.as_deref() != Some(key) && self.keys.insert(key.to_owned()) {
            self.folders.insert(SourceId(self.next_source), folder);
            self.next_source += 1;
        }
    }

    /// The nearest folder above the script that holds a project file.
    fn project(&mut self) -> Option<&Path> {
        if self.project.is_none() {
            let start = fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
            let found = start.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file());
            self.project = Some(found.map(Path::to_owned));
        }
        self.project.as_ref().and_then(Option::as_deref)
    }

    /// Folders to look in, in order.
    fn search(&mut self, from: SourceId) -> Vec<PathBuf> {
        let mut folders = vec![self.folder_of(from).to_owned()];
        if let Some(project) = self.project() {
            folders.extend([project.join("src"), project.join(PACKAGES)]);
        }
        folders
    }
}

impl Loader for FileLoader {
    fn load(&mut self, from: SourceId, path: &[&str]) -> Result<LoadedText, String> {
        let name = path.join(".");
        let relative: PathBuf = path.iter().collect();
        for folder in self.search(from) {
            for file in [folder.join(&relative).with_extension("ruff"), folder.join(&relative).join("mod.ruff")] {
                let found = self.read(&folder, &file).map_err(|error| format!("Cannot read module {name}: {error}"))?;
                if let Some((key, text)) = found {
                    self.remember(&key, file.parent().map(Path::to_owned).unwrap_or_default());
                    return Ok(LoadedText { key, name: shown_name(&file), text });
                }
            }
        }
        Err(format!("Module not found: {name}"))
    }

    fn root_key(&mut self, _root: SourceId) -> Option<String> {
        let file = fs::canonicalize(self.root_file.as_ref()?).ok()?;
        Some(file.to_string_lossy().into_owned())
    }
}

impl FileLoader {
    /// The canonical path and the text of `file`, if it is there.
    fn read(&mut self, folder: &Path, file: &Path) -> io::Result<Option<(String, String)>> {
        if !file.is_file() {
            return Ok(None);
        }
        let canonical = fs::canonicalize(file)?;
        let inside = |root: &Path| fs::canonicalize(root).is_ok_and(|root| canonical.starts_with(root));
        if !inside(folder) && !inside(&self.root) && !self.project().is_some_and(inside) {
            return Err(io::Error::other(format!("{} leads out of {}", file.display(), folder.display())));
        }
        let text = super::decode(fs::read(&canonical)?)?;
        Ok(Some((canonical.to_string_lossy().into_owned(), text)))
    }
}

/// As reports show it: without the `./` of the current folder.
fn shown_name(file: &Path) -> String {
    file.strip_prefix(".").unwrap_or(file).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("ruff-project.toml", "");
        write("src/tools.ruff", "tools");
        write("app/main.ruff", "main");
        write("app/near.ruff", "near");
        write("app/deep/mod.ruff", "deep");
        write("app/deep/inner.ruff", "inner");
        folder
    }

    #[test]
    fn modules_are_found_beside_the_importer_then_in_the_project() {
        let folder = project();
        let mut loader = FileLoader::new(Some(&folder.path().join("app/main.ruff")));
        let mut text = |from: u32, path: &[&str]| loader.load(SourceId(from), path).map(|loaded| loaded.text);
        assert_eq!(text(0, &["near"]).as_deref(), Ok("near"));
        assert_eq!(text(0, &["deep"]).as_deref(), Ok("deep"));
        assert_eq!(text(0, &["deep", "inner"]).as_deref(), Ok("inner"));
        assert_eq!(text(0, &["tools"]).as_deref(), Ok("tools"));
        // `deep` was the second module loaded: what it imports is looked for in its own folder first.
        assert_eq!(text(2, &["inner"]).as_deref(), Ok("inner"));
        assert_eq!(text(0, &["inner"]).unwrap_err(), "Module not found: inner");
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_root_are_refused() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret.ruff"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.ruff"), folder.path().join("m.ruff")).unwrap();
        let mut loader = FileLoader::new(Some(&folder.path().join("main.ruff")));
        assert!(loader.load(SourceId(0), &["m"]).unwrap_err().contains("leads out of"));
    }
}
