//! What Python's huggingface_hub reads from the environment.

use super::BUNDLED_FOLDER;
use crate::error::{Error, Result};
use crate::files::in_site_packages;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Where models come from and where they go.
pub struct Settings {
    /// The folder of the cache. None without a home folder.
    pub cache: Option<PathBuf>,
    /// The address of the hub, without a slash at the end.
    pub endpoint: String,
    /// The user's token, for the endpoint only.
    pub token: Option<String>,
    /// Whether the network must not be used.
    pub offline: bool,
    /// The folder of the installed model.
    pub bundled: Option<PathBuf>,
}

impl Settings {
    pub fn from_environment() -> Settings {
        let settings = Settings::from_variables(|name| std::env::var_os(name));
        Settings { bundled: in_site_packages(BUNDLED_FOLDER), ..settings }
    }

    /// All but the installed model.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Settings {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let folder = |name| set(name).map(PathBuf::from);
        let text = |name| set(name)?.into_string().ok();
        let home = folder("HF_HOME").or_else(|| {
            let user = folder("HOME").or_else(std::env::home_dir);
            let cache = folder("XDG_CACHE_HOME").or_else(|| Some(user?.join(".cache")));
            Some(cache?.join("huggingface"))
        });
        let endpoint = text("HF_ENDPOINT");
        let endpoint = endpoint.as_deref().unwrap_or("https://huggingface.co");
        let offline = text("HF_HUB_OFFLINE")
            .or_else(|| text("TRANSFORMERS_OFFLINE"))
            .unwrap_or_default()
            .to_lowercase();
        Settings {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: text("HF_TOKEN").and_then(trimmed).or_else(|| saved_token(home.as_deref()?)),
            offline: ["1", "true", "yes", "on"].contains(&offline.as_str()),
            cache: folder("HF_HUB_CACHE").or_else(|| Some(home?.join("hub"))),
            bundled: None,
        }
    }

    /// The folder of the cache.
    ///
    /// # Errors
    /// [`Error::Data`] if there is none.
    pub fn cache(&self) -> Result<&Path> {
        self.cache.as_deref().ok_or_else(|| {
            Error::Data("no home folder: set HF_HOME to a folder for the models".to_owned())
        })
    }
}

/// What `hf auth login` saved.
fn saved_token(home: &Path) -> Option<String> {
    trimmed(fs::read_to_string(home.join("token")).ok()?)
}

fn trimmed(token: String) -> Option<String> {
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::from_variables(|name| {
            let (_, value) = variables.iter().find(|(other, _)| *other == name)?;
            Some(value.into())
        })
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables).cache.unwrap();
        let mut variables = vec![("HOME", "/home/ada"), ("HF_HOME", "")];
        assert_eq!(cache(&variables), Path::new("/home/ada/.cache/huggingface/hub"));
        variables.insert(0, ("XDG_CACHE_HOME", "/xdg"));
        assert_eq!(cache(&variables), Path::new("/xdg/huggingface/hub"));
        variables.insert(0, ("HF_HOME", "/hf"));
        assert_eq!(cache(&variables), Path::new("/hf/hub"));
        variables.insert(0, ("HF_HUB_CACHE", "/models"));
        assert_eq!(cache(&variables), Path::new("/models"));
    }

    #[test]
    fn the_endpoint_and_offline_are_read() {
        let home = ("HF_HOME", "/nowhere");
        let default = settings(&[home]);
        assert_eq!((default.endpoint.as_str(), default.offline), ("https://huggingface.co", false));
        let set = [home, ("HF_ENDPOINT", "http://mirror/"), ("HF_HUB_OFFLINE", "True")];
        assert_eq!(settings(&set).endpoint, "http://mirror");
        assert!(settings(&set).offline);
        assert!(!settings(&[home, ("HF_HUB_OFFLINE", "0")]).offline);
    }

    #[test]
    fn the_token_is_the_variable_or_the_saved_one() {
        let folder = test_folder("token");
        let home = ("HF_HOME", folder.to_str().unwrap());
        assert_eq!(settings(&[home]).token, None);
        fs::write(folder.join("token"), "hf_saved\n").unwrap();
        assert_eq!(settings(&[home]).token.unwrap(), "hf_saved");
        assert_eq!(settings(&[home, ("HF_TOKEN", " ")]).token.unwrap(), "hf_saved");
        assert_eq!(settings(&[home, ("HF_TOKEN", "hf_set")]).token.unwrap(), "hf_set");
        fs::remove_dir_all(folder).unwrap();
    }
}
