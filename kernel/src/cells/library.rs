//! Which of a notebook's dependencies is the library, and which only has its name.

use super::Cells;
use crate::error::Result;
use crate::process::write;
use crate::settings::Library;
use crate::workspace::path_of;
use std::path::Path;

impl Cells {
    /// Whether a line of dependencies is the library of this kernel, or means it: in a notebook that
    /// was copied, the path may lead to no crate.
    pub fn is_library(&self, dependency: &str) -> bool {
        let path = path_of(dependency, &self.settings.library.name);
        path.is_some_and(|path| self.is_ours(path) || !is_crate(path))
    }

    /// Whether the library lies there, by whatever path: by a link to its Cargo.toml, too, in a folder
    /// where somebody has notebooks of their own.
    fn is_ours(&self, path: &str) -> bool {
        let manifest = |folder: &Path| folder.join("Cargo.toml").canonicalize().ok();
        let ours = manifest(&self.settings.library.path);
        ours.is_some() && manifest(Path::new(path)) == ours
    }

    /// What is said, once, of a notebook that loads the library of another folder than this kernel's:
    /// one that was copied, or that of a copy of the project, whose kernel was chosen in one and used
    /// in the other.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn of_another_folder(&self, dependencies: &[String]) -> Result<Option<String>> {
        let Library { name, path: ours } = &self.settings.library;
        let mut paths = dependencies.iter().filter_map(|dependency| path_of(dependency, name));
        let Some(path) = paths.find(|path| !self.is_ours(path)) else { return Ok(None) };
        let said = self.folder.join("other-library-was-said");
        if said.exists() {
            return Ok(None);
        }
        write(&said, "")?;
        let theirs = Path::new(path).canonicalize().unwrap_or_else(|_| path.into());
        let (ours, theirs) = (ours.display(), theirs.display());
        Ok(Some(if is_crate(path) {
            let setup = &self.settings.setup_command;
            format!(
                "This kernel is the one of {ours}, and the notebook loads {name} of {theirs}: its \
                 cells are compiled slowly. Run `{setup}` in {theirs}, and take the kernel from there."
            )
        } else {
            format!("{name} does not lie in {theirs}: the one of this kernel is taken, in {ours}.")
        }))
    }
}

fn is_crate(path: &str) -> bool {
    Path::new(path).join("Cargo.toml").is_file()
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
            assert_eq!(cells.of_another_folder(fine).unwrap(), None);
        }
        let dotted = cells.folder.join("../clone");
        let note = cells.of_another_folder(&of(&dotted)).unwrap().unwrap();
        let other = other.canonicalize().unwrap();
        let [ours, theirs] = [&cells.settings.library.path, &other].map(|path| path.display());
        assert!(note.starts_with(&format!("This kernel is the one of {ours}, and")), "{note}");
        assert!(note.contains(&format!("unit8 of {theirs}: ")), "{note}");
        assert!(
            note.contains(&format!("Run `set-up` in {theirs}")) && !note.contains('\n'),
            "{note}"
        );
        assert_eq!(cells.of_another_folder(&of(&other)).unwrap(), None);
        std::fs::remove_dir_all(&cells.settings.home).unwrap();
    }

    #[test]
    fn a_notebook_that_was_copied_gets_the_library_of_its_kernel() {
        let cells = example("path");
        let copied = [format!("unit8 = {{ path = \"{}\" }}", cells.folder.display())];
        assert!(cells.is_library(&copied[0]));
        let note = cells.of_another_folder(&copied).unwrap().unwrap();
        let ours = cells.settings.library.path.display().to_string();
        assert!(note.ends_with(&format!("the one of this kernel is taken, in {ours}.")), "{note}");
        assert_eq!(cells.of_another_folder(&copied).unwrap(), None);
        // A folder with a link to it is it, and another crate is not, wherever that lies.
        let links = cells.settings.home.join("mine");
        std::fs::create_dir(&links).unwrap();
        let manifest = cells.settings.library.path.join("Cargo.toml");
        std::os::unix::fs::symlink(manifest, links.join("Cargo.toml")).unwrap();
        let linked = format!("unit8 = {{ path = \"{}\" }}", links.display());
        assert!(cells.is_library(&linked));
        std::fs::remove_file(cells.folder.join("other-library-was-said")).unwrap();
        assert_eq!(cells.of_another_folder(&[linked]).unwrap(), None);
        assert!(!cells.is_library(&copied[0].replace("unit8", "other")));
        std::fs::remove_dir_all(&cells.settings.home).unwrap();
    }
}
