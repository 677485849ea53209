//! What Python's huggingface_hub reads from the environment.

use super::{INSTALLABLE, Installable};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::files::in_environment;
use crate::network::{Address, Token};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const HUB: &str = "https://huggingface.co";

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
    /// The folders of the models that are installed, by their names.
    pub installed: BTreeMap<&'static str, PathBuf>,
    /// What else there is to know about the network.
    pub environment: Environment,
}

impl Settings {
    pub fn from_environment() -> Settings {
        let settings = Settings::from_variables(Environment::of_process());
        let found = |model: &Installable| Some((model.name, in_environment(model.folder)?));
        Settings { installed: INSTALLABLE.iter().filter_map(found).collect(), ..settings }
    }

    /// All but the installed models.
    pub fn from_variables(environment: Environment) -> Settings {
        let home =
            environment.path("HF_HOME").or_else(|| Some(environment.cache()?.join("huggingface")));
        let in_home = |name| Some(home.as_ref()?.join(name));
        let cache = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"];
        let cache = cache.iter().find_map(|name| environment.path(name));
        let token = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];
        let token = token.iter().find_map(|name| cleaned(environment.text(name)?));
        let saved = || {
            let file = environment.path("HF_TOKEN_PATH").or_else(|| in_home("token"))?;
            cleaned(&fs::read_to_string(file).ok()?)
        };
        let is_allowed = !environment.is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN");
        let endpoint = environment.text("HF_ENDPOINT").unwrap_or(HUB).trim();
        let offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];
        let offline = offline.into_iter().find(|name| environment.text(name).is_some());
        Settings {
            cache: cache.or_else(|| in_home("hub")),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.or_else(saved).filter(|_| is_allowed),
            offline: offline.is_some_and(|name| environment.is_true(name)),
            installed: BTreeMap::new(),
            environment,
        }
    }

    /// The server of the hub.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no address.
    pub fn server(&self) -> Result<Address> {
        Address::parse(&self.endpoint).ok_or_else(|| {
            Error::argument(
                "HF_ENDPOINT",
                &self.endpoint,
                format!("an address like {HUB}, or unset it"),
            )
        })
    }

    /// The token as it goes to the server.
    ///
    /// # Errors
    /// [`Error::Argument`] for what can't be a token.
    pub fn token_for(&self, server: &Address) -> Result<Option<Token>> {
        let Some(secret) = &self.token else { return Ok(None) };
        if !secret.chars().all(|char| char.is_ascii_graphic()) {
            let remedy = "a token has letters, digits and _ only: set it anew, or unset it";
            return Err(Error::argument("HF_TOKEN", "(secret)", remedy));
        }
        Ok(Some(Token { secret: secret.clone(), server: server.clone() }))
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

/// A token as Python cleans it.
fn cleaned(token: &str) -> Option<String> {
    let token = token.replace(['\r', '\n'], "");
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::from_variables(Environment::from(variables))
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables).cache.unwrap();
        let mut variables = vec![("HOME", "/home/ada"), ("HF_HOME", "")];
        assert_eq!(cache(&variables), Path::new("/home/ada/.cache/huggingface/hub"));
        variables.push(("XDG_CACHE_HOME", "$HOME/xdg"));
        assert_eq!(cache(&variables), Path::new("/home/ada/xdg/huggingface/hub"));
        variables.push(("HF_HOME", "~/hf"));
        assert_eq!(cache(&variables), Path::new("/home/ada/hf/hub"));
        variables.push(("HUGGINGFACE_HUB_CACHE", "/old"));
        assert_eq!(cache(&variables), Path::new("/old"));
        variables.push(("HF_HUB_CACHE", "${HF_HUB_CACHE_ROOT}/models"));
        variables.push(("HF_HUB_CACHE_ROOT", "/disk"));
        assert_eq!(cache(&variables), Path::new("/disk/models"));
    }

    #[test]
    fn the_endpoint_and_offline_are_read() {
        let home = ("HF_HOME", "/nowhere");
        let default = settings(&[home]);
        assert_eq!((default.endpoint.as_str(), default.offline), ("https://huggingface.co", false));
        let set = [home, ("HF_ENDPOINT", "http://mirror/"), ("HF_HUB_OFFLINE", "True")];
        assert_eq!(settings(&set).endpoint, "http://mirror");
        assert!(settings(&set).offline);
        assert!(!settings(&[home, ("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")]).offline);
        assert!(settings(&[home, ("TRANSFORMERS_OFFLINE", "1")]).offline);
        let error = settings(&[home, ("HF_ENDPOINT", "huggingface.co")]).server().unwrap_err();
        assert!(
            error.to_string().starts_with("HF_ENDPOINT = huggingface.co: an address"),
            "{error}"
        );
    }

    #[test]
    fn the_token_is_the_variable_or_the_saved_one() {
        let folder = test_folder("token");
        let home = ("HF_HOME", folder.to_str().unwrap());
        assert_eq!(settings(&[home]).token, None);
        fs::write(folder.join("token"), "hf_saved\n").unwrap();
        assert_eq!(settings(&[home]).token.unwrap(), "hf_saved");
        assert_eq!(settings(&[home, ("HF_TOKEN", " ")]).token.unwrap(), "hf_saved");
        let set = ("HF_TOKEN", "hf_\nset ");
        assert_eq!(settings(&[home, set]).token.unwrap(), "hf_set");
        let file = folder.join("other");
        fs::write(&file, "hf_other").unwrap();
        let other = ("HF_TOKEN_PATH", file.to_str().unwrap());
        assert_eq!(settings(&[home, other]).token.unwrap(), "hf_other");
        let forbidden = ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
        assert_eq!(settings(&[home, set, forbidden]).token, None);
        let wrong = settings(&[home, ("HF_TOKEN", "hf_ä")]);
        let error = wrong.token_for(&wrong.server().unwrap()).err().unwrap().to_string();
        assert!(error.starts_with("HF_TOKEN = (secret): ") && !error.contains('ä'), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
