//! Which of a notebook's dependencies is the library, and which only has its name.

use super::Cells;
use crate::error::Result;
use crate::process::write;
use crate::settings::Library;
use crate::workspace::path_of;
use std::path::Path;

impl Cells {
    /// Whether a line of dependencies is the library of this kernel, by whatever path.
    pub fn is_library(&self, dependency: &str) -> bool {
        let library = &self.settings.library;
        path_of(dependency, &library.name)
            .and_then(|path| Path::new(path).canonicalize().ok())
            .is_some_and(|path| path == library.path)
    }

    /// Names the right path where a notebook has another one.
    ///
    /// # Errors
    /// A path without a crate.
    pub fn check_path(&self, dependencies: &[String]) -> Result<()> {
        let library = &self.settings.library;
        let wrong = dependencies
            .iter()
            .filter_map(|dependency| path_of(dependency, &library.name))
            .find(|path| !Path::new(path).join("Cargo.toml").is_file());
        match wrong {
            Some(path) => Err(format!(
                "{name} does not lie in {path}. Write :dep {name} = {{ path = \"{right}\" }}",
                name = library.name,
                right = library.path.display()
            )),
            None => Ok(()),
        }
    }

    /// What is said, once, of a notebook that loads the library of another folder than this kernel's:
    /// a copy of the project, whose kernel was chosen in one and used in the other.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn of_another_project(&self, dependencies: &[String]) -> Result<Option<String>> {
        let Library { name, path: ours } = &self.settings.library;
        let other = dependencies.iter().filter(|dependency| !self.is_library(dependency));
        let Some(path) = other.filter_map(|one| path_of(one, name)).next() else { return Ok(None) };
        let said = self.folder.join("other-library-was-said");
        if said.exists() {
            return Ok(None);
        }
        write(&said, "")?;
        let path = Path::new(path).canonicalize().unwrap_or_else(|_| path.into());
        let path = path.display();
        let (ours, setup) = (ours.display(), &self.settings.setup_command);
        Ok(Some(format!(
            "This kernel is the one of {ours}, and the notebook loads {name} of {path}: its cells are \
             compiled slowly. Run `{setup}` in {path}, and take the kernel from there."
        )))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::folder::use_template;
    use serde_json::json;

    /// A kernel in a folder of its own, of a project whose library lies beside it.
    pub fn example(name: &str) -> Cells {
        let root = std::env::temp_dir().join(format!("kernel-cells-{name}-{}", std::process::id()));
        let library = root.join("library");
        write(&library.join("Cargo.toml"), "").unwrap();
        let settings = json!({
            "library": {"name": "unit8", "path": library.canonicalize().unwrap()},
            "home": root, "evcxr": "", "prelude": "", "variables": {}, "defaults": {}, "path": [],
            "library_path": [], "setup_command": "set-up",
        });
        let tools = json!({
            "rustc": "", "cargo": "", "sysroot": "", "target": "x", "version": "",
            "cargo_version": "", "cfg": "", "target_spec": "", "cc": "", "compiler": [0, 0],
        });
        let folder = root.join("kernel");
        use_template(&folder, Path::new("/template")).unwrap();
        Cells {
            settings: serde_json::from_value(settings).unwrap(),
            tools: serde_json::from_value(tools).unwrap(),
            folder,
        }
    }

    #[test]
    fn a_library_of_another_folder_is_said_once() {
        let cells = example("other");
        let of = |path: &Path| [format!("unit8 = {{ path = \"{}\" }}", path.display())];
        let own = of(&cells.settings.library.path);
        let other = cells.settings.home.join("clone");
        write(&other.join("Cargo.toml"), "").unwrap();
        for fine in [&own[..], &[], &["rand = \"0.9\"".to_owned()]] {
            assert_eq!(cells.of_another_project(fine).unwrap(), None);
        }
        let dotted = cells.folder.join("../clone");
        let note = cells.of_another_project(&of(&dotted)).unwrap().unwrap();
        let other = other.canonicalize().unwrap();
        let [ours, theirs] = [&cells.settings.library.path, &other].map(|path| path.display());
        assert!(note.starts_with(&format!("This kernel is the one of {ours}, and")), "{note}");
        assert!(note.contains(&format!("unit8 of {theirs}: ")), "{note}");
        assert!(
            note.contains(&format!("Run `set-up` in {theirs}")) && !note.contains('\n'),
            "{note}"
        );
        assert_eq!(cells.of_another_project(&of(&other)).unwrap(), None);
        std::fs::remove_dir_all(&cells.settings.home).unwrap();
    }

    #[test]
    fn a_wrong_path_is_answered_with_the_right_one() {
        let cells = example("path");
        let wrong = format!("unit8 = {{ path = \"{}\" }}", cells.folder.display());
        let message = cells.check_path(&[wrong]).unwrap_err();
        let right = format!("{{ path = \"{}\" }}", cells.settings.library.path.display());
        assert!(message.ends_with(&right), "{message}");
        std::fs::remove_dir_all(&cells.settings.home).unwrap();
    }
}
