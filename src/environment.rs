//! The variables of the environment, as Python's huggingface_hub reads them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables by their names. One that is empty is none.
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Environment {
        Environment(std::env::vars_os().collect())
    }

    fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(OsStr::new(name)).filter(|value| !value.is_empty())
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    /// Whether it is one of Python's words for yes.
    pub fn is_true(&self, name: &str) -> bool {
        let words = ["1", "true", "yes", "on"];
        self.text(name).is_some_and(|text| words.contains(&text.to_lowercase().as_str()))
    }

    /// A file or folder, with `~` and `$NAME` replaced.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.get(name)?;
        let Some(text) = value.to_str() else { return Some(value.into()) };
        let below_home =
            text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let home = self.home();
        let home = home.as_deref().and_then(Path::to_str);
        Some(match (below_home, home) {
            (Some(rest), Some(home)) => self.with_values(&format!("{home}{rest}")).into(),
            _ => self.with_values(text).into(),
        })
    }

    /// The user's folder.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from).or_else(std::env::home_dir)
    }

    /// The user's folder for what can be had again.
    pub fn cache(&self) -> Option<PathBuf> {
        self.path("XDG_CACHE_HOME").or_else(|| Some(self.home()?.join(".cache")))
    }

    /// `$NAME` and `${NAME}` are replaced by their values. Others stay, as in `os.path.expandvars`.
    fn with_values(&self, text: &str) -> String {
        let mut parts = text.split('$');
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_other = |char: char| !char.is_ascii_alphanumeric() && char != '_';
            let (name, rest) = part
                .strip_prefix('{')
                .and_then(|part| part.split_once('}'))
                .unwrap_or_else(|| part.split_at(part.find(is_other).unwrap_or(part.len())));
            match self.text(name) {
                Some(value) => result.extend([value, rest]),
                None => result.extend(["$", part]),
            }
        }
        result
    }
}

#[cfg(test)]
impl From<&[(&str, &str)]> for Environment {
    fn from(variables: &[(&str, &str)]) -> Environment {
        Environment(variables.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_expanded_as_in_python() {
        let path = |value: &str| {
            let variables = [("HOME", "/home/ada"), ("DISK", "/big"), ("NONE", ""), ("A", value)];
            Environment::from(&variables[..]).path("A").unwrap()
        };
        for (value, expected) in [
            ("~", "/home/ada"),
            ("~/hf", "/home/ada/hf"),
            ("~ada/hf", "~ada/hf"),
            ("$HOME/hf", "/home/ada/hf"),
            ("${DISK}/$DISK-2/${MISSING}", "/big//big-2/${MISSING}"),
            ("/a~/$5/$", "/a~/$5/$"),
            ("~/$DISK", "/home/ada//big"),
        ] {
            assert_eq!(path(value), Path::new(expected), "{value}");
        }
    }
}
